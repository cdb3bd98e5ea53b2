//! Exit statuses.

use std::process::ExitCode;

use crate::archive::ArchiveError;
use crate::config::ConfigError;
use crate::fetch::FetchError;
use crate::model::{Report, RunOutcome};
use crate::restore::RestoreError;
use crate::source::{PlaceError, SourceConfigError};

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// It could not run, or a source could not be read.
    Failed = 1,
    /// The arguments or the settings are wrong.
    Usage = 2,
    /// Some images are newly missing, or some of the work was not done: articles could not be read or written, a budget
    /// was used up.
    Missing = 3,
    /// Damage was found.
    Damaged = 4,
    /// Another run holds the archive (`EX_TEMPFAIL` of sysexits.h).
    Busy = 75,
    /// Interrupted; the archive is consistent.
    Interrupted = 130,
}

impl Exit {
    /// What a run's report means.
    pub(crate) fn of_report(report: &Report) -> Self {
        match report.outcome {
            RunOutcome::Interrupted => Self::Interrupted,
            _ if report.failed_sources().next().is_some() => Self::Failed,
            RunOutcome::Failed => Self::Failed,
            _ if report.newly_missing > 0 || !report.is_work_done() => Self::Missing,
            _ => Self::Done,
        }
    }

    /// What an error means.
    pub(crate) fn of_error(error: &anyhow::Error) -> Self {
        if error.is::<ConfigError>()
            || error.is::<UsageError>()
            || error.is::<SourceConfigError>()
            || matches!(error.downcast_ref(), Some(RestoreError::NoFile(_)))
            || matches!(error.downcast_ref(), Some(fetch) if !matches!(fetch, FetchError::Client(_)))
            || matches!(error.downcast_ref(), Some(place) if !matches!(place, PlaceError::Unreadable { .. }))
        {
            Self::Usage
        } else if matches!(error.downcast_ref(), Some(ArchiveError::Held { .. })) {
            Self::Busy
        } else if is_damage(error) {
            Self::Damaged
        } else {
            Self::Failed
        }
    }
}

/// An archive without its own catalog is damaged.
fn is_damage(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ArchiveError::WithoutCatalog { .. } | ArchiveError::OtherCatalog { .. }))
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The arguments or the settings ask for what cannot be done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);
