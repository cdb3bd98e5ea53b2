//! JPEG XL and JPEG 2000, by decoders written in Rust.

use std::io::Cursor;

use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};
use jxl_oxide::integration::JxlDecoder;

use super::decoded::{Decoded, TargetSize};
use super::image_decoder::{read, reason};
use super::limits::{check_memory, check_size};
use crate::config::{MediaConfig, Size};
use crate::media::error::MediaError;
use crate::media::raster::{Channels, Raster};

/// JPEG XL, upright; of an animation, the first frame. The decoder counts its planes and stops at the limit. What it does
/// not count is about as much again, so it gets half of the limit.
pub(super) fn jxl(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let limits = &MediaConfig { max_alloc: Size(limits.max_alloc.0 / 2), ..limits.clone() };
    read(JxlDecoder::new(Cursor::new(bytes)).map_err(reason)?, 1, limits)
}

/// Bytes of memory per sample of JPEG 2000: coefficients, the samples made of them, and as much to work with.
const BYTES_PER_SAMPLE: u64 = 16;

/// JPEG 2000, at the smallest of its resolutions that has 1.8 times the target size, as for JPEG.
pub(super) fn jp2(bytes: &[u8], target: TargetSize, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let enough = |side: u32| u32::try_from(u64::from(side) * 18 / 10).unwrap_or(u32::MAX);
    let target_resolution = Some((enough(target.width), enough(target.height)));
    let settings = DecodeSettings { target_resolution, ..DecodeSettings::default() };
    let image = Image::new(bytes, &settings).map_err(MediaError::damaged)?;
    let (width, height) = (image.width(), image.height());
    check_size(width, height, limits)?;
    let channels = channels(&image)?;
    check_memory(u64::from(width) * u64::from(height) * channels.count() as u64 * BYTES_PER_SAMPLE, limits)?;
    let mut context = DecoderContext::default();
    let data = image.decode(&mut context).map_err(MediaError::damaged)?.data_u8();
    let profile = match image.color_space() {
        ColorSpace::Icc { profile, .. } => Some(profile.clone()),
        _ => None,
    };
    Ok(Decoded::interleaved(Raster::new(width, height, channels, data)?, profile))
}

fn channels(image: &Image<'_>) -> Result<Channels, MediaError> {
    match (image.color_space().num_channels(), image.has_alpha()) {
        (1, false) => Ok(Channels::Gray),
        (1, true) => Ok(Channels::GrayAlpha),
        (3, false) => Ok(Channels::Rgb),
        (3, true) => Ok(Channels::Rgba),
        (4, false) => Ok(Channels::Cmyk),
        (count, _) => Err(MediaError::Variant(format!("JPEG 2000 with {count} channels"))),
    }
}
