//! Brotli (RFC 7932).

use std::io;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::piece::OUTPUT;

/// The largest window that is decoded, as a power of two: 4 MiB, which encoders use by default.
const WINDOW: u32 = 22;

/// A decoder of one Brotli stream.
pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    has_begun: bool,
    is_whole: bool,
}

impl Brotli {
    pub(super) fn new() -> Self {
        let allocator = StandardAlloc::default;
        let mut state = BrotliState::new(allocator(), allocator(), allocator());
        state.large_window = false;
        Self { state, has_begun: false, is_whole: false }
    }

    /// Whether the end of the stream was decoded.
    pub(super) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Decodes what fits into one output, takes it from the coded bytes, and returns whether more output is ready. The
    /// first byte is decoded alone: it names the window, which is checked before memory is allocated for it
    /// (section 9.1). Bytes after the end are ignored.
    pub(super) fn decode(&mut self, coded: &mut &[u8]) -> io::Result<(Vec<u8>, bool)> {
        if self.is_whole || coded.is_empty() && !self.has_begun {
            *coded = &[];
            return Ok((Vec::new(), false));
        }
        let mut left = if self.has_begun { coded.len() } else { 1 };
        self.has_begun = true;
        let (mut read, mut room, mut written, mut total) = (0, OUTPUT, 0, 0);
        let mut output = vec![0; OUTPUT];
        let result = BrotliDecompressStream(
            &mut left,
            &mut read,
            coded,
            &mut room,
            &mut written,
            &mut output,
            &mut total,
            &mut self.state,
        );
        *coded = &coded[read..];
        output.truncate(written);
        if self.state.window_bits > WINDOW {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its window is larger than 4 MiB"));
        }
        match result {
            BrotliResult::NeedsMoreInput => Ok((output, false)),
            BrotliResult::NeedsMoreOutput => Ok((output, true)),
            BrotliResult::ResultSuccess => {
                (*coded, self.is_whole) = (&[], true);
                Ok((output, false))
            }
            BrotliResult::ResultFailure => Err(io::Error::new(io::ErrorKind::InvalidData, "it is not Brotli")),
        }
    }
}
