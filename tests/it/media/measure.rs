//! How far two images are apart.

use image::RgbImage;
use offprint::testing::media::Rendition;

/// Decodes a rendition with a decoder that is not the one under test.
pub(super) fn pixels(rendition: &Rendition) -> RgbImage {
    decoded(&rendition.bytes)
}

pub(super) fn decoded(bytes: &[u8]) -> RgbImage {
    image::load_from_memory(bytes).expect("what was written can be read").to_rgb8()
}

/// Peak signal-to-noise ratio over all channels, in dB.
pub(super) fn psnr(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let squares = one.iter().zip(other.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    let error = squares.sum::<f64>() / as_f64(one.len());
    if error == 0.0 { f64::INFINITY } else { 10.0 * (255.0_f64.powi(2) / error).log10() }
}

/// Mean structural similarity of brightness, over windows of 8 × 8 (Wang, Bovik, Sheikh, Simoncelli, 2004).
pub(super) fn ssim(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let (mut sum, mut windows) = (0.0, 0.0);
    for y in (0..one.height().saturating_sub(7)).step_by(4) {
        for x in (0..one.width().saturating_sub(7)).step_by(4) {
            sum += window(one, other, x, y);
            windows += 1.0;
        }
    }
    sum / windows
}

fn window(one: &RgbImage, other: &RgbImage, left: u32, top: u32) -> f64 {
    const SAMPLES: f64 = 64.0;
    let (mut a, mut b, mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (y, x) in (top..top + 8).flat_map(|y| (left..left + 8).map(move |x| (y, x))) {
        let (p, q) = (luminance(one, x, y), luminance(other, x, y));
        (a, b, aa, bb, ab) = (a + p, b + q, aa + p * p, bb + q * q, ab + p * q);
    }
    let (a, b) = (a / SAMPLES, b / SAMPLES);
    let (variance_a, variance_b, covariance) = (aa / SAMPLES - a * a, bb / SAMPLES - b * b, ab / SAMPLES - a * b);
    let (c1, c2) = ((0.01_f64 * 255.0).powi(2), (0.03_f64 * 255.0).powi(2));
    (2.0 * a * b + c1) * (2.0 * covariance + c2) / ((a * a + b * b + c1) * (variance_a + variance_b + c2))
}

fn luminance(image: &RgbImage, x: u32, y: u32) -> f64 {
    let shares = [0.299, 0.587, 0.114];
    image.get_pixel(x, y).0.iter().zip(shares).map(|(&value, share)| f64::from(value) * share).sum()
}

/// The differences of two images in CIELAB (ΔE*ab, 1976), sorted.
pub(super) fn delta_e(one: &RgbImage, other: &RgbImage) -> Vec<f64> {
    assert_eq!(one.dimensions(), other.dimensions());
    let pairs = one.pixels().zip(other.pixels());
    let mut found: Vec<f64> = pairs
        .map(|(a, b)| {
            let (a, b) = (lab(a.0), lab(b.0));
            a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
        })
        .collect();
    found.sort_by(f64::total_cmp);
    found
}

#[expect(clippy::many_single_char_names, reason = "the names of the standards")]
fn lab(pixel: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = pixel.map(|value| linear(f64::from(value) / 255.0));
    let x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505;
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089;
    let [x, y, z] = [x, y, z].map(|t| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The sRGB curve (IEC 61966-2-1), from stored to linear.
pub(super) fn linear(value: f64) -> f64 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// And back.
pub(super) fn stored(value: f64) -> f64 {
    if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
}

#[expect(clippy::cast_precision_loss, reason = "counts of pixels are far below 2^52")]
pub(super) fn as_f64(count: usize) -> f64 {
    count as f64
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / as_f64(values.len())
}
