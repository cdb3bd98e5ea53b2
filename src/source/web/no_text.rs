//! Why an entry has no full text.

use crate::model::{Failure, Reason};

/// Why there is no full text.
#[derive(Debug, Clone)]
pub(super) enum NoText {
    /// The page could not be fetched.
    Fetch(Failure),
    /// What came is no page, or none within the limits.
    NotAPage(String),
    /// The page has no main text that is found.
    NoMainText(String),
    /// The page was taken down.
    TakenDown,
}

impl NoText {
    /// Its name in reports.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Fetch(failure) => failure.reason.as_str(),
            Self::NotAPage(_) => "not_a_page",
            Self::NoMainText(_) => "no_main_text",
            Self::TakenDown => Reason::TakenDown.as_str(),
        }
    }

    /// What happened, as a sentence.
    pub(super) fn detail(&self) -> &str {
        match self {
            Self::Fetch(failure) => &failure.detail,
            Self::NotAPage(detail) | Self::NoMainText(detail) => detail,
            Self::TakenDown => "it was taken down by `offprint forget`",
        }
    }

    /// The failure as the schedule of retries knows it; `None` where nothing is asked for again.
    pub(super) fn failure(&self) -> Option<Failure> {
        match self {
            Self::Fetch(failure) => Some(failure.clone()),
            Self::NotAPage(detail) | Self::NoMainText(detail) => Some(Failure::new(Reason::NotAnImage, detail)),
            Self::TakenDown => None,
        }
    }
}
