//! Pictures that look alike: a perceptual hash, and finding hashes that are close.

use super::picture::{Channels, Picture};

/// How many bits two hashes of one picture may differ by, when it was resized, compressed again or slightly retouched.
pub const NEAR: u32 = 10;

/// The side of the square that is hashed.
const SIDE: usize = 32;

/// How many of the lowest frequencies are kept, in each direction.
const KEPT: usize = 8;

/// The hash of a picture of 32 × 32: which of its lowest frequencies lie above their median.
pub(super) fn hash(picture: &Picture) -> u64 {
    let frequencies = lowest_frequencies(&luminance(picture));
    let mut sorted = frequencies;
    sorted.sort_by(f32::total_cmp);
    let median = f32::midpoint(sorted[31], sorted[32]);
    frequencies.iter().fold(0, |hash, &value| hash << 1 | u64::from(value > median))
}

/// The brightness of each pixel (ITU-R BT.601).
fn luminance(picture: &Picture) -> Vec<f32> {
    let size = picture.channels.count();
    let light = |pixel: &[u8]| match picture.channels {
        Channels::Gray | Channels::GrayAlpha => f32::from(pixel[0]),
        _ => 0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2]),
    };
    picture.data.chunks_exact(size).map(light).collect()
}

/// The lowest 8 × 8 frequencies of a cosine transform, without those that only tell brightness.
#[expect(clippy::cast_precision_loss, reason = "indices below 64")]
fn lowest_frequencies(light: &[f32]) -> [f32; KEPT * KEPT] {
    let cosine = |k: usize, n: usize| (std::f32::consts::PI / SIDE as f32 * (n as f32 + 0.5) * k as f32).cos();
    let mut found = [0.0; KEPT * KEPT];
    for (at, value) in found.iter_mut().enumerate() {
        let (v, u) = (at / KEPT + 1, at % KEPT + 1);
        let rows = light.chunks_exact(SIDE).enumerate();
        *value = rows
            .map(|(y, row)| cosine(v, y) * row.iter().enumerate().map(|(x, l)| l * cosine(u, x)).sum::<f32>())
            .sum();
    }
    found
}

/// In how many bits two hashes differ.
pub const fn distance(one: u64, other: u64) -> u32 {
    (one ^ other).count_ones()
}
