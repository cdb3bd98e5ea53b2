//! The proof that a mirror needs no network.

use std::path::{Path, PathBuf};

use serde::Serialize;
use url::Url;

use crate::archive::{Archive, ArticleRow, CatalogError, ObjectError, StoreKey};
use crate::config::Config;
use crate::extract::{self, ExtractOptions};
use crate::model::{ArticleKey, Reference, SourceName};
use crate::source::{Source, SourceConfigError, absolute};

/// Articles taken from the catalog at a time.
const PAGE: usize = 1000;

/// A check that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The store of objects cannot be read.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The settings of a source cannot work.
    #[error(transparent)]
    Source(#[from] SourceConfigError),
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Mirrored articles that were read.
    pub articles: u64,
    /// References to files of the mirror or the archive that are there.
    pub local: u64,
    /// References that still need the network.
    pub remote: Vec<Finding>,
    /// Local references that lead nowhere.
    pub dangling: Vec<Finding>,
    /// Mirrored articles that are on record and cannot be read.
    pub unreadable: Vec<Finding>,
}

/// A place in a mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The article.
    pub article: String,
    /// The reference as it is written there, or why the article cannot be read.
    pub raw: String,
    /// What kind of place it is.
    pub kind: Option<&'static str>,
    /// The offset of its first byte.
    pub start: Option<usize>,
}

/// Reads every mirrored article and looks at where its references lead.
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
    /// To something that is stored, or to nothing of the archive.
    Archive(Option<StoreKey>),
    /// To a file outside the archive, which is the author's.
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
        self.checked.articles += 1;
        let bytes = match source.destination(self.archive).read(&key.path).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.unreadable(key, format!("{} is missing", file.display()));
                return Ok(());
            }
            Err(error) => {
                self.unreadable(key, error.to_string());
                return Ok(());
            }
        };
        // Read as a browser would open it from the disk: what resolves to the network would go there.
        let options = ExtractOptions::new(&self.config.rewrite, Url::from_file_path(&file).ok());
        for reference in extract::extract(&bytes, row.version.format, &options).references {
            if let Some(target) = target_of(&reference, &source, &store) {
                self.reference(key, &reference, target).await?;
            }
        }
        Ok(())
    }

    fn unreadable(&mut self, article: &ArticleKey, raw: String) {
        self.checked.unreadable.push(Finding { article: article.to_string(), raw, kind: None, start: None });
    }

    async fn reference(&mut self, key: &ArticleKey, reference: &Reference, target: Target) -> Result<(), CheckError> {
        let found = match &target {
            Target::Archive(Some(key)) => self.archive.objects.stat(key).await?.is_some(),
            Target::File(file) => file.is_file(),
            Target::Archive(None) | Target::Network => false,
        };
        let (kind, start) = (Some(reference.kind.as_str()), Some(reference.span.start));
        let finding = Finding { article: key.to_string(), raw: reference.raw.clone(), kind, start };
        match target {
            _ if found => self.checked.local += 1,
            Target::Network => self.checked.remote.push(finding),
            Target::Archive(_) => self.checked.dangling.push(finding),
            // What the author wrote and nobody adopted is the author's.
            Target::File(_) => {}
        }
        Ok(())
    }
}

/// Where a reference leads; `None` where it leads nowhere by intention, or holds its image itself.
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
