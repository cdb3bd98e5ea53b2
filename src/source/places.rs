//! The sources of what is named on the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use url::Url;

use super::configured::prepared;
use super::error::SourceConfigError;
use super::folder::{Folder, slashed};
use super::links::absolute;
use super::listing::{Entry, SkipReason};
use super::paths::Source;
use crate::config::{Config, STANDARD_INPUT, SourceConfig, SourceKind};
use crate::model::{Digest, RelativePath, SourceName};

/// Something was named that cannot be mirrored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// It does not exist, or cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It has a name that no article can have.
    #[error("{} has a name that is not Unicode, or holds a backslash: rename it", .0.display())]
    Unnamable(PathBuf),
    /// It is not read as an article.
    #[error("{}: {why}", path.display())]
    Skipped {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: SkipReason,
    },
    /// Nothing in the folder is an article.
    #[error("{} holds no article: offprint reads {} (`source.include`)", path.display(), include.join(", "))]
    NoArticles {
        /// The folder.
        path: PathBuf,
        /// The globs.
        include: Vec<String>,
    },
    /// The settings of the sources cannot work.
    #[error(transparent)]
    Config(#[from] SourceConfigError),
}

/// The sources of files, folders and URLs, and of a list on standard input: those of the settings to which they belong,
/// or else new ones.
///
/// # Errors
/// Where something that is named is not read as an article.
pub fn named(config: &Config, places: &[PathBuf]) -> Result<Vec<Source>, PlaceError> {
    let places = places.iter().map(|place| Place::of(config, place)).collect::<Result<Vec<_>, _>>()?;
    let mut configs = BTreeMap::new();
    for place in &places {
        configs.entry(place.source.name.clone()).or_insert_with(|| (place.source.clone(), place.is_address));
    }
    let sources = configs.into_values().map(|(source, is_address)| {
        if is_address { Source::of_address(source, &config.store) } else { Source::new(source, &config.store) }
    });
    let sources = prepared(sources, config)?;
    sources.into_iter().map(|source| narrowed(source, &places)).collect()
}

/// The source of one page that the user passes in: the one of the settings that names it, limited to that page, or a
/// new one.
///
/// # Errors
/// Where the settings cannot work.
pub fn named_page(config: &Config, url: &Url) -> Result<Source, PlaceError> {
    let page = SourceConfig {
        kind: SourceKind::Page,
        url: url.to_string(),
        urls: Vec::new(),
        depth: 0,
        ..address(config, url.as_str()).0
    };
    let mut sources = prepared(std::iter::once(Source::new(page, &config.store)), config)?;
    Ok(sources.swap_remove(0).named())
}

/// A file, a folder or a URL that was named, and the source that it belongs to.
struct Place {
    path: PathBuf,
    is_folder: bool,
    /// Whether it is a URL of which the settings do not say what it is.
    is_address: bool,
    source: SourceConfig,
    /// Its path within the source; empty for the source's own folder.
    within: String,
}

impl Place {
    fn of(config: &Config, path: &Path) -> Result<Self, PlaceError> {
        if let Some(url) = path.to_str().filter(|path| path.starts_with("http://") || path.starts_with("https://")) {
            let (source, is_known) = address(config, url);
            return Ok(Self::whole(path, source, !is_known));
        }
        if path.as_os_str() == STANDARD_INPUT {
            return Ok(Self::whole(path, list(config), false));
        }
        let unreadable = |cause| PlaceError::Unreadable { path: path.to_owned(), cause };
        let is_folder = std::fs::metadata(path).map_err(unreadable)?.is_dir();
        let place = absolute(path).map_err(unreadable)?;
        let known = config.source.iter().filter(|source| source.kind == SourceKind::Folder);
        let within = |source: &SourceConfig| Some(place.strip_prefix(absolute(&source.path).ok()?).ok()?.to_owned());
        let (source, within) = match known.clone().find_map(|source| Some((source.clone(), within(source)?))) {
            Some(known) => known,
            None if is_folder => (unlisted(config, &place), PathBuf::new()),
            None => {
                let name = place.file_name().map(PathBuf::from).unwrap_or_default();
                (unlisted(config, place.parent().unwrap_or(&place)), name)
            }
        };
        let within = slashed(&within).ok_or_else(|| PlaceError::Unnamable(path.to_owned()))?;
        Ok(Self { path: path.to_owned(), is_folder, is_address: false, source, within })
    }

