//! The chunks of a RIFF container, as WebP uses them (RFC 9649, section 2.3).

use super::byte_reader::ByteReader;

/// One chunk of a RIFF file.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    /// The four-letter code.
    pub(super) fourcc: &'a [u8],
    /// The payload, cut where the file ends.
    pub(super) body: ByteReader<'a>,
    /// Whether the file holds the whole payload.
    pub(super) whole: bool,
}

/// Iterates over consecutive chunks.
pub(super) struct Chunks<'a> {
    bytes: ByteReader<'a>,
    at: usize,
}

/// `RIFF`, the size of the rest, and the form type.
const FILE_HEADER: usize = 12;

impl<'a> Chunks<'a> {
    /// The top-level chunks of a file.
    pub(super) fn of_file(bytes: ByteReader<'a>) -> Self {
        Self { bytes, at: FILE_HEADER }
    }

    /// The chunks nested in a payload, such as those of an `ANMF` chunk.
    pub(super) fn nested(bytes: ByteReader<'a>) -> Self {
        Self { bytes, at: 0 }
    }

    /// The offset of the next chunk.
    pub(super) fn position(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let (fourcc, length) = (self.bytes.slice(self.at, 4)?, self.bytes.le32(self.at + 4)? as usize);
        let body = self.bytes.window(self.at + 8, length);
        // A chunk of an odd size is followed by one byte of padding.
        self.at = self.at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?;
        Some(Chunk { fourcc, body, whole: body.len() == length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_follow_each_other_with_their_padding() {
        let bytes = b"RIFF\x1c\0\0\0WEBPABCD\x03\0\0\0xyz\0EFGH\x05\0\0\0cut";
        let mut chunks = Chunks::of_file(ByteReader(bytes));
        let first = chunks.next().unwrap();
        assert_eq!((first.fourcc, first.body.0, first.whole), (&b"ABCD"[..], &b"xyz"[..], true));
        assert_eq!(chunks.position(), 24);
        let second = chunks.next().unwrap();
        assert_eq!((second.fourcc, second.body.0, second.whole), (&b"EFGH"[..], &b"cut"[..], false));
        assert!(chunks.next().is_none());
    }
}
