//! The checksums of PNG (W3C PNG, third edition, section 5.4).

use flate2::Crc;

use crate::media::byte_reader::ByteReader;

/// The file with the right checksum of every chunk but its header: a header that was damaged says how the image is to be
/// read, and is not to be trusted. `None` if no other is wrong.
pub(super) fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut wrong = Vec::new();
    let (file, mut at) = (ByteReader(bytes), 8);
    while let (Some(length), Some(kind)) = (file.be32(at), file.slice(at + 4, 4)) {
        let end = (at + 8).checked_add(length as usize)?;
        let Some(said) = file.be32(end) else { break };
        let sum = checksum(file.slice(at + 4, length as usize + 4)?);
        if sum != said && kind != b"IHDR" {
            wrong.push((end, sum));
        }
        at = end + 4;
    }
    if wrong.is_empty() {
        return None;
    }
    let mut mended = bytes.to_vec();
    for (place, sum) in wrong {
        mended[place..place + 4].copy_from_slice(&sum.to_be_bytes());
    }
    Some(mended)
}

/// Over the type and the data of a chunk.
fn checksum(chunk: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(chunk);
    sum.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::media::decode::png_ico::png;

    const PNG: &[u8] = include_bytes!("../../../tests/data/images/truecolor.png");

    /// Where the checksum of the first chunk of a type is.
    fn place(kind: &[u8]) -> usize {
        let mut at = 8;
        loop {
            let length = ByteReader(PNG).be32(at).unwrap() as usize;
            if ByteReader(PNG).has(at + 4, kind) {
                return at + 8 + length;
            }
            at += 12 + length;
        }
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
