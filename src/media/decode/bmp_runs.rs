//! Run lengths in bitmaps (`BI_RLE8`, `BI_RLE4`), as far as they make sense: what comes after an error stays as it is.

use super::decoded::Decoded;
use super::limits::{check_memory, check_size};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::raster::{Channels, Raster};

/// An index and three channels for each pixel.
const BYTES_PER_PIXEL: u64 = 4;

/// Decodes the codes of a bitmap with these headers.
pub(super) fn decode(file: ByteReader<'_>, codes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let damaged = || MediaError::damaged("its headers break off");
    let (width, height) = (file.le32(18).ok_or_else(damaged)?, file.le32(22).ok_or_else(damaged)?.cast_signed());
    let rows = height.unsigned_abs();
    check_size(width, rows, limits)?;
    check_memory(u64::from(width) * u64::from(rows) * BYTES_PER_PIXEL, limits)?;
    let mut canvas = Canvas { width: width as usize, indices: vec![0; width as usize * rows as usize], at: 0, row: 0 };
    let is_four_bits = file.le16(28) == Some(4);
    if canvas.run(codes, is_four_bits) == 0 {
        return Err(MediaError::damaged("no run of its codes makes sense"));
    }
    let palette = palette(file);
    let color = |index: &u8| palette.get(usize::from(*index)).copied().unwrap_or([0; 3]);
    // A negative height means that rows run from top to bottom.
    let lines = canvas.indices.chunks_exact(width as usize);
    let data: Vec<u8> = if height < 0 {
        lines.flatten().flat_map(color).collect()
    } else {
        lines.rev().flatten().flat_map(color).collect()
    };
    Ok(Decoded::interleaved(Raster::new(width, rows, Channels::Rgb, data)?, None))
}

/// Blue, green, red and a byte for nothing, behind the header; as many as it says, or all that there can be.
fn palette(file: ByteReader<'_>) -> Vec<[u8; 3]> {
    let start = 14 + file.le32(14).unwrap_or(40) as usize;
    let count = file.le32(46).filter(|count| (1..=256).contains(count)).unwrap_or(256) as usize;
    let color = |index: usize| file.slice(start.checked_add(4 * index)?, 3).map(|bgr| [bgr[2], bgr[1], bgr[0]]);
    (0..count).map_while(color).collect()
}

/// Rows of indices in the order of the file.
struct Canvas {
    width: usize,
    indices: Vec<u8>,
    at: usize,
    row: usize,
}

impl Canvas {
    /// Carries out the codes up to the end or the first that makes no sense. Gives how many pixels were set.
    fn run(&mut self, mut codes: &[u8], four_bits: bool) -> usize {
        let mut set = 0;
        while let [count, value, rest @ ..] = codes {
            codes = rest;
            match (count, value) {
                (0, 0) => (self.at, self.row) = (0, self.row + 1),
                (0, 1) => break,
                (0, 2) => {
                    let [right, down, rest @ ..] = rest else { break };
                    (self.at, self.row) = (self.at + usize::from(*right), self.row + usize::from(*down));
                    codes = rest;
                }
                (0, literal) => {
                    let count = usize::from(*literal);
                    let length = if four_bits { count.div_ceil(2) } else { count };
                    set += self.set(count, four_bits, |at| rest.get(at));
                    codes = rest.get(length.next_multiple_of(2)..).unwrap_or_default();
                }
                (count, value) => set += self.set(usize::from(*count), four_bits, |_| Some(value)),
            }
        }
        set
    }

    /// Sets pixels to the values of bytes, each of one index, or of two in its halves.
    fn set<'a>(&mut self, count: usize, four_bits: bool, byte: impl Fn(usize) -> Option<&'a u8>) -> usize {
        let start = self.row.saturating_mul(self.width);
        let mut set = 0;
        for place in 0..count {
            let half = |byte: &u8| if place % 2 == 0 { byte >> 4 } else { byte & 15 };
            let value = if four_bits { byte(place / 2).map(half) } else { byte(place).copied() };
            let is_within = self.at < self.width;
            if let (Some(value), Some(pixel), true) =
                (value, self.indices.get_mut(start.saturating_add(self.at)), is_within)
            {
                *pixel = value;
                set += 1;
            }
            self.at += 1;
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_literals_and_moves_set_pixels_until_an_error() {
        let mut canvas = Canvas { width: 4, indices: vec![0; 8], at: 0, row: 0 };
        // Two of 7; move one to the right; one of 9; the next row; three literals; then a run beyond all rows.
        let set = canvas.run(&[2, 7, 0, 2, 1, 0, 1, 9, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 5, 5], false);
        assert_eq!((set, canvas.indices), (6, vec![7, 7, 0, 9, 1, 2, 3, 0]));
        let mut canvas = Canvas { width: 4, indices: vec![0; 4], at: 0, row: 0 };
        assert_eq!(canvas.run(&[5, 0x12, 0, 1], true), 4, "what stands over the row is left out");
        assert_eq!(canvas.indices, [1, 2, 1, 2]);
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
            let mut canvas = Canvas { width, indices: vec![9; rows.len() * width], at: 0, row: 0 };
            let set = canvas.run(&coded(&rows, literal), false);
            proptest::prop_assert_eq!((set, canvas.indices), (rows.len() * width, rows.concat()));
        }

        /// Codes of a stranger set pixels within the canvas, or none.
        #[test]
        fn any_codes_are_carried_out_or_left(codes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), four: bool) {
            let mut canvas = Canvas { width: 7, indices: vec![0; 35], at: 0, row: 0 };
            canvas.run(&codes, four);
            proptest::prop_assert_eq!(canvas.indices.len(), 35);
        }
    }
}
