//! Why a picture has no thumbnail.

use crate::model::MediaType;

/// Why a picture has no thumbnail. Every case is data about one picture, never a reason to stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Not a picture, or one of a type that is not decoded.
    #[error("{} is not decoded", .0.mime())]
    Unsupported(MediaType),
    /// Of a type that is decoded, in a form that is not: the decoder's own words.
    #[error("not decoded: {0}")]
    Variant(String),
    /// Larger than a limit of `[media]`.
    #[error("{what} {actual} exceeds the limit {limit}")]
    OverLimit {
        /// What is limited: `pixels`, `side`, `bytes of memory`, `frames`.
        what: &'static str,
        /// How much the picture has, or declares.
        actual: u64,
        /// How much is allowed.
        limit: u64,
    },
    /// The bytes break the rules of their format.
    #[error("damaged: {0}")]
    Damaged(String),
    /// Decoding took longer than it may: `media.max_time`.
    #[error("decoding took longer than it may")]
    OutOfTime,
    /// The decoder stopped in a way it never should; the picture is set aside.
    #[error("the decoder failed: {0}")]
    Panicked(String),
    /// The rendition could not be written.
    #[error("cannot encode: {0}")]
    Encode(String),
}

impl MediaError {
    /// Bytes that break the rules of their format, in a decoder's own words.
    #[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
    pub(super) fn damaged(reason: impl ToString) -> Self {
        Self::Damaged(reason.to_string())
    }
}
