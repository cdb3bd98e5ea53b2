//! A source and the paths it works on: where its articles are, where their mirrors go, and how those point at the
//! archive.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use url::Url;

use super::error::{SourceConfigError, SourceError};
use super::folder::Folder;
use super::globs::Globs;
use super::links::{absolute, relative};
use super::listing::{Entries, Listing};
use super::names::Names;
use super::off_limits::{OffLimits, real};
use super::roots::Root;
use super::web::{FeedRecords, Feeds, WebReader};
use crate::archive::{Archive, Output, OutputFolder};
use crate::config::{AdoptLocal, MirrorOutput, SourceConfig, SourceKind};
use crate::model::{RelativePath, SourceName};

/// A source with the paths it works on.
#[derive(Debug, Clone)]
pub struct Source {
    /// What the settings say.
    pub config: SourceConfig,
    pub(super) only: Option<BTreeSet<RelativePath>>,
    pub(super) folder: Folder,
    pub(super) output: PathBuf,
    pub(super) store: PathBuf,
    /// Its feeds, where it is no folder.
    pub(super) feeds: Option<Arc<Feeds>>,
    pub(super) roots: Vec<Root>,
    pub(super) names: Arc<OnceLock<Names>>,
}

impl Source {
    /// A source whose mirror points at the archive in `store`. It knows nothing of other sources; those that
    /// `configured` gives do.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub fn new(config: SourceConfig, store: &Path) -> Result<Self, SourceConfigError> {
        let feeds = match config.kind {
            SourceKind::Folder => None,
            SourceKind::Feed | SourceKind::Feeds => Some(Arc::new(Feeds::new(&config)?)),
            kind => return Err(SourceConfigError::Unsupported { source_name: config.name.to_string(), kind }),
        };
        if feeds.is_some() && config.output == MirrorOutput::InPlace {
            let message = "only a folder is mirrored in place: name another folder, or leave it empty".to_owned();
            return Err(SourceConfigError::Key { source_name: config.name.to_string(), key: "output", message });
        }
        let path = |cause| SourceConfigError::Path { source_name: config.name.to_string(), cause };
        let (root, store) = (absolute(&config.path).map_err(path)?, absolute(store).map_err(path)?);
        let output = match &config.output {
            MirrorOutput::Archive => store.join("articles").join(&*config.name),
            MirrorOutput::InPlace => root.clone(),
            MirrorOutput::Folder(output) => absolute(output).map_err(path)?,
        };
        // Articles of feeds are no files but those of the mirror.
        let root = if feeds.is_some() { output.clone() } else { root };
        let (globs, real_root) = (Globs::new(&config)?, real(&root));
        let in_place = feeds.is_none() && real(&output) == real_root;
        let folder = Folder { root, real_root, globs, off_limits: OffLimits::default(), in_place };
        let roots =
            config.roots.iter().map(|root| absolute(root).map(Root::new)).collect::<Result<_, _>>().map_err(path)?;
        Ok(Self { config, only: None, folder, output, store, feeds, roots, names: Arc::default() })
    }

    /// The same source, of which nothing but these articles is read.
    #[must_use]
    pub fn only(mut self, paths: BTreeSet<RelativePath>) -> Self {
        self.only = Some(paths);
        self
    }

    /// Its name, and the folder of its mirror in the archive.
    pub const fn name(&self) -> &SourceName {
        &self.config.name
    }

    /// Whether all of its articles are read.
    pub const fn is_whole(&self) -> bool {
        self.only.is_none()
    }

    /// Whether it is a folder, and not read over the network.
    pub const fn is_folder(&self) -> bool {
        self.feeds.is_none()
    }

    /// What it has now, where it is read over the network, and what is to be recorded of its feeds once all of that is;
    /// `None` for a folder.
    pub fn list_web(&self, reader: &WebReader) -> Option<(Listing, FeedRecords)> {
        Some(Arc::clone(self.feeds.as_ref()?).list(self.name(), reader.clone()))
    }

    /// What it has now. Without a reader of the web, feeds have nothing.
    ///
    /// # Errors
    /// Where it cannot be read at all.
    pub fn list(&self) -> Result<Listing, SourceError> {
        if !self.is_folder() {
            return Ok(Listing::Partial(Entries::of(std::iter::empty())));
        }
        if !self.folder.root.is_dir() {
            let (source_name, path) = (self.name().to_string(), self.config.path.clone());
            return Err(SourceError::Missing { source_name, path });
        }
        let unreadable = |cause: std::io::Error| SourceError::Unreadable {
            path: self.config.path.clone(),
            message: cause.to_string(),
        };
        std::fs::read_dir(&self.folder.root).map_err(unreadable)?;
        if let Some(root) = self.roots.iter().find(|root| !root.path.is_dir()) {
            return Err(SourceError::MissingRoot { source_name: self.name().to_string(), path: root.path.clone() });
        }
        let folder = self.folder.clone();
        Ok(match self.only.clone() {
            None => Listing::Complete(Entries::of(folder.entries())),
            Some(only) => Listing::Partial(Entries::of(folder.named(only.into_iter()))),
        })
    }

    /// That it lists nothing, although so many of its articles are on record.
    pub fn empty(&self, on_record: u64) -> SourceError {
        let (source_name, path) = (self.name().to_string(), self.config.path.clone());
        SourceError::Empty { source_name, path, on_record }
    }

    /// Whether the mirror takes the place of the articles.
    pub const fn is_in_place(&self) -> bool {
        self.folder.in_place
    }

    /// Where an article is.
    pub fn file(&self, path: &str) -> PathBuf {
        self.folder.root.join(path)
    }

    /// Where its mirror is.
    pub fn mirror(&self, path: &str) -> PathBuf {
        self.output.join(path)
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

    /// What relative addresses in an article are relative to: the configured address, or the file itself.
    pub fn base_url(&self, path: &str) -> Option<Url> {
        match self.config.base_url.as_str() {
            "" if !self.is_folder() => None,
            "" => Url::from_file_path(self.file(path)).ok(),
            base => Url::parse(base).and_then(|base| base.join(path)).ok(),
        }
    }

    /// Whether images beside the articles go into the archive.
    pub const fn adopts(&self, adopt: AdoptLocal) -> bool {
        match adopt {
            AdoptLocal::Auto => !self.is_in_place(),
            AdoptLocal::Always => true,
            AdoptLocal::Never => false,
        }
    }

    /// What the mirror of the article at `path` writes to point at a file of the archive. It holds only letters,
    /// digits and `/ . _ - %`, so that no splice needs escaping.
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

    /// What links from the folder of its mirror to the archive begin with: where it changes, every link does.
    pub fn link_prefix(&self) -> String {
        match self.config.links.as_str() {
            "" => relative(&self.output, &self.store),
            prefix => prefix.to_owned(),
        }
    }
}
