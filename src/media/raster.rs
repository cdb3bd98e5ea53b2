//! Decoded pixels.

use super::error::MediaError;

/// The samples of one pixel, eight bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    /// Luminance.
    Gray,
    /// Luminance and alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha; not premultiplied.
    Rgba,
    /// Cyan, magenta, yellow, black; 0 is no ink.
    Cmyk,
}

impl Channels {
    /// Samples, and bytes, per pixel.
    pub(super) const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// Whether pixels can be transparent.
    pub(super) const fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }
}

/// Undoes the multiplication of color by alpha, of one pixel.
pub(super) fn divide_by_alpha(pixel: &mut [u8]) {
    if let [colors @ .., alpha] = pixel
        && *alpha > 0
    {
        for color in colors {
            *color = u8::try_from(u32::from(*color) * 255 / u32::from(*alpha)).unwrap_or(u8::MAX);
        }
    }
}

/// An image with interleaved channels: rows from the top, without padding. `data` has exactly as many bytes as the other
/// fields say.
#[derive(Debug, Clone)]
pub(super) struct Raster {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) channels: Channels,
    pub(super) data: Vec<u8>,
    /// Columns and rows that the image covers. A decoder that scales down rounds the size up, so that the image covers the
    /// last column and row only in part.
    pub(super) covered: (f64, f64),
}

impl Raster {
    /// A raster of these pixels. An empty raster, or a wrong number of bytes, is damage.
    pub(super) fn new(width: u32, height: u32, channels: Channels, data: Vec<u8>) -> Result<Self, MediaError> {
        let expected = width as usize * height as usize * channels.count();
        if expected == 0 || data.len() != expected {
            return Err(MediaError::damaged("the decoder gave an incomplete image"));
        }
        Ok(Self { width, height, channels, data, covered: (width.into(), height.into()) })
    }

    /// Whether every pixel is the same, or all are transparent.
    pub(super) fn is_blank(&self) -> bool {
        let size = self.channels.count();
        let first = &self.data[..size];
        let invisible = |pixel: &[u8]| self.channels.has_alpha() && pixel[size - 1] == 0;
        self.data.chunks_exact(size).all(|pixel| pixel == first || invisible(pixel) && invisible(first))
    }

    /// Drops the alpha channel if every pixel is opaque.
    pub(super) fn without_opaque_alpha(self) -> Self {
        let size = self.channels.count();
        let opaque = || self.data.chunks_exact(size).all(|pixel| pixel[size - 1] == 255);
        if !self.channels.has_alpha() || !opaque() {
            return self;
        }
        let channels = if size == 2 { Channels::Gray } else { Channels::Rgb };
        let data = self.data.chunks_exact(size).flat_map(|pixel| &pixel[..size - 1]).copied().collect();
        Self { channels, data, ..self }
    }

