//! The merged image of a Photoshop file: gray, RGB, CMYK or a palette, of eight or sixteen bits, as it is or in `PackBits`.
//!
//! Where a layer is transparent, the merged image is mixed with white already, so that its further channels are left out.

use super::decoded::Decoded;
use super::image_decoder::from_16;
use super::limits::{check_memory, check_size};
use super::pack_bits::unpacked;
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::psd::{Mode, Sections};
use crate::media::raster::{Channels, Raster};

const ICC_PROFILE: u16 = 1039;

/// What [`decode`] will check against the limit; 0 for an image that it will refuse.
pub(super) fn memory_estimate(bytes: &[u8]) -> u64 {
    Sections::of(ByteReader(bytes)).map_or(0, |sections| memory(&sections))
}

/// The channels that are shown, and what scaling takes. Of a palette, its colors beside the indices.
fn memory(sections: &Sections<'_>) -> u64 {
    let bytes = if sections.mode == Mode::Indexed { 4 } else { sections.mode.shown() as u64 };
    u64::from(sections.width) * u64::from(sections.height) * bytes
}

/// Whether [`decode`] reads a file of this header within the limits.
pub(in crate::media) fn is_readable(bytes: &[u8], limits: &MediaConfig) -> bool {
    Sections::of(ByteReader(bytes)).is_some_and(|sections| {
        let size = check_size(sections.width, sections.height, limits);
        sections.is_plain() && size.and_then(|()| check_memory(memory(&sections), limits)).is_ok()
    })
}

/// The merged image, without its transparency.
pub(super) fn decode(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let sections = Sections::of(ByteReader(bytes)).ok_or_else(|| MediaError::damaged("the header breaks off"))?;
    let image = sections.image().filter(|_| sections.is_plain());
    let (compression, samples) = image.ok_or_else(|| {
        MediaError::Variant(
            "Photoshop without a thumbnail, and its merged image is blank or of another kind".to_owned(),
        )
    })?;
    check_size(sections.width, sections.height, limits)?;
    check_memory(memory(&sections), limits)?;
    let data = if compression == 0 {
        let length = sections.row_bytes();
        merged(&sections, samples.0.chunks_exact(length).map(<[u8]>::to_vec))
    } else {
        merged(&sections, unpacked_rows(&sections, samples))
    };
    let profile = sections.resource(ICC_PROFILE).map(|profile| profile.0.to_vec());
    Ok(Decoded::interleaved(raster(&sections, data?)?, profile))
}

/// The rows, whose lengths stand before the first.
fn unpacked_rows<'a>(sections: &Sections<'a>, samples: ByteReader<'a>) -> impl Iterator<Item = Vec<u8>> + use<'a> {
    let (mut at, length) = (sections.table_bytes(), sections.row_bytes());
    sections.row_lengths(samples).map_while(move |stored| {
        let row = samples.slice(at, stored)?;
        at += stored;
        Some(unpacked(row, length))
    })
}

/// The samples of all channels that are shown, side by side, from rows of one channel after another.
fn merged(sections: &Sections<'_>, mut rows: impl Iterator<Item = Vec<u8>>) -> Result<Vec<u8>, MediaError> {
    let (width, height, count) = (sections.width as usize, sections.height as usize, sections.mode.shown());
    let mut data = vec![0; width * height * count];
    for channel in 0..count {
        for line in data.chunks_exact_mut(width * count) {
            let row = rows.next().ok_or_else(|| MediaError::damaged("the merged image breaks off"))?;
            let places = line.iter_mut().skip(channel).step_by(count);
            if sections.depth == 16 {
                let samples = row.chunks_exact(2).map(|pair| from_16(u16::from_be_bytes([pair[0], pair[1]])));
                places.zip(samples).for_each(|(place, sample)| *place = sample);
            } else {
                places.zip(row).for_each(|(place, sample)| *place = sample);
            }
        }
    }
    Ok(data)
}

