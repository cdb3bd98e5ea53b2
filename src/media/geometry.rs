//! How an image fits into the box of a thumbnail.

use crate::config::{Fit, ThumbnailConfig};

/// What is cropped off an image, and the size of the rendition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Geometry {
    /// What is cropped off on the left, as a fraction of the width.
    pub(super) left: f64,
    /// What is cropped off on the right, as a fraction of the width.
    pub(super) right: f64,
    /// What is cropped off at the top, as a fraction of the height.
    pub(super) top: f64,
    /// What is cropped off at the bottom, as a fraction of the height.
    pub(super) bottom: f64,
    /// The width of the rendition in pixels.
    pub(super) width: u32,
    /// The height of the rendition in pixels.
    pub(super) height: u32,
}

/// The least share of its side of the box that an image keeps with [`Fit::Auto`]: a third. A longer image would become a
/// strip in which nothing can be read.
const LEAST_SHARE: f64 = 1.0 / 3.0;

impl Geometry {
    /// The geometry for an image that is `width` × `height` when upright. A side of 0 in `config` is no limit. Nothing is
    /// ever enlarged.
    pub(super) fn new(width: u32, height: u32, config: &ThumbnailConfig) -> Self {
        let ratio = |limit: u32, side: u32| if limit == 0 { 1.0 } else { f64::from(limit) / f64::from(side.max(1)) };
        let (across, down) = (ratio(config.width, width), ratio(config.height, height));
        let scale = match config.fit {
            Fit::Inside => across.min(down),
            Fit::Cover | Fit::CoverTop => across.max(down),
            Fit::Width => across,
            // The longer side fills the box by the smaller ratio; the shorter one keeps its share by the larger.
            Fit::Auto => across.min(down).max(across.max(down) * LEAST_SHARE),
        };
        let scale = scale.min(1.0);
        let (full_width, full_height) = (f64::from(width) * scale, f64::from(height) * scale);
        let crops = matches!(config.fit, Fit::Cover | Fit::CoverTop | Fit::Auto);
        let crop = |full: f64, limit: u32| if crops && limit > 0 { full.min(limit.into()) } else { full };
        let (kept_width, kept_height) = (crop(full_width, config.width), crop(full_height, config.height));
        let (aside, below) = (1.0 - kept_width / full_width, 1.0 - kept_height / full_height);
        let (top, bottom) = if config.fit == Fit::Cover { (below / 2.0, below / 2.0) } else { (0.0, below) };
        let (width, height) = (pixels(kept_width), pixels(kept_height));
        Self { left: aside / 2.0, right: aside / 2.0, top, bottom, width, height }
    }

    /// The geometry that scales all of an image to this size.
    pub(super) const fn uncropped(width: u32, height: u32) -> Self {
        Self { left: 0.0, right: 0.0, top: 0.0, bottom: 0.0, width, height }
    }

    /// Whether nothing is cropped off.
    pub(super) fn is_uncropped(self) -> bool {
        [self.left, self.right, self.top, self.bottom].iter().all(|cropped| *cropped <= 0.0)
    }

    /// The fraction of the width that the crop keeps.
    pub(super) fn kept_width(self) -> f64 {
        1.0 - self.left - self.right
    }

    /// The fraction of the height that the crop keeps.
    pub(super) fn kept_height(self) -> f64 {
        1.0 - self.top - self.bottom
    }

    /// The width of the whole image at the scale of the rendition.
    pub(super) fn uncropped_width(self) -> u32 {
        pixels(f64::from(self.width) / self.kept_width())
    }

    /// The height of the whole image at the scale of the rendition.
    pub(super) fn uncropped_height(self) -> u32 {
        pixels(f64::from(self.height) / self.kept_height())
    }

    /// The same geometry for an image that is stored in another orientation (Exif 3.0, section 4.6.5.2.5): 2 to 4 are
    /// mirrored or turned by 180°, 5 to 8 lie on their side.
    pub(super) const fn as_stored(self, orientation: u8) -> Self {
        let Self { left, right, top, bottom, width, height } = self;
        let ([left, right], [top, bottom]) = match orientation {
            2 => ([right, left], [top, bottom]),
            3 => ([right, left], [bottom, top]),
            4 => ([left, right], [bottom, top]),
            5 => ([top, bottom], [left, right]),
            6 => ([top, bottom], [right, left]),
            7 => ([bottom, top], [right, left]),
            8 => ([bottom, top], [left, right]),
            _ => ([left, right], [top, bottom]),
        };
        let (width, height) = if matches!(orientation, 5..=8) { (height, width) } else { (width, height) };
        Self { left, right, top, bottom, width, height }
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
        assert_eq!(geometry.as_stored(5).as_stored(5), geometry);
    }

    #[test]
    fn a_long_image_keeps_a_third_of_the_box_and_a_whole_one_is_as_inside() {
        let of = |width, height, fit| {
            let geometry = Geometry::new(width, height, &config(480, 480, fit));
            (geometry.width, geometry.height)
        };
        assert_eq!(of(800, 20_000, Fit::Auto), (160, 480));
        assert_eq!(of(20_000, 800, Fit::Auto), (480, 160));
        assert_eq!(of(100, 20_000, Fit::Auto), (100, 480), "nothing is enlarged");
        for (width, height) in [(4000, 3000), (3000, 1001), (16, 16), (1, 1)] {
            assert_eq!(of(width, height, Fit::Auto), of(width, height, Fit::Inside));
        }
        let long = Geometry::new(800, 20_000, &config(480, 480, Fit::Auto));
        assert!(long.top == 0.0 && (long.bottom - 0.88).abs() < 1e-9, "the top is kept: {long:?}");
        let top = Geometry::new(400, 600, &config(100, 100, Fit::CoverTop));
        assert!(top.top == 0.0 && (top.bottom - 1.0 / 3.0).abs() < 1e-9 && (top.width, top.height) == (100, 100));
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
