//! The perceptual hash of an image.

use super::raster::{Channels, Raster};

/// The side of the square image that is hashed.
pub(super) const HASH_SIDE: u32 = 32;

/// The highest frequency that is kept: the sum of its horizontal and its vertical number. Sums of 1 to 10 make 65
/// frequencies, of which the first 64 are kept.
const HIGHEST: usize = 10;

/// The mean strength of the kept frequencies below which an image has too little structure to be compared.
const FAINTEST: f32 = 4.0;

/// The hash of an image of [`HASH_SIDE`] × [`HASH_SIDE`]: for each of its 64 lowest frequencies, whether it lies above their
/// median. `None` for an image with next to no structure, because noise alone would decide its bits.
pub(super) fn perceptual_hash(image: &Raster) -> Option<u64> {
    let frequencies = lowest_frequencies(&luminance(image));
    let strength = frequencies.iter().map(|value| value.abs()).sum::<f32>() / 64.0;
    let mut sorted = frequencies;
    sorted.sort_by(f32::total_cmp);
    let median = f32::midpoint(sorted[31], sorted[32]);
    let bits = frequencies.iter().fold(0, |hash, &value| hash << 1 | u64::from(value > median));
    (strength >= FAINTEST).then_some(bits)
}

/// The luminance of each pixel (ITU-R BT.601).
fn luminance(image: &Raster) -> Vec<f32> {
    let size = image.channels.count();
    let luma = |pixel: &[u8]| match image.channels {
        Channels::Gray | Channels::GrayAlpha => f32::from(pixel[0]),
        _ => 0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2]),
    };
    image.data.chunks_exact(size).map(luma).collect()
}

/// The 64 lowest frequencies of a discrete cosine transform (DCT-II) without the constant one, ordered by the sum of their
/// two numbers. This triangle bears cropping better than a square of 8 × 8.
fn lowest_frequencies(luma: &[f32]) -> [f32; 64] {
    let cosines: [[f32; HASH_SIDE as usize]; HIGHEST + 1] =
        std::array::from_fn(|k| std::array::from_fn(|n| cosine(k, n)));
    // The transform is separable: first along each row, then along the columns of the result.
    let rows: Vec<[f32; HIGHEST + 1]> = luma
        .chunks_exact(HASH_SIDE as usize)
        .map(|row| std::array::from_fn(|u| row.iter().zip(&cosines[u]).map(|(luma, cosine)| luma * cosine).sum()))
        .collect();
    let mut order = (1..=HIGHEST).flat_map(|sum| (0..=sum).map(move |v| (v, sum - v)));
    std::array::from_fn(|_| {
        let (v, u) = order.next().unwrap_or_default();
        rows.iter().zip(&cosines[v]).map(|(row, cosine)| row[u] * cosine).sum::<f32>() / 16.0
    })
}

/// The basis function of frequency `k` at sample `n`.
#[expect(clippy::cast_precision_loss, reason = "both are below 64")]
fn cosine(k: usize, n: usize) -> f32 {
    (std::f32::consts::PI / HASH_SIDE as f32 * (n as f32 + 0.5) * k as f32).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::similar::distance;

    fn image(luma: impl Fn(usize, usize) -> u8) -> Raster {
        let side = HASH_SIDE as usize;
        let data = (0..side * side).map(|at| luma(at % side, at / side)).collect();
        Raster::new(HASH_SIDE, HASH_SIDE, Channels::Gray, data).unwrap()
    }

    fn circle(x: usize, y: usize) -> u8 {
        let near = x.abs_diff(9).pow(2) + y.abs_diff(14).pow(2) < 64;
        if near { 230 } else { u8::try_from(40 + x * 2 + y).unwrap() }
    }

    #[test]
    fn a_brighter_softer_copy_has_nearly_the_same_hash() {
        let one = perceptual_hash(&image(circle)).unwrap();
        let other = perceptual_hash(&image(|x, y| circle(x, y) / 2 + 60)).unwrap();
        let mirrored = perceptual_hash(&image(|x, y| circle(31 - x, y))).unwrap();
        assert!(distance(one, other) <= 2, "{}", distance(one, other));
        assert!(distance(one, mirrored) > 20, "{}", distance(one, mirrored));
    }

    #[test]
    fn an_image_without_structure_has_no_hash() {
        assert_eq!(perceptual_hash(&image(|_, _| 200)), None);
        assert_eq!(perceptual_hash(&image(|x, _| if x % 2 == 0 { 200 } else { 202 })), None);
        assert!(perceptual_hash(&image(circle)).is_some());
    }
}