    /// Composites the image over white.
    pub(super) fn on_white(self) -> Self {
        if !self.channels.has_alpha() {
            return self;
        }
        let size = self.channels.count();
        let channels = if size == 2 { Channels::Gray } else { Channels::Rgb };
        let over_white = |pixel: &[u8]| {
            let alpha = u32::from(pixel[size - 1]);
            let mixed = pixel[..size - 1]
                .iter()
                .map(move |&value| (u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255);
            mixed.map(|value| u8::try_from(value).unwrap_or(u8::MAX)).collect::<Vec<_>>()
        };
        let data = self.data.chunks_exact(size).flat_map(over_white).collect();
        Self { channels, data, ..self }
    }

    /// A part of the image, from this column and row on.
    #[cfg(any(test, feature = "avif", feature = "heic"))]
    pub(super) fn cropped(&self, (left, top): (u32, u32), (width, height): (u32, u32)) -> Result<Self, MediaError> {
        let size = self.channels.count();
        let rows = self.data.chunks_exact(self.width as usize * size).skip(top as usize).take(height as usize);
        let part = left as usize * size..left.saturating_add(width) as usize * size;
        let data = rows.flat_map(|row| row.get(part.clone()).unwrap_or_default()).copied().collect();
        Self::new(width, height, self.channels, data)
    }

    /// Rotates and mirrors the image as an EXIF orientation demands (CIPA DC-008, tag 274).
    pub(super) fn oriented(self, orientation: u8) -> Self {
        if !(2..=8).contains(&orientation) {
            return self;
        }
        let swap = orientation >= 5;
        let (width, height) = if swap { (self.height, self.width) } else { (self.width, self.height) };
        let (last_x, last_y) = (self.width as usize - 1, self.height as usize - 1);
        let size = self.channels.count();
        let mut data = Vec::with_capacity(self.data.len());
        for y in 0..height as usize {
            for x in 0..width as usize {
                let (from_x, from_y) = match orientation {
                    2 => (last_x - x, y),
                    3 => (last_x - x, last_y - y),
                    4 => (x, last_y - y),
                    5 => (y, x),
                    6 => (y, last_y - x),
                    7 => (last_x - y, last_y - x),
                    _ => (last_x - y, x),
                };
                let at = (from_y * self.width as usize + from_x) * size;
                data.extend_from_slice(&self.data[at..at + size]);
            }
        }
        Self { width, height, data, covered: (width.into(), height.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(width: u32, height: u32, data: &[u8]) -> Raster {
        Raster::new(width, height, Channels::Gray, data.to_vec()).unwrap()
    }

    #[test]
    fn each_orientation_moves_the_first_row_and_column_where_exif_says() {
        let stored = gray(3, 2, &[1, 2, 3, 4, 5, 6]);
        let cases: [(u8, u32, [u8; 6]); 8] = [
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [4, 1, 5, 2, 6, 3]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [3, 6, 2, 5, 1, 4]),
        ];
        for (orientation, width, expected) in cases {
            let shown = stored.clone().oriented(orientation);
            assert_eq!((shown.width, &shown.data[..]), (width, &expected[..]), "orientation {orientation}");
        }
        assert_eq!(stored.clone().oriented(9).data, stored.data);
    }

    #[test]
    fn a_part_is_cut_out_and_one_beyond_the_edges_is_damage() {
        let whole = gray(3, 2, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(whole.cropped((1, 0), (2, 2)).unwrap().data, [2, 3, 5, 6]);
        assert_eq!(whole.cropped((0, 1), (1, 1)).unwrap().data, [4]);
        for (from, size) in [((2, 0), (2, 2)), ((0, 1), (3, 2)), ((0, 0), (0, 1)), ((u32::MAX, 0), (1, 1))] {
            assert!(whole.cropped(from, size).is_err(), "{from:?} {size:?}");
        }
    }

    #[test]
    fn too_few_pixels_are_no_image() {
        assert!(Raster::new(2, 2, Channels::Rgb, vec![0; 11]).is_err());
        assert!(Raster::new(0, 2, Channels::Rgb, vec![]).is_err());
    }

    #[test]
    fn an_image_of_one_color_or_none_is_blank() {
        let rgba = |pixels: &[[u8; 4]]| Raster::new(2, 1, Channels::Rgba, pixels.concat()).unwrap();
        assert!(rgba(&[[9, 9, 9, 255]; 2]).is_blank());
        assert!(rgba(&[[1, 2, 3, 0], [7, 8, 9, 0]]).is_blank());
        assert!(!rgba(&[[9, 9, 9, 255], [9, 9, 8, 255]]).is_blank());
        assert!(!rgba(&[[9, 9, 9, 0], [9, 9, 9, 1]]).is_blank());
    }

    #[test]
    fn transparency_becomes_white_and_opaque_alpha_is_dropped() {
        let half = Raster::new(2, 1, Channels::GrayAlpha, vec![0, 128, 40, 255]).unwrap();
        assert_eq!(half.clone().without_opaque_alpha().channels, Channels::GrayAlpha);
        assert_eq!(half.on_white().data, [127, 40]);
        let opaque = Raster::new(1, 1, Channels::Rgba, vec![1, 2, 3, 255]).unwrap().without_opaque_alpha();
        assert_eq!((opaque.channels, opaque.data), (Channels::Rgb, vec![1, 2, 3]));
    }
}
