//! Smaller renditions: several from one decode.

use fast_image_resize::FilterType;

use super::animate::animate;
use super::decode::{self, Needed, Pixels, SVG_WITHOUT_SIZE, decode};
use super::encode::encode;
use super::error::MediaError;
use super::geometry::Plan;
use super::icc::{self, to_srgb};
use super::picture::Picture;
use super::planes::Planes;
use super::quiet::caught;
use super::scale::scale;
use super::similar;
use crate::config::{Animation, MediaConfig, ThumbnailConfig, ThumbnailFormat};
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
/// [`probe`](super::probe()) says of the same bytes.
///
/// Bounded: sizes beyond `limits` are refused before anything is allocated for them. Deterministic: the same bytes,
/// sizes and limits give the same renditions. It takes CPU for as long as decoding takes, so call it on a thread for
/// such work. Nothing that is wrong with a picture reaches the caller as a panic.
pub fn thumbnails(bytes: &[u8], asset: &Asset, sizes: &[ThumbnailConfig], limits: &MediaConfig) -> Renditions {
    let outcome = caught(|| render(bytes, asset, sizes, limits)).unwrap_or_else(|said| Err(MediaError::Panicked(said)));
    outcome.unwrap_or_else(|error| Renditions { sizes: vec![Err(error); sizes.len()], perceptual_hash: None })
}

/// About how much memory [`thumbnails`] takes for a picture, in bytes, without `bytes` themselves. It is told from the
/// header alone, and never less than what is checked against `max_alloc` before anything is allocated.
pub fn memory(bytes: &[u8], asset: &Asset, sizes: &[ThumbnailConfig], limits: &MediaConfig) -> u64 {
    let plans: Vec<Plan> = sizes.iter().map(|size| plan(asset, size)).collect();
    caught(|| decode::memory(bytes, asset, needed(&plans), limits)).unwrap_or(limits.max_alloc.0)
}

fn render(
    bytes: &[u8],
    asset: &Asset,
    sizes: &[ThumbnailConfig],
    limits: &MediaConfig,
) -> Result<Renditions, MediaError> {
    let asset = &as_decoded(asset);
    let plans: Vec<Plan> = sizes.iter().map(|size| plan(asset, size)).collect();
    let needed = Needed { planes: planes_will_do(asset, sizes), ..needed(&plans) };
    let source = decode(bytes, asset, needed, limits)?;
    let finish = Finish { profile: source.profile, orientation: asset.orientation };
    let moving = Moving { bytes, asset, limits };
    match source.pixels {
        Pixels::Packed(picture) => Reduced { steps: vec![picture], finish, moving }.renditions(&plans, sizes),
        Pixels::Planar(picture) => Reduced { steps: vec![picture], finish, moving }.renditions(&plans, sizes),
    }
}

/// A picture as its decoder hands it out: that of JPEG XL turns it upright.
fn as_decoded(asset: &Asset) -> Asset {
    let (width, height) =
        if asset.orientation >= 5 { (asset.height, asset.width) } else { (asset.width, asset.height) };
    match asset.media_type {
        MediaType::Jxl => Asset { width, height, orientation: 1, ..asset.clone() },
        _ => asset.clone(),
    }
}

