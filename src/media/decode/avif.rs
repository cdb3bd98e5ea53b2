//! AVIF stills, by rav1d: dav1d carried over to Rust, with its assembly left out and much of the rest still `unsafe`.
//! That is why it is a feature of the build, `avif`, and off unless asked for.
//!
//! Grids of several pictures and sequences are not decoded. Colors are those of the file's ICC profile, or of Display P3
//! or BT.2020 where the bitstream names these, or else sRGB; what is brighter than white is not told from white.

use moxcms::ColorProfile;
use re_rav1d::dav1d::pixel::{ColorPrimaries, MatrixCoefficients, YUVRange};
use re_rav1d::dav1d::{Decoder, Picture as Frame, PixelLayout, PlanarImageComponent as Part, Plane, Settings};

use super::super::error::MediaError;
use super::super::fields::Fields;
use super::super::picture::{Channels, Picture};
use super::super::probe;
use super::{Decoded, check_memory, check_size};
use crate::config::MediaConfig;
use crate::model::Asset;

/// Bytes a pixel and channel: a plane of up to two bytes a sample, another where film grain is laid over it, and the
/// sample of the picture.
const PER_SAMPLE: u64 = 5;

/// The primary picture, with its alpha.
pub(super) fn decode(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    if asset.frames > 1 {
        return Err(MediaError::Variant("AVIF with several frames".to_owned()));
    }
    let channels = 3 + u64::from(asset.alpha);
    check_memory(u64::from(asset.width) * u64::from(asset.height) * channels * PER_SAMPLE, limits)?;
    let file = avif_parse::read_avif(&mut &*bytes).map_err(reason)?;
    let color = Planes::of(&file.primary_item, asset, limits)?;
    let alpha = file.alpha_item.as_ref().map(|item| Planes::of(item, asset, limits)).transpose()?;
    let profile = probe::icc_of_heif(Fields(bytes)).map(<[u8]>::to_vec).or_else(|| wide_gamut(&color.frame));
    Ok(Decoded::packed(packed(&color, alpha.as_ref(), file.premultiplied_alpha)?, profile))
}

fn reason(error: avif_parse::Error) -> MediaError {
    match error {
        avif_parse::Error::Unsupported(what) => MediaError::Variant(format!("AVIF: {what}")),
        other => MediaError::damaged(other),
    }
}

/// The profile of the primaries that the bitstream names (ITU-T H.273, table 2), where they are not those of sRGB.
fn wide_gamut(frame: &Frame) -> Option<Vec<u8>> {
    let profile = match frame.color_primaries() {
        ColorPrimaries::P3Display => ColorProfile::new_display_p3(),
        ColorPrimaries::BT2020 => ColorProfile::new_bt2020(),
        _ => return None,
    };
    profile.encode().ok()
}

/// A decoded frame.
struct Planes {
    frame: Frame,
    parts: Vec<(Plane, usize)>,
    bits: u32,
}

