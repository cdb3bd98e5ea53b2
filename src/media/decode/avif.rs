//! AVIF stills, by `re_rav1d`: dav1d translated to Rust, without its assembly, and in large part still `unsafe`. The
//! decoder is therefore a feature of the build, `avif`, that can be left out.
//!
//! Image grids and sequences are not decoded. Colors are those of the file's ICC profile, else Display P3 or BT.2020 where
//! the bitstream names these primaries, else sRGB. HDR is not tone-mapped.

use re_rav1d::dav1d::pixel::{ColorPrimaries, MatrixCoefficients, YUVRange};
use re_rav1d::dav1d::{Decoder, Picture as Frame, PixelLayout, PlanarImageComponent as Component, Plane, Settings};

use super::decoded::Decoded;
use super::limits::{check_memory, check_size};
use super::wide_gamut;
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::probe;
use crate::media::raster::{Channels, Raster};
use crate::model::Asset;

/// Bytes of memory per pixel and channel: a plane of up to two bytes per sample, another for film grain, and the sample of
/// the raster.
const BYTES_PER_SAMPLE: u64 = 5;

/// The primary image, with its alpha.
pub(super) fn decode(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    if asset.frames > 1 {
        return Err(MediaError::Variant("AVIF with several frames".to_owned()));
    }
    let channels = 3 + u64::from(asset.alpha);
    check_memory(u64::from(asset.width) * u64::from(asset.height) * channels * BYTES_PER_SAMPLE, limits)?;
    let file = avif_parse::read_avif(&mut &*bytes).map_err(reason)?;
    let color = DecodedItem::new(&file.primary_item, asset, limits)?;
    let alpha = file.alpha_item.as_ref().map(|item| DecodedItem::new(item, asset, limits)).transpose()?;
    let profile = probe::icc_of_heif(ByteReader(bytes))
        .map(<[u8]>::to_vec)
        .or_else(|| wide_gamut::profile(primaries(&color.frame)));
    Ok(Decoded::interleaved(to_raster(&color, alpha.as_ref(), file.premultiplied_alpha)?, profile))
}

fn reason(error: avif_parse::Error) -> MediaError {
    match error {
        avif_parse::Error::Unsupported(what) => MediaError::Variant(format!("AVIF: {what}")),
        other => MediaError::damaged(other),
    }
}

/// The number of the primaries that the bitstream names (ITU-T H.273, table 2), where a profile is made of them.
fn primaries(frame: &Frame) -> u16 {
    match frame.color_primaries() {
        ColorPrimaries::P3Display => 12,
        ColorPrimaries::BT2020 => 9,
        _ => 2,
    }
}

/// One decoded item of the file: the color image or its alpha.
struct DecodedItem {
    frame: Frame,
    planes: Vec<(Plane, usize)>,
    bits: u32,
}

