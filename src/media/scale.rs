//! Scaling pixels.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::error::MediaError;
use super::geometry::Geometry;
use super::raster::{Channels, Raster};

/// A rectangle of an image, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Region {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Crops and scales an image.
pub(super) fn scale(image: &Raster, geometry: Geometry, filter: FilterType) -> Result<Raster, MediaError> {
    let (width, height) = image.covered;
    let same_size = (width, height) == (f64::from(geometry.width), f64::from(geometry.height));
    if same_size && geometry.is_uncropped() {
        return Ok(image.clone());
    }
    let region = Region {
        left: width * geometry.left,
        top: height * geometry.top,
        width: width * geometry.kept_width(),
        height: height * geometry.kept_height(),
    };
    resample(image, region, geometry.width, geometry.height, filter)
}

/// Scales a region to a size. Alpha is premultiplied meanwhile, so that the color of transparent pixels does not bleed.
pub(super) fn resample(
    image: &Raster,
    region: Region,
    width: u32,
    height: u32,
    filter: FilterType,
) -> Result<Raster, MediaError> {
    let pixel_type = match image.channels {
        Channels::Gray => PixelType::U8,
        Channels::GrayAlpha => PixelType::U8x2,
        Channels::Rgb => PixelType::U8x3,
        Channels::Rgba | Channels::Cmyk => PixelType::U8x4,
    };
    let source = ImageRef::new(image.width, image.height, &image.data, pixel_type).map_err(MediaError::damaged)?;
    let mut target = Image::new(width, height, pixel_type);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .use_alpha(image.channels.has_alpha())
        .crop(region.left, region.top, region.width, region.height);
    Resizer::new().resize(&source, &mut target, &options).map_err(MediaError::damaged)?;
    Raster::new(width, height, image.channels, target.into_vec())
}
