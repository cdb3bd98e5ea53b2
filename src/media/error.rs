//! Why an image has no thumbnail.

use std::borrow::Cow;

use crate::model::MediaType;

/// Why an image has no thumbnail. Every case is data about one image, never a reason to stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// Not an image, or an image of a type that this build does not decode.
    #[error("{} is not decoded", .0.mime())]
    Unsupported(MediaType),
    /// A variant of a decoded type that the decoder does not support, in the decoder's words.
    #[error("not decoded: {0}")]
    Variant(String),
    /// Larger than a limit of `[media]`.
    #[error("{what} {actual} exceeds the limit {limit}")]
    OverLimit {
        /// What is limited: `pixels`, `side`, `bytes of memory`, `frames`.
        what: Cow<'static, str>,
        /// The value of the image, as found or as declared.
        actual: u64,
        /// The largest value allowed.
        limit: u64,
    },
    /// The bytes violate their format.
    #[error("damaged: {0}")]
    Damaged(String),
    /// Decoding exceeded `media.max_time`.
    #[error("decoder_timeout: decoding took longer than it may")]
    OutOfTime,
    /// The process that decoded it had no memory left.
    #[error("decoder_memory: decoding took more memory than it may")]
    OutOfMemory,
    /// The process that decoded it ended, or gave no answer that can be used.
    #[error("decoder_crashed: {0}")]
    Crashed(String),
    /// The decoder panicked.
    #[error("the decoder failed: {0}")]
    Panicked(String),
    /// The rendition could not be encoded.
    #[error("cannot encode: {0}")]
    Encode(String),
}

impl MediaError {
    /// [`MediaError::Damaged`] with a decoder's message.
    #[expect(clippy::needless_pass_by_value, reason = "map_err gives the error by value")]
    pub(super) fn damaged(reason: impl ToString) -> Self {
        Self::Damaged(reason.to_string())
    }

    /// [`MediaError::OverLimit`].
    pub(super) const fn over(what: &'static str, actual: u64, limit: u64) -> Self {
        Self::OverLimit { what: Cow::Borrowed(what), actual, limit }
    }
}
