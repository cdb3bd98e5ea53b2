//! How much is decoded at a time.

/// How many coded bytes are decoded at a time. DEFLATE yields at most 1032 times as many, so that a decompression bomb is
/// noticed before it has grown.
pub(crate) const PIECE: usize = 128;
/// How many decoded bytes are returned at a time. Brotli has no bound on what a few coded bytes yield.
pub(super) const OUTPUT: usize = 64 << 10;
