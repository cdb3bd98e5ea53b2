//! A source and the paths it works on: where its articles are, where their mirrors go, and how those point at the
//! archive.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use url::Url;

use super::error::{SourceConfigError, SourceError};
use super::folder::{Folder, is_hidden};
use super::kind::Kind;
use super::links::{absolute, relative};
use super::listing::{Entries, Listing, PAGES};
use super::off_limits::real;
use super::post::extension;
use super::web::{Checkpoint, WebReader, is_page_ending};
use crate::archive::{Archive, Output, OutputFolder, StoreKey};
use crate::config::{AdoptLocal, MirrorOutput, SourceConfig};
use crate::model::{HostKey, RelativePath, SourceName};

/// Why a source is read.
#[derive(Debug, Clone)]
pub(super) enum Occasion {
    /// The settings list it: all that is due is asked for.
    Schedule,
    /// The user named it, or these articles of it: its own images are asked for, and no others.
    Named(Option<BTreeSet<RelativePath>>),
}

/// A source with the paths it works on.
#[derive(Debug, Clone)]
pub struct Source {
    /// What the settings say.
    pub config: SourceConfig,
    pub(super) occasion: Occasion,
    pub(super) kind: Kind,
    pub(super) output: PathBuf,
    pub(super) store: PathBuf,
}

