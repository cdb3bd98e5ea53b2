//! How a picture fits into a box.

use crate::config::{Fit, ThumbnailConfig};

/// What is cut out of a picture, and how large it becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    /// The left edge of what is kept, as a share of the picture's width; as much is cut off on the right.
    pub(super) left: f64,
    /// The top edge of what is kept, as a share of the picture's height; as much is cut off at the bottom.
    pub(super) top: f64,
    /// The width of the rendition in pixels.
    pub(super) width: u32,
    /// The height of the rendition in pixels.
    pub(super) height: u32,
}

impl Plan {
    /// The plan for a picture of `width` × `height` as it is shown, upright. A side of 0 in `config` is no limit.
    /// Nothing is ever enlarged.
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
        let cut =
            |full: f64, limit: u32| if config.fit == Fit::Cover && limit > 0 { full.min(limit.into()) } else { full };
        let (kept_width, kept_height) = (cut(full_width, config.width), cut(full_height, config.height));
        Self {
            left: (1.0 - kept_width / full_width) / 2.0,
            top: (1.0 - kept_height / full_height) / 2.0,
            width: pixels(kept_width),
            height: pixels(kept_height),
        }
    }

    /// Whether nothing is cut off.
    pub(super) fn is_whole(self) -> bool {
        self.left <= 0.0 && self.top <= 0.0
    }

    /// How wide the rendition would be if nothing were cut off.
    pub(super) fn whole_width(self) -> u32 {
        pixels(f64::from(self.width) / (1.0 - 2.0 * self.left))
    }

    /// How high the rendition would be if nothing were cut off.
    pub(super) fn whole_height(self) -> u32 {
        pixels(f64::from(self.height) / (1.0 - 2.0 * self.top))
    }

    /// The same plan for a picture that is stored lying on its side. What is cut off is symmetrical, so that turning
    /// and mirroring do not move it.
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
    fn what_is_cut_off_is_the_same_on_both_sides() {
        let plan = Plan::new(600, 400, &config(100, 100, Fit::Cover));
        assert_eq!((plan.width, plan.height), (100, 100));
        assert!((plan.left - 1.0 / 6.0).abs() < 1e-9 && plan.top == 0.0);
        assert_eq!((plan.whole_width(), plan.whole_height()), (150, 100));
        assert_eq!(plan.transposed().transposed(), plan);
    }

    #[test]
    fn a_cover_that_is_larger_than_the_picture_crops_only_what_stands_over() {
        let plan = Plan::new(100, 60, &config(80, 480, Fit::Cover));
        assert_eq!((plan.width, plan.height), (80, 60));
        assert!((plan.left - 0.1).abs() < 1e-9 && plan.is_whole() == (plan.left <= 0.0));
    }

    #[test]
    fn a_picture_without_a_size_gives_a_plan_that_is_never_used_but_harmless() {
        let plan = Plan::new(0, 0, &config(100, 100, Fit::Inside));
        assert_eq!((plan.width, plan.height), (1, 1));
    }
}
