//! JPEG pictures that stay in brightness and color planes from one JPEG to the next.
//!
//! A thumbnail in JPEG of a picture in JPEG needs no RGB: the planes are scaled each by itself and encoded again. This
//! saves enlarging the color planes, converting there and back, and reducing them again, and loses less.

use fast_image_resize::FilterType;
use libjpeg_turbo_rs::Subsampling;

use super::error::MediaError;
use super::geometry::Plan;
use super::picture::{Channels, Picture};
use super::scale::{Region, resample};
use super::similar;

/// One plane: its samples, and how much of them the picture covers (the rest is padding).
#[derive(Debug, Clone)]
pub(super) struct Plane {
    pub(super) samples: Picture,
    pub(super) across: f64,
    pub(super) down: f64,
}

impl Plane {
    /// A part of the plane, scaled. `stretch` says how much more than the picture the result covers.
    fn scaled(&self, plan: Plan, stretch: (f64, f64)) -> Result<Self, MediaError> {
        let (left, top) = (self.across * plan.left, self.down * plan.top);
        let width = self.across * (1.0 - 2.0 * plan.left) * stretch.0;
        let height = self.down * (1.0 - 2.0 * plan.top) * stretch.1;
        let region = Region {
            left,
            top,
            width: width.min(f64::from(self.samples.width) - left),
            height: height.min(f64::from(self.samples.height) - top),
        };
        let samples = resample(&self.samples, region, plan.width, plan.height, FilterType::Lanczos3)?;
        let (across, down) = (f64::from(plan.width) / stretch.0, f64::from(plan.height) / stretch.1);
        Ok(Self { samples, across, down })
    }
}

/// A picture as brightness, blueness and redness. The color planes may have fewer samples.
#[derive(Debug, Clone)]
pub(super) struct Planes {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: [Plane; 3],
}

impl Planes {
    /// The picture scaled, its color planes to half of that.
    pub(super) fn scaled(&self, plan: Plan) -> Result<Self, MediaError> {
        let half = Plan { width: plan.width.div_ceil(2), height: plan.height.div_ceil(2), ..plan };
        // Of an odd side, half a sample of color lies beyond the picture.
        let stretch = |full: u32, half: u32| f64::from(2 * half) / f64::from(full);
        let stretch = (stretch(plan.width, half.width), stretch(plan.height, half.height));
        let [light, blue, red] = &self.components;
        let components = [light.scaled(plan, (1.0, 1.0))?, blue.scaled(half, stretch)?, red.scaled(half, stretch)?];
        Ok(Self { width: plan.width, height: plan.height, components })
    }

    /// Encodes planes that were scaled.
    pub(super) fn jpeg(&self, quality: u8) -> Result<Vec<u8>, MediaError> {
        let [light, blue, red] = self.components.each_ref().map(|plane| &plane.samples);
        let samples: [&[u8]; 3] = [&light.data, &blue.data, &red.data];
        let widths = [light, blue, red].map(|plane| plane.width as usize);
        let heights = [light, blue, red].map(|plane| plane.height as usize);
        let (width, height) = (self.width as usize, self.height as usize);
        libjpeg_turbo_rs::compress_raw(&samples, &widths, &heights, width, height, quality, Subsampling::S420)
            .map_err(|error| MediaError::Encode(error.to_string()))
    }

    /// The perceptual hash, from brightness alone.
    pub(super) fn perceptual_hash(&self) -> Result<Option<u64>, MediaError> {
        let light = &self.components[0];
        let region = Region { left: 0.0, top: 0.0, width: light.across, height: light.down };
        let small = resample(&light.samples, region, similar::SIDE, similar::SIDE, FilterType::Bilinear)?;
        Ok(similar::hash(&small))
    }
}

/// Puts a plane together from the samples that a decoder gave.
pub(super) fn plane(width: u32, height: u32, samples: Vec<u8>, covered: (f64, f64)) -> Result<Plane, MediaError> {
    let samples = Picture::new(width, height, Channels::Gray, samples)?;
    Ok(Plane { samples, across: covered.0, down: covered.1 })
}
