//! A folder of posts.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs::FileType;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

use walkdir::{DirEntry, WalkDir};

use super::error::{SourceConfigError, SourceError};
use super::globs::Globs;
use super::links::absolute;
use super::listing::{Entries, Entry, Listed, Listing, Location, SkipReason, Skipped};
use super::names::Names;
use super::off_limits::{OffLimits, real};
use super::roots::Root;
use crate::config::SourceConfig;
use crate::model::{Fingerprint, RelativePath};

/// A folder whose files are articles.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    /// The folder, as the settings name it.
    pub(super) root: PathBuf,
    /// The same without links.
    pub(super) real_root: PathBuf,
    /// Which files are articles.
    pub(super) globs: Globs,
    /// The folders that it never enters.
    pub(super) off_limits: Arc<OffLimits>,
    /// Whether the mirror takes the place of the articles.
    pub(super) in_place: bool,
    /// Folders that stand for the root of the site.
    pub(super) roots: Vec<Root>,
    /// Its files by their names, once some embed asks for one.
    pub(super) names: Arc<OnceLock<Names>>,
}

impl Folder {
    /// The folder of these settings. Where mirrors go is added later.
    ///
    /// # Errors
    /// A wrong glob, or a path that cannot be made absolute.
    pub(super) fn new(config: &SourceConfig) -> Result<Self, SourceConfigError> {
        let wrong = |cause| SourceConfigError::Path { source_name: config.name.to_string(), cause };
        let root = absolute(&config.path).map_err(wrong)?;
        let roots = config.roots.iter().map(|root| absolute(root).map(Root::new)).collect::<Result<_, _>>();
        Ok(Self {
            real_root: real(&root),
            root,
            globs: Globs::new(config)?,
            off_limits: Arc::default(),
            in_place: false,
            roots: roots.map_err(wrong)?,
            names: Arc::default(),
        })
    }

    /// Its articles: all, or only those of some paths.
    ///
    /// # Errors
    /// Where it cannot be read at all.
    pub(super) fn list(
        &self,
        config: &SourceConfig,
        only: Option<&BTreeSet<RelativePath>>,
    ) -> Result<Listing, SourceError> {
        let source_name = || config.name.to_string();
        if !self.root.is_dir() {
            return Err(SourceError::Missing { source_name: source_name(), path: config.path.clone() });
        }
        let unreadable =
            |cause: std::io::Error| SourceError::Unreadable { path: config.path.clone(), message: cause.to_string() };
        std::fs::read_dir(&self.root).map_err(unreadable)?;
        if let Some(root) = self.roots.iter().find(|root| !root.path.is_dir()) {
            return Err(SourceError::MissingRoot { source_name: source_name(), path: root.path.clone() });
        }
        Ok(match only.cloned() {
            None => Listing::Complete(Entries::of(self.clone().entries())),
            Some(only) => Listing::Partial(Entries::of(self.clone().named(only.into_iter()))),
        })
    }

    /// Its articles, in the order of their paths as texts, and files that look like articles and are not read. A part
    /// of the folder that cannot be read is an entry of its own, and the walk continues.
    pub(super) fn entries(self) -> impl Iterator<Item = Entry> {
        let walk = WalkDir::new(&self.root).sort_by(in_order_of_paths).into_iter();
        let entered = self.clone();
        walk.filter_entry(move |entry| entered.enters(entry)).filter_map(move |entry| self.entry(entry))
    }

    /// These of its articles, whether they are there or not.
    pub(super) fn named(self, paths: impl Iterator<Item = RelativePath>) -> impl Iterator<Item = Entry> {
        paths.map(move |path| self.look(path.as_ref()))
    }

    /// Whether a file is read as an article.
    pub(super) fn admit(&self, relative: &Path) -> Result<(), SkipReason> {
        let kind = std::fs::symlink_metadata(self.root.join(relative)).map(|facts| facts.file_type());
        self.admit_kind(relative, kind.ok())
    }

    /// Whether it has an article of this path now.
    pub(super) fn has(&self, path: &RelativePath) -> bool {
        self.admit(path.as_ref()).is_ok() && self.root.join(path).exists()
    }

    /// The paths of all its files, articles or not.
    pub(super) fn files(&self) -> impl Iterator<Item = String> {
        let walk = WalkDir::new(&self.root).into_iter().filter_entry(|entry| self.enters(entry));
        let files = walk.filter_map(Result::ok).filter(|entry| !entry.file_type().is_dir());
        files.filter_map(|entry| slashed(self.relative(&entry)))
    }

    fn enters(&self, entry: &DirEntry) -> bool {
        let is_folder = entry.depth() > 0 && entry.file_type().is_dir();
        !is_folder || !(is_hidden(self.relative(entry)) || self.off_limits.is(&self.real(entry.path())))
    }

