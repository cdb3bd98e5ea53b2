//! Exit statuses.

use std::process::ExitCode;

use crate::archive::{ArchiveError, CatalogError, WithoutBlobs};
use crate::check::CheckError;
use crate::config::ConfigError;
use crate::fetch::FetchError;
use crate::forget::ForgetError;
use crate::gc::GcError;
use crate::mirror::MirrorError;
use crate::model::{ProblemReason, Report, RunOutcome};
use crate::rebuild::RebuildError;
use crate::restore::RestoreError;
use crate::search::SearchError;
use crate::source::{PlaceError, SourceConfigError};
use crate::verify::VerifyError;

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
            _ if report.problems.iter().any(|problem| problem.reason == ProblemReason::OlderCatalog) => Self::Damaged,
            _ if report.newly_missing > 0 || !report.is_work_done() => Self::Missing,
            _ => Self::Done,
        }
    }

    /// What an error means.
    pub(crate) fn of_error(error: &anyhow::Error) -> Self {
        if error.is::<ConfigError>()
            || error.is::<UsageError>()
            || error.is::<SourceConfigError>()
            || matches!(error.downcast_ref(), Some(SearchError::Query(_)))
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

/// An archive without its own catalog or its blobs is damaged, as is one whose catalog cannot be read, or in which something
/// else takes the place of a folder.
fn is_damage(error: &anyhow::Error) -> bool {
    use ArchiveError::{Obstructed, OtherCatalog, WithoutCatalog};
    matches!(error.downcast_ref(), Some(WithoutCatalog { .. } | OtherCatalog { .. } | Obstructed { .. }))
        || error.downcast_ref().is_some_and(MirrorError::is_damage)
        || matches!(error.downcast_ref(), Some(GcError::WithoutBlobs(_)))
        || error.is::<WithoutBlobs>()
        || catalog_error(error).is_some_and(CatalogError::is_damage)
}

/// The error of the catalog that another one passes on.
fn catalog_error(error: &anyhow::Error) -> Option<&CatalogError> {
    macro_rules! passed_on {
        ($($outer:ident)*) => { None$(.or_else(|| match error.downcast_ref() {
            Some($outer::Catalog(inner)) => Some(inner),
            _ => None,
        }))* };
    }
    error.downcast_ref().or(passed_on!(
        ArchiveError CheckError ForgetError GcError RebuildError RestoreError SearchError VerifyError
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Budget, MissingUrls, Problem, ProblemReason, SourceFailure, SourceOutcome, SourceReport};

    fn read(name: &str) -> SourceReport {
        SourceReport::read(name.to_owned(), SourceOutcome::Read, String::new())
    }

    #[test]
    fn the_status_of_a_run_says_what_was_not_done() {
        let failed = || SourceReport::failed("b".to_owned(), SourceFailure::Missing, String::new());
        let problem =
            || Problem { article: "a".to_owned(), reason: ProblemReason::StaysRemote, message: String::new() };
        let report = |change: &dyn Fn(&mut Report)| {
            let mut report = Report { sources: vec![read("a")], ..Report::default() };
            change(&mut report);
            Exit::of_report(&report)
        };
        for (change, expected) in [
            (&(|_: &mut Report| ()) as &dyn Fn(&mut Report), Exit::Done),
            (&|report| report.outcome = RunOutcome::Incomplete, Exit::Done),
            (&|report| report.urls.failed = 9, Exit::Done),
            (&|report| report.newly_missing = 1, Exit::Missing),
            (&|report| report.stopped_by = Some(Budget::MaxBytes), Exit::Missing),
            (&|report| report.offline = true, Exit::Missing),
            (&|report| report.articles.failed = 1, Exit::Missing),
            (&|report| report.problems.push(problem()), Exit::Missing),
            (&|report| report.missing = MissingUrls { newly_untried: 1, ..MissingUrls::default() }, Exit::Missing),
            (&|report| report.sources.push(failed()), Exit::Failed),
            (&|report| report.outcome = RunOutcome::Failed, Exit::Failed),
            (&|report| report.outcome = RunOutcome::Interrupted, Exit::Interrupted),
        ] {
            assert_eq!(report(change), expected);
        }
        let both = |report: &mut Report| {
            report.newly_missing = 1;
            report.sources.push(failed());
        };
        assert_eq!(report(&both), Exit::Failed, "a source that failed weighs more than an image");
        let stopped = |report: &mut Report| {
            both(report);
            report.outcome = RunOutcome::Interrupted;
        };
        assert_eq!(report(&stopped), Exit::Interrupted);
    }

    #[test]
    fn each_error_has_the_status_of_its_kind() {
        let place = || "store".to_owned();
        let cause = || std::io::Error::other("no");
        let source_name = || "posts".to_owned();
        let key = crate::fixtures::key("a.md");
        let wrong = ConfigError::Wrong { path: "a.toml".into(), line: 1, message: String::new() };
        let glob = SourceConfigError::Glob { source_name: source_name(), message: String::new() };
        let nothing = PlaceError::NoArticles { path: "a".into(), include: Vec::new() };
        let unreadable = PlaceError::Unreadable { path: "a".into(), cause: cause() };
        let database = || CatalogError::Database { place: place(), cause: String::new() };
        let unreadable_catalog = || CatalogError::Unreadable { place: place(), cause: String::new() };
        for (error, expected) in [
            (anyhow::Error::from(wrong), Exit::Usage),
            (UsageError("no".to_owned()).into(), Exit::Usage),
            (glob.into(), Exit::Usage),
            (FetchError::Template(1).into(), Exit::Usage),
            (FetchError::Client("no".to_owned()).into(), Exit::Failed),
            (nothing.into(), Exit::Usage),
            (unreadable.into(), Exit::Failed),
            (RestoreError::NoFile(key.clone()).into(), Exit::Usage),
            (RestoreError::Unknown(key).into(), Exit::Failed),
            (ArchiveError::Held { place: place(), pid: None }.into(), Exit::Busy),
            (ArchiveError::Missing { place: place() }.into(), Exit::Failed),
            (ArchiveError::WithoutCatalog { place: place() }.into(), Exit::Damaged),
            (ArchiveError::OtherCatalog { place: place() }.into(), Exit::Damaged),
            (ArchiveError::Obstructed { place: place(), why: String::new() }.into(), Exit::Damaged),
            (database().into(), Exit::Failed),
            (MirrorError::from(database()).into(), Exit::Failed),
            (unreadable_catalog().into(), Exit::Damaged),
            (ArchiveError::from(unreadable_catalog()).into(), Exit::Damaged),
            (MirrorError::from(unreadable_catalog()).into(), Exit::Damaged),
            (VerifyError::from(unreadable_catalog()).into(), Exit::Damaged),
            (GcError::from(unreadable_catalog()).into(), Exit::Damaged),
            (MirrorError::from(WithoutBlobs).into(), Exit::Damaged),
            (GcError::from(WithoutBlobs).into(), Exit::Damaged),
            (WithoutBlobs.into(), Exit::Damaged),
            (anyhow::anyhow!("of no kind"), Exit::Failed),
        ] {
            assert_eq!(Exit::of_error(&error), expected, "{error:?}");
            let within = error.context("cannot do it");
            assert_eq!(Exit::of_error(&within), expected, "with what was tried: {within:?}");
        }
    }
}
