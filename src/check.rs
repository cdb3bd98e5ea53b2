//! Whether a mirror needs the network.

use std::path::{Path, PathBuf};

use serde::Serialize;
use url::Url;

use crate::archive::{Archive, ArticleRow, CatalogError, StoreKey, rules};
use crate::config::Config;
use crate::extract::{self, ExtractOptions};
use crate::model::{ArticleKey, Reference, SourceName};
use crate::source::{Source, SourceConfigError, absolute};

/// Articles taken from the catalog at a time.
const PAGE: usize = 1000;

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The settings of a source cannot work.
    #[error(transparent)]
    Source(#[from] SourceConfigError),
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Mirrored articles that were read.
    pub articles: u64,
    /// References to files that are there.
    pub local: u64,
    /// References that still need the network.
    pub remote: Vec<Place>,
    /// Local references that lead nowhere.
    pub dangling: Vec<Place>,
    /// Mirrored articles that are missing or cannot be read.
    pub unreadable: Vec<Place>,
}

/// A place in a mirrored article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The article.
    pub article: String,
    /// The reference as it is written there, or why the article cannot be read.
    pub raw: String,
    /// What kind of place it is.
    pub kind: Option<&'static str>,
    /// The offset of its first byte.
    pub start: Option<usize>,
}

/// Reads every mirrored article and follows its references.
pub async fn check(archive: &Archive, config: &Config) -> Result<Checked, CheckError> {
    let mut checker = Checker { archive, config, checked: Checked::default() };
    let mut last = None;
    loop {
        let rows = archive.catalog.articles(None, last.as_ref(), PAGE).await?;
        let Some(end) = rows.last() else { return Ok(checker.checked) };
        last = Some(end.version.key.clone());
        for row in rows.iter().filter(|row| row.mirror.is_some()) {
            checker.article(row).await?;
        }
    }
}

struct Checker<'a> {
    archive: &'a Archive,
    config: &'a Config,
    checked: Checked,
}

/// Where a reference leads.
enum Target {
    /// Into the archive: to an object, or to a path that no object has.
    Archive(Option<StoreKey>),
    /// To a file outside the archive.
    File(PathBuf),
    /// To the network.
    Network,
}

impl Checker<'_> {
    async fn article(&mut self, row: &ArticleRow) -> Result<(), CheckError> {
        let key = &row.version.key;
        let source = source_of(&key.source, self.config)?;
        let failed = |cause| SourceConfigError::Path { source_name: key.source.to_string(), cause };
        let store = absolute(&self.config.store).map_err(failed)?;
        let file = source.mirror(&key.path);
        let read = source.destination(self.archive).read(&key.path).await;
        let bytes = match read.map_err(|error| error.to_string()) {
            Ok(Some(bytes)) => bytes,
            Ok(None) if rules::mirror_may_be_missing(row.state) => return Ok(()),
            missing => {
                let raw = missing.err().unwrap_or_else(|| format!("{} is missing", file.display()));
                self.checked.unreadable.push(Place { article: key.to_string(), raw, kind: None, start: None });
                return Ok(());
            }
        };
        self.checked.articles += 1;
        // A browser that opens the file from the disk resolves references against the file's own URL.
        let options = ExtractOptions::new(&self.config.rewrite, Url::from_file_path(&file).ok());
        for reference in extract::extract(&bytes, row.version.format, &options).references {
            if let Some(target) = target_of(&reference, &source, &store) {
                self.reference(key, &reference, target).await;
            }
        }
        Ok(())
    }

    async fn reference(&mut self, key: &ArticleKey, reference: &Reference, target: Target) {
        let found = match &target {
            Target::Archive(Some(key)) => matches!(self.archive.objects.stat(key).await, Ok(Some(_))),
            Target::File(file) => file.is_file(),
            Target::Archive(None) | Target::Network => false,
        };
        let (kind, start) = (Some(reference.kind.as_str()), Some(reference.span.start));
        let place = Place { article: key.to_string(), raw: reference.raw.clone(), kind, start };
        match target {
            _ if found => self.checked.local += 1,
            Target::Network => self.checked.remote.push(place),
            Target::Archive(_) => self.checked.dangling.push(place),
            // A file beside an article that was not adopted is the author's affair.
            Target::File(_) => {}
        }
    }
}

/// Where a reference leads; `None` for a base URL, and for an image that the reference holds itself.
fn target_of(reference: &Reference, source: &Source, store: &Path) -> Option<Target> {
    if !reference.kind.is_media() {
        return None;
    }
    let url = reference.url.as_ref();
    if url.is_ok_and(|url| url.scheme() == "data") {
        return None;
    }
    let prefix = source.config.links.trim_end_matches('/');
    if !prefix.is_empty()
        && let Some(below) = reference.raw.strip_prefix(prefix)
    {
        return Some(Target::Archive(StoreKey::parse(below.trim_start_matches('/'))));
    }
    match url {
        Ok(url) if url.scheme() == "file" => {
            let file = url.to_file_path().ok()?;
            Some(match file.strip_prefix(store) {
                Ok(below) => Target::Archive(below.to_str().and_then(StoreKey::parse)),
                Err(_) => Target::File(file),
            })
        }
        _ => Some(Target::Network),
    }
}

/// The source of that name: of the settings, or as `offprint mirror` makes them.
fn source_of(name: &SourceName, config: &Config) -> Result<Source, SourceConfigError> {
    let known = config.source.iter().find(|source| source.name == *name).cloned();
    let made = || {
        let mut source = Config::default().source.swap_remove(0);
        source.name.clone_from(name);
        source
    };
    Source::new(known.unwrap_or_else(made), &config.store)
}
