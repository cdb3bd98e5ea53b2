//! The coding `deflate`: zlib data (RFC 1950), or raw DEFLATE data (RFC 1951), which some servers send instead.

use std::io;

use flate2::{Decompress, FlushDecompress, Status};

use super::piece::OUTPUT;

/// A decoder of one stream.
#[derive(Default)]
pub(super) struct Deflate {
    /// The first bytes, until there are two: they determine which of both formats it is.
    start: Vec<u8>,
    stream: Option<Decompress>,
    is_whole: bool,
}

impl Deflate {
    /// Whether the end of the stream was decoded.
    pub(super) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Decodes what fits into one output, takes it from the coded bytes, and returns whether more output may be ready.
    /// Bytes after the end are ignored.
    pub(super) fn decode(&mut self, coded: &mut &[u8]) -> io::Result<(Vec<u8>, bool)> {
        if self.is_whole {
            *coded = &[];
        }
        while self.stream.is_none() {
            let Some((first, rest)) = coded.split_first() else { return Ok((Vec::new(), false)) };
            *coded = rest;
            self.start.push(*first);
            if self.start.len() == 2 {
                self.stream = Some(Decompress::new(is_zlib(&self.start)));
            }
        }
        if !self.start.is_empty() {
            let start = std::mem::take(&mut self.start);
            return self.inflate(&mut start.as_slice());
        }
        self.inflate(coded)
    }

    fn inflate(&mut self, coded: &mut &[u8]) -> io::Result<(Vec<u8>, bool)> {
        let Some(stream) = self.stream.as_mut().filter(|_| !self.is_whole) else { return Ok((Vec::new(), false)) };
        let mut output = Vec::with_capacity(OUTPUT);
        let before = stream.total_in();
        let status = stream.decompress_vec(coded, &mut output, FlushDecompress::None).map_err(io::Error::from)?;
        let read = usize::try_from(stream.total_in() - before).unwrap_or(usize::MAX);
        *coded = coded.get(read..).unwrap_or_default();
        if status == Status::StreamEnd {
            (*coded, self.is_whole) = (&[], true);
        }
        let more = !self.is_whole && output.len() == output.capacity();
        Ok((output, more))
    }
}

/// Whether two bytes are the header of zlib data: method 8, no dictionary, and a check sum (RFC 1950, section 2.2).
fn is_zlib(start: &[u8]) -> bool {
    matches!(start, [method, flags] if method & 0x0f == 8 && flags & 0x20 == 0
        && (u16::from(*method) << 8 | u16::from(*flags)).is_multiple_of(31))
}