fn raster(sections: &Sections<'_>, mut data: Vec<u8>) -> Result<Raster, MediaError> {
    let channels = match sections.mode {
        Mode::Gray => Channels::Gray,
        Mode::Indexed => {
            let color = |index: &u8| [0, 256, 512].map(|plane| sections.palette.0[plane + usize::from(*index)]);
            data = data.iter().flat_map(color).collect();
            Channels::Rgb
        }
        Mode::Rgb | Mode::Other => Channels::Rgb,
        Mode::Cmyk => {
            // 0 is all the ink there is.
            for ink in &mut data {
                *ink = !*ink;
            }
            Channels::Cmyk
        }
    };
    Raster::new(sections.width, sections.height, channels, data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Size};
    use crate::media::decode::decoded::Pixels;
    use crate::media::fixtures::Photoshop;

    fn made(file: &Photoshop<'_>) -> Result<(Channels, Vec<u8>), MediaError> {
        match decode(&file.bytes(), &Config::default().media)?.pixels {
            Pixels::Interleaved(raster) => Ok((raster.channels, raster.data)),
            Pixels::Planar(_) => Err(MediaError::damaged("planes")),
        }
    }

    #[test]
    fn channels_one_after_another_become_pixels() {
        let planes: Vec<u8> = (0..20).collect();
        let of = |channels, mode, large| {
            made(&Photoshop { channels, mode, large, samples: &planes, ..Photoshop::default() }).unwrap()
        };
        let rgb = vec![0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11];
        assert_eq!(of(3, 3, false), (Channels::Rgb, rgb.clone()));
        assert_eq!(of(5, 3, true), (Channels::Rgb, rgb), "transparency is mixed with white already");
        assert_eq!(of(1, 1, false), (Channels::Gray, vec![0, 1, 2, 3]));
        assert_eq!(of(1, 8, false), (Channels::Gray, vec![0, 1, 2, 3]), "one ink is shown as gray");
        let (channels, ink) = of(4, 4, false);
        assert_eq!((channels, &ink[..4]), (Channels::Cmyk, &[255, 251, 247, 243][..]));
    }

    #[test]
    fn samples_of_sixteen_bits_and_rows_in_pack_bits_are_the_same_image() {
        let deep: Vec<u8> = (0..12).flat_map(|level: u8| [level, level]).collect();
        let shown = made(&Photoshop { depth: 16, samples: &deep, ..Photoshop::default() }).unwrap();
        let rows: Vec<u8> = (0..6).flat_map(|row: u8| [1, 2 * row, 2 * row + 1]).collect();
        for large in [false, true] {
            let length: &[u8] = if large { &[0, 0, 0, 3] } else { &[0, 3] };
            let samples = [length.repeat(6), rows.clone()].concat();
            let packed = Photoshop { large, compression: 1, samples: &samples, ..Photoshop::default() };
            assert_eq!(made(&packed).unwrap(), shown);
        }
    }

    #[test]
    fn a_palette_has_its_reds_before_its_greens() {
        let palette: Vec<u8> =
            [10, 20, 30].iter().flat_map(|plane| (0..=255_u8).map(move |index| index / 8 + plane)).collect();
        let file =
            Photoshop { mode: 2, channels: 1, palette: &palette, samples: &[0, 8, 16, 24], ..Photoshop::default() };
        assert_eq!(made(&file).unwrap().1[..6], [10, 20, 30, 11, 21, 31]);
    }

    #[test]
    fn what_is_damaged_or_too_large_or_of_another_kind_has_a_reason() {
        let cut = made(&Photoshop { samples: &[1; 11], ..Photoshop::default() });
        assert!(matches!(cut, Err(MediaError::Damaged(_))), "{cut:?}");
        assert!(matches!(made(&Photoshop { mode: 9, ..Photoshop::default() }), Err(MediaError::Variant(_))));
        assert!(matches!(
            made(&Photoshop { side: 1 << 30, ..Photoshop::default() }),
            Err(MediaError::OverLimit { .. })
        ));
        let small = MediaConfig { max_alloc: Size(11), ..Config::default().media };
        let bytes = Photoshop::default().bytes();
        assert!(matches!(decode(&bytes, &small), Err(MediaError::OverLimit { .. })));
        assert_eq!(memory_estimate(&bytes), 12);
    }
}