/// Whether brightness and color planes need not become RGB: where they come from a JPEG in sRGB that is upright, and
/// become JPEGs.
fn planes_will_do(asset: &Asset, sizes: &[ThumbnailConfig]) -> bool {
    let standard = asset.icc_name.as_deref().is_none_or(icc::is_srgb);
    let from_jpeg = asset.color_space == "ycbcr" && asset.orientation <= 1 && !asset.truncated && standard;
    from_jpeg && sizes.iter().all(|size| matches!(size.format, ThumbnailFormat::Auto | ThumbnailFormat::Jpeg))
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
fn needed(plans: &[Plan]) -> Needed {
    let largest = |side: fn(Plan) -> u32| plans.iter().map(|plan| side(*plan)).max().unwrap_or(similar::SIDE);
    Needed { width: largest(Plan::whole_width), height: largest(Plan::whole_height), planes: false }
}

/// What is left to do when a picture has its size.
struct Finish {
    profile: Option<Vec<u8>>,
    orientation: u8,
}

/// Pixels that can be scaled down and written, whatever form they are in.
trait Source: Sized {
    fn width(&self) -> u32;
    fn height(&self) -> u32;
    fn scaled(&self, plan: Plan) -> Result<Self, MediaError>;
    fn rendition(&self, finish: &Finish, size: &ThumbnailConfig) -> Result<Rendition, MediaError>;
    fn perceptual_hash(&self, finish: &Finish) -> Result<Option<u64>, MediaError>;
}

impl Source for Picture {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn scaled(&self, plan: Plan) -> Result<Self, MediaError> {
        scale(self, plan, FilterType::Lanczos3)
    }

    fn rendition(&self, finish: &Finish, size: &ThumbnailConfig) -> Result<Rendition, MediaError> {
        let shown = finish.shown(self.clone()).without_idle_alpha();
        let (width, height) = (shown.width, shown.height);
        let (media_type, bytes) = encode(shown, size.format, size.quality)?;
        Ok(Rendition { media_type, width, height, bytes })
    }

    fn perceptual_hash(&self, finish: &Finish) -> Result<Option<u64>, MediaError> {
        let square = Plan { left: 0.0, top: 0.0, width: similar::SIDE, height: similar::SIDE };
        let small = scale(self, square, FilterType::Bilinear)?;
        Ok(similar::hash(&finish.shown(small).on_white()))
    }
}

impl Source for Planes {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn scaled(&self, plan: Plan) -> Result<Self, MediaError> {
        Self::scaled(self, plan)
    }

    fn rendition(&self, _: &Finish, size: &ThumbnailConfig) -> Result<Rendition, MediaError> {
        let bytes = self.jpeg(size.quality.clamp(1, 100))?;
        Ok(Rendition { media_type: MediaType::Jpeg, width: self.width, height: self.height, bytes })
    }

    fn perceptual_hash(&self, _: &Finish) -> Result<Option<u64>, MediaError> {
        Self::perceptual_hash(self)
    }
}

impl Finish {
    /// A picture as it is shown: in sRGB and upright.
    fn shown(&self, picture: Picture) -> Picture {
        to_srgb(picture, self.profile.as_deref()).oriented(self.orientation)
    }
}

/// The picture as an animation.
#[derive(Clone, Copy)]
struct Moving<'a> {
    bytes: &'a [u8],
    asset: &'a Asset,
    limits: &'a MediaConfig,
}

impl Moving<'_> {
    /// Whether a size asks for an animated thumbnail, and can have one. Animations of more frames than the limit are
    /// shown as stills.
    fn is_wanted(self, size: &ThumbnailConfig) -> bool {
        let animated = self.asset.frames > 1 && self.asset.frames <= self.limits.max_frames;
        let possible = matches!(size.format, ThumbnailFormat::Auto | ThumbnailFormat::WebP);
        animated && possible && size.animation == Animation::Keep
    }

    fn rendition(self, plan: Plan, size: &ThumbnailConfig, finish: &Finish) -> Result<Rendition, MediaError> {
        let shown =
            |frame: Picture, plan| Ok(finish.shown(scale(&frame, plan, FilterType::Lanczos3)?).without_idle_alpha());
        animate(self.bytes, self.asset, plan, size.quality.clamp(1, 100), self.limits, shown)
    }
}

/// A picture, and what it was scaled down to on the way: each smaller than the one before, none cropped, all as stored.
struct Reduced<'a, S> {
    steps: Vec<S>,
    finish: Finish,
    moving: Moving<'a>,
}

impl<S: Source> Reduced<'_, S> {
    /// All renditions, made from the largest to the smallest.
    fn renditions(mut self, plans: &[Plan], sizes: &[ThumbnailConfig]) -> Result<Renditions, MediaError> {
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(u64::from(plans[index].width) * u64::from(plans[index].height)));
        let one = |index: usize| (index, self.rendition(plans[index], &sizes[index]));
        let mut made: Vec<_> = order.into_iter().map(one).collect();
        made.sort_by_key(|&(index, _)| index);
        let perceptual_hash = self.source(similar::SIDE, similar::SIDE).perceptual_hash(&self.finish)?;
        Ok(Renditions { sizes: made.into_iter().map(|(_, made)| made).collect(), perceptual_hash })
    }

    /// The smallest step that has twice the pixels across and down that are needed. Scaling from there costs less, and
    /// no difference can be seen.
    fn source(&self, width: u32, height: u32) -> &S {
        let enough = |step: &&S| step.width() >= width.saturating_mul(2) && step.height() >= height.saturating_mul(2);
        self.steps.iter().rev().find(enough).unwrap_or(&self.steps[0])
    }

    fn rendition(&mut self, plan: Plan, size: &ThumbnailConfig) -> Result<Rendition, MediaError> {
        if self.moving.is_wanted(size) {
            return self.moving.rendition(plan, size, &self.finish);
        }
        let small = self.source(plan.whole_width(), plan.whole_height()).scaled(plan)?;
        let made = small.rendition(&self.finish, size);
        if plan.is_whole() {
            self.steps.push(small);
        }
        made
    }
}
