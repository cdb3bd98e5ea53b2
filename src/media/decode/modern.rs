//! JPEG XL and JPEG 2000, by decoders written in Rust.

use std::io::Cursor;

use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};
use jxl_oxide::integration::JxlDecoder;

use super::super::error::MediaError;
use super::super::picture::{Channels, Picture};
use super::raster;
use super::{Decoded, Needed, check_memory, check_size};
use crate::config::{MediaConfig, Size};

/// JPEG XL. The picture comes upright; only the first frame of an animation is decoded. The decoder counts its
/// planes and stops at the limit; what it does not count is about as much again, so that it gets half.
pub(super) fn jxl(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let limits = &MediaConfig { max_alloc: Size(limits.max_alloc.0 / 2), ..limits.clone() };
    raster::read(JxlDecoder::new(Cursor::new(bytes)).map_err(raster::reason)?, 1, limits)
}

/// Bytes a sample while JPEG 2000 is decoded: coefficients, the numbers made of them, and as much to work with.
const PER_SAMPLE: u64 = 16;

/// JPEG 2000, at the smallest of its resolutions that has 1.8 times the needed size, as for JPEG.
pub(super) fn jp2(bytes: &[u8], needed: Needed, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let enough = |side: u32| u32::try_from(u64::from(side) * 18 / 10).unwrap_or(u32::MAX);
    let target_resolution = Some((enough(needed.width), enough(needed.height)));
    let settings = DecodeSettings { target_resolution, ..DecodeSettings::default() };
    let image = Image::new(bytes, &settings).map_err(MediaError::damaged)?;
    let (width, height) = (image.width(), image.height());
    check_size(width, height, limits)?;
    let channels = channels(&image)?;
    check_memory(u64::from(width) * u64::from(height) * channels.count() as u64 * PER_SAMPLE, limits)?;
    let mut context = DecoderContext::default();
    let data = image.decode(&mut context).map_err(MediaError::damaged)?.data_u8();
    let profile = match image.color_space() {
        ColorSpace::Icc { profile, .. } => Some(profile.clone()),
        _ => None,
    };
    Ok(Decoded::packed(Picture::new(width, height, channels, data)?, profile))
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
