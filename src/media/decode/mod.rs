//! Bytes to pixels, within limits that are checked before memory is allocated.

#[cfg(feature = "avif")]
mod avif;
mod bmp;
mod bmp_header;
mod bmp_runs;
mod decoded;
mod frames;
#[cfg(feature = "heic")]
mod heic;
mod image_decoder;
mod jpeg;
mod jpeg_sampling;
#[cfg(feature = "jxl-jp2")]
mod jxl_jp2;
mod limits;
mod pack_bits;
mod png_color;
mod png_ico;
mod png_sums;
mod psd;
mod svg;
mod tiff;
mod tone_map;
mod webp;
mod wide_gamut;

pub(super) use decoded::{Decoded, Pixels, SVG_DEFAULT_SIZE, TargetSize};
pub(super) use frames::frames;
pub(super) use limits::check_size;
pub(super) use psd::is_readable as is_readable_psd;

use super::byte_reader::ByteReader;
use super::error::MediaError;
use super::fonts::Fonts;
use crate::config::MediaConfig;
use crate::model::{Asset, MediaType};

/// Decodes a still, or the first frame of an animation that is not blank. The result may be smaller than the image, but
/// not smaller than `target`.
pub(super) fn decode(
    bytes: &[u8],
    asset: &Asset,
    target: TargetSize,
    fonts: &Fonts,
    limits: &MediaConfig,
) -> Result<Decoded, MediaError> {
    if asset.media_type.is_camera_raw() {
        return Err(MediaError::Variant("camera raw without a preview in JPEG".to_owned()));
    }
    if !is_decoded(asset.media_type) {
        return Err(MediaError::Unsupported(asset.media_type));
    }
    // An SVG is drawn at the target size, whatever it declares.
    if asset.media_type != MediaType::Svg {
        check_size(asset.width, asset.height, limits)?;
    }
    match asset.media_type {
        MediaType::Jpeg => jpeg::decode(bytes, target, limits),
        MediaType::Gif => frames::first_shown(bytes, asset, limits),
        MediaType::Png | MediaType::WebP if asset.frames > 1 => frames::first_shown(bytes, asset, limits),
        MediaType::WebP => webp::decode(bytes, limits),
        MediaType::Png => png_ico::png(bytes, limits),
        MediaType::Bmp => bmp::decode(bytes, target, limits),
        MediaType::Tiff => tiff::decode(bytes, limits),
        MediaType::Ico | MediaType::Cur => png_ico::ico(ByteReader(bytes), limits),
        MediaType::Svg => svg::decode(bytes, target, fonts, limits),
        MediaType::Psd => psd::decode(bytes, limits),
        #[cfg(feature = "avif")]
        MediaType::Avif => avif::decode(bytes, asset, limits),
        #[cfg(feature = "heic")]
        MediaType::Heic => heic::decode(bytes, asset, limits),
        #[cfg(feature = "jxl-jp2")]
        MediaType::Jxl => jxl_jp2::jxl(bytes, limits),
        #[cfg(feature = "jxl-jp2")]
        MediaType::Jp2 => jxl_jp2::jp2(bytes, target, limits),
        other => Err(MediaError::Unsupported(other)),
    }
}

/// An estimate of the memory that decoding and scaling take, in bytes, from the headers alone.
pub(super) fn memory_estimate(bytes: &[u8], asset: &Asset, target: TargetSize, limits: &MediaConfig) -> u64 {
    let pixels = u64::from(asset.width) * u64::from(asset.height);
    match asset.media_type {
        other if !is_decoded(other) => 0,
        MediaType::Jpeg => jpeg::memory_estimate(bytes, target),
        // The headers do not say what these take. They get all the memory, so that nothing is decoded beside them.
        MediaType::Svg | MediaType::Avif | MediaType::Heic | MediaType::Jxl | MediaType::Jp2 => limits.max_alloc.0,
        MediaType::Gif => pixels * frames::BYTES_PER_PIXEL,
        _ if asset.frames > 1 => pixels * frames::BYTES_PER_PIXEL,
        MediaType::WebP => pixels * webp::BYTES_PER_PIXEL,
        MediaType::Tiff => tiff::memory_estimate(bytes, asset, limits),
        MediaType::Psd => psd::memory_estimate(bytes),
        _ => pixels * image_decoder::bytes_per_pixel(asset, 1),
    }
}

/// Whether this build decodes images of this type.
const fn is_decoded(media_type: MediaType) -> bool {
    use MediaType::{Avif, Bmp, Cur, Gif, Heic, Ico, Jp2, Jpeg, Jxl, Png, Psd, Svg, Tiff, WebP};
    matches!(media_type, Jpeg | Png | Gif | WebP | Bmp | Tiff | Ico | Cur | Svg | Psd)
        || cfg!(feature = "avif") && matches!(media_type, Avif)
        || cfg!(feature = "heic") && matches!(media_type, Heic)
        || cfg!(feature = "jxl-jp2") && matches!(media_type, Jxl | Jp2)
}

/// Has every decoder work on the calling thread, for as long as the process lives. A process that decodes may start none.
pub(crate) fn stay_on_this_thread() {
    #[cfg(feature = "heic")]
    heic::stay_on_this_thread();
}