impl Planes {
    fn of(item: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Self, MediaError> {
        let frame = frame(item.to_vec(), asset)?;
        check_size(frame.width(), frame.height(), limits)?;
        if (frame.width(), frame.height()) != (asset.width, asset.height) {
            return Err(MediaError::Variant("AVIF with a frame of another size than the file declares".to_owned()));
        }
        let bits = frame.bits_per_component().ok_or_else(|| MediaError::damaged("samples of an unknown depth"))?.0;
        let all = if frame.pixel_layout() == PixelLayout::I400 { 1 } else { 3 };
        let parts = [Part::Y, Part::U, Part::V][..all].iter();
        let parts = parts.map(|&part| (frame.plane(part), frame.stride(part) as usize)).collect();
        Ok(Self { frame, parts, bits: u32::try_from(bits).map_err(MediaError::damaged)? })
    }

    /// The samples of one row of a part, at each pixel of the whole picture, times `scale` after `zero` is taken away.
    /// Of colors that are subsampled the nearest is taken: the picture is made smaller anyway.
    fn row(&self, part: usize, y: usize, range: Range, out: &mut [f32]) {
        let (across, down) = match self.frame.pixel_layout() {
            PixelLayout::I420 if part > 0 => (1, 1),
            PixelLayout::I422 if part > 0 => (1, 0),
            _ => (0, 0),
        };
        let (plane, stride) = &self.parts[part];
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

    /// Of brightness from 0 to 1, and of colors from -0.5 to 0.5 (ITU-T H.273, section 8.3).
    fn ranges(&self) -> (Range, Range) {
        let unit = f32::from(1_u16 << (self.bits - 8));
        let most = 256.0 * unit - 1.0;
        if self.frame.color_range() == YUVRange::Full {
            return (Range { zero: 0.0, scale: 1.0 / most }, Range { zero: 128.0 * unit, scale: 1.0 / most });
        }
        let share = |levels: f32| 1.0 / (levels * unit);
        (Range { zero: 16.0 * unit, scale: share(219.0) }, Range { zero: 128.0 * unit, scale: share(224.0) })
    }
}

/// How a sample becomes a share.
#[derive(Clone, Copy)]
struct Range {
    zero: f32,
    scale: f32,
}

/// Decodes one item. A frame of more pixels than the file declares is refused before it is allocated.
fn frame(item: Vec<u8>, asset: &Asset) -> Result<Frame, MediaError> {
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

/// How red, green and blue are made of the three parts.
#[derive(Clone, Copy)]
enum Matrix {
    /// There is brightness alone.
    Gray,
    /// The parts are green, blue and red.
    Identity,
    /// The shares of red and blue in brightness (ITU-T H.273, table 4).
    Weights(f32, f32),
}

impl Matrix {
    fn of(planes: &Planes) -> Result<Self, MediaError> {
        if planes.parts.len() == 1 {
            return Ok(Self::Gray);
        }
        match planes.frame.matrix_coefficients() {
            MatrixCoefficients::Identity => Ok(Self::Identity),
            MatrixCoefficients::BT709 => Ok(Self::Weights(0.2126, 0.0722)),
            MatrixCoefficients::BT2020NonConstantLuminance => Ok(Self::Weights(0.2627, 0.0593)),
            // MIAF (ISO/IEC 23000-22), section 7.3.6.4, takes what is unspecified for these.
            MatrixCoefficients::BT470BG | MatrixCoefficients::ST170M | MatrixCoefficients::Unspecified => {
                Ok(Self::Weights(0.299, 0.114))
            }
            other => Err(MediaError::Variant(format!("AVIF with the colors of {other:?}"))),
        }
    }

    fn rgb(self, light: f32, first: f32, second: f32) -> [f32; 3] {
        match self {
            Self::Gray => [light; 3],
            // Full range: half is what was taken away as the zero of colors.
            Self::Identity => [second + 0.5, light, first + 0.5],
            Self::Weights(red, blue) => {
                let (to_red, to_blue) = (2.0 * (1.0 - red) * second, 2.0 * (1.0 - blue) * first);
                let green = light - (red * to_red + blue * to_blue) / (1.0 - red - blue);
                [light + to_red, green, light + to_blue]
            }
        }
    }
}

fn packed(color: &Planes, alpha: Option<&Planes>, premultiplied: bool) -> Result<Picture, MediaError> {
    let (width, height) = (color.frame.width(), color.frame.height());
    let channels = if alpha.is_some() { Channels::Rgba } else { Channels::Rgb };
    let (matrix, (of_light, of_color)) = (Matrix::of(color)?, color.ranges());
    let mut rows: [Vec<f32>; 4] = std::array::from_fn(|_| vec![0.0; width as usize]);
    let mut data = Vec::with_capacity(width as usize * height as usize * channels.count());
    for y in 0..height as usize {
        for (part, row) in rows.iter_mut().take(color.parts.len()).enumerate() {
            color.row(part, y, if part == 0 { of_light } else { of_color }, row);
        }
        if let Some(alpha) = alpha {
            alpha.row(0, y, alpha.ranges().0, &mut rows[3]);
        }
        let [light, first, second, opacity] = &rows;
        for (((light, first), second), opacity) in light.iter().zip(first).zip(second).zip(opacity) {
            let share = if premultiplied && *opacity > 0.0 { *opacity } else { 1.0 };
            data.extend(matrix.rgb(*light, *first, *second).map(|value| byte(value / share)));
            data.extend(alpha.map(|_| byte(*opacity)));
        }
    }
    Picture::new(width, height, channels, data)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and NaN becomes 0")]
fn byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}
