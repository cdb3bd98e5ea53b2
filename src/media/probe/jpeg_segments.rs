//! The marker segments of a JPEG (ITU-T T.81, section B.1.1).

use crate::media::byte_reader::ByteReader;

/// End of image.
pub(super) const EOI: u8 = 0xd9;
/// Start of scan.
pub(super) const SOS: u8 = 0xda;

/// Whether a marker starts a frame: `SOF0` to `SOF15` without the three markers among them that do not (section B.2.2).
pub(super) const fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// Whether a frame is of a lossless process (section B.2.2, table B.1).
pub(super) const fn is_lossless(frame: u8) -> bool {
    matches!(frame, 0xc3 | 0xc7 | 0xcb | 0xcf)
}

/// The next marker and the payload of its segment. Moves `at` behind it.
pub(super) fn next_segment<'a>(bytes: ByteReader<'a>, at: &mut usize) -> Option<(u8, ByteReader<'a>)> {
    // Encoders pad between segments with fill bytes or garbage. Decoders skip to the next marker.
    loop {
        *at += memchr::memchr(0xff, bytes.from(*at)?.0)? + 1;
        let marker = bytes.u8(*at)?;
        match marker {
            0xff => {}
            0x00 | 0x01 | 0xd0..=0xd8 => *at += 1,
            EOI => return Some((marker, ByteReader(&[]))),
            _ => {
                let length = usize::from(bytes.be16(*at + 1)?).max(2);
                let body = ByteReader(bytes.slice(*at + 3, length - 2)?);
                *at += 1 + length;
                return Some((marker, body));
            }
        }
    }
}
