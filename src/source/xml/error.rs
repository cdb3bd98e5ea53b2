//! The limits on a document, and why it is not read.

/// How large a document may be.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct XmlLimits {
    /// Elements within each other.
    pub(in crate::source) depth: usize,
    /// Bytes of one tag with its attributes.
    pub(in crate::source) tag: usize,
}

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::source) enum XmlError {
    /// There is no element in it.
    #[error("it holds no element")]
    NoElement,
    /// Elements lie within each other too deeply.
    #[error("its elements lie within each other deeper than feed.max_depth ({0})")]
    TooDeep(usize),
    /// A tag is too long.
    #[error("a tag of it is longer than feed.max_tag ({0} bytes)")]
    LongTag(usize),
    /// An entity leads out of the document.
    #[error("it declares the entity \"{0}\" outside of the document, which is not read")]
    ExternalEntity(String),
    /// An entity would be expanded to markup or to other entities.
    #[error(
        "it declares the entity \"{0}\", which is more than plain text: such entities are how a document grows without bound"
    )]
    UnsafeEntity(String),
}
