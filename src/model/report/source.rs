//! What became of the sources of a run.

use serde::{Deserialize, Serialize};

use crate::model::failure::Reason;

/// What became of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Whether it was read.
    pub outcome: SourceOutcome,
    /// Why it was not. Its name in JSON, which is empty otherwise.
    #[serde(with = "reason_name", default)]
    pub reason: Option<SourceFailure>,
    /// The same as a sentence for a person, or a note about the source; empty otherwise.
    pub detail: String,
}

/// Whether a source was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceOutcome {
    /// It was read, and something in it was new.
    Read,
    /// It was read, and everything in it was as before.
    Unchanged,
    /// It could not be read.
    Failed,
}

impl SourceReport {
    /// A source that was read, with what there is to say of it.
    pub const fn read(name: String, outcome: SourceOutcome, detail: String) -> Self {
        Self { name, outcome, reason: None, detail }
    }

    /// A source that could not be read.
    pub const fn failed(name: String, reason: SourceFailure, detail: String) -> Self {
        Self { name, outcome: SourceOutcome::Failed, reason: Some(reason), detail }
    }

    /// Whether it could not be read.
    pub fn is_failed(&self) -> bool {
        self.outcome == SourceOutcome::Failed
    }
}

/// Why a source could not be read. This list is closed: reports rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceFailure {
    /// There is no such folder.
    Missing,
    /// The folder cannot be read.
    Unreadable,
    /// It holds no article at all, although the archive has articles of it.
    Empty,
    /// It could not be fetched.
    Fetch(Reason),
    /// What its host sent is no feed, or none within the limits.
    NotAFeed,
    /// What its host sent is no sitemap, or none within the limits.
    NotASitemap,
    /// The response is neither a page nor an image, or exceeds the limits.
    NotAPage,
    /// Its host says that it is gone for good.
    Gone,
    /// The template of its posts does not work.
    Template,
    /// What is on record of it cannot be read or written.
    Catalog,
}

impl SourceFailure {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Empty => "empty",
            Self::Fetch(reason) => reason.as_str(),
            Self::NotAFeed => "not_a_feed",
            Self::NotASitemap => "not_a_sitemap",
            Self::NotAPage => "not_a_page",
            Self::Gone => "gone",
            Self::Template => "template",
            Self::Catalog => "catalog",
        }
    }

    /// The failure of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let named = Self::OTHERS.into_iter().find(|failure| failure.as_str() == name);
        named.or_else(|| Reason::from_name(name).map(Self::Fetch))
    }

    /// Every failure except those of fetching.
    const OTHERS: [Self; 9] = [
        Self::Missing,
        Self::Unreadable,
        Self::Empty,
        Self::NotAFeed,
        Self::NotASitemap,
        Self::NotAPage,
        Self::Gone,
        Self::Template,
        Self::Catalog,
    ];
}

/// A reason by its name, which is empty if there is none.
mod reason_name {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::SourceFailure;

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde gives a field so")]
    pub(super) fn serialize<S: Serializer>(reason: &Option<SourceFailure>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(reason.map_or("", SourceFailure::as_str))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SourceFailure>, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || D::Error::custom(format!("no source fails with {name:?}"));
        if name.is_empty() { Ok(None) } else { SourceFailure::from_name(&name).map(Some).ok_or_else(unknown) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_name_of_its_own_that_leads_back_to_it() {
        let fetching = Reason::ALL.iter().map(|reason| SourceFailure::Fetch(*reason));
        let all: Vec<_> = SourceFailure::OTHERS.into_iter().chain(fetching).collect();
        let names: std::collections::BTreeSet<_> = all.iter().map(|failure| failure.as_str()).collect();
        assert_eq!(names.len(), all.len());
        for failure in all {
            assert_eq!(SourceFailure::from_name(failure.as_str()), Some(failure));
        }
        assert_eq!(SourceFailure::from_name("of no kind"), None);
    }

    #[test]
    fn the_reason_is_a_name_in_json_or_empty() {
        let failed = SourceReport::failed("a".to_owned(), SourceFailure::Fetch(Reason::Dns), String::new());
        let read = SourceReport::read("b".to_owned(), SourceOutcome::Read, "c".to_owned());
        for (report, name) in [(failed, "dns"), (read, "")] {
            let json = serde_json::to_value(&report).unwrap();
            assert_eq!(json["reason"], name);
            assert_eq!(serde_json::from_value::<SourceReport>(json).unwrap(), report);
        }
        let unknown = serde_json::json!({"name": "a", "outcome": "failed", "reason": "x", "detail": ""});
        assert!(serde_json::from_value::<SourceReport>(unknown).unwrap_err().to_string().contains("\"x\""));
    }
}
