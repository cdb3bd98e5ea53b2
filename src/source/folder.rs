//! A folder of posts.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use walkdir::{DirEntry, WalkDir};

use crate::config::SourceConfig;
use crate::model::{Fingerprint, RelativePath};

/// A source that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no such folder.
    #[error("the source \"{source_name}\" has no folder {}: correct its `path` in the config file", path.display())]
    Missing {
        /// The source.
        source_name: String,
        /// The folder.
        path: PathBuf,
    },
    /// A glob is wrong.
    #[error("the source \"{source_name}\" has a glob that cannot be read: {message}")]
    Glob {
        /// The source.
        source_name: String,
        /// What is wrong with it.
        message: String,
    },
    /// A file or folder cannot be read. The others can.
    #[error("cannot read {}: {message}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        message: String,
    },
}

/// One file of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundArticle {
    /// Its path within the source.
    pub path: RelativePath,
    /// Where it is.
    pub file: PathBuf,
    /// What tells that it was not touched.
    pub fingerprint: Fingerprint,
}

/// A folder whose files are articles.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    include: GlobSet,
    exclude: GlobSet,
}

impl Folder {
    /// The folder that a source names.
    pub fn open(source: &SourceConfig) -> Result<Self, SourceError> {
        if !source.path.is_dir() {
            return Err(SourceError::Missing { source_name: source.name.to_string(), path: source.path.clone() });
        }
        let globs = |patterns: &[String]| {
            globs(patterns)
                .map_err(|error| SourceError::Glob { source_name: source.name.to_string(), message: error.to_string() })
        };
        Ok(Self { root: source.path.clone(), include: globs(&source.include)?, exclude: globs(&source.exclude)? })
    }

    /// Its articles, in the order of their paths as texts. Links are not followed, so nothing outside is read.
    /// A part of the folder that cannot be read is an error among them, and the walk goes on.
    pub fn articles(&self) -> impl Iterator<Item = Result<FoundArticle, SourceError>> {
        WalkDir::new(&self.root)
            .sort_by(in_order_of_paths)
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry))
            .filter_map(|entry| self.article(entry).transpose())
    }

    fn article(&self, entry: walkdir::Result<DirEntry>) -> Result<Option<FoundArticle>, SourceError> {
        let entry = entry.map_err(|error| SourceError::Unreadable {
            path: error.path().unwrap_or(&self.root).to_owned(),
            message: error.io_error().map_or_else(|| error.to_string(), std::string::ToString::to_string),
        })?;
        let relative = entry.path().strip_prefix(&self.root).unwrap_or(entry.path());
        if !entry.file_type().is_file() || !self.include.is_match(relative) || self.exclude.is_match(relative) {
            return Ok(None);
        }
        let unreadable = |message: String| SourceError::Unreadable { path: entry.path().to_owned(), message };
        let path = slashed(relative).ok_or_else(|| unreadable("its name is not Unicode".to_owned()))?;
        let path = RelativePath::new(path).map_err(|error| unreadable(format!("{error}; rename it")))?;
        let fingerprint = fingerprint(entry.path()).map_err(|cause| unreadable(cause.to_string()))?;
        Ok(Some(FoundArticle { path, file: entry.into_path(), fingerprint }))
    }
}

/// What tells that a file was not touched, without reading it.
pub fn fingerprint(file: &Path) -> std::io::Result<Fingerprint> {
    Ok(Fingerprint::of(&std::fs::metadata(file)?))
}

/// The order in which whole paths compare as texts: a folder sorts as if its name ended in `/`.
fn in_order_of_paths(a: &DirEntry, b: &DirEntry) -> Ordering {
    let slash = |entry: &DirEntry| if entry.file_type().is_dir() { b"/".as_slice() } else { b"" };
    let (name_a, name_b) = (a.file_name().as_encoded_bytes(), b.file_name().as_encoded_bytes());
    name_a.iter().chain(slash(a)).cmp(name_b.iter().chain(slash(b)))
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn slashed(relative: &Path) -> Option<String> {
    let parts: Option<Vec<_>> = relative.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

fn globs(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(GlobBuilder::new(pattern).literal_separator(true).build()?);
    }
    set.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn source(path: &Path) -> SourceConfig {
        SourceConfig { path: path.to_owned(), ..Config::default().source[0].clone() }
    }

    fn folder_with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "text").unwrap();
        }
        folder
    }

    fn paths(source: &SourceConfig) -> Vec<String> {
        Folder::open(source).unwrap().articles().map(|article| article.unwrap().path.to_string()).collect()
    }

    #[test]
    fn articles_come_in_the_order_of_their_whole_paths() {
        let folder = folder_with(&["a/b.md", "a-b.md", "a.md", "a/a.md", "a0.md"]);
        let found = paths(&source(folder.path()));
        let mut sorted = found.clone();
        sorted.sort();
        assert_eq!(found, sorted);
        assert_eq!(found.len(), 5);
    }

    #[test]
    fn globs_decide_what_is_an_article_and_hidden_folders_are_not_entered() {
        let folder = folder_with(&["a.md", "b.html", "c.jpg", "d/e.md", ".git/f.md", "drafts/g.md"]);
        let with = SourceConfig { exclude: vec!["drafts/**".to_owned()], ..source(folder.path()) };
        assert_eq!(paths(&with), ["a.md", "b.html", "d/e.md"]);
        let only = SourceConfig { include: vec!["*.md".to_owned()], ..source(folder.path()) };
        assert_eq!(paths(&only), ["a.md"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let outside = folder_with(&["secret.md"]);
        let folder = folder_with(&["a.md"]);
        std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.md"), folder.path().join("s.md")).unwrap();
        assert_eq!(paths(&source(folder.path())), ["a.md"]);
    }

    #[test]
    fn a_folder_that_is_not_there_and_a_wrong_glob_are_named() {
        let missing = Folder::open(&source(Path::new("no/such/folder"))).unwrap_err().to_string();
        assert_eq!(missing, "the source \"posts\" has no folder no/such/folder: correct its `path` in the config file");
        let folder = folder_with(&[]);
        let wrong = SourceConfig { include: vec!["[".to_owned()], ..source(folder.path()) };
        assert!(Folder::open(&wrong).unwrap_err().to_string().contains("glob"));
    }
}
