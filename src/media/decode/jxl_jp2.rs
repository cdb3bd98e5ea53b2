//! JPEG XL and JPEG 2000, by decoders written in Rust.

use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};
use jxl_oxide::{AllocTracker, EnumColourEncoding, JxlImage, NullCms, Render, RenderingIntent};

use super::decoded::{Decoded, TargetSize};
use super::limits::{check_memory, check_size};
use crate::config::MediaConfig;
use crate::media::error::MediaError;
use crate::media::raster::{Channels, Raster};

/// JPEG XL, upright; of an animation, the first frame. Ink and HDR become sRGB. The decoder counts its planes and stops at
/// the limit.
pub(super) fn jxl(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let most = usize::try_from(limits.max_alloc.0).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
    let builder = JxlImage::builder().alloc_tracker(AllocTracker::with_limit(most));
    let mut image = builder.read(bytes).map_err(jxl_reason)?;
    check_size(image.width(), image.height(), limits)?;
    if image.pixel_format().has_black() || image.hdr_type().is_some() {
        image.request_color_encoding(EnumColourEncoding::srgb(RenderingIntent::Relative));
    } else {
        // Other colors are converted once they are scaled down.
        image.set_cms(NullCms);
    }
    let profile = Some(image.rendered_icc());
    let has_frame = image.num_loaded_keyframes() > 0;
    let render = if has_frame { image.render_frame(0) } else { image.render_loading_frame() }.map_err(jxl_reason)?;
    raster_of(&render, limits).map(|raster| Decoded::interleaved(raster, profile))
}

/// The pixels of a frame, of eight bits each.
fn raster_of(render: &Render, limits: &MediaConfig) -> Result<Raster, MediaError> {
    let mut samples = render.stream();
    let channels = match samples.channels() {
        1 => Channels::Gray,
        2 => Channels::GrayAlpha,
        3 => Channels::Rgb,
        4 => Channels::Rgba,
        count => return Err(MediaError::Variant(format!("JPEG XL with {count} channels"))),
    };
    let (width, height) = (samples.width(), samples.height());
    check_size(width, height, limits)?;
    let bytes = u64::from(width) * u64::from(height) * channels.count() as u64;
    check_memory(bytes, limits)?;
    let mut data = vec![0; usize::try_from(bytes).map_err(MediaError::damaged)?];
    samples.write_to_buffer(&mut data);
    Raster::new(width, height, channels, data)
}

#[expect(clippy::needless_pass_by_value, reason = "map_err gives the error by value")]
fn jxl_reason(error: Box<dyn std::error::Error + Send + Sync>) -> MediaError {
    let reason = error.to_string();
    // The decoder has no type of its own for what its count of memory refuses.
    if reason.contains("failed to allocate") { MediaError::OutOfMemory } else { MediaError::Damaged(reason) }
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
