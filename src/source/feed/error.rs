//! Why a document is no feed.

use super::super::xml::XmlError;

/// Why a document is no feed that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::source) enum FeedError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// The XML is refused.
    #[error("{0}{way}", way = .0.setting())]
    Xml(#[from] XmlError),
    /// It is JSON, and not as JSON Feed has it.
    #[error("it is JSON and no JSON Feed: {0}")]
    Json(String),
    /// It is JSON with too many values.
    #[error("it has more than {0} values (feed.max_nodes)")]
    TooMany(usize),
    /// It is another kind of XML.
    #[error("it is XML and no feed: its first element is <{0}>")]
    Other(String),
    /// It is neither XML nor JSON nor HTML.
    #[error("it is neither XML nor JSON")]
    NoMarkup,
}
