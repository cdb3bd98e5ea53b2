//! Chunks of a RIFF container, as WebP has them (RFC 9649, section 2.3).

use super::fields::Fields;

/// One chunk: its four-letter type and what it holds.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    pub(super) kind: &'a [u8],
    pub(super) body: Fields<'a>,
    /// Whether all of it is there.
    pub(super) whole: bool,
}

/// The chunks that stand one after the other in some bytes.
pub(super) struct Chunks<'a> {
    bytes: Fields<'a>,
    at: usize,
}

/// `RIFF`, the size of the rest, and the type of the file.
const FILE_HEADER: usize = 12;

impl<'a> Chunks<'a> {
    /// Those of a file.
    pub(super) fn of_file(bytes: Fields<'a>) -> Self {
        Self { bytes, at: FILE_HEADER }
    }

    /// Those of some part of a file, from its start.
    pub(super) fn of_part(bytes: Fields<'a>) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where the next chunk begins, if there is one.
    pub(super) fn position(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let (kind, length) = (self.bytes.slice(self.at, 4)?, self.bytes.le32(self.at + 4)? as usize);
        let body = self.bytes.window(self.at + 8, length);
        // Chunks of an odd size are padded.
        self.at = self.at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?;
        Some(Chunk { kind, body, whole: body.len() == length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_follow_each_other_with_their_padding() {
        let bytes = b"RIFF\x1c\0\0\0WEBPABCD\x03\0\0\0xyz\0EFGH\x05\0\0\0cut";
        let mut chunks = Chunks::of_file(Fields(bytes));
        let first = chunks.next().unwrap();
        assert_eq!((first.kind, first.body.0, first.whole), (&b"ABCD"[..], &b"xyz"[..], true));
        assert_eq!(chunks.position(), 24);
        let second = chunks.next().unwrap();
        assert_eq!((second.kind, second.body.0, second.whole), (&b"EFGH"[..], &b"cut"[..], false));
        assert!(chunks.next().is_none());
    }
}
