//! The samples of a TIFF as colors (TIFF 6.0, sections 5, 16, 21 and 23).

use super::layout::{Alpha, Layout, Photometric};
use crate::media::error::MediaError;
use crate::media::ifd::Directory;
use crate::media::raster::{Channels, Raster, divide_by_alpha};

const COLOR_MAP: u16 = 320;
const YCBCR_COEFFICIENTS: u16 = 529;
const REFERENCE_BLACK_WHITE: u16 = 532;

/// The colors of a palette. The tag holds all reds, all greens, all blues, of 16 bits each; some writers use eight of them.
pub(super) fn palette(page: &Directory<'_>, bits: u32) -> Result<Vec<[u8; 3]>, MediaError> {
    if bits > 16 {
        return Err(MediaError::Variant(format!("TIFF with a palette, of {bits} bits a sample")));
    }
    let count = 1_usize << bits;
    let map: Vec<u64> = page.numbers(COLOR_MAP).take(3 * count).collect();
    if map.len() < 3 * count {
        return Err(MediaError::damaged("its palette is not whole"));
    }
    let shift = if map.iter().all(|level| *level < 256) { 0 } else { 8 };
    let level = |at: usize| u8::try_from(map[at] >> shift).unwrap_or(u8::MAX);
    Ok((0..count).map(|at| [level(at), level(count + at), level(2 * count + at)]).collect())
}

/// The image of samples of eight bits. `ycc` says whether Y, Cb and Cr are still to be converted.
pub(super) fn raster(
    mut data: Vec<u8>,
    layout: &Layout,
    page: &Directory<'_>,
    ycc: bool,
) -> Result<Raster, MediaError> {
    let size = layout.shown();
    match layout.photometric {
        Photometric::WhiteIsZero => data.chunks_exact_mut(size).for_each(|pixel| pixel[0] = !pixel[0]),
        Photometric::YCbCr if ycc => to_rgb(&mut data, size, &YCbCr::of(page)),
        Photometric::CieLab => lab_to_rgb(&mut data, size, |byte| f32::from(byte.cast_signed())),
        Photometric::IccLab => lab_to_rgb(&mut data, size, |byte| f32::from(byte) - 128.0),
        _ => {}
    }
    if layout.alpha == Alpha::Premultiplied {
        data.chunks_exact_mut(size).for_each(divide_by_alpha);
    }
    let channels = match (layout.photometric, layout.alpha) {
        (Photometric::Cmyk, _) => Channels::Cmyk,
        (Photometric::WhiteIsZero | Photometric::BlackIsZero, Alpha::None) => Channels::Gray,
        (Photometric::WhiteIsZero | Photometric::BlackIsZero, _) => Channels::GrayAlpha,
        (_, Alpha::None) => Channels::Rgb,
        _ => Channels::Rgba,
    };
    let pixels = |length: usize| u32::try_from(length).map_err(MediaError::damaged);
    Raster::new(pixels(layout.width)?, pixels(layout.height)?, channels, data)
}

/// How Y, Cb and Cr become red, green and blue.
struct YCbCr {
    /// The weights of red, green and blue in luma.
    weights: [f32; 3],
    /// For each of the three, the value of black, or of no color, and that of the most.
    range: [f32; 6],
}

impl YCbCr {
    /// The coefficients of the page, or those that section 21 takes without them.
    fn of(page: &Directory<'_>) -> Self {
        let weights: Vec<f32> = page.fractions(YCBCR_COEFFICIENTS).take(3).collect();
        let weights = weights.try_into().ok().filter(|[_, green, _]: &[f32; 3]| *green > 0.0);
        let range: Vec<f32> = page.fractions(REFERENCE_BLACK_WHITE).take(6).collect();
        let is_range = |range: &[f32; 6]| range.chunks_exact(2).all(|pair| pair[1] > pair[0]);
        Self {
            weights: weights.unwrap_or([0.299, 0.587, 0.114]),
            range: range.try_into().ok().filter(is_range).unwrap_or([0.0, 255.0, 128.0, 255.0, 128.0, 255.0]),
        }
    }

    fn rgb(&self, pixel: &[u8]) -> [f32; 3] {
        let scaled = |at: usize, most: f32| {
            let (black, white) = (self.range[2 * at], self.range[2 * at + 1]);
            (f32::from(pixel[at]) - black) * most / (white - black)
        };
        let (y, cb, cr) = (scaled(0, 255.0), scaled(1, 127.0), scaled(2, 127.0));
        let [of_red, of_green, of_blue] = self.weights;
        let (red, blue) = (cr * (2.0 - 2.0 * of_red) + y, cb * (2.0 - 2.0 * of_blue) + y);
        [red, (y - of_blue * blue - of_red * red) / of_green, blue]
    }
}

fn to_rgb(data: &mut [u8], size: usize, colors: &YCbCr) {
    for pixel in data.chunks_exact_mut(size) {
        let rgb = colors.rgb(pixel).map(byte);
        pixel[..3].copy_from_slice(&rgb);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and NaN becomes 0")]
fn byte(value: f32) -> u8 {
    value.clamp(0.0, 255.0).round() as u8
}

/// CIE L*a*b* of the white point D50 as sRGB.
fn lab_to_rgb(data: &mut [u8], size: usize, signed: impl Fn(u8) -> f32) {
    for pixel in data.chunks_exact_mut(size) {
        let lightness = f32::from(pixel[0]) * 100.0 / 255.0;
        let rgb = srgb_of_lab(lightness, signed(pixel[1]), signed(pixel[2])).map(|value| byte(value * 255.0));
        pixel[..3].copy_from_slice(&rgb);
    }
}

/// CIE 15, section 8.2.1; then the matrix of sRGB adapted to D50, and its curve (IEC 61966-2-1).
fn srgb_of_lab(lightness: f32, a: f32, b: f32) -> [f32; 3] {
    const WHITE: [f32; 3] = [0.9642, 1.0, 0.8249];
    const TO_SRGB: [[f32; 3]; 3] = [[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.2290, 1.4052]];
    let y = (lightness + 16.0) / 116.0;
    let cube = |root: f32| if root > 6.0 / 29.0 { root.powi(3) } else { (root - 4.0 / 29.0) * 108.0 / 841.0 };
    let roots = [y + a / 500.0, y, y - b / 200.0];
    let xyz: [f32; 3] = std::array::from_fn(|at| cube(roots[at]) * WHITE[at]);
    TO_SRGB.map(|row| curve(row.iter().zip(xyz).map(|(factor, value)| factor * value).sum()))
}

fn curve(linear: f32) -> f32 {
    if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_has_the_gray_axis_and_the_primaries_of_srgb() {
        let shown = |lightness: f32, a: f32, b: f32| srgb_of_lab(lightness, a, b).map(|value| byte(value * 255.0));
        assert_eq!((shown(100.0, 0.0, 0.0), shown(0.0, 0.0, 0.0)), ([255; 3], [0; 3]));
        // CSS Color 4 has red as lab(54.29 80.81 69.89).
        let [red, green, blue] = shown(54.29, 80.81, 69.89);
        assert!(red >= 253 && green <= 6 && blue <= 6, "{red} {green} {blue}");
    }

    #[test]
    fn color_is_divided_by_the_alpha_that_it_was_multiplied_by() {
        let mut pixels = [64, 32, 128, 128, 9, 9, 9, 0];
        pixels.chunks_exact_mut(4).for_each(divide_by_alpha);
        assert_eq!(pixels, [127, 63, 255, 128, 9, 9, 9, 0]);
    }
}
