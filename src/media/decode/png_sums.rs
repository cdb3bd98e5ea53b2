//! The checksums of PNG (W3C PNG, third edition, section 5.4).

use crate::media::byte_reader::ByteReader;
use crate::media::png_chunks::{Chunk, Chunks, checksum};

/// A type that no decoder knows, of chunks that may be passed over (section 5.4).
const PASSED_OVER: &[u8] = b"ciCP";

/// The file with the right checksum of every chunk but its header: a header that was damaged says how the image is to be
/// read, and is not to be trusted. Colors that are named by invalid numbers are passed over. `None` if nothing is wrong.
pub(super) fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut wrong = Vec::new();
    for chunk in Chunks::of_file(ByteReader(bytes)) {
        let Some(said) = ByteReader(bytes).be32(chunk.end()) else { break };
        let kind = if has_invalid_colors(&chunk) { PASSED_OVER } else { chunk.kind };
        let sum = checksum(kind, chunk.body.0);
        if sum != said && kind != b"IHDR" {
            wrong.push((chunk.start, kind, chunk.end(), sum));
        }
    }
    if wrong.is_empty() {
        return None;
    }
    let mut mended = bytes.to_vec();
    for (start, kind, end, sum) in wrong {
        mended[start - kind.len()..start].copy_from_slice(kind);
        mended[end..end + 4].copy_from_slice(&sum.to_be_bytes());
    }
    Some(mended)
}

/// Whether a chunk names colors by numbers that are none of red, green and blue (section 11.3.2.6).
fn has_invalid_colors(chunk: &Chunk<'_>) -> bool {
    chunk.kind == b"cICP" && !matches!(chunk.body.0, [_, _, 0, 0 | 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::media::decode::png_ico::png;

    const PNG: &[u8] = include_bytes!("../../../tests/data/images/truecolor.png");

    /// Where the checksum of the first chunk of a type is.
    fn place(kind: &[u8]) -> usize {
        let mut chunks = Chunks::of_file(ByteReader(PNG));
        chunks.find(|chunk| chunk.kind == kind).expect("it has one").end()
    }

    fn damaged(at: usize) -> Vec<u8> {
        let mut bytes = PNG.to_vec();
        bytes[at] ^= 0x55;
        bytes
    }

    #[test]
    fn wrong_sums_are_put_right_but_that_of_the_header() {
        assert_eq!(mended(PNG), None);
        for kind in [b"IDAT", b"IEND"] {
            assert_eq!(mended(&damaged(place(kind))).as_deref(), Some(PNG));
        }
        assert_eq!(mended(&damaged(place(b"IHDR"))), None);
        assert_eq!(mended(&PNG[..PNG.len() - 20]), None, "what is cut has no sum");
        assert_eq!(mended(b""), None);
    }

    #[test]
    fn an_image_is_shown_where_only_a_sum_is_wrong() {
        let limits = &Config::default().media;
        let shown = |bytes: &[u8]| png(bytes, limits).is_ok();
        assert!(shown(PNG) && shown(&damaged(place(b"IDAT"))));
        assert!(!shown(&damaged(place(b"IHDR"))));
        assert!(!shown(&damaged(place(b"IDAT") - 12)), "its data are damaged");
    }
}
