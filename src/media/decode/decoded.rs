//! What decoders are asked for, and what they give.

use crate::media::raster::Raster;
use crate::media::yuv::YuvImage;

/// The size of an SVG that declares none (CSS 2.2, section 10.3.2).
pub(in crate::media) const SVG_DEFAULT_SIZE: (u16, u16) = (300, 150);

/// The smallest size that serves the caller, in pixels of the image as stored. A decoder may deliver more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::media) struct TargetSize {
    pub(in crate::media) width: u32,
    pub(in crate::media) height: u32,
    /// Whether the caller takes YUV planes.
    pub(in crate::media) accepts_yuv: bool,
}

/// Decoded pixels in one of two layouts.
pub(in crate::media) enum Pixels {
    /// All channels of a pixel side by side.
    Interleaved(Raster),
    /// One plane per component.
    Planar(YuvImage),
}

/// A decoded image, as stored: not yet upright, not yet in sRGB.
pub(in crate::media) struct Decoded {
    pub(in crate::media) pixels: Pixels,
    /// The ICC profile.
    pub(in crate::media) profile: Option<Vec<u8>>,
}

impl Decoded {
    /// An image with interleaved channels.
    pub(super) fn interleaved(image: Raster, profile: Option<Vec<u8>>) -> Self {
        Self { pixels: Pixels::Interleaved(image), profile }
    }
}
