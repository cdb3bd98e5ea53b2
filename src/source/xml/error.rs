//! The limits on a document, and why it is not read.

/// How large a document may be.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct XmlLimits {
    /// Elements within each other.
    pub(in crate::source) depth: usize,
    /// Bytes of one tag with its attributes.
    pub(in crate::source) tag: usize,
    /// Elements and attributes in all.
    pub(in crate::source) nodes: usize,
}

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::source) enum XmlError {
    /// There is no element in it.
    #[error("it holds no element")]
    NoElement,
    /// Elements lie within each other too deeply.
    #[error("its elements lie within each other deeper than {0}")]
    TooDeep(usize),
    /// A tag is too long.
    #[error("a tag of it is longer than {0} bytes")]
    LongTag(usize),
    /// There are too many elements and attributes.
    #[error("it has more than {0} elements and attributes")]
    TooMany(usize),
    /// Its entities expand to more text than is read.
    #[error("its entities stand for more than {0} bytes of text: such entities are how a document grows without bound")]
    Grows(usize),
    /// An entity leads out of the document.
    #[error("it declares the entity \"{0}\" outside of the document, which is not read")]
    ExternalEntity(String),
    /// An entity would be expanded to markup or to other entities.
    #[error(
        "it declares the entity \"{0}\", which is more than plain text: such entities are how a document grows without bound"
    )]
    UnsafeEntity(String),
}

impl XmlError {
    /// The setting of feeds that this is a limit of, in parentheses; empty if it is of none.
    pub(in crate::source) const fn setting(&self) -> &'static str {
        match self {
            Self::TooDeep(_) => " (feed.max_depth)",
            Self::LongTag(_) => " (feed.max_tag)",
            Self::TooMany(_) => " (feed.max_nodes)",
            _ => "",
        }
    }
}
