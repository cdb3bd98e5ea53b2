//! Runs, and sums over everything.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::error::CatalogError;
use crate::model::RunId;

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct RunRow {
    /// Its row.
    pub id: RunId,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `None` if it was cut off or is under way.
    pub ended: Option<Timestamp>,
    /// Its report, as JSON; empty until it ended.
    pub report: String,
}

/// Sums over the whole catalog.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Totals {
    /// Articles, vanished ones too.
    pub articles: u64,
    /// Of them, vanished from their sources.
    pub vanished: u64,
    /// References with a URL that is fetched, in the newest versions of all articles.
    pub references: u64,
    /// Of them, those that the mirrors show from the archive.
    pub local: u64,
    /// Distinct URLs.
    pub urls: u64,
    /// Of them, those with a good capture.
    pub urls_good: u64,
    /// Blobs of media.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The bytes that would be kept if each URL had its own copy.
    pub bytes_without_dedup: u64,
    /// Thumbnails that were made.
    pub thumbnails: u64,
    /// Captures, failed ones too.
    pub captures: u64,
}

/// How far a URL without a good capture was reported as missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum MissingReport {
    /// It is not missing, or was not reported.
    #[default]
    None,
    /// It was not requested yet: a budget was used up, or requests to its host were suspended.
    Untried,
    /// It failed.
    Failed,
}

impl MissingReport {
    /// As a number that is stored.
    pub const fn as_number(self) -> u8 {
        self as u8
    }

    /// The one with this number.
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Untried,
            _ => Self::Failed,
        }
    }
}

/// The URLs that articles show and that have no good capture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MissingCounts {
    /// All of them.
    pub urls: u64,
    /// Of them, the newly missing ones: those not reported as missing before, or only as not requested.
    pub new: u64,
    /// Of the newly missing ones, those that were not requested.
    pub new_untried: u64,
    /// When the next of them is due.
    pub next_attempt: Option<Timestamp>,
}

/// What is missing, and what of it is newly missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ReportedMissing {
    /// How much.
    pub counts: MissingCounts,
    /// The newly missing URLs, at most 10,000.
    pub news: Vec<Url>,
}

/// What a run and its report need.
#[async_trait]
pub trait Runs: Send + Sync {
    /// Opens a run.
    async fn begin_run(&self, at: Timestamp) -> Result<RunId, CatalogError>;

    /// Closes a run with its report.
    async fn finish_run(&self, run: RunId, at: Timestamp, report: &str) -> Result<(), CatalogError>;

    /// The newest runs, newest first.
    async fn runs(&self, limit: usize) -> Result<Vec<RunRow>, CatalogError>;

    /// When each run began and ended, in no order.
    async fn run_times(&self) -> Result<Vec<(Timestamp, Option<Timestamp>)>, CatalogError>;

    /// What is missing, and what of it is newly missing since the last call.
    async fn report_missing(&self) -> Result<ReportedMissing, CatalogError>;

    /// Sums over everything.
    async fn totals(&self) -> Result<Totals, CatalogError>;
}
