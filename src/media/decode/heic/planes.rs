//! The planes that the decoder gives, and the pixels that they make.

use heic_decoder::{DecodeOptions, DecodedImage, HeifError, ImageInfo};

use crate::media::decode::image_decoder::from_16;
use crate::media::decode::tone_map::ToneMap;
use crate::media::error::MediaError;
use crate::media::raster::{Channels, Raster, divide_by_alpha};

/// Bytes of a sample in the decoder's planes.
const BYTES_PER_SAMPLE: u64 = 4;

/// All planes twice, as tiles and put together, and alpha beside them; or the planes once and what is made of them: pixels
/// of 16 bits, and those of 8 bits that are tone-mapped.
pub(super) fn peak_memory(declared: &ImageInfo) -> u64 {
    // Twice the planes of luma and chroma (ITU-T H.265, table 6-1).
    let planes = [2, 3, 4, 6].get(declared.chroma_format_idc as usize).copied().unwrap_or(6);
    let planes = planes + if declared.alpha_bit_depth.is_some() { 2 } else { 0 };
    let made = planes / 2 * BYTES_PER_SAMPLE + 4 * BYTES_PER_SAMPLE + 4;
    declared.coded_width as u64 * declared.coded_height as u64 * (planes * BYTES_PER_SAMPLE).max(made)
}

/// The planes of the image that is shown.
pub(super) fn decoded(bytes: &[u8]) -> Result<DecodedImage, MediaError> {
    heic_decoder::decode_with(bytes, &DecodeOptions { apply_transforms: false }).map_err(reason)
}

/// The pixels, where HDR is tone-mapped or left as it is, and the number of their primaries.
pub(super) fn shown(image: &DecodedImage, maps_tones: bool) -> Result<(Raster, u16), MediaError> {
    let (primaries, transfer) =
        image.color_info.map_or((2, 2), |color| (color.color_primaries, color.transfer_characteristics));
    let tones = if maps_tones { ToneMap::of(primaries, transfer) } else { None };
    // What is mapped is in sRGB.
    Ok((raster(image, tones.as_ref())?, if tones.is_some() { 1 } else { primaries }))
}

fn raster(image: &DecodedImage, tones: Option<&ToneMap>) -> Result<Raster, MediaError> {
    let (width, height) = (side(image.width)?, side(image.height)?);
    let Some(alpha) = &image.alpha else {
        let data = match tones {
            Some(tones) => mapped::<3>(&image.to_rgb16().map_err(reason)?.data, tones),
            None => image.to_rgb8().map_err(reason)?.data,
        };
        return Raster::new(width, height, Channels::Rgb, data);
    };
    let mut data = match tones {
        Some(tones) => mapped::<4>(&image.to_rgba16().map_err(reason)?.data, tones),
        None => image.to_rgba8().map_err(reason)?.data,
    };
    if alpha.premultiplied {
        data.chunks_exact_mut(4).for_each(divide_by_alpha);
    }
    Raster::new(width, height, Channels::Rgba, data)
}

/// The bytes of pixels of so many channels, of which the first three are tone-mapped.
fn mapped<const CHANNELS: usize>(samples: &[u16], tones: &ToneMap) -> Vec<u8> {
    let fraction = |sample: u16| f32::from(sample) / f32::from(u16::MAX);
    let pixel = |pixel: &[u16]| {
        let [red, green, blue] = tones.bytes([pixel[0], pixel[1], pixel[2]].map(fraction));
        [red, green, blue, pixel.last().copied().map_or(0, from_16)].into_iter().take(CHANNELS)
    };
    let mut bytes = Vec::with_capacity(samples.len());
    samples.chunks_exact(CHANNELS).for_each(|samples| bytes.extend(pixel(samples)));
    bytes
}

pub(super) fn side(length: usize) -> Result<u32, MediaError> {
    u32::try_from(length).map_err(MediaError::damaged)
}

pub(super) fn reason(error: HeifError) -> MediaError {
    match error {
        HeifError::Unsupported(what) => MediaError::Variant(format!("HEIC: {what}")),
        HeifError::LimitExceeded(what) => MediaError::Variant(format!("within the limits: {what}")),
        other => MediaError::damaged(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colors_are_mapped_and_alpha_stays() {
        let tones = ToneMap::of(9, 16).unwrap();
        let white = 38_060; // 58 % of the signal.
        let mapped_white = mapped::<3>(&[white; 3], &tones);
        assert!(mapped_white.iter().all(|level| (210..245).contains(level)), "{mapped_white:?}");
        let with_alpha = mapped::<4>(&[white, white, white, 65_535, 0, 0, 0, 32_768], &tones);
        assert_eq!((&with_alpha[..3], with_alpha[3]), (&mapped_white[..], 255));
        assert_eq!(with_alpha[4..], [0, 0, 0, 128]);
    }
}
