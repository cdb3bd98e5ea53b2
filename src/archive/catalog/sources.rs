//! Sources, and how they could last be read.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::CatalogError;
use crate::model::{Reason, SourceName};

/// How a source could last be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceOutcome {
    /// Its articles were listed, and some differed from those on record.
    Read,
    /// Its articles were listed, and all were as they are on record.
    Unchanged,
    /// They could not be listed.
    Failed {
        /// Why.
        reason: Reason,
        /// What happened, in one sentence for a person, with the way out.
        detail: String,
    },
}

impl SourceOutcome {
    /// Whether its articles were listed.
    pub const fn is_listed(&self) -> bool {
        match self {
            Self::Read | Self::Unchanged => true,
            Self::Failed { .. } => false,
        }
    }
}

/// A source that was read, or should have been.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct SourceRow {
    /// Its name, which its articles' keys begin with.
    pub name: SourceName,
    /// What it is: `folder`, `feed`, …
    pub kind: String,
    /// Where it is: a folder, or a URL.
    pub location: String,
    /// How it could last be read.
    pub outcome: SourceOutcome,
    /// When its articles were last listed; `None` where they never could be.
    pub listed_at: Option<Timestamp>,
}

/// What reading sources needs.
#[async_trait]
pub trait Sources: Send + Sync {
    /// Records how a source could be read at a moment.
    async fn record_source(
        &self,
        name: &SourceName,
        kind: &str,
        location: &str,
        outcome: &SourceOutcome,
        at: Timestamp,
    ) -> Result<(), CatalogError>;

    /// Every source on record, in the order of names.
    async fn sources(&self) -> Result<Vec<SourceRow>, CatalogError>;
}
