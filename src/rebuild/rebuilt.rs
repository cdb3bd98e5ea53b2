//! The result of rebuilding a catalog.

use std::path::PathBuf;

use serde::Serialize;

use crate::archive::{ArchiveError, CatalogError, ObjectError};
use crate::mirror::MirrorError;

/// A catalog could not be rebuilt. The archive is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// The archive cannot be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The store cannot be read.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The new catalog cannot be written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// An article cannot be recorded.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// What was taken down cannot be taken down again.
    #[error(transparent)]
    Forget(#[from] crate::forget::ForgetError),
    /// The settings of a source cannot work.
    #[error(transparent)]
    Source(#[from] crate::source::SourceConfigError),
}

/// What a catalog was rebuilt from, and what could not be recovered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rebuilt {
    /// The copy of the catalog that it began with.
    pub copy: Option<String>,
    /// Where the damaged catalog is now.
    pub damaged_catalog: Option<PathBuf>,
    /// Articles that were recorded from their mirrors or files.
    pub articles: u64,
    /// URLs whose images were found by the links of mirrors.
    pub images: u64,
    /// Reports of runs that were recorded.
    pub reports: u64,
    /// Blobs that the copy names and that are not there.
    pub lost: Vec<String>,
    /// Blobs whose bytes do not match their names. They are not recorded.
    pub damaged: Vec<String>,
    /// Mirrors of which no original is kept.
    pub without_original: Vec<String>,
    /// Sources without any article now, while there are texts that belong to none: their folders may not be mounted. Sources
    /// that reports name and the settings do not are among them.
    pub unseen: Vec<String>,
    /// Texts that belong to no known article: earlier versions, posts whose mirrors are gone, pages that hosts sent in
    /// place of images.
    pub unplaced_originals: u64,
    /// Images that no mirror shows.
    pub unplaced_images: u64,
}
