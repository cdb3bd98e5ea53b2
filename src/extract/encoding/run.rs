//! Stretches of a text in which all characters have the same length, in the text and in the file.

/// A stretch of characters that are all as long as each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Where it starts in the text and in the file.
    pub(super) text: usize,
    pub(super) bytes: usize,
    /// How many characters it has.
    pub(super) count: usize,
    /// How many bytes one takes in the text and in the file.
    pub(super) text_size: usize,
    pub(super) byte_size: usize,
}