    /// A whole source.
    fn whole(path: &Path, source: SourceConfig, is_address: bool) -> Self {
        Self { path: path.to_owned(), is_folder: true, is_address, source, within: String::new() }
    }

    /// The articles in it.
    fn articles(&self, folder: &Folder) -> Result<Vec<RelativePath>, PlaceError> {
        if !self.is_folder {
            let skipped = |why| PlaceError::Skipped { path: self.path.clone(), why };
            folder.admit(Path::new(&self.within)).map_err(skipped)?;
            let unnamable = |_| PlaceError::Unnamable(self.path.clone());
            return Ok(vec![RelativePath::new(self.within.clone()).map_err(unnamable)?]);
        }
        let below = if self.within.is_empty() { String::new() } else { format!("{}/", self.within) };
        let listed = folder.clone().entries().filter_map(Entry::into_path);
        let articles: Vec<_> = listed.filter(|path| path.starts_with(&below)).collect();
        if articles.is_empty() {
            let (path, include) = (self.path.clone(), self.source.include.clone());
            return Err(PlaceError::NoArticles { path, include });
        }
        Ok(articles)
    }
}

/// The source, limited to what was named of it; all of it if its own folder was named.
fn narrowed(source: Source, places: &[Place]) -> Result<Source, PlaceError> {
    let mut only = BTreeSet::new();
    let mut is_whole = false;
    for place in places.iter().filter(|place| place.source.name == *source.name()) {
        if let Some(folder) = source.folder() {
            only.extend(place.articles(folder)?);
        }
        is_whole |= place.within.is_empty();
    }
    Ok(if is_whole { source.named() } else { source.only(only) })
}

/// The source of a URL: the one in the settings, or a new one that is named after its host; and whether the settings
/// say what it is, so that its content need not decide that.
fn address(config: &Config, url: &str) -> (SourceConfig, bool) {
    let has_url = |source: &&SourceConfig| {
        matches!(source.kind, SourceKind::Feed | SourceKind::Sitemap | SourceKind::Page)
            && (source.url == url || source.urls.iter().any(|other| other == url))
    };
    if let Some(known) = config.source.iter().find(has_url) {
        return (known.clone(), true);
    }
    let host = url.split('/').nth(2).unwrap_or_default();
    let source = Config::default().source.swap_remove(0);
    let (kind, name) = (SourceKind::Page, own_name(host, url.as_bytes()));
    (SourceConfig { kind, url: url.to_owned(), name, path: PathBuf::new(), ..source }, false)
}

/// The source of a list on standard input: the one in the settings, or a new one.
fn list(config: &Config) -> SourceConfig {
    let is_it = |source: &&SourceConfig| source.kind == SourceKind::List && source.path.as_os_str() == STANDARD_INPUT;
    config.source.iter().find(is_it).cloned().unwrap_or_else(|| {
        let source = Config::default().source.swap_remove(0);
        let name = own_name("list", STANDARD_INPUT.as_bytes());
        SourceConfig { kind: SourceKind::List, path: STANDARD_INPUT.into(), name, ..source }
    })
}

/// A source for a folder that the settings do not list, with the shipped settings of a source and the globs of the
/// first in the settings. Its name is that of its folder, with a mark of its path.
fn unlisted(config: &Config, folder: &Path) -> SourceConfig {
    let mut source = Config::default().source.swap_remove(0);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    source.name = own_name(&name, folder.as_os_str().as_encoded_bytes());
    if let Some(first) = config.source.first() {
        source.include.clone_from(&first.include);
    }
    folder.clone_into(&mut source.path);
    source
}

