//! HEIC: HEIF with stills in HEVC, by a decoder in safe Rust.
//!
//! Of a sequence, the first frame. HDR is not tone-mapped. Colors are those of the file's ICC profile, else Display P3 or
//! BT.2020 where the file names these primaries, else sRGB.

use heic_decoder::{DecodeOptions, DecodedImage, HeifError, ImageInfo, RgbaImage};

use super::decoded::Decoded;
use super::limits::{check_memory, check_size};
use super::wide_gamut;
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::heif::{Aperture, Items};
use crate::media::probe;
use crate::media::raster::{Channels, Raster, divide_by_alpha};
use crate::model::Asset;

/// Bytes of a sample in the decoder's planes.
const BYTES_PER_SAMPLE: u64 = 4;

/// The primary image as coded, with its alpha: the orientation is applied to what is made of it.
pub(super) fn decode(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let declared = heic_decoder::probe(bytes).map_err(reason)?;
    let (width, height) = (side(declared.coded_width)?, side(declared.coded_height)?);
    check_size(width, height, limits)?;
    let aperture = aperture(bytes, (width, height));
    let shown = aperture.map_or((width, height), |part| (part.width, part.height));
    if shown != (asset.width, asset.height) {
        return Err(MediaError::Variant("HEIC with a frame of another size than the file declares".to_owned()));
    }
    check_memory(peak_memory(&declared), limits)?;
    let image = heic_decoder::decode_with(bytes, &DecodeOptions { apply_transforms: false }).map_err(reason)?;
    let primaries = image.color_info.map_or(2, |color| color.color_primaries);
    let profile = probe::icc_of_heif(ByteReader(bytes)).map(<[u8]>::to_vec);
    let mut raster = raster(&image)?;
    if let Some(part) = aperture {
        raster = raster.cropped((part.left, part.top), (part.width, part.height))?;
    }
    Ok(Decoded::interleaved(raster, profile.or_else(|| wide_gamut::profile(primaries))))
}

/// The part of the coded image that is shown, where the file names one.
fn aperture(bytes: &[u8], coded: (u32, u32)) -> Option<Aperture> {
    let items = Items::of(ByteReader(bytes))?;
    Aperture::of(items.property(items.primary()?, b"clap")?, coded)
}

/// All planes twice, as tiles and put together, and alpha beside them. What is made of them takes less.
fn peak_memory(declared: &ImageInfo) -> u64 {
    // Twice the planes of luma and chroma (ITU-T H.265, table 6-1).
    let planes = [2, 3, 4, 6].get(declared.chroma_format_idc as usize).copied().unwrap_or(6);
    let planes = planes + if declared.alpha_bit_depth.is_some() { 2 } else { 0 };
    declared.coded_width as u64 * declared.coded_height as u64 * planes * BYTES_PER_SAMPLE
}

fn raster(image: &DecodedImage) -> Result<Raster, MediaError> {
    let (width, height) = (side(image.width)?, side(image.height)?);
    if image.alpha.is_none() {
        return Raster::new(width, height, Channels::Rgb, image.to_rgb8().map_err(reason)?.data);
    }
    let RgbaImage { mut data, premultiplied, .. } = image.to_rgba8().map_err(reason)?;
    if premultiplied {
        data.chunks_exact_mut(4).for_each(divide_by_alpha);
    }
    Raster::new(width, height, Channels::Rgba, data)
}

fn side(length: usize) -> Result<u32, MediaError> {
    u32::try_from(length).map_err(MediaError::damaged)
}

fn reason(error: HeifError) -> MediaError {
    match error {
        HeifError::Unsupported(what) => MediaError::Variant(format!("HEIC: {what}")),
        HeifError::LimitExceeded(what) => MediaError::Variant(format!("within the limits: {what}")),
        other => MediaError::damaged(other),
    }
}

/// Has the decoder work on the calling thread, for as long as the process lives: it takes its threads from a pool that
/// this makes of that thread alone.
pub(super) fn stay_on_this_thread() {
    // It fails where there is such a pool already, which has threads that were started before.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Size};
    use crate::media::decode::decoded::Pixels;
    use crate::media::probe::probe;

    const HEIC: &[u8] = include_bytes!("../../../tests/data/images/image.heic");

    fn made(bytes: &[u8], limits: &MediaConfig) -> Result<Raster, MediaError> {
        match decode(bytes, &probe(bytes, limits), limits)?.pixels {
            Pixels::Interleaved(raster) => Ok(raster),
            Pixels::Planar(_) => Err(MediaError::damaged("planes")),
        }
    }

    /// The sample is red on the left and blue on the right.
    #[test]
    fn it_shows_the_colors_that_it_was_made_of() {
        let shown = made(HEIC, &Config::default().media).unwrap();
        assert_eq!((shown.width, shown.height, shown.channels), (64, 64, Channels::Rgb));
        for (x, expected) in [(8, [200, 40, 90]), (56, [20, 120, 200])] {
            let pixel = &shown.data[(32 * 64 + x) * 3..][..3];
            assert!(pixel.iter().zip(expected).all(|(made, given)| made.abs_diff(given) < 10), "{pixel:?}");
        }
    }

    #[test]
    fn what_is_damaged_or_takes_too_much_has_a_reason() {
        let mut limits = Config::default().media;
        assert!(made(&HEIC[..HEIC.len() / 2], &limits).is_err());
        for at in (0..HEIC.len()).step_by(7) {
            let mut damaged = HEIC.to_vec();
            damaged[at] ^= 0x55;
            // A damaged sample may go unnoticed; what counts is that the decoder comes to an end.
            let _ = made(&damaged, &limits);
        }
        limits.max_alloc = Size(1000);
        assert!(matches!(made(HEIC, &limits), Err(MediaError::OverLimit { .. })));
    }
}
