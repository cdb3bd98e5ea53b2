//! PNG whose pixels end early: the rows that are there, above rows of zeros.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::byte_reader::ByteReader;
use super::png_chunks::{Chunk, Chunks, write_chunk};
use super::png_pixels::{MOST, inflate};

/// The file with pixels in place of those that are missing: black, or transparent where the image can be. `None` if no row
/// is there, or if all rows are more than is decompressed.
pub(super) fn filled_up(bytes: ByteReader<'_>) -> Option<Vec<u8>> {
    let length = Header::of(bytes)?.length().filter(|length| *length <= MOST)?;
    let (packed, first) = (filled_up_data(bytes, length)?, chunks(bytes, b"IDAT").next()?);
    let mut file = bytes.window(0, first.begin()).0.to_vec();
    write_chunk(&mut file, b"IDAT", &packed);
    write_chunk(&mut file, b"IEND", b"");
    Some(file)
}

fn chunks<'a>(bytes: ByteReader<'a>, kind: &'static [u8]) -> impl Iterator<Item = Chunk<'a>> {
    Chunks::of_file(bytes).filter(move |chunk| chunk.kind == kind)
}

/// The rows that are there, and zeros up to a length, compressed again.
fn filled_up_data(bytes: ByteReader<'_>, length: u64) -> Option<Vec<u8>> {
    let mut left = length;
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    inflate(chunks(bytes, b"IDAT").map(|chunk| chunk.body.0), |part| {
        let part = &part[..part.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
        left -= part.len() as u64;
        packer.write_all(part).expect("a list of bytes takes all that is written");
    });
    if left == length {
        return None;
    }
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), left), &mut packer).ok()?;
    packer.finish().ok()
}

/// What the header says of the rows (section 11.2.1).
struct Header {
    width: u64,
    height: u64,
    bits: u64,
    interlaced: bool,
}

impl Header {
    fn of(bytes: ByteReader<'_>) -> Option<Self> {
        let body = chunks(bytes, b"IHDR").next()?.body;
        let samples = match body.u8(9)? {
            0 | 3 => 1,
            4 => 2,
            2 => 3,
            6 => 4,
            _ => return None,
        };
        let (width, height) = (body.be32(0)?.into(), body.be32(4)?.into());
        Some(Self { width, height, bits: samples * u64::from(body.u8(8)?), interlaced: body.u8(12)? == 1 })
    }

    /// The bytes of all rows with their filter types, pass by pass (section 8).
    fn length(&self) -> Option<u64> {
        /// The first column and row of each pass of Adam7, and the steps from one to the next.
        const PASSES: [[u64; 4]; 7] =
            [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
        let passes: &[[u64; 4]] = if self.interlaced { &PASSES } else { &[[0, 0, 1, 1]] };
        passes.iter().try_fold(0, |sum: u64, [left, top, across, down]| {
            let width = self.width.saturating_sub(*left).div_ceil(*across);
            let height = self.height.saturating_sub(*top).div_ceil(*down);
            let row = if width == 0 { 0 } else { 1 + (width * self.bits).div_ceil(8) };
            sum.checked_add(row.checked_mul(height)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUECOLOR: &[u8] = include_bytes!("../../tests/data/images/truecolor.png");
    const INTERLACED: &[u8] = include_bytes!("../../tests/data/images/interlaced.png");

    #[test]
    fn rows_have_the_length_that_whole_files_have() {
        for file in [TRUECOLOR, INTERLACED] {
            let mut found = 0;
            assert!(inflate(chunks(ByteReader(file), b"IDAT").map(|chunk| chunk.body.0), |part| found += part.len()));
            assert_eq!(Header::of(ByteReader(file)).unwrap().length(), Some(found as u64));
        }
    }

    #[test]
    fn lengths_of_passes_are_those_of_the_standard() {
        let length = |width, height, bits, interlaced| Header { width, height, bits, interlaced }.length();
        assert_eq!(length(9, 3, 1, false), Some(9));
        // One pixel stands in the first pass alone, and passes without a column have no rows.
        assert_eq!(length(1, 1, 24, true), Some(4));
        assert_eq!(length(8, 8, 8, true), Some(2 + 2 + 3 + 2 * 3 + 2 * 5 + 4 * 5 + 4 * 9));
        assert_eq!(length(u64::from(u32::MAX), u64::from(u32::MAX), 64, false), None);
    }

    #[test]
    fn a_file_without_a_row_or_a_header_stays_as_it_is() {
        let data = chunks(ByteReader(TRUECOLOR), b"IDAT").next().unwrap().start;
        assert!(filled_up(ByteReader(&TRUECOLOR[..data + 200])).is_some());
        for cut in [0, 8, 20, data - 8, data, data + 2] {
            assert_eq!(filled_up(ByteReader(&TRUECOLOR[..cut])), None, "{cut}");
        }
        let mut huge = TRUECOLOR.to_vec();
        huge[16..24].copy_from_slice(&[0x7f; 8]);
        assert_eq!(filled_up(ByteReader(&huge[..huge.len() / 2])), None);
    }
}
