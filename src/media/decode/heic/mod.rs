//! HEIC: HEIF with stills in HEVC, by a decoder in safe Rust.
//!
//! An image of tiles that takes too much memory as a whole is decoded tile by tile. Of a sequence, it is the first frame.
//! Colors are those of the file's ICC profile, else Display P3 or BT.2020 where the file names these primaries, else sRGB.
//! HDR by the perceptual quantizer is tone-mapped, unless a profile says what colors are.

mod planes;
mod tiles;

use self::planes::{decoded, peak_memory, reason, shown, side};
use super::decoded::Decoded;
use super::limits::{check_memory, check_size};
use super::wide_gamut;
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::heif::associations::without_empty_associations;
use crate::media::heif::{Aperture, Items};
use crate::media::probe;
use crate::model::Asset;

/// The primary image as coded, with its alpha: the orientation is applied to what is made of it.
pub(super) fn decode(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let bytes = &*without_empty_associations(bytes);
    let declared = heic_decoder::probe(bytes).map_err(reason)?;
    let (width, height) = (side(declared.coded_width)?, side(declared.coded_height)?);
    check_size(width, height, limits)?;
    let aperture = aperture(bytes, (width, height));
    let size = aperture.map_or((width, height), |part| (part.width, part.height));
    if size != (asset.width, asset.height) {
        return Err(MediaError::Variant("HEIC with a frame of another size than the file declares".to_owned()));
    }
    let profile = probe::icc_of_heif(ByteReader(bytes)).map(<[u8]>::to_vec);
    let (mut raster, primaries) = match check_memory(peak_memory(&declared), limits) {
        Ok(()) => shown(&decoded(bytes)?, profile.is_none())?,
        Err(error) => tiles::decode(bytes, profile.is_none(), limits)?.ok_or(error)?,
    };
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
    use crate::media::raster::{Channels, Raster};

    const HEIC: &[u8] = include_bytes!("../../../../tests/data/images/image.heic");

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