    fn relative<'a>(&self, entry: &'a DirEntry) -> &'a Path {
        entry.path().strip_prefix(&self.root).unwrap_or(entry.path())
    }

    /// The real path of a file or folder that was reached without following a link.
    fn real(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).map_or_else(|_| path.to_owned(), |relative| self.real_root.join(relative))
    }

    fn entry(&self, entry: walkdir::Result<DirEntry>) -> Option<Entry> {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return Some(self.unreadable(&error)),
        };
        let kind = entry.file_type();
        if kind.is_dir() {
            return None;
        }
        let relative = self.relative(&entry);
        match self.admit_kind(relative, Some(kind)) {
            Err(SkipReason::NotIncluded { .. } | SkipReason::Excluded | SkipReason::OffLimits) => None,
            _ => Some(self.look(relative)),
        }
    }

    fn unreadable(&self, error: &walkdir::Error) -> Entry {
        let message = error.io_error().map_or_else(|| error.to_string(), std::string::ToString::to_string);
        Entry::Unreadable(SourceError::Unreadable { path: error.path().unwrap_or(&self.root).to_owned(), message })
    }

    /// What stands at a path within the folder.
    fn look(&self, relative: &Path) -> Entry {
        let file = self.root.join(relative);
        let unreadable = |message: String| Entry::Unreadable(SourceError::Unreadable { path: file.clone(), message });
        let Some(path) = slashed(relative) else { return unreadable("its name is not Unicode".to_owned()) };
        if let Err(why) = self.admit(relative) {
            return Entry::Skipped(Skipped { path, why });
        }
        match (RelativePath::new(path), fingerprint(&file)) {
            (Ok(path), Ok(fingerprint)) => {
                Entry::Article(Listed { path, location: Location::File { path: file, fingerprint } })
            }
            (Err(error), _) => unreadable(format!("{error}; rename it")),
            (_, Err(cause)) => unreadable(cause.to_string()),
        }
    }

    /// Whether a file of this kind is an article. One that does not exist is an error when it is read.
    fn admit_kind(&self, relative: &Path, kind: Option<FileType>) -> Result<(), SkipReason> {
        if kind.is_some_and(|kind| kind.is_symlink()) && self.root.join(relative).is_dir() {
            return Err(SkipReason::LinkToFolder);
        }
        self.globs.admit(relative)?;
        if is_hidden(relative) {
            return Err(SkipReason::Hidden);
        }
        match kind {
            Some(kind) if kind.is_symlink() => self.admit_link(&self.root.join(relative)),
            Some(kind) if !kind.is_file() => Err(SkipReason::Special),
            _ if self.off_limits.holds(&self.real_root.join(relative)) => Err(SkipReason::OffLimits),
            _ => Ok(()),
        }
    }

    /// A link is followed to a file within the folder, and nowhere else.
    fn admit_link(&self, link: &Path) -> Result<(), SkipReason> {
        let target = match link.canonicalize() {
            Ok(target) => target,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Err(SkipReason::Dangling),
            // Who reads it says why it cannot be read.
            Err(_) => return Ok(()),
        };
        if self.off_limits.holds(&target) {
            Err(SkipReason::OffLimits)
        } else if !target.starts_with(&self.real_root) {
            Err(SkipReason::LeadsOut { to: target })
        } else if self.in_place {
            Err(SkipReason::LinkInPlace)
        } else {
            Ok(())
        }
    }
}

/// The fingerprint of a file, by which an untouched one is recognised without reading it.
pub fn fingerprint(file: &Path) -> std::io::Result<Fingerprint> {
    Ok(Fingerprint::of_edited(&std::fs::metadata(file)?))
}

/// The order in which whole paths compare as texts: a folder sorts as if its name ended in `/`.
fn in_order_of_paths(a: &DirEntry, b: &DirEntry) -> Ordering {
    let slash = |entry: &DirEntry| if entry.file_type().is_dir() { b"/".as_slice() } else { b"" };
    let (name_a, name_b) = (a.file_name().as_encoded_bytes(), b.file_name().as_encoded_bytes());
    name_a.iter().chain(slash(a)).cmp(name_b.iter().chain(slash(b)))
}

/// Whether its name, or that of a folder it lies in, begins with a dot.
pub(super) fn is_hidden(relative: &Path) -> bool {
    relative.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
}

/// The path with `/` between its parts, where all of them are Unicode.
pub(super) fn slashed(relative: &Path) -> Option<String> {
    let name = |part: Component<'_>| part.as_os_str().to_str().map(str::to_owned);
    relative.components().map(name).collect::<Option<Vec<_>>>().map(|parts| parts.join("/"))
}
