//! An image pyramid: a decoded image and smaller copies of it, from which renditions are made.

use fast_image_resize::FilterType;

use super::animation;
use super::color::to_srgb;
use super::encode::encode;
use super::error::MediaError;
use super::geometry::Geometry;
use super::lanczos::lanczos;
use super::perceptual_hash::{HASH_SIDE, perceptual_hash};
use super::raster::Raster;
use super::rendition::{Rendition, Renditions};
use super::scale::scale;
use super::yuv::YuvImage;
use crate::config::{Animation, MediaConfig, ThumbnailConfig, ThumbnailFormat};
use crate::model::{Asset, MediaType};

/// What turns scaled pixels, still as stored, into what a viewer sees.
pub(super) struct PostProcessing {
    /// The ICC profile of the pixels.
    pub(super) profile: Option<Vec<u8>>,
    /// The EXIF orientation.
    pub(super) orientation: u8,
}

impl PostProcessing {
    /// Converts an image to sRGB and turns it upright.
    fn apply(&self, image: Raster) -> Raster {
        to_srgb(image, self.profile.as_deref()).oriented(self.orientation)
    }
}

/// One level of a pyramid: pixels in some layout that can be scaled down and encoded.
pub(super) trait Level: Sized {
    /// Width in pixels.
    fn width(&self) -> u32;
    /// Height in pixels.
    fn height(&self) -> u32;
    /// Crops and scales.
    fn scaled(&self, geometry: Geometry) -> Result<Self, MediaError>;
    /// Encodes the level as a rendition.
    fn encode(&self, post: &PostProcessing, size: &ThumbnailConfig) -> Result<Rendition, MediaError>;
    /// The perceptual hash of the image as shown.
    fn perceptual_hash(&self, post: &PostProcessing) -> Result<Option<u64>, MediaError>;
}

impl Level for Raster {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn scaled(&self, geometry: Geometry) -> Result<Self, MediaError> {
        scale(self, geometry, lanczos())
    }

    fn encode(&self, post: &PostProcessing, size: &ThumbnailConfig) -> Result<Rendition, MediaError> {
        let shown = post.apply(self.clone()).without_opaque_alpha();
        let (width, height) = (shown.width, shown.height);
        let (media_type, bytes) = encode(shown, size.format, size.quality)?;
        Ok(Rendition { media_type, width, height, bytes })
    }

    fn perceptual_hash(&self, post: &PostProcessing) -> Result<Option<u64>, MediaError> {
        let small = scale(self, Geometry::uncropped(HASH_SIDE, HASH_SIDE), FilterType::Bilinear)?;
        Ok(perceptual_hash(&post.apply(small).on_white()))
    }
}

impl Level for YuvImage {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn scaled(&self, geometry: Geometry) -> Result<Self, MediaError> {
        Self::scaled(self, geometry)
    }

    fn encode(&self, _: &PostProcessing, size: &ThumbnailConfig) -> Result<Rendition, MediaError> {
        let bytes = self.jpeg(size.quality.clamp(1, 100))?;
        Ok(Rendition { media_type: MediaType::Jpeg, width: self.width, height: self.height, bytes })
    }

    fn perceptual_hash(&self, _: &PostProcessing) -> Result<Option<u64>, MediaError> {
        Self::perceptual_hash(self)
    }
}

/// The bytes of an image that may be an animation.
#[derive(Clone, Copy)]
pub(super) struct AnimationSource<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) asset: &'a Asset,
    pub(super) limits: &'a MediaConfig,
}

impl AnimationSource<'_> {
    /// Whether this size is an animated rendition. An animation of more frames than the limit becomes a still, as does one of
    /// a format of which only the first frame is read.
    fn is_wanted(self, size: &ThumbnailConfig) -> bool {
        let animated = self.asset.frames > 1 && self.asset.frames <= self.limits.max_frames;
        let is_read = matches!(self.asset.media_type, MediaType::Gif | MediaType::Png | MediaType::WebP);
        let possible = is_read && matches!(size.format, ThumbnailFormat::Auto | ThumbnailFormat::WebP);
        animated && possible && size.animation == Animation::Keep
    }

    fn rendition(
        self,
        geometry: Geometry,
        size: &ThumbnailConfig,
        post: &PostProcessing,
    ) -> Result<Rendition, MediaError> {
        let process = |frame: Raster| Ok(post.apply(scale(&frame, geometry, lanczos())?).without_opaque_alpha());
        animation::rendition(self.bytes, self.asset, size.quality.clamp(1, 100), self.limits, process)
    }
}

/// A decoded image and its scaled copies: each smaller than the one before, none cropped, all as stored.
pub(super) struct Pyramid<'a, L> {
    levels: Vec<L>,
    post: PostProcessing,
    animation: AnimationSource<'a>,
}

impl<'a, L: Level> Pyramid<'a, L> {
    /// A pyramid of the decoded image alone.
    pub(super) fn new(image: L, post: PostProcessing, animation: AnimationSource<'a>) -> Self {
        Self { levels: vec![image], post, animation }
    }

    /// All renditions, made from the largest to the smallest.
    pub(super) fn renditions(
        mut self,
        geometries: &[Geometry],
        sizes: &[ThumbnailConfig],
    ) -> Result<Renditions, MediaError> {
        let pixels = |index: usize| u64::from(geometries[index].width) * u64::from(geometries[index].height);
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(pixels(index)));
        let one = |index: usize| (index, self.rendition(geometries[index], &sizes[index]));
        let mut made: Vec<_> = order.into_iter().map(one).collect();
        made.sort_by_key(|&(index, _)| index);
        let perceptual_hash = self.level_for(HASH_SIDE, HASH_SIDE).perceptual_hash(&self.post)?;
        Ok(Renditions { sizes: made.into_iter().map(|(_, made)| made).collect(), perceptual_hash })
    }

    /// The smallest level with at least twice the width and height. Scaling from it costs less, and the difference is
    /// invisible.
    fn level_for(&self, width: u32, height: u32) -> &L {
        let suffices =
            |level: &&L| level.width() >= width.saturating_mul(2) && level.height() >= height.saturating_mul(2);
        self.levels.iter().rev().find(suffices).unwrap_or(&self.levels[0])
    }

    fn rendition(&mut self, geometry: Geometry, size: &ThumbnailConfig) -> Result<Rendition, MediaError> {
        if self.animation.is_wanted(size) {
            return self.animation.rendition(geometry, size, &self.post);
        }
        let level = self.level_for(geometry.uncropped_width(), geometry.uncropped_height());
        let scaled = level.scaled(geometry)?;
        let made = scaled.encode(&self.post, size);
        if geometry.is_uncropped() {
            self.levels.push(scaled);
        }
        made
    }
}
