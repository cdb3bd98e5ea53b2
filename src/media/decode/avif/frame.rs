//! One frame of AV1.

use re_rav1d::dav1d::pixel::{ColorPrimaries, MatrixCoefficients, TransferCharacteristic, YUVRange};
use re_rav1d::dav1d::{Decoder, Picture, PixelLayout, PlanarImageComponent as Component, Plane, Settings};

use crate::media::error::MediaError;

/// A decoded frame.
pub(super) struct Frame {
    inner: Picture,
    /// The samples of each component, and the bytes of a row.
    planes: Vec<(Plane, usize)>,
    pub(super) bits: u32,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Frame {
    /// Decodes an item. A frame of more pixels than this is refused before it is allocated.
    pub(super) fn decode(item: Vec<u8>, most_pixels: u64) -> Result<Self, MediaError> {
        let inner = decoded(item, most_pixels)?;
        let bits = inner.bits_per_component().ok_or_else(|| MediaError::damaged("samples of an unknown depth"))?.0;
        let count = if inner.pixel_layout() == PixelLayout::I400 { 1 } else { 3 };
        let components = [Component::Y, Component::U, Component::V][..count].iter();
        let planes = components.map(|&one| (inner.plane(one), inner.stride(one) as usize)).collect();
        let (width, height) = (inner.width() as usize, inner.height() as usize);
        Ok(Self { inner, planes, bits: u32::try_from(bits).map_err(MediaError::damaged)?, width, height })
    }

    /// How many components it has: luma alone, or chroma too.
    pub(super) fn components(&self) -> usize {
        self.planes.len()
    }

    /// What the bitstream says of colors, by the numbers of ITU-T H.273: primaries, transfer, matrix, and whether the range
    /// is full.
    pub(super) fn named_colors(&self) -> (u16, u16, u16, bool) {
        let primaries = match self.inner.color_primaries() {
            ColorPrimaries::P3Display => 12,
            ColorPrimaries::BT2020 => 9,
            _ => 2,
        };
        let matrix = match self.inner.matrix_coefficients() {
            MatrixCoefficients::Identity => 0,
            MatrixCoefficients::BT709 => 1,
            MatrixCoefficients::BT470M => 4,
            MatrixCoefficients::BT470BG | MatrixCoefficients::ST170M => 5,
            MatrixCoefficients::ST240M => 7,
            MatrixCoefficients::YCgCo => 8,
            MatrixCoefficients::BT2020NonConstantLuminance => 9,
            MatrixCoefficients::BT2020ConstantLuminance => 10,
            MatrixCoefficients::ST2085 => 11,
            MatrixCoefficients::ChromaticityDerivedNonConstantLuminance => 12,
            MatrixCoefficients::ChromaticityDerivedConstantLuminance => 13,
            MatrixCoefficients::ICtCp => 14,
            _ => 2,
        };
        let transfer = match self.inner.transfer_characteristic() {
            TransferCharacteristic::PerceptualQuantizer => 16,
            _ => 2,
        };
        (primaries, transfer, matrix, self.inner.color_range() == YUVRange::Full)
    }

    /// The samples of one row of a component, one per pixel. Subsampled chroma is upsampled to the nearest sample: the
    /// image is scaled down anyway.
    pub(super) fn row(&self, component: usize, y: usize, columns: usize) -> impl Iterator<Item = u16> {
        let (across, down) = match self.inner.pixel_layout() {
            PixelLayout::I420 if component > 0 => (1, 1),
            PixelLayout::I422 if component > 0 => (1, 0),
            _ => (0, 0),
        };
        let (plane, stride) = &self.planes[component];
        let (samples, deep) = (&plane[(y >> down) * stride..], self.bits > 8);
        (0..columns).map(move |x| {
            let at = x >> across;
            if deep { u16::from_ne_bytes([samples[2 * at], samples[2 * at + 1]]) } else { samples[at].into() }
        })
    }
}

fn decoded(item: Vec<u8>, most_pixels: u64) -> Result<Picture, MediaError> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(u32::try_from(most_pixels).unwrap_or(u32::MAX));
    let mut decoder = Decoder::with_settings(&settings).map_err(MediaError::damaged)?;
    match decoder.send_data(item, None, None, None) {
        Err(error) if !error.is_again() => return Err(MediaError::damaged(error)),
        _ => {}
    }
    match decoder.get_picture() {
        Err(error) if error.is_again() => {
            decoder.send_pending_data().map_err(MediaError::damaged)?;
            decoder.get_picture().map_err(MediaError::damaged)
        }
        other => other.map_err(MediaError::damaged),
    }
}
