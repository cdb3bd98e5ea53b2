//! PNG whose pixels end early: the rows that are there, above rows of zeros.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::byte_reader::ByteReader;
use super::png_chunks::{Chunk, Chunks, write_chunk};
use super::png_pixels::{MOST, inflate};

/// The file with zeros in place of the samples that are missing: black, transparent, or the first color of the palette.
/// `None` if no row is there, or if all rows are more than `most` bytes.
pub(super) fn filled_up(bytes: ByteReader<'_>, most: u64) -> Option<Vec<u8>> {
    let length = Header::of(bytes)?.length().filter(|length| *length <= most.min(MOST))?;
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
}

impl Header {
    /// `None` also where rows come in passes (section 8): what is missing of the last one would be every second row.
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
        (body.u8(12)? == 0).then_some(Self { width, height, bits: samples * u64::from(body.u8(8)?) })
    }

    /// The bytes of all rows with their filter types (sections 7 and 9).
    fn length(&self) -> Option<u64> {
        (1 + (self.width * self.bits).div_ceil(8)).checked_mul(self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUECOLOR: &[u8] = include_bytes!("../../tests/data/images/truecolor.png");
    const INTERLACED: &[u8] = include_bytes!("../../tests/data/images/interlaced.png");

    #[test]
    fn rows_have_the_length_that_whole_files_have() {
        let mut found = 0;
        assert!(inflate(chunks(ByteReader(TRUECOLOR), b"IDAT").map(|chunk| chunk.body.0), |part| found += part.len()));
        assert_eq!(Header::of(ByteReader(TRUECOLOR)).unwrap().length(), Some(found as u64));
    }

    #[test]
    fn rows_begin_on_bytes_and_absurd_ones_have_no_length() {
        let length = |width, height, bits| Header { width, height, bits }.length();
        assert_eq!(length(9, 3, 1), Some(9));
        assert_eq!(length(u64::from(u32::MAX), u64::from(u32::MAX), 64), None);
    }

    #[test]
    fn passes_and_more_rows_than_there_is_room_for_are_not_filled_up() {
        let cut = |file: &'static [u8]| ByteReader(&file[..file.len() - 60]);
        assert_eq!(filled_up(cut(INTERLACED), MOST), None);
        let length = Header::of(ByteReader(TRUECOLOR)).unwrap().length().unwrap();
        assert!(filled_up(cut(TRUECOLOR), length).is_some());
        assert_eq!(filled_up(cut(TRUECOLOR), length - 1), None);
    }

    #[test]
    fn a_file_without_a_row_or_a_header_stays_as_it_is() {
        let data = chunks(ByteReader(TRUECOLOR), b"IDAT").next().unwrap().start;
        assert!(filled_up(ByteReader(&TRUECOLOR[..data + 200]), MOST).is_some());
        for cut in [0, 8, 20, data - 8, data, data + 2] {
            assert_eq!(filled_up(ByteReader(&TRUECOLOR[..cut]), MOST), None, "{cut}");
        }
        let mut huge = TRUECOLOR.to_vec();
        huge[16..24].copy_from_slice(&[0x7f; 8]);
        assert_eq!(filled_up(ByteReader(&huge[..huge.len() / 2]), MOST), None);
    }
}
