//! Which files of a folder are articles.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::error::SourceConfigError;
use super::listing::SkipReason;
use crate::config::SourceConfig;

/// The globs of a source.
#[derive(Debug, Clone)]
pub(super) struct Globs {
    written: Vec<String>,
    include: GlobSet,
    exclude: GlobSet,
}

impl Globs {
    pub(super) fn new(source: &SourceConfig) -> Result<Self, SourceConfigError> {
        let wrong = |error: globset::Error| SourceConfigError::Glob {
            source_name: source.name.to_string(),
            message: error.to_string(),
        };
        Ok(Self {
            written: source.include.clone(),
            include: set(&source.include, true).map_err(wrong)?,
            exclude: set(&source.exclude, false).map_err(wrong)?,
        })
    }

    /// Whether a file is an article by its path within the source.
    pub(super) fn admit(&self, path: &Path) -> Result<(), SkipReason> {
        if !self.include.is_match(path) {
            Err(SkipReason::NotIncluded { include: self.written.clone() })
        } else if self.exclude.is_match(path) {
            Err(SkipReason::Excluded)
        } else {
            Ok(())
        }
    }

    /// Whether everything in a folder is excluded, tested with two made-up names in it.
    pub(super) fn exclude_all_of(&self, folder: &Path) -> bool {
        ["a.md", "a/a.md"].iter().all(|name| self.exclude.is_match(folder.join(name)))
    }
}

/// Extensions are written in any case, so `include` ignores case; `exclude` does not.
fn set(patterns: &[String], any_case: bool) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(GlobBuilder::new(pattern).literal_separator(true).case_insensitive(any_case).build()?);
    }
    set.build()
}
