//! The compressed pixels of a PNG file (W3C PNG, third edition, section 10).

use flate2::{Decompress, FlushDecompress, Status};

/// The most bytes that are decompressed.
pub(super) const MOST: u64 = 512 << 20;

/// Decompresses the data of the IDAT chunks one after the other and gives what comes of them to `take`. Returns whether they
/// reach the end of their zlib stream; what precedes an error or the end of the data is given all the same.
pub(super) fn inflate<'a>(data: impl IntoIterator<Item = &'a [u8]>, mut take: impl FnMut(&[u8])) -> bool {
    let mut zlib = Decompress::new(true);
    let mut buffer = vec![0; 64 << 10];
    for mut input in data {
        while !input.is_empty() && zlib.total_out() < MOST {
            let before = (zlib.total_in(), zlib.total_out());
            let status = zlib.decompress(input, &mut buffer, FlushDecompress::None);
            let made = usize::try_from(zlib.total_out() - before.1).unwrap_or_default();
            take(&buffer[..made.min(buffer.len())]);
            match status {
                Ok(Status::StreamEnd) => return true,
                Err(_) => return false,
                Ok(_) if (zlib.total_in(), zlib.total_out()) == before => break,
                Ok(_) => {}
            }
            let consumed = usize::try_from(zlib.total_in() - before.0).unwrap_or(input.len());
            input = &input[consumed.min(input.len())..];
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_precedes_the_end_of_the_data_is_given() {
        let samples: Vec<u8> = (0..200_000_u32).map(|at| u8::try_from(at % 251).expect("below 251")).collect();
        let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        writer.write_all(&samples).unwrap();
        let packed = writer.finish().unwrap();
        let read = |data: &[u8], each: usize| {
            let mut found = Vec::new();
            let ended = inflate(data.chunks(each), |part| found.extend_from_slice(part));
            (ended, found)
        };
        assert_eq!(read(&packed, 7), (true, samples.clone()));
        assert_eq!(read(&packed, packed.len()), (true, samples.clone()));
        let (ended, found) = read(&packed[..packed.len() / 2], 100);
        assert!(!ended && found.len() > 1000 && samples.starts_with(&found), "{}", found.len());
        assert_eq!(read(b"no zlib", 3), (false, Vec::new()));
        assert_eq!(read(b"", 1), (false, Vec::new()));
    }
}