impl Source {
    /// A source whose mirror points at the archive in `store`. It does not exclude the outputs of other sources; those
    /// that `configured` gives do.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub fn new(config: SourceConfig, store: &Path) -> Result<Self, SourceConfigError> {
        let kind = Kind::new(&config)?;
        Self::of_kind(config, kind, store)
    }

    /// The source of a URL whose content is not known yet.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(super) fn of_address(config: SourceConfig, store: &Path) -> Result<Self, SourceConfigError> {
        let kind = Kind::of_address(&config)?;
        Self::of_kind(config, kind, store)
    }

    /// A source of this kind.
    fn of_kind(config: SourceConfig, mut kind: Kind, store: &Path) -> Result<Self, SourceConfigError> {
        let path = |cause| SourceConfigError::Path { source_name: config.name.to_string(), cause };
        let store = absolute(store).map_err(path)?;
        let output = match (&config.output, &kind) {
            (MirrorOutput::Archive, _) => store.join(StoreKey::mirrors_of(&config.name)),
            (MirrorOutput::InPlace, Kind::Folder(folder)) => folder.root.clone(),
            (MirrorOutput::InPlace, _) => {
                let message = "only a folder is mirrored in place: name another folder, or leave it empty".to_owned();
                return Err(SourceConfigError::Key { source_name: config.name.to_string(), key: "output", message });
            }
            (MirrorOutput::Folder(output), _) => absolute(output).map_err(path)?,
        };
        if let Kind::Folder(folder) = &mut kind {
            folder.in_place = real(&output) == folder.real_root;
        }
        Ok(Self { config, occasion: Occasion::Schedule, kind, output, store })
    }

    /// The same source, of which nothing but these articles is read.
    #[must_use]
    pub fn only(self, paths: BTreeSet<RelativePath>) -> Self {
        Self { occasion: Occasion::Named(Some(paths)), ..self }
    }

    /// The same source, which the user named.
    #[must_use]
    pub(super) fn named(self) -> Self {
        Self { occasion: Occasion::Named(None), ..self }
    }

    /// Its name, and the folder of its mirror in the archive.
    pub const fn name(&self) -> &SourceName {
        &self.config.name
    }

    /// Whether it is read because the user named it, and not because the settings list it.
    pub const fn is_named(&self) -> bool {
        matches!(self.occasion, Occasion::Named(_))
    }

    /// The articles that were named of it; `None` where all of them are read.
    pub const fn chosen(&self) -> Option<&BTreeSet<RelativePath>> {
        match &self.occasion {
            Occasion::Named(only) => only.as_ref(),
            Occasion::Schedule => None,
        }
    }

    /// The hosts that it names itself.
    pub fn hosts(&self) -> Vec<HostKey> {
        let urls = std::iter::once(&self.config.url).chain(&self.config.urls);
        urls.filter_map(|url| HostKey::of(&Url::parse(url).ok()?)).collect()
    }

    /// Whether it is a folder, and not read over the network.
    pub const fn is_folder(&self) -> bool {
        self.folder().is_some()
    }

    /// The folder that it is, where it is one.
    pub(super) const fn folder(&self) -> Option<&Folder> {
        match &self.kind {
            Kind::Folder(folder) => Some(folder),
            _ => None,
        }
    }

    /// The addresses that a run would ask for first, where it is read over the network.
    ///
    /// # Errors
    /// Where the file that names them, or the catalog, cannot be read.
    pub async fn first_addresses(&self, archive: Option<&Archive>, now: Timestamp) -> Result<Vec<Url>, SourceError> {
        self.kind.first(self.name(), archive, now).await
    }

    /// What it has now, where it is read over the network, and what is to be recorded once all of that is; `None` for a
    /// folder.
    pub fn list_web(&self, reader: &WebReader) -> Option<(Listing, Checkpoint)> {
        self.kind.list_web(self.name(), reader)
    }

    /// Lists what it has now. A source on the web lists nothing here: it needs a reader.
    ///
    /// # Errors
    /// Where it cannot be read at all.
    pub fn list(&self) -> Result<Listing, SourceError> {
        match self.folder() {
            Some(folder) => folder.list(&self.config, self.chosen()),
            None => Ok(Listing::Partial(Entries::of(std::iter::empty()))),
        }
    }

    /// The error that it lists nothing, although so many of its articles are recorded.
    pub fn empty(&self, on_record: u64) -> SourceError {
        let (source_name, path) = (self.name().to_string(), self.config.path.clone());
        SourceError::Empty { source_name, path, on_record }
    }

    /// Whether the mirror takes the place of the articles.
    pub const fn is_in_place(&self) -> bool {
        match self.folder() {
            Some(folder) => folder.in_place,
            None => false,
        }
    }

    /// Where an article is. Articles from the web have no file but their mirror.
    pub fn file(&self, path: &str) -> PathBuf {
        self.folder().map_or(&self.output, |folder| &folder.root).join(path)
    }

    /// Where its mirror is.
    pub fn mirror(&self, path: &str) -> PathBuf {
        self.output.join(path)
    }

    /// Whether it can have an article of this path: a folder has it now; one on the web makes files with the endings of
    /// posts and pages, and none that is hidden.
    pub fn can_have(&self, path: &RelativePath) -> bool {
        let Some(folder) = self.folder() else {
            let end = path.rsplit_once('.').map_or("", |(_, end)| end);
            let is_made = is_page_ending(end) || end == "md" || extension(&self.config.template) == end;
            return is_made && !is_hidden(path.as_ref());
        };
        folder.has(path)
    }

    /// Where its mirrors are written.
    pub fn destination(&self, archive: &Archive) -> Output {
        match self.config.output {
            MirrorOutput::Archive => archive.output(&self.config.name),
            _ if self.is_in_place() => {
                Output::Folder(OutputFolder::in_place(self.output.clone(), archive.objects.staging()))
            }
            MirrorOutput::InPlace | MirrorOutput::Folder(_) => {
                Output::Folder(OutputFolder::new(self.output.clone(), archive.objects.staging()))
            }
        }
    }

    /// What relative URLs in an article are resolved against: the configured URL, the file itself, or the URL that a
    /// page came from. If that is not known, it follows from the path of a page, except for its query.
    pub fn base_url(&self, path: &str, fetched_from: Option<&Url>) -> Option<Url> {
        match (self.config.base_url.as_str(), &self.kind) {
            ("", Kind::Folder(_)) => Url::from_file_path(self.file(path)).ok(),
            (_, Kind::Feed(_) | Kind::Feeds(_)) if self.is_page(path) => fetched_from.cloned(),
            ("", Kind::Feed(_) | Kind::Feeds(_)) => None,
            ("", _) => fetched_from.cloned().or_else(|| Url::parse(&format!("https://{path}")).ok()),
            (base, Kind::Folder(_) | Kind::Feed(_) | Kind::Feeds(_)) => {
                Url::parse(base).and_then(|base| base.join(path)).ok()
            }
            (base, _) => Url::parse(base).ok(),
        }
    }

    /// Whether the article at `path` is a page as its host sent it, with the URL and charset of the response.
    pub fn is_page(&self, path: &str) -> bool {
        match self.kind {
            Kind::Folder(_) => false,
            Kind::Feed(_) | Kind::Feeds(_) => path.starts_with(PAGES),
            _ => true,
        }
    }

    /// Whether it keeps the style sheets of its pages, so that these link to them.
    pub fn keeps_sheets(&self) -> bool {
        match &self.kind {
            Kind::Page(crawl) => crawl.keeps_sheets(),
            Kind::Address(_) => true,
            Kind::Folder(_) | Kind::Feed(_) | Kind::Feeds(_) | Kind::Sitemap(_) | Kind::List(_) => false,
        }
    }

    /// The link from the mirror of an article to that of another.
    pub fn link_to(&self, path: &str, other: &str) -> String {
        let mirror = self.mirror(path);
        relative(mirror.parent().unwrap_or(&self.output), &self.mirror(other))
    }

    /// The link to the mirror of an article in a file of the archive that lies in this folder of it; `None` where no
    /// relative link leads from one to the other.
    pub fn link_from_archive(&self, folder: &str, path: &str) -> Option<String> {
        let (folder, mirror) = (self.store.join(folder), self.mirror(path));
        let is_on_one_drive = folder.components().next() == mirror.components().next();
        is_on_one_drive.then(|| relative(&folder, &mirror))
    }

    /// Whether images beside the articles go into the archive.
    pub const fn adopts(&self, adopt: AdoptLocal) -> bool {
        match adopt {
            AdoptLocal::Auto => !self.is_in_place(),
            AdoptLocal::Always => true,
            AdoptLocal::Never => false,
        }
    }

    /// The link to a file of the archive in the mirror of the article at `path`. It consists of letters, digits and the
    /// characters in `/._-%`, so that no splice needs escaping.
    pub fn link(&self, path: &str, in_store: &str) -> String {
        match self.config.links.as_str() {
            "" => {
                let mirror = self.mirror(path);
                let folder = mirror.parent().unwrap_or(&self.output);
                relative(folder, &self.store.join(in_store))
            }
            prefix => format!("{}/{in_store}", prefix.trim_end_matches('/')),
        }
    }

    /// The beginning of links from the folder of its mirror to the archive: when it changes, every link does.
    pub fn link_prefix(&self) -> String {
        match self.config.links.as_str() {
            "" => relative(&self.output, &self.store),
            prefix => prefix.to_owned(),
        }
    }
}
