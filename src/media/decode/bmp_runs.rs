//! Run lengths in bitmaps: `BI_RLE8`, `BI_RLE4`, and those of whole colors that OS/2 has. What comes after an error stays
//! as it is.

use super::bmp_header::Header;
use super::decoded::Decoded;
use super::limits::{check_memory, check_size};
use crate::config::MediaConfig;
use crate::media::error::MediaError;
use crate::media::raster::{Channels, Raster};

/// Red, green and blue.
const BYTES_PER_PIXEL: usize = 3;

/// Decodes the codes of a bitmap with this header.
pub(super) fn decode(header: &Header<'_>, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    check_size(header.width, header.rows(), limits)?;
    check_memory(u64::from(header.width) * u64::from(header.rows()) * BYTES_PER_PIXEL as u64, limits)?;
    let colors = Colors { bits: header.bits, palette: header.palette() };
    let mut canvas = Canvas::new(header.width as usize, header.rows() as usize, &colors);
    if canvas.run(header.pixels(), &colors) == 0 {
        return Err(MediaError::damaged("no run of its codes makes sense"));
    }
    if header.height > 0 {
        canvas.turn_over();
    }
    Ok(Decoded::interleaved(Raster::new(header.width, header.rows(), Channels::Rgb, canvas.pixels)?, None))
}

/// What the bytes of codes stand for.
struct Colors {
    /// Bits of a pixel: 4 or 8 of an index, or 24 of blue, green and red.
    bits: u16,
    palette: Vec<[u8; 3]>,
}

impl Colors {
    /// Bytes of a run's color, and how many pixels in turn they stand for.
    const fn unit(&self) -> (usize, usize) {
        match self.bits {
            4 => (1, 2),
            24 => (3, 1),
            _ => (1, 1),
        }
    }

    /// Bytes of so many pixels one by one.
    const fn length(&self, pixels: usize) -> usize {
        let (bytes, shared) = self.unit();
        pixels.div_ceil(shared) * bytes
    }

    /// The color of one of the pixels that these bytes stand for. Indices beyond the palette are black.
    fn nth(&self, bytes: &[u8], place: usize) -> Option<[u8; 3]> {
        let index = match self.bits {
            24 => return bytes.get(3 * place..3 * place + 3).map(|bgr| [bgr[2], bgr[1], bgr[0]]),
            4 if place.is_multiple_of(2) => bytes.get(place / 2)? >> 4,
            4 => bytes.get(place / 2)? & 15,
            _ => *bytes.get(place)?,
        };
        Some(self.palette.get(usize::from(index)).copied().unwrap_or_default())
    }
}

/// Rows of colors in the order of the file.
struct Canvas {
    width: usize,
    pixels: Vec<u8>,
    at: usize,
    row: usize,
}

impl Canvas {
    /// A canvas of the first color.
    fn new(width: usize, rows: usize, colors: &Colors) -> Self {
        let first = colors.palette.first().filter(|_| colors.bits <= 8).copied().unwrap_or_default();
        Self { width, pixels: first.repeat(width * rows), at: 0, row: 0 }
    }

    /// Carries out the codes up to the end or the first that makes no sense. Gives how many pixels were set.
    fn run(&mut self, mut codes: &[u8], colors: &Colors) -> usize {
        let (bytes, shared) = colors.unit();
        let mut set = 0;
        while let [count, rest @ ..] = codes {
            match (count, rest) {
                (0, [0, after @ ..]) => {
                    (self.at, self.row) = (0, self.row + 1);
                    codes = after;
                }
                (0, [2, right, down, after @ ..]) => {
                    (self.at, self.row) = (self.at + usize::from(*right), self.row + usize::from(*down));
                    codes = after;
                }
                (0, [1 | 2, ..] | []) => break,
                (0, [literal, after @ ..]) => {
                    let count = usize::from(*literal);
                    set += self.set(count, |place| colors.nth(after, place));
                    codes = after.get(colors.length(count).next_multiple_of(2)..).unwrap_or_default();
                }
                (count, color) => {
                    set += self.set(usize::from(*count), |place| colors.nth(color, place % shared));
                    codes = color.get(bytes..).unwrap_or_default();
                }
            }
        }
        set
    }

    /// Sets the next pixels of the row. What stands over is left out.
    fn set(&mut self, count: usize, color: impl Fn(usize) -> Option<[u8; 3]>) -> usize {
        let start = self.row.saturating_mul(self.width);
        let mut set = 0;
        for place in 0..count {
            let within = (self.at < self.width).then(|| start.saturating_add(self.at).saturating_mul(BYTES_PER_PIXEL));
            let pixel = within.and_then(|at| self.pixels.get_mut(at..at.checked_add(BYTES_PER_PIXEL)?));
            if let (Some(color), Some(pixel)) = (color(place), pixel) {
                pixel.copy_from_slice(&color);
                set += 1;
            }
            self.at += 1;
        }
        set
    }

