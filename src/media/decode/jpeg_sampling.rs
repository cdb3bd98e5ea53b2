//! JPEG in three colors of which the first has fewer samples than another (ITU-T T.81, section A.1.1): the components as the
//! decoder reads them, put together here.

use libjpeg_turbo_rs::Decoder;
use libjpeg_turbo_rs::api::raw_data::RawImage;

use super::decoded::Decoded;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::probe;
use crate::media::raster::{Channels, Raster};

/// Decodes three components of any resolution. Each pixel has the nearest sample of each.
pub(super) fn decode(bytes: &[u8], decoder: Decoder<'_>) -> Result<Decoded, MediaError> {
    let profile = decoder.icc_profile().ok().flatten();
    let is_rgb = probe::is_rgb_jpeg(ByteReader(bytes));
    let factors = decoder.header().components.iter().map(|one| [one.horizontal_sampling, one.vertical_sampling]);
    let factors: Vec<_> = factors.map(|pair| pair.map(usize::from)).collect();
    let image = decoder.decode_raw().map_err(MediaError::damaged)?;
    let grid = Grid { most: [0, 1].map(|axis| factors.iter().map(|pair| pair[axis]).max().unwrap_or(1)), factors };
    let mut data = Vec::with_capacity(image.width * image.height * 3);
    for y in 0..image.height {
        for x in 0..image.width {
            let samples = [0, 1, 2].map(|component| grid.sample(&image, component, x, y));
            data.extend(if is_rgb { samples } else { rgb(samples) });
        }
    }
    let side = |side: usize| u32::try_from(side).map_err(MediaError::damaged);
    Ok(Decoded::interleaved(Raster::new(side(image.width)?, side(image.height)?, Channels::Rgb, data)?, profile))
}

/// How many samples each component has across and down, and the most of any.
struct Grid {
    factors: Vec<[usize; 2]>,
    most: [usize; 2],
}

impl Grid {
    fn sample(&self, image: &RawImage, component: usize, x: usize, y: usize) -> u8 {
        let [across, down] = self.factors[component];
        let (x, y) = (x * across / self.most[0], y * down / self.most[1]);
        image.planes[component].get(y * image.plane_widths[component] + x).copied().unwrap_or_default()
    }
}

/// ITU-T T.871, section 7.
fn rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [1.402 * cr + y, y - 0.344_136 * cb - 0.714_136 * cr, 1.772 * cb + y].map(byte)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn byte(value: f32) -> u8 {
    value.clamp(0.0, 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pixel_has_the_nearest_sample_of_each_component() {
        let planes = vec![vec![1, 2], vec![10, 20, 30, 40], vec![5, 6]];
        let (plane_widths, plane_heights) = (vec![2, 4, 2], vec![1; 3]);
        let image = RawImage { planes, plane_widths, plane_heights, width: 4, height: 1, num_components: 3 };
        let grid = Grid { factors: vec![[1, 1], [2, 1], [1, 1]], most: [2, 1] };
        let of = |component: usize| [0, 1, 2, 3].map(|x| grid.sample(&image, component, x, 0));
        assert_eq!((of(0), of(1), of(2)), ([1, 1, 2, 2], [10, 20, 30, 40], [5, 5, 6, 6]));
        assert_eq!((rgb([9, 128, 128]), rgb([76, 85, 255])), ([9; 3], [254, 0, 0]));
    }
}
