//! Whether a mirror needs the network.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use url::Url;

use crate::archive::{Archive, ArticleRow, CatalogError, ObjectError, StoreKey, linked_object, links_in, rules};
use crate::clock;
use crate::config::Config;
use crate::extract::{self, ExtractOptions};
use crate::model::{ArticleKey, Reference, SourceName};
use crate::source::{LocalFile, Source, SourceConfigError, absolute};

/// Articles taken from the catalog at a time.
const PAGE: usize = 1000;

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The mirrors cannot be listed.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The settings of a source cannot work.
    #[error(transparent)]
    Source(#[from] SourceConfigError),
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Checked {
    /// Mirrored articles that were read.
    pub articles: u64,
    /// References to files that are there.
    pub local: u64,
    /// References that still need the network.
    pub remote: Vec<CheckedPlace>,
    /// Links into the archive that lead nowhere.
    pub dangling: Vec<CheckedPlace>,
    /// References to files beside the article that are not there.
    pub missing: Vec<CheckedPlace>,
    /// Mirrored articles that are missing or cannot be read.
    pub unreadable: Vec<CheckedPlace>,
}

/// A place in a mirrored article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CheckedPlace {
    /// The article.
    pub article: String,
    /// The reference as it stands there, or why the article cannot be read.
    pub raw: String,
    /// What kind of place it is.
    pub kind: Option<&'static str>,
    /// The offset of its first byte.
    pub start: Option<usize>,
}

/// Reads every mirrored article and follows its references.
pub async fn check(archive: &Archive, config: &Config) -> Result<Checked, CheckError> {
    let mut checker = Checker { archive, config, sources: HashMap::new(), checked: Checked::default() };
    for key in archive.unrecorded_mirrors::<CheckError>().await?.unknown {
        let raw = "the catalog knows no such article; `offprint verify --rebuild` records it".to_owned();
        checker.checked.unreadable.push(CheckedPlace { article: key.to_string(), raw, kind: None, start: None });
    }
    for newer in archive.newer_runs::<CheckError>(clock::now()).await? {
        let (article, raw) = ("the catalog".to_owned(), newer.to_string());
        checker.checked.unreadable.push(CheckedPlace { article, raw, kind: None, start: None });
    }
    let mut last = None;
    loop {
        let rows = archive.catalog.articles(None, last.as_ref(), PAGE).await?;
        let Some(end) = rows.last() else { break };
        last = Some(end.version.key.clone());
        for row in &rows {
            match row.mirror {
                Some(_) => checker.article(row).await?,
                None => checker.unwritten(row).await?,
            }
        }
    }
    let mut found = checker.checked;
    let unreadable = archive.catalog.unreadable_rows().into_iter();
    let place = |raw| CheckedPlace { article: "the catalog".to_owned(), raw, kind: None, start: None };
    found.unreadable.extend(unreadable.map(place));
    Ok(found)
}

struct Checker<'a> {
    archive: &'a Archive,
    config: &'a Config,
    /// Those of the articles that were checked so far.
    sources: HashMap<SourceName, Arc<Source>>,
    checked: Checked,
}

/// Where a reference leads.
enum Target {
    /// Into the archive: to an object, or to a path that no object has.
    Archive(Option<StoreKey>),
    /// To an object of an archive that is elsewhere: the archive was moved, or the article.
    Astray(PathBuf),
    /// To a file outside the archive.
    File(PathBuf),
    /// To a path from the root (`/`) of a site that is not known.
    Root(PathBuf),
    /// To the network.
    Network,
}

impl Target {
    /// The file that it names, outside the archive.
    fn file(&self) -> Option<&Path> {
        match self {
            Self::Astray(file) | Self::File(file) | Self::Root(file) => Some(file),
            Self::Archive(_) | Self::Network => None,
        }
    }
}

/// A reference as it stands in the article, without a user name and password.
fn shown(reference: &Reference) -> String {
    match &reference.url {
        Ok(url) if reference.raw.contains('@') && url.has_host() => url.to_string(),
        _ => reference.raw.clone(),
    }
}

