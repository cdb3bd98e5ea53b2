//! The filter that images are scaled by: Lanczos with three lobes (Duchon, *Lanczos Filtering in One and Two Dimensions*,
//! 1979), `sinc(x) · sinc(x / 3)`.
//!
//! An image of a size of its own needs thousands of weights of its own. Two sines for each were a twentieth of the time that a
//! thumbnail takes, so the weights are computed by one polynomial.

use std::f64::consts::PI;

use fast_image_resize::{Filter, FilterType};

/// How far the filter reaches, in pixels of the result.
const SUPPORT: f64 = 3.0;

/// The filter.
pub(super) fn lanczos() -> FilterType {
    FilterType::Custom(Filter::new("Lanczos3", weight, SUPPORT).expect("the support is finite and positive"))
}

/// The weight of a pixel at a distance. With `s = sin(πx / 3)`, `sin(πx)` is `3s - 4s³`.
fn weight(distance: f64) -> f64 {
    let third = distance.abs() / SUPPORT;
    if third >= 1.0 {
        return 0.0;
    }
    let angle = PI * third;
    if angle < 1e-8 {
        return 1.0;
    }
    let s = sine_of_half_turns(third);
    s * s * (3.0 - 4.0 * s * s) / (SUPPORT * angle * angle)
}

/// The Taylor series of the sine, from its fifteenth power down to its first.
const SINE: [f64; 8] = [
    -1.0 / 1_307_674_368_000.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 39_916_800.0,
    1.0 / 362_880.0,
    -1.0 / 5_040.0,
    1.0 / 120.0,
    -1.0 / 6.0,
    1.0,
];

/// `sin(π · turns)` for 0 to 1, within 10⁻¹⁰.
fn sine_of_half_turns(turns: f64) -> f64 {
    let x = PI * turns.min(1.0 - turns);
    x * SINE.into_iter().fold(0.0, |sum, coefficient| sum * (x * x) + coefficient)
}

#[cfg(test)]
mod tests {
    use fast_image_resize::images::{Image, ImageRef};
    use fast_image_resize::{PixelType, ResizeAlg, ResizeOptions, Resizer};

    use super::*;

    fn sinc(x: f64) -> f64 {
        if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
    }

    #[test]
    fn weights_are_those_of_the_definition() {
        for step in -40_000..=40_000 {
            let x = f64::from(step) / 10_000.0;
            let exact = if x.abs() < SUPPORT { sinc(x) * sinc(x / SUPPORT) } else { 0.0 };
            assert!((weight(x) - exact).abs() < 1e-9, "{x}: {} for {exact}", weight(x));
        }
        assert_eq!((weight(0.0), weight(-0.0), weight(3.0), weight(-3.0)), (1.0, 1.0, 0.0, 0.0));
    }

    #[test]
    fn an_image_is_scaled_to_the_same_bytes_as_by_sines() {
        let pixels: Vec<u8> = (0..97 * 61 * 3_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let source = ImageRef::new(97, 61, &pixels, PixelType::U8x3).unwrap();
        for (width, height) in [(1, 1), (7, 50), (48, 30), (96, 61), (200, 130)] {
            let [ours, theirs] = [lanczos(), FilterType::Lanczos3].map(|filter| {
                let mut target = Image::new(width, height, PixelType::U8x3);
                let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
                Resizer::new().resize(&source, &mut target, &options).unwrap();
                target.into_vec()
            });
            assert_eq!(ours, theirs, "{width}×{height}");
        }
    }
}