/// The letters and digits of a name, with a mark of what identifies its place.
fn own_name(name: &str, place: &[u8]) -> SourceName {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let suffix = Digest::of(place).to_string();
    let name = format!("{}-{}", name.trim_matches('-'), &suffix[..6]).trim_matches('-').to_owned();
    SourceName::new(name).expect("letters, digits and hyphens are a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_no_source_becomes_one_with_a_plain_name_of_its_own() {
        let config = Config::default();
        let name = |path: &str| unlisted(&config, Path::new(path)).name;
        assert!(name("/a/My Posts").starts_with("my-posts-"));
        assert_ne!(name("/a/posts"), name("/b/posts"));
        assert_eq!(name("/a/新闻").len(), 6);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(name("/a/Ünï (x)").chars().all(plain));
    }

    fn sandbox(files: &[&str]) -> (tempfile::TempDir, Config) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "text").unwrap();
        }
        let mut config = Config::default();
        config.source[0].path = folder.path().join("posts");
        config.store = folder.path().join("store");
        (folder, config)
    }

    #[test]
    fn places_within_a_source_belong_to_it() {
        let (folder, config) = sandbox(&["posts/a/1.md", "posts/a/2.md", "posts/b.md", "other.md"]);
        let sources = |places: &[&str]| {
            let places: Vec<_> = places.iter().map(|place| folder.path().join(place)).collect();
            super::named(&config, &places).unwrap()
        };
        let found = sources(&["posts/a", "posts/b.md"]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].config.name, "posts");
        let only = found[0].chosen().cloned().unwrap();
        assert_eq!(only.into_iter().map(|path| path.to_string()).collect::<Vec<_>>(), ["a/1.md", "a/2.md", "b.md"]);
        assert!(sources(&["posts", "posts/b.md"])[0].chosen().is_none());
        let other = sources(&["other.md"]);
        assert_eq!(
            other[0].chosen().cloned().unwrap().into_iter().map(|path| path.to_string()).collect::<Vec<_>>(),
            ["other.md"]
        );
    }

    #[test]
    fn what_is_named_and_not_read_is_refused_with_the_reason() {
        let (folder, config) =
            sandbox(&["posts/x.txt", "posts/.a.md", "posts/UPPER.MD", "empty/x.bin", "store/articles/posts/a.md"]);
        let refused = |place: &str| super::named(&config, &[folder.path().join(place)]).unwrap_err().to_string();
        assert!(refused("posts/x.txt").contains("x.txt: it is no article: offprint reads **/*.{md,"));
        assert!(refused("posts/.a.md").contains("begin with a dot"));
        assert!(refused("empty").contains("empty holds no article: offprint reads **/*.{md,"));
        assert!(refused("no.md").contains("cannot read"));
        assert!(refused("store/articles/posts/a.md").contains("part of the archive"));
        assert!(super::named(&config, &[folder.path().join("posts/UPPER.MD")]).is_ok());
    }

    #[test]
    fn an_address_is_the_source_of_the_settings_or_one_named_after_its_host() {
        let (_folder, mut config) = sandbox(&["posts/a.md"]);
        let listed = SourceConfig {
            name: "news".parse().unwrap(),
            kind: SourceKind::Feed,
            ..address(&config, "https://a.example/feed").0
        };
        config.source.push(listed);
        let names = |url: &str| super::named(&config, &[url.into()]).unwrap()[0].name().to_string();
        assert_eq!(names("https://a.example/feed"), "news");
        assert!(names("https://www.b.example/feed?x=1").starts_with("www-b-example-"));
        assert_ne!(names("https://b.example/1"), names("https://b.example/2"));
        assert!(super::named(&config, &["https://".into()]).is_err());
    }
}