impl DecodedItem {
    fn new(item: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Self, MediaError> {
        let frame = decode_frame(item.to_vec(), asset)?;
        check_size(frame.width(), frame.height(), limits)?;
        if (frame.width(), frame.height()) != (asset.width, asset.height) {
            return Err(MediaError::Variant("AVIF with a frame of another size than the file declares".to_owned()));
        }
        let bits = frame.bits_per_component().ok_or_else(|| MediaError::damaged("samples of an unknown depth"))?.0;
        let count = if frame.pixel_layout() == PixelLayout::I400 { 1 } else { 3 };
        let components = [Component::Y, Component::U, Component::V][..count].iter();
        let planes = components.map(|&one| (frame.plane(one), frame.stride(one) as usize)).collect();
        Ok(Self { frame, planes, bits: u32::try_from(bits).map_err(MediaError::damaged)? })
    }

    /// The samples of one row of a component, one per pixel of the image, converted by `range`. Subsampled chroma is
    /// upsampled to the nearest sample: the image is scaled down anyway.
    fn row(&self, component: usize, y: usize, range: SampleRange, out: &mut [f32]) {
        let (across, down) = match self.frame.pixel_layout() {
            PixelLayout::I420 if component > 0 => (1, 1),
            PixelLayout::I422 if component > 0 => (1, 0),
            _ => (0, 0),
        };
        let (plane, stride) = &self.planes[component];
        let samples = &plane[(y >> down) * stride..];
        for (x, value) in out.iter_mut().enumerate() {
            let at = x >> across;
            let sample = if self.bits > 8 {
                u16::from_ne_bytes([samples[2 * at], samples[2 * at + 1]])
            } else {
                samples[at].into()
            };
            *value = (f32::from(sample) - range.zero) * range.scale;
        }
    }

    /// The ranges of luma, to 0..1, and of chroma, to -0.5..0.5 (ITU-T H.273, section 8.3).
    fn ranges(&self) -> (SampleRange, SampleRange) {
        let unit = f32::from(1_u16 << (self.bits - 8));
        let most = 256.0 * unit - 1.0;
        if self.frame.color_range() == YUVRange::Full {
            let luma = SampleRange { zero: 0.0, scale: 1.0 / most };
            return (luma, SampleRange { zero: 128.0 * unit, ..luma });
        }
        let scale = |levels: f32| 1.0 / (levels * unit);
        let luma = SampleRange { zero: 16.0 * unit, scale: scale(219.0) };
        (luma, SampleRange { zero: 128.0 * unit, scale: scale(224.0) })
    }
}

/// How samples become fractions: `(sample - zero) * scale`.
#[derive(Clone, Copy)]
struct SampleRange {
    zero: f32,
    scale: f32,
}

/// Decodes one item. A frame of more pixels than the file declares is refused before it is allocated.
fn decode_frame(item: Vec<u8>, asset: &Asset) -> Result<Frame, MediaError> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    let pixels = u64::from(asset.width) * u64::from(asset.height);
    settings.set_frame_size_limit(u32::try_from(pixels).unwrap_or(u32::MAX));
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

/// How red, green and blue are computed from the components.
#[derive(Clone, Copy)]
enum Matrix {
    /// Luma alone.
    Gray,
    /// The components are green, blue and red.
    Identity,
    /// The weights of red and blue in luma (ITU-T H.273, table 4).
    Weights(f32, f32),
}

impl Matrix {
    fn of(item: &DecodedItem) -> Result<Self, MediaError> {
        if item.planes.len() == 1 {
            return Ok(Self::Gray);
        }
        match item.frame.matrix_coefficients() {
            MatrixCoefficients::Identity => Ok(Self::Identity),
            MatrixCoefficients::BT709 => Ok(Self::Weights(0.2126, 0.0722)),
            MatrixCoefficients::BT2020NonConstantLuminance => Ok(Self::Weights(0.2627, 0.0593)),
            // MIAF (ISO/IEC 23000-22), section 7.3.6.4, takes unspecified coefficients for these.
            MatrixCoefficients::BT470BG | MatrixCoefficients::ST170M | MatrixCoefficients::Unspecified => {
                Ok(Self::Weights(0.299, 0.114))
            }
            other => Err(MediaError::Variant(format!("AVIF with the colors of {other:?}"))),
        }
    }

    fn rgb(self, y: f32, cb: f32, cr: f32) -> [f32; 3] {
        match self {
            Self::Gray => [y; 3],
            // Full range: the zero of chroma, a half, was subtracted.
            Self::Identity => [cr + 0.5, y, cb + 0.5],
            Self::Weights(red, blue) => {
                let (to_red, to_blue) = (2.0 * (1.0 - red) * cr, 2.0 * (1.0 - blue) * cb);
                let green = y - (red * to_red + blue * to_blue) / (1.0 - red - blue);
                [y + to_red, green, y + to_blue]
            }
        }
    }
}

fn to_raster(color: &DecodedItem, alpha: Option<&DecodedItem>, premultiplied: bool) -> Result<Raster, MediaError> {
    let (width, height) = (color.frame.width(), color.frame.height());
    let channels = if alpha.is_some() { Channels::Rgba } else { Channels::Rgb };
    let (matrix, (luma, chroma)) = (Matrix::of(color)?, color.ranges());
    let mut rows: [Vec<f32>; 4] = std::array::from_fn(|_| vec![0.0; width as usize]);
    let mut data = Vec::with_capacity(width as usize * height as usize * channels.count());
    for y in 0..height as usize {
        for (component, row) in rows.iter_mut().take(color.planes.len()).enumerate() {
            color.row(component, y, if component == 0 { luma } else { chroma }, row);
        }
        if let Some(alpha) = alpha {
            alpha.row(0, y, alpha.ranges().0, &mut rows[3]);
        }
        let [luma, cb, cr, opacity] = &rows;
        for (((luma, cb), cr), opacity) in luma.iter().zip(cb).zip(cr).zip(opacity) {
            let factor = if premultiplied && *opacity > 0.0 { *opacity } else { 1.0 };
            data.extend(matrix.rgb(*luma, *cb, *cr).map(|value| byte(value / factor)));
            data.extend(alpha.map(|_| byte(*opacity)));
        }
    }
    Raster::new(width, height, channels, data)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and NaN becomes 0")]
fn byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}
