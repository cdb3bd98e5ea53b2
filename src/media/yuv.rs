//! JPEG images that stay in Y, Cb and Cr planes from one JPEG to the next.
//!
//! A JPEG thumbnail of a JPEG needs no RGB: each plane is scaled by itself and encoded again. This saves upsampling the
//! chroma, converting it there and back, and downsampling it again, and loses less.

use fast_image_resize::FilterType;
use libjpeg_turbo_rs::Subsampling;

use super::error::MediaError;
use super::geometry::Geometry;
use super::lanczos::lanczos;
use super::perceptual_hash::{HASH_SIDE, perceptual_hash};
use super::raster::{Channels, Raster};
use super::scale::{Region, resample};

/// The samples of one component, and how much of them the image covers. The rest is padding.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    pub(super) samples: Raster,
    pub(super) covered: (f64, f64),
}

impl Plane {
    /// A plane of the samples that a decoder gave.
    pub(super) fn new(width: u32, height: u32, samples: Vec<u8>, covered: (f64, f64)) -> Result<Self, MediaError> {
        Ok(Self { samples: Raster::new(width, height, Channels::Gray, samples)?, covered })
    }

    /// Crops and scales the plane. The result covers `stretch` times the image.
    fn scaled(&self, geometry: Geometry, stretch: (f64, f64)) -> Result<Self, MediaError> {
        let (left, top) = (self.covered.0 * geometry.left, self.covered.1 * geometry.top);
        let width = self.covered.0 * geometry.kept_width() * stretch.0;
        let height = self.covered.1 * geometry.kept_height() * stretch.1;
        let region = Region {
            left,
            top,
            width: width.min(f64::from(self.samples.width) - left),
            height: height.min(f64::from(self.samples.height) - top),
        };
        let samples = resample(&self.samples, region, geometry.width, geometry.height, lanczos())?;
        let covered = (f64::from(geometry.width) / stretch.0, f64::from(geometry.height) / stretch.1);
        Ok(Self { samples, covered })
    }
}

/// An image as the planes Y, Cb and Cr. The chroma planes may be subsampled.
#[derive(Debug, Clone)]
pub(super) struct YuvImage {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) planes: [Plane; 3],
}

impl YuvImage {
    /// Crops and scales the image, to 4:2:0.
    pub(super) fn scaled(&self, geometry: Geometry) -> Result<Self, MediaError> {
        let half = Geometry { width: geometry.width.div_ceil(2), height: geometry.height.div_ceil(2), ..geometry };
        // With an odd side, half a chroma sample lies beyond the image.
        let stretch = |full: u32, half: u32| f64::from(2 * half) / f64::from(full);
        let stretch = (stretch(geometry.width, half.width), stretch(geometry.height, half.height));
        let [y, cb, cr] = &self.planes;
        let planes = [y.scaled(geometry, (1.0, 1.0))?, cb.scaled(half, stretch)?, cr.scaled(half, stretch)?];
        Ok(Self { width: geometry.width, height: geometry.height, planes })
    }

    /// Encodes an image that [`Self::scaled`] gave.
    pub(super) fn jpeg(&self, quality: u8) -> Result<Vec<u8>, MediaError> {
        let planes = self.planes.each_ref().map(|plane| &plane.samples);
        let samples = planes.map(|plane| plane.data.as_slice());
        let widths = planes.map(|plane| plane.width as usize);
        let heights = planes.map(|plane| plane.height as usize);
        let (width, height) = (self.width as usize, self.height as usize);
        libjpeg_turbo_rs::compress_raw(&samples, &widths, &heights, width, height, quality, Subsampling::S420)
            .map_err(|error| MediaError::Encode(error.to_string()))
    }

    /// The perceptual hash, from luma alone.
    pub(super) fn perceptual_hash(&self) -> Result<Option<u64>, MediaError> {
        let luma = &self.planes[0];
        let region = Region { left: 0.0, top: 0.0, width: luma.covered.0, height: luma.covered.1 };
        let small = resample(&luma.samples, region, HASH_SIDE, HASH_SIDE, FilterType::Bilinear)?;
        Ok(perceptual_hash(&small))
    }
}
