//! What was requested for a source, handed to who records it.

use async_trait::async_trait;
use url::Url;

use crate::model::{CaptureKind, Exchange, SourceName};
use crate::source::error::SourceError;
use crate::staging::Staged;

/// A document that was requested for a source, and what came.
#[derive(Debug)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Requested<'a> {
    /// The source.
    pub source: &'a SourceName,
    /// What was requested.
    pub kind: CaptureKind,
    /// Its URL.
    pub url: &'a Url,
    /// Every request and response, in order.
    pub exchanges: &'a [Exchange],
    /// The bodies that are to be kept. Each belongs to the exchanges with its digest.
    pub bodies: Vec<&'a Staged>,
}

/// Who watches over the requests that reading a source takes.
#[async_trait]
pub trait Watch: Send + Sync {
    /// Whether a further request may be sent.
    fn may_ask(&self) -> bool;

    /// Notes that something was left out, because no further request may be sent.
    fn cut_short(&self);

    /// Counts requests that were sent, and records what came.
    ///
    /// # Errors
    /// Where it cannot be recorded.
    async fn requested(&self, requested: Requested<'_>) -> Result<(), SourceError>;
}
