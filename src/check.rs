//! The proof that a mirror needs no network.

use std::path::Path;

use serde::Serialize;
use url::Url;

use crate::archive::{Archive, ArticleRow, CatalogError};
use crate::config::Config;
use crate::extract::{self, ExtractOptions};
use crate::model::{Reference, ReferenceKind, SourceName};
use crate::source::{Source, absolute};

/// Articles taken from the catalog at a time.
const PAGE: usize = 1000;

/// A check that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A path of the settings cannot be used.
    #[error("cannot find the mirror of the source \"{source_name}\": {cause}")]
    Path {
        /// The source.
        source_name: String,
        /// Why.
        cause: std::io::Error,
    },
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
    let mut checked = Checked::default();
    let mut last = None;
    loop {
        let rows = archive.catalog.articles(None, last.as_ref(), PAGE).await?;
        let Some(end) = rows.last() else { return Ok(checked) };
        last = Some(end.version.key.clone());
        for row in rows.iter().filter(|row| row.mirror.is_some()) {
            checked.article(row, config)?;
        }
    }
}

impl Checked {
    fn article(&mut self, row: &ArticleRow, config: &Config) -> Result<(), CheckError> {
        let key = &row.version.key;
        let source = source_of(&key.source, config)
            .map_err(|cause| CheckError::Path { source_name: key.source.to_string(), cause })?;
        let file = source.mirror(&key.path);
        self.articles += 1;
        match std::fs::read(&file) {
            Ok(bytes) => {
                // Read as a browser would open it from the disk: what resolves to the network would go there.
                let options = ExtractOptions::new(&config.rewrite, Url::from_file_path(&file).ok());
                let found = extract::extract(&bytes, row.version.format, &options);
                for reference in &found.references {
                    self.reference(key.to_string(), reference, &source, config);
                }
            }
            Err(cause) => {
                let raw = format!("{}: {cause}", file.display());
                self.unreadable.push(Finding { article: key.to_string(), raw, kind: None, start: None });
            }
        }
        Ok(())
    }

    fn reference(&mut self, article: String, reference: &Reference, source: &Source, config: &Config) {
        let (kind, start) = (Some(reference.kind.as_str()), Some(reference.span.start));
        let finding = || Finding { article, raw: reference.raw.clone(), kind, start };
        let prefix = source.config.links.trim_end_matches('/');
        let served = Some(prefix).filter(|prefix| !prefix.is_empty()).and_then(|prefix| {
            let in_store = reference.raw.strip_prefix(prefix)?;
            absolute(&config.store).ok().map(|store| store.join(in_store.trim_start_matches('/')))
        });
        match (&reference.url, served) {
            _ if matches!(reference.kind, ReferenceKind::Base) => {}
            // What is inline needs nothing from anywhere.
            (Ok(url), _) if url.scheme() == "data" => {}
            (_, Some(file)) if file.is_file() => self.local += 1,
            (_, Some(_)) => self.dangling.push(finding()),
            (Ok(url), None) if url.scheme() == "file" => match is_file(url) {
                true => self.local += 1,
                // What the author wrote and nobody adopted is the author's; what offprint wrote leads into the store.
                false if leads_into(url, &config.store) => self.dangling.push(finding()),
                false => {}
            },
            (Ok(_) | Err(_), None) => self.remote.push(finding()),
        }
    }
}

/// The source of that name: of the settings, or as `offprint mirror` makes them.
fn source_of(name: &SourceName, config: &Config) -> std::io::Result<Source> {
    let known = config.source.iter().find(|source| source.name == *name).cloned();
    let made = || {
        let mut source = Config::default().source.swap_remove(0);
        source.name.clone_from(name);
        source
    };
    Source::new(known.unwrap_or_else(made), &config.store)
}

fn is_file(url: &Url) -> bool {
    url.to_file_path().is_ok_and(|file| file.is_file())
}

fn leads_into(url: &Url, store: &Path) -> bool {
    let file = url.to_file_path().ok();
    file.zip(absolute(store).ok()).is_some_and(|(file, store)| file.starts_with(store))
}
