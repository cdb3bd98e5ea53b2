//! Scaling pixels.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::error::MediaError;
use super::geometry::Plan;
use super::picture::{Channels, Picture};

/// A part of a picture, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Region {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Scales what a plan keeps of a picture.
pub(super) fn scale(picture: &Picture, plan: Plan, filter: FilterType) -> Result<Picture, MediaError> {
    let (width, height) = picture.covered;
    let same_size = (width, height) == (f64::from(plan.width), f64::from(plan.height));
    if same_size && plan.is_whole() {
        return Ok(picture.clone());
    }
    let region = Region {
        left: width * plan.left,
        top: height * plan.top,
        width: width * (1.0 - 2.0 * plan.left),
        height: height * (1.0 - 2.0 * plan.top),
    };
    resample(picture, region, plan.width, plan.height, filter)
}

/// Scales a region to a size. Transparent pixels are premultiplied meanwhile, so that the color they hide does not
/// bleed.
pub(super) fn resample(
    picture: &Picture,
    region: Region,
    width: u32,
    height: u32,
    filter: FilterType,
) -> Result<Picture, MediaError> {
    let kind = match picture.channels {
        Channels::Gray => PixelType::U8,
        Channels::GrayAlpha => PixelType::U8x2,
        Channels::Rgb => PixelType::U8x3,
        Channels::Rgba | Channels::Cmyk => PixelType::U8x4,
    };
    let source = ImageRef::new(picture.width, picture.height, &picture.data, kind).map_err(MediaError::damaged)?;
    let mut target = Image::new(width, height, kind);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .use_alpha(picture.channels.has_alpha())
        .crop(region.left, region.top, region.width, region.height);
    Resizer::new().resize(&source, &mut target, &options).map_err(MediaError::damaged)?;
    Picture::new(width, height, picture.channels, target.into_vec())
}
