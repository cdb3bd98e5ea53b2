//! Smaller renditions: several from one decode.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::decode::{Decoded, Needed, SVG_WITHOUT_SIZE, decode};
use super::encode::encode;
use super::error::MediaError;
use super::geometry::Plan;
use super::icc::to_srgb;
use super::picture::{Channels, Picture};
use super::similar;
use crate::config::{MediaConfig, ThumbnailConfig};
use crate::model::{Asset, MediaType};

/// A smaller rendition of a picture: upright, in sRGB, without metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// What it is encoded as.
    pub media_type: MediaType,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The encoded picture.
    pub bytes: Vec<u8>,
}

/// What decoding a picture gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renditions {
    /// One for each size asked for, in the same order.
    pub sizes: Vec<Result<Rendition, MediaError>>,
    /// The perceptual hash of the picture as it is shown; see [`similar`]. `None` where it was not decoded.
    pub perceptual_hash: Option<u64>,
}

/// Makes renditions of a picture at all `sizes` from one decode, and its perceptual hash. `asset` is what
/// [`probe`](super::probe) says of the same bytes.
///
/// Bounded: sizes beyond `limits` are refused before anything is allocated for them. Deterministic: the same bytes,
/// sizes and limits give the same renditions. It takes CPU for as long as decoding takes, so call it on a thread for
/// such work. Nothing that is wrong with a picture reaches the caller as a panic.
pub fn thumbnails(bytes: &[u8], asset: &Asset, sizes: &[ThumbnailConfig], limits: &MediaConfig) -> Renditions {
    // What the closure touches is either shared and never written, or made inside and dropped by the unwinding: no
    // broken state can be seen after a panic, which is what unwind safety asks for.
    let outcome = catch_unwind(AssertUnwindSafe(|| render(bytes, asset, sizes, limits)));
    let outcome = outcome.unwrap_or_else(|panic| Err(MediaError::Panicked(message(panic.as_ref()))));
    outcome.unwrap_or_else(|error| Renditions { sizes: vec![Err(error); sizes.len()], perceptual_hash: None })
}

/// What a panic said.
fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it gave no reason".to_owned())
}

fn render(
    bytes: &[u8],
    asset: &Asset,
    sizes: &[ThumbnailConfig],
    limits: &MediaConfig,
) -> Result<Renditions, MediaError> {
    let plans: Vec<Plan> = sizes.iter().map(|size| plan(asset, size)).collect();
    let Decoded { picture, profile } = decode(bytes, asset, needed(&plans), limits)?;
    let profile = profile.as_deref();
    let perceptual_hash = Some(hash(&picture, profile, asset.orientation)?);
    let mut sizes_made: Vec<_> = plans.iter().map(|_| Err(MediaError::OutOfTime)).collect();
    for (index, plan) in plans.iter().enumerate() {
        sizes_made[index] = rendition(&picture, profile, *plan, &sizes[index], asset.orientation);
    }
    Ok(Renditions { sizes: sizes_made, perceptual_hash })
}

/// The plan for one size, for the picture as it is stored.
fn plan(asset: &Asset, size: &ThumbnailConfig) -> Plan {
    let (width, height) = match (asset.media_type, asset.width, asset.height) {
        (MediaType::Svg, 0, _) | (MediaType::Svg, _, 0) => (SVG_WITHOUT_SIZE.0.into(), SVG_WITHOUT_SIZE.1.into()),
        (_, width, height) => (width, height),
    };
    if asset.orientation >= 5 { Plan::new(height, width, size).transposed() } else { Plan::new(width, height, size) }
}

/// How large the picture must be decoded for all plans.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a side never grows beyond its u32")]
fn needed(plans: &[Plan]) -> Needed {
    let whole = |kept: u32, cut: f64| (f64::from(kept) / (1.0 - 2.0 * cut).max(f64::EPSILON)).round() as u32;
    let largest = |side: fn(&Plan) -> (u32, f64)| plans.iter().map(side).map(|(kept, cut)| whole(kept, cut)).max();
    Needed {
        width: largest(|plan| (plan.width, plan.left)).unwrap_or(HASHED_SIDE),
        height: largest(|plan| (plan.height, plan.top)).unwrap_or(HASHED_SIDE),
    }
}

/// What a perceptual hash needs where no size asks for more.
const HASHED_SIDE: u32 = 32;

fn rendition(
    picture: &Picture,
    profile: Option<&[u8]>,
    plan: Plan,
    size: &ThumbnailConfig,
    orientation: u8,
) -> Result<Rendition, MediaError> {
    let small = resize(picture, plan)?;
    let shown = to_srgb(small, profile).without_idle_alpha().oriented(orientation);
    let (width, height) = (shown.width, shown.height);
    let (media_type, bytes) = encode(shown, size.format, size.quality)?;
    Ok(Rendition { media_type, width, height, bytes })
}

/// Scales with a Lanczos kernel; transparent pixels are premultiplied meanwhile, so that what they hide does not bleed.
fn resize(picture: &Picture, plan: Plan) -> Result<Picture, MediaError> {
    if (picture.width, picture.height) == (plan.width, plan.height) && plan.left == 0.0 && plan.top == 0.0 {
        return Ok(picture.clone());
    }
    scale(picture, plan, FilterType::Lanczos3)
}

fn scale(picture: &Picture, plan: Plan, filter: FilterType) -> Result<Picture, MediaError> {
    let kind = match picture.channels {
        Channels::Gray => PixelType::U8,
        Channels::GrayAlpha => PixelType::U8x2,
        Channels::Rgb => PixelType::U8x3,
        Channels::Rgba | Channels::Cmyk => PixelType::U8x4,
    };
    let source = ImageRef::new(picture.width, picture.height, &picture.data, kind).map_err(MediaError::damaged)?;
    let mut target = Image::new(plan.width, plan.height, kind);
    let (width, height) = (f64::from(picture.width), f64::from(picture.height));
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .use_alpha(picture.channels.has_alpha())
        .crop(width * plan.left, height * plan.top, width * (1.0 - 2.0 * plan.left), height * (1.0 - 2.0 * plan.top));
    Resizer::new().resize(&source, &mut target, &options).map_err(MediaError::damaged)?;
    Picture::new(plan.width, plan.height, picture.channels, target.into_vec())
}

/// The perceptual hash of the picture as it is shown.
fn hash(picture: &Picture, profile: Option<&[u8]>, orientation: u8) -> Result<u64, MediaError> {
    let square = Plan { left: 0.0, top: 0.0, width: HASHED_SIDE, height: HASHED_SIDE };
    let small = scale(picture, square, FilterType::Bilinear)?;
    Ok(similar::hash(&to_srgb(small, profile).on_white().oriented(orientation)))
}