impl Checker<'_> {
    async fn article(&mut self, row: &ArticleRow) -> Result<(), CheckError> {
        let key = &row.version.key;
        let source = self.source(&key.source)?;
        let failed = |cause| SourceConfigError::Path { source_name: key.source.to_string(), cause };
        let store = absolute(&self.config.store).map_err(failed)?;
        let file = source.mirror(&key.path);
        let read = source.destination(self.archive).read(&key.path).await;
        let bytes = match read.map_err(|error| error.to_string()) {
            Ok(Some(bytes)) => bytes,
            Ok(None) if self.is_given_up(row, &source) => return Ok(()),
            _ if rules::mirror_may_be_missing(row.is_gone) => return Ok(()),
            missing => {
                let raw = missing.err().unwrap_or_else(|| format!("{} is missing", file.display()));
                self.checked.articles += 1;
                self.checked.unreadable.push(CheckedPlace { article: key.to_string(), raw, kind: None, start: None });
                return Ok(());
            }
        };
        self.checked.articles += 1;
        // A browser that opens the file from the disk resolves references against the file's own URL. A reference that
        // was recognised only as the URL of an image must be recognised again when a local link replaced it.
        let mut options = ExtractOptions::new(&self.config.rewrite, Url::from_file_path(&file).ok());
        options.local_links = links_in(&bytes).into_keys().collect();
        options.style_sheets = source.keeps_sheets();
        for reference in extract::extract(&bytes, row.version.format, &options).references {
            if let Some(target) = target_of(&reference, &source, &store) {
                self.reference(row, &reference, target, &source).await;
            }
        }
        Ok(())
    }

    /// An article whose mirror was never written: it may not be, because something lies in its place.
    async fn unwritten(&mut self, row: &ArticleRow) -> Result<(), CheckError> {
        let key = &row.version.key;
        let output = self.source(&key.source)?.destination(self.archive);
        if !rules::mirror_may_be_missing(row.is_gone) && output.is_obstructed(&key.path).await {
            let raw = format!("something that is no file lies in its place, {}", output.place(&key.path).display());
            self.checked.articles += 1;
            self.checked.unreadable.push(CheckedPlace { article: key.to_string(), raw, kind: None, start: None });
        }
        Ok(())
    }

    fn source(&mut self, name: &SourceName) -> Result<Arc<Source>, SourceConfigError> {
        if let Some(known) = self.sources.get(name) {
            return Ok(Arc::clone(known));
        }
        let source = Arc::new(source_of(name, self.config)?);
        self.sources.insert(name.clone(), Arc::clone(&source));
        Ok(source)
    }

    /// Whether the mirror of an article may be missing: the author deleted the article, or the settings no longer have
    /// its source.
    fn is_given_up(&self, row: &ArticleRow, source: &Source) -> bool {
        let is_configured = self.config.source.iter().any(|known| known.name == *source.name());
        let folder = if source.is_in_place() { source.file("") } else { source.mirror("") };
        rules::mirror_may_be_missing(row.is_gone)
            || if source.is_in_place() { folder.is_dir() } else { !is_configured && !folder.is_dir() }
    }

    async fn reference(&mut self, row: &ArticleRow, reference: &Reference, target: Target, source: &Source) {
        let key = &row.version.key;
        let found = match &target {
            Target::Archive(Some(key)) => self.is_there(key).await,
            target => target.file().is_some_and(Path::is_file) || is_left(key, reference, source),
        };
        let found = found || self.is_of_other_settings(row, reference).await;
        let (kind, start) = (Some(reference.kind.as_str()), Some(reference.span.start));
        let place = CheckedPlace { article: key.to_string(), raw: shown(reference), kind, start };
        match target {
            _ if found => self.checked.local += 1,
            Target::Network | Target::Root(_) => self.checked.remote.push(place),
            // The site of the article has it, as far as the settings say.
            Target::File(_) if !source.config.base_url.is_empty() => self.checked.remote.push(place),
            Target::Archive(_) | Target::Astray(_) => self.checked.dangling.push(place),
            Target::File(_) => self.checked.missing.push(place),
        }
    }
}

impl Checker<'_> {
    async fn is_there(&self, key: &StoreKey) -> bool {
        matches!(self.archive.objects.stat(key).await, Ok(Some(_)))
    }

    /// Whether a link of a vanished article was written with the settings of its time. Its target is kept.
    async fn is_of_other_settings(&self, row: &ArticleRow, reference: &Reference) -> bool {
        match linked_object(&reference.raw).filter(|_| row.is_gone) {
            Some(key) => self.is_there(&key).await,
            None => false,
        }
    }
}

/// Whether a reference of an article that is mirrored in place names a file that was left in its place.
fn is_left(key: &ArticleKey, reference: &Reference, source: &Source) -> bool {
    source.is_in_place() && matches!(source.local(&key.path, reference), Some(LocalFile::Found(_)))
}

/// Where a reference leads; `None` for a base URL, and for an image that the reference holds itself.
fn target_of(reference: &Reference, source: &Source, store: &Path) -> Option<Target> {
    if !reference.kind.takes_link() {
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
            let below = file.strip_prefix(store).ok().and_then(Path::to_str);
            Some(match below.filter(|below| StoreKey::is_linked_path(below)) {
                Some(object) => Target::Archive(StoreKey::parse(object)),
                None if linked_object(&reference.raw).is_some() => Target::Astray(file),
                None if reference.raw.trim_start().starts_with('/') => Target::Root(file),
                None => Target::File(file),
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
