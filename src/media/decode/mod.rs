//! Bytes to pixels, within limits that are checked before anything is allocated.

mod animation;
#[cfg(feature = "avif")]
mod avif;
mod jpeg;
#[cfg(feature = "jxl-jp2")]
mod modern;
mod raster;
mod svg;
mod tiff;
mod webp;

use super::error::MediaError;
use super::fields::Fields;
use super::picture::Picture;
use super::planes::Planes;
use crate::config::MediaConfig;
use crate::model::{Asset, MediaType};

/// The size of a drawing that declares none (CSS 2.2, section 10.3.2).
pub(super) const SVG_WITHOUT_SIZE: (u16, u16) = (300, 150);

pub(super) use animation::frames;

/// Decoded pixels in one of two forms.
pub(super) enum Pixels {
    /// All channels of a pixel side by side.
    Packed(Picture),
    /// Brightness and color, each by itself.
    Planar(Planes),
}

/// A decoded picture, and the profile its colors are in.
pub(super) struct Decoded {
    /// The pixels, as stored: not yet oriented, not yet sRGB.
    pub(super) pixels: Pixels,
    /// Its ICC profile.
    pub(super) profile: Option<Vec<u8>>,
}

impl Decoded {
    fn packed(picture: Picture, profile: Option<Vec<u8>>) -> Self {
        Self { pixels: Pixels::Packed(picture), profile }
    }
}

/// How large a picture has to be decoded at least, in pixels, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Needed {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether planes will do as well as pixels.
    pub(super) planes: bool,
}

/// Decodes a still, or the first frame of an animation that is not blank. The result may be smaller than the picture,
/// but not smaller than `needed`.
pub(super) fn decode(bytes: &[u8], asset: &Asset, needed: Needed, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    if !is_decoded(asset.media_type) {
        return Err(MediaError::Unsupported(asset.media_type));
    }
    // A drawing is drawn at the size that is needed, whatever it declares.
    if asset.media_type != MediaType::Svg {
        check_size(asset.width, asset.height, limits)?;
    }
    match asset.media_type {
        MediaType::Jpeg => jpeg::decode(bytes, needed, limits),
        MediaType::Gif => animation::first_shown(bytes, asset, limits),
        MediaType::Png | MediaType::WebP if asset.frames > 1 => animation::first_shown(bytes, asset, limits),
        MediaType::WebP => webp::decode(bytes, limits),
        MediaType::Png => raster::png(bytes, limits),
        MediaType::Bmp => raster::bmp(bytes, limits),
        MediaType::Tiff => tiff::decode(bytes, limits),
        MediaType::Ico | MediaType::Cur => raster::icon(Fields(bytes), limits),
        MediaType::Svg => svg::decode(bytes, needed, limits),
        #[cfg(feature = "avif")]
        MediaType::Avif => avif::decode(bytes, asset, limits),
        #[cfg(feature = "jxl-jp2")]
        MediaType::Jxl => modern::jxl(bytes, limits),
        #[cfg(feature = "jxl-jp2")]
        MediaType::Jp2 => modern::jp2(bytes, needed, limits),
        other => Err(MediaError::Unsupported(other)),
    }
}

/// About how much memory decoding and scaling take, told before anything is allocated.
pub(super) fn memory(bytes: &[u8], asset: &Asset, needed: Needed, limits: &MediaConfig) -> u64 {
    let pixels = u64::from(asset.width) * u64::from(asset.height);
    match asset.media_type {
        kind if !is_decoded(kind) => 0,
        MediaType::Jpeg => jpeg::memory_of(bytes, needed),
        // What these take shows when they are decoded, so that nothing is decoded beside them.
        MediaType::Svg | MediaType::Avif | MediaType::Jxl | MediaType::Jp2 => limits.max_alloc.0,
        MediaType::Gif => pixels * animation::PER_PIXEL,
        _ if asset.frames > 1 => pixels * animation::PER_PIXEL,
        MediaType::WebP => pixels * webp::PER_PIXEL,
        kind => pixels * raster::per_pixel(kind, asset.bit_depth.into(), asset.alpha),
    }
}

/// Whether pictures of this type can be decoded.
const fn is_decoded(media_type: MediaType) -> bool {
    use MediaType::{Avif, Bmp, Cur, Gif, Ico, Jp2, Jpeg, Jxl, Png, Svg, Tiff, WebP};
    matches!(media_type, Jpeg | Png | Gif | WebP | Bmp | Tiff | Ico | Cur | Svg)
        || cfg!(feature = "avif") && matches!(media_type, Avif)
        || cfg!(feature = "jxl-jp2") && matches!(media_type, Jxl | Jp2)
}

/// Refuses sizes beyond the limits.
pub(super) fn check_size(width: u32, height: u32, limits: &MediaConfig) -> Result<(), MediaError> {
    if width == 0 || height == 0 {
        return Err(MediaError::damaged("it has no size"));
    }
    check("side", width.max(height).into(), limits.max_side.into())?;
    check("pixels", u64::from(width) * u64::from(height), limits.max_pixels)
}

/// Refuses a decoder that would need more memory than one picture may.
pub(super) fn check_memory(needed: u64, limits: &MediaConfig) -> Result<(), MediaError> {
    check("bytes of memory", needed, limits.max_alloc.0)
}

/// Refuses what exceeds a limit; a limit of 0 is none.
fn check(what: &'static str, actual: u64, limit: u64) -> Result<(), MediaError> {
    if limit > 0 && actual > limit { Err(MediaError::OverLimit { what, actual, limit }) } else { Ok(()) }
}