    /// Puts the last row first.
    fn turn_over(&mut self) {
        let row = self.width * BYTES_PER_PIXEL;
        let half = self.pixels.len() / row / 2 * row;
        let (upper, lower) = self.pixels.split_at_mut(half);
        for (one, other) in upper.chunks_exact_mut(row).zip(lower.chunks_exact_mut(row).rev()) {
            one.swap_with_slice(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Colors of which each index is a level of gray.
    fn levels(bits: u16) -> Colors {
        Colors { bits, palette: (0..=u8::MAX).map(|level| [level; 3]).collect() }
    }

    /// What codes of indices set on a canvas of this size, and the level of each of its pixels.
    fn run(width: usize, rows: usize, bits: u16, codes: &[u8]) -> (usize, Vec<u8>) {
        let mut canvas = Canvas::new(width, rows, &levels(bits));
        let set = canvas.run(codes, &levels(bits));
        (set, canvas.pixels.chunks_exact(3).map(|pixel| pixel[0]).collect())
    }

    #[test]
    fn runs_literals_and_moves_set_pixels_until_an_error() {
        // Two of 7; move one to the right; one of 9; the next row; three literals; then a run beyond all rows.
        let codes = [2, 7, 0, 2, 1, 0, 1, 9, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 5, 5];
        assert_eq!(run(4, 2, 8, &codes), (6, vec![7, 7, 0, 9, 1, 2, 3, 0]));
        assert_eq!(run(4, 1, 4, &[5, 0x12, 0, 1]), (4, vec![1, 2, 1, 2]), "what stands over the row is left out");
        assert_eq!(run(4, 1, 4, &[0, 3, 0x12, 0x30, 1, 0x40, 0, 1]), (4, vec![1, 2, 3, 4]));
        for broken in [&[][..], &[1], &[0], &[0, 2], &[0, 2, 1], &[0, 5]] {
            assert_eq!(run(4, 1, 8, broken), (0, vec![0; 4]), "{broken:?}");
        }
    }

    #[test]
    fn runs_of_whole_colors_are_blue_green_and_red() {
        let colors = Colors { bits: 24, palette: vec![[9; 3]] };
        let mut canvas = Canvas::new(3, 2, &colors);
        // Two of one color, the next row, three one by one with a byte of padding, and the end.
        let codes = [2, 1, 2, 3, 0, 0, 0, 3, 4, 5, 6, 7, 8, 9, 1, 1, 1, 0, 0, 1, 1, 7, 7, 7];
        let (first, second) = ([3, 2, 1, 3, 2, 1, 0, 0, 0], [6, 5, 4, 9, 8, 7, 1, 1, 1]);
        assert_eq!((canvas.run(&codes, &colors), &canvas.pixels), (5, &[first, second].concat()));
        canvas.turn_over();
        assert_eq!(canvas.pixels, [second, first].concat());
        assert_eq!(Canvas::new(2, 2, &colors).run(&[1, 1, 2], &colors), 0, "half a color");
    }

    /// The codes of rows: a run for equal neighbours, literals where that is wished, and the ends of rows.
    fn coded(rows: &[Vec<u8>], literal: bool) -> Vec<u8> {
        let mut codes = Vec::new();
        for row in rows {
            if literal && row.len() > 2 {
                codes.extend([0, u8::try_from(row.len()).unwrap()]);
                codes.extend(row);
                codes.resize(codes.len().next_multiple_of(2), 0);
            } else {
                for run in row.chunk_by(|one, next| one == next) {
                    codes.extend([u8::try_from(run.len()).unwrap(), run[0]]);
                }
            }
            codes.extend([0, 0]);
        }
        codes.extend([0, 1]);
        codes
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_coded_comes_back(
            width in 1_usize..200,
            cells in proptest::collection::vec(0_u8..3, 200..600),
            literal: bool,
        ) {
            let rows: Vec<Vec<u8>> = cells.chunks_exact(width).map(<[u8]>::to_vec).collect();
            let made = run(width, rows.len(), 8, &coded(&rows, literal));
            proptest::prop_assert_eq!(made, (rows.len() * width, rows.concat()));
        }

        /// Codes of a stranger set pixels within the canvas, or none.
        #[test]
        fn any_codes_are_carried_out_or_left(codes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), four: bool) {
            proptest::prop_assert_eq!(run(7, 5, if four { 4 } else { 8 }, &codes).1.len(), 35);
            let (colors, mut canvas) = (levels(24), Canvas::new(7, 5, &levels(24)));
            canvas.run(&codes, &colors);
            proptest::prop_assert_eq!(canvas.pixels.len(), 105);
        }
    }
}
