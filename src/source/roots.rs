//! Folders that stand for the root of a site.

use std::path::PathBuf;

use super::off_limits::real;

/// A folder that stands for the root of the site.
#[derive(Debug, Clone)]
pub(super) struct Root {
    /// The folder, as the settings name it.
    pub(super) path: PathBuf,
    /// The same without links.
    pub(super) real: PathBuf,
}

impl Root {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { real: real(&path), path }
    }
}
