//! The chunks of a PNG file (W3C PNG, third edition, section 5.3).

use flate2::Crc;

use super::byte_reader::ByteReader;

/// One chunk of a PNG file.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    /// Its type: four letters.
    pub(super) kind: &'a [u8],
    /// Where its data begin.
    pub(super) start: usize,
    /// How many bytes of data it declares.
    pub(super) length: usize,
    /// Its data, cut where the file ends.
    pub(super) body: ByteReader<'a>,
}

/// Iterates over the chunks of a file, to the last whose length and type are there.
pub(super) struct Chunks<'a> {
    file: ByteReader<'a>,
    at: usize,
}

/// The bytes before the first chunk.
const SIGNATURE: usize = 8;

impl<'a> Chunks<'a> {
    /// The chunks of a file.
    pub(super) fn of_file(file: ByteReader<'a>) -> Self {
        Self { file, at: SIGNATURE }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let (length, kind) = (self.file.be32(self.at)? as usize, self.file.slice(self.at + 4, 4)?);
        let start = self.at + 8;
        // The checksum has four bytes.
        self.at = start.checked_add(length)?.checked_add(4)?;
        Some(Chunk { kind, start, length, body: self.file.window(start, length) })
    }
}

impl Chunk<'_> {
    /// Where its length stands, which is followed by its type.
    pub(super) const fn begin(&self) -> usize {
        self.start - 8
    }

    /// Where its checksum is.
    pub(super) const fn end(&self) -> usize {
        self.start + self.length
    }

    /// Whether the file holds all of its data.
    pub(super) fn is_whole(&self) -> bool {
        self.body.len() == self.length
    }
}

/// Writes a chunk with its length and its checksum.
pub(super) fn write_chunk(file: &mut Vec<u8>, kind: &[u8], body: &[u8]) {
    file.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    file.extend_from_slice(kind);
    file.extend_from_slice(body);
    file.extend_from_slice(&checksum(kind, body).to_be_bytes());
}

/// The checksum over the type and the data of a chunk (section 5.4).
pub(super) fn checksum(kind: &[u8], body: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(body);
    sum.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_follow_each_other_to_where_the_file_breaks_off() {
        let file = b"\x89PNG\r\n\x1a\n\0\0\0\x02aaaa12SUM1\0\0\0\0bbbbSUM2\0\0\0\x09cccc345";
        let found = |bytes: &'static [u8]| -> Vec<_> {
            let chunks = Chunks::of_file(ByteReader(bytes));
            chunks.map(|chunk| (chunk.kind, chunk.body.0, chunk.end(), chunk.is_whole())).collect()
        };
        let first: (&[u8], &[u8], usize, bool) = (b"aaaa", b"12", 18, true);
        assert_eq!(found(file), [first, (b"bbbb", b"", 30, true), (b"cccc", b"345", 51, false)]);
        assert_eq!(found(&file[..17]), [(&b"aaaa"[..], &b"1"[..], 18, false)]);
        assert_eq!(found(&file[..15]), []);
        assert_eq!(found(b""), []);
    }
}
