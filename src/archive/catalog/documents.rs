//! Captures of documents: what sources read, and robots.txt.

use async_trait::async_trait;
use url::Url;

use super::error::CatalogError;
use crate::model::{Capture, CaptureKind, Exchange, RunId, SourceName};

/// A document that was requested, and what came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct DocumentCapture {
    /// The requested URL.
    pub url: Url,
    /// What it was requested as.
    pub kind: CaptureKind,
    /// The source that requested it; `None` for robots.txt.
    pub source: Option<SourceName>,
    /// Every request and response, in order. The bodies that they keep are durable already.
    pub exchanges: Vec<Exchange>,
}

/// What is on record of a document before it is recorded again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct DocumentFacts {
    /// Whether its URL, its host or its source was taken down.
    pub is_taken_down: bool,
    /// Whether any article of its source was taken down: a feed holds the text of all its entries.
    pub lacks_articles: bool,
    /// Its newest capture.
    pub newest: Option<Capture>,
}

/// What recording captures of documents needs.
#[async_trait]
pub trait Documents: Send + Sync {
    /// What is on record of a document that a source requests, or that serves every source.
    async fn document(&self, url: &Url, source: Option<&SourceName>) -> Result<DocumentFacts, CatalogError>;

    /// Appends a capture of a document. Where it gave what the newest capture has, that is noted there as a revisit.
    /// Nothing is recorded of what was taken down.
    async fn record_document(&self, run: RunId, document: &DocumentCapture) -> Result<(), CatalogError>;
}
