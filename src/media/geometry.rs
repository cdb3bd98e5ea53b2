//! How an image fits into the box of a thumbnail.

use crate::config::{Fit, ThumbnailConfig};

/// What is cropped off an image, and the size of the rendition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Geometry {
    /// The left edge of the crop, as a fraction of the width. As much is cropped off on the right.
    pub(super) left: f64,
    /// The top edge of the crop, as a fraction of the height. As much is cropped off at the bottom.
    pub(super) top: f64,
    /// The width of the rendition in pixels.
    pub(super) width: u32,
    /// The height of the rendition in pixels.
    pub(super) height: u32,
}

impl Geometry {
    /// The geometry for an image that is `width` × `height` when upright. A side of 0 in `config` is no limit. Nothing is
    /// ever enlarged.
    pub(super) fn new(width: u32, height: u32, config: &ThumbnailConfig) -> Self {
        let ratio = |limit: u32, side: u32| if limit == 0 { 1.0 } else { f64::from(limit) / f64::from(side.max(1)) };
        let (across, down) = (ratio(config.width, width), ratio(config.height, height));
        let scale = match config.fit {
            Fit::Inside => across.min(down),
            Fit::Cover => across.max(down),
            Fit::Width => across,
        };
        let scale = scale.min(1.0);
        let (full_width, full_height) = (f64::from(width) * scale, f64::from(height) * scale);
        let crop =
            |full: f64, limit: u32| if config.fit == Fit::Cover && limit > 0 { full.min(limit.into()) } else { full };
        let (kept_width, kept_height) = (crop(full_width, config.width), crop(full_height, config.height));
        Self {
            left: (1.0 - kept_width / full_width) / 2.0,
            top: (1.0 - kept_height / full_height) / 2.0,
            width: pixels(kept_width),
            height: pixels(kept_height),
        }
    }

    /// The geometry that scales all of an image to this size.
    pub(super) const fn uncropped(width: u32, height: u32) -> Self {
        Self { left: 0.0, top: 0.0, width, height }
    }

    /// Whether nothing is cropped off.
    pub(super) fn is_uncropped(self) -> bool {
        self.left <= 0.0 && self.top <= 0.0
    }

    /// The fraction of the width that the crop keeps.
    pub(super) fn kept_width(self) -> f64 {
        1.0 - 2.0 * self.left
    }

    /// The fraction of the height that the crop keeps.
    pub(super) fn kept_height(self) -> f64 {
        1.0 - 2.0 * self.top
    }

    /// The width of the whole image at the scale of the rendition.
    pub(super) fn uncropped_width(self) -> u32 {
        pixels(f64::from(self.width) / self.kept_width())
    }

    /// The height of the whole image at the scale of the rendition.
    pub(super) fn uncropped_height(self) -> u32 {
        pixels(f64::from(self.height) / self.kept_height())
    }

    /// The same geometry for an image that is stored lying on its side. The crop is symmetrical, so that rotating and
    /// mirroring do not move it.
    pub(super) const fn transposed(self) -> Self {
        Self { left: self.top, top: self.left, width: self.height, height: self.width }
    }
}

/// The nearest whole number of pixels, at least one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a side never grows beyond its u32")]
fn pixels(length: f64) -> u32 {
    (length.round() as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Animation, ThumbnailFormat};

    fn config(width: u32, height: u32, fit: Fit) -> ThumbnailConfig {
        let (name, format) = ("test".parse().unwrap(), ThumbnailFormat::Auto);
        ThumbnailConfig { name, width, height, fit, format, quality: 80, animation: Animation::Still }
    }

    #[test]
    fn the_crop_is_the_same_on_both_sides() {
        let geometry = Geometry::new(600, 400, &config(100, 100, Fit::Cover));
        assert_eq!((geometry.width, geometry.height), (100, 100));
        assert!((geometry.left - 1.0 / 6.0).abs() < 1e-9 && geometry.top == 0.0);
        assert_eq!((geometry.uncropped_width(), geometry.uncropped_height()), (150, 100));
        assert_eq!(geometry.transposed().transposed(), geometry);
    }

    #[test]
    fn a_box_larger_than_the_image_crops_only_what_stands_over() {
        let geometry = Geometry::new(100, 60, &config(80, 480, Fit::Cover));
        assert_eq!((geometry.width, geometry.height), (80, 60));
        assert!((geometry.left - 0.1).abs() < 1e-9 && geometry.is_uncropped() == (geometry.left <= 0.0));
    }

    #[test]
    fn an_image_without_a_size_gives_a_geometry_of_one_pixel() {
        let geometry = Geometry::new(0, 0, &config(100, 100, Fit::Inside));
        assert_eq!((geometry.width, geometry.height), (1, 1));
    }
}
