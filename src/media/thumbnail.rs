//! Thumbnails: several renditions from one decoding.

use std::borrow::Cow;

use super::catch_panic::catch_panic;
use super::decode::{self, Pixels, SVG_DEFAULT_SIZE, TargetSize};
use super::error::MediaError;
use super::fonts::Fonts;
use super::geometry::Geometry;
use super::icc;
use super::perceptual_hash::HASH_SIDE;
use super::preview;
use super::probe::probe;
use super::pyramid::{AnimationSource, PostProcessing, Pyramid};
use super::rendition::Renditions;
use super::svgz;
use super::unclosed::closed;
use crate::config::{MediaConfig, ThumbnailConfig, ThumbnailFormat};
use crate::model::{Asset, Ending, MediaType};

/// Makes renditions of an image at all `sizes` from one decoding, and its perceptual hash. `asset` is what
/// [`probe`](super::probe()) gives for the same bytes.
///
/// Bounded: an image beyond `limits` is refused before memory is allocated for it. Deterministic: the same bytes, sizes
/// and limits give the same renditions. The call is CPU-bound for as long as decoding takes; run it on a thread that may
/// block. A panic of a decoder becomes [`MediaError::Panicked`]. No file is opened, so that the text of an SVG, which
/// takes fonts, does not show.
pub fn thumbnails(bytes: &[u8], asset: &Asset, sizes: &[ThumbnailConfig], limits: &MediaConfig) -> Renditions {
    thumbnails_with(bytes, asset, sizes, &Fonts::default(), limits)
}

/// The same, where the text of an SVG is drawn with these fonts.
pub fn thumbnails_with(
    bytes: &[u8],
    asset: &Asset,
    sizes: &[ThumbnailConfig],
    fonts: &Fonts,
    limits: &MediaConfig,
) -> Renditions {
    let outcome = catch_panic(|| render(bytes, asset, sizes, fonts, limits));
    let outcome = outcome.unwrap_or_else(|message| Err(MediaError::Panicked(message)));
    outcome.unwrap_or_else(|error| Renditions::failed(error, sizes.len()))
}

/// An estimate of the memory that [`thumbnails`] takes for an image, in bytes, without `bytes` themselves. It is computed
/// from the headers alone, and is never less than what is checked against `max_alloc` before memory is allocated.
pub fn memory_estimate(bytes: &[u8], asset: &Asset, sizes: &[ThumbnailConfig], limits: &MediaConfig) -> u64 {
    // What is packed in it is not known before it is unpacked, by a process that decodes.
    if asset.media_type == MediaType::Svgz {
        return limits.max_alloc.0;
    }
    let estimate = || {
        let (bytes, asset) = shown(bytes, asset, limits);
        let target = target_size(&geometries(&asset, sizes), false);
        let needed = decode::memory_estimate(&bytes, &asset, target, limits);
        // Where pixels are missing, those of the whole image are made and packed before it is decoded.
        if is_filled_up(&asset) { needed.saturating_mul(2) } else { needed }
    };
    catch_panic(estimate).unwrap_or(limits.max_alloc.0)
}

fn render(
    bytes: &[u8],
    asset: &Asset,
    sizes: &[ThumbnailConfig],
    fonts: &Fonts,
    limits: &MediaConfig,
) -> Result<Renditions, MediaError> {
    let (bytes, asset) = shown(bytes, asset, limits);
    let bytes = &closed(&bytes, &asset, limits);
    let asset = &as_decoded(&asset);
    let geometries = geometries(asset, sizes);
    let target = target_size(&geometries, yuv_suffices(asset, sizes));
    let decoded = decode::decode(bytes, asset, target, fonts, limits)?;
    let post = PostProcessing { profile: decoded.profile, orientation: asset.orientation };
    let animation = AnimationSource { bytes, asset, limits };
    match decoded.pixels {
        Pixels::Interleaved(image) => Pyramid::new(image, post, animation).renditions(&geometries, sizes),
        Pixels::Planar(image) => Pyramid::new(image, post, animation).renditions(&geometries, sizes),
    }
}

/// Whether pixels that are missing are made up for before it is decoded.
fn is_filled_up(asset: &Asset) -> bool {
    asset.ending == Ending::Truncated && matches!(asset.media_type, MediaType::Png | MediaType::Gif)
}

/// The image itself, unpacked, or the preview that stands for it: of camera raw, and of a Photoshop file whose merged image
/// is of another kind than is read, or too large. A preview is held as the image is.
fn shown<'a>(bytes: &'a [u8], asset: &Asset, limits: &MediaConfig) -> (Cow<'a, [u8]>, Asset) {
    if asset.media_type == MediaType::Svgz {
        let (text, _) = svgz::unpacked(bytes, svgz::LARGEST + 1);
        return (Cow::Owned(text), Asset { media_type: MediaType::Svg, ..asset.clone() });
    }
    let is_wanted = asset.media_type.is_camera_raw()
        || asset.media_type == MediaType::Psd && !decode::is_readable_psd(bytes, limits);
    let preview = if is_wanted { preview::of(bytes, asset.media_type) } else { None };
    preview.map_or_else(
        || (Cow::Borrowed(bytes), asset.clone()),
        |preview| (Cow::Borrowed(preview), Asset { orientation: asset.orientation, ..probe(preview, limits) }),
    )
}

/// The asset as its decoder delivers it: the decoder of JPEG XL applies the orientation itself.
fn as_decoded(asset: &Asset) -> Asset {
    let (width, height) =
        if asset.orientation >= 5 { (asset.height, asset.width) } else { (asset.width, asset.height) };
    match asset.media_type {
        MediaType::Jxl => Asset { width, height, orientation: 1, ..asset.clone() },
        _ => asset.clone(),
    }
}

/// Whether YUV planes need not become RGB: an upright JPEG in sRGB whose renditions are all JPEGs.
fn yuv_suffices(asset: &Asset, sizes: &[ThumbnailConfig]) -> bool {
    let srgb = asset.icc_name.as_deref().is_none_or(icc::is_srgb);
    let from_jpeg = asset.color_space == "ycbcr" && asset.orientation <= 1 && asset.ending == Ending::Whole && srgb;
    from_jpeg && sizes.iter().all(|size| matches!(size.format, ThumbnailFormat::Auto | ThumbnailFormat::Jpeg))
}

fn geometries(asset: &Asset, sizes: &[ThumbnailConfig]) -> Vec<Geometry> {
    sizes.iter().map(|size| geometry(asset, size)).collect()
}

/// The geometry of one size, for the image as it is stored.
fn geometry(asset: &Asset, size: &ThumbnailConfig) -> Geometry {
    let (width, height) = match (asset.media_type, asset.width, asset.height) {
        (MediaType::Svg, 0, _) | (MediaType::Svg, _, 0) => (SVG_DEFAULT_SIZE.0.into(), SVG_DEFAULT_SIZE.1.into()),
        (_, width, height) => (width, height),
    };
    let (width, height) = if asset.orientation >= 5 { (height, width) } else { (width, height) };
    Geometry::new(width, height, size).as_stored(asset.orientation)
}

/// The smallest size to decode to that serves all geometries.
fn target_size(geometries: &[Geometry], accepts_yuv: bool) -> TargetSize {
    let largest = |side: fn(Geometry) -> u32| geometries.iter().map(|one| side(*one)).max().unwrap_or(HASH_SIDE);
    TargetSize { width: largest(Geometry::uncropped_width), height: largest(Geometry::uncropped_height), accepts_yuv }
}
