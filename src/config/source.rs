//! Where articles come from, and where their mirror goes.

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::Deserializer;

use crate::model::SourceName;

/// The path of a list that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// One place where articles come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct SourceConfig {
    /// Its name, and the folder of its mirror.
    pub name: SourceName,
    /// What it is.
    pub kind: SourceKind,
    /// Of a folder or a list.
    pub path: PathBuf,
    /// Of a feed, a sitemap or a page.
    pub url: String,
    /// Further pages.
    pub urls: Vec<String>,
    /// How many links away from the named pages further pages are read; 0 reads only the named ones.
    pub depth: usize,
    /// Whether only pages of the hosts that are named are read.
    pub same_host: bool,
    /// Of feeds: an OPML file that lists them; empty if `path` lists them.
    pub opml: PathBuf,
    /// What the posts of a feed are filed under.
    pub categories: Vec<String>,
    /// The author of the posts of a feed; empty for the author that the feed names.
    pub author: String,
    /// The newest entries of a feed, or the pages of a site, that are read; 0 for all.
    pub limit: usize,
    /// Older entries of a feed or a sitemap are not read; empty for none.
    pub since: String,
    /// Whether the posts of a feed have the main text of the pages that its entries lead to.
    pub full_text: bool,
    /// How posts are written: `hexo`, `hugo`, `html`, or the file of a template.
    pub template: PathBuf,
    /// Globs below `path` that are read; of pages, globs of their URLs.
    pub include: Vec<String>,
    /// Globs below `path` that are not.
    pub exclude: Vec<String>,
    /// What relative URLs are resolved against.
    pub base_url: String,
    /// Folders that stand for the root of the site, `/`.
    pub roots: Vec<PathBuf>,
    /// Where the mirror goes.
    pub output: MirrorOutput,
    /// What local links start with; empty for relative links.
    pub links: String,
}

/// The kinds of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum SourceKind {
    /// A folder of posts.
    Folder,
    /// RSS, Atom or JSON Feed.
    Feed,
    /// Many of them, listed in a file.
    Feeds,
    /// A sitemap or sitemap index.
    Sitemap,
    /// Web pages.
    Page,
    /// Pages and images, listed in a file.
    List,
}

impl SourceKind {
    /// Its name in the settings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Feed => "feed",
            Self::Feeds => "feeds",
            Self::Sitemap => "sitemap",
            Self::Page => "page",
            Self::List => "list",
        }
    }

    /// What it is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Feed => "feed",
            Self::Feeds => "list of feeds",
            Self::Sitemap => "sitemap",
            Self::Page => "page",
            Self::List => "list of URLs",
        }
    }
}

/// Where a source's mirror goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum MirrorOutput {
    /// Into the archive, below `articles`.
    Archive,
    /// Over the articles themselves.
    InPlace,
    /// Into this folder.
    Folder(PathBuf),
}

impl From<&str> for MirrorOutput {
    fn from(text: &str) -> Self {
        match text {
            "" => Self::Archive,
            "." => Self::InPlace,
            folder => Self::Folder(folder.into()),
        }
    }
}

impl<'de> Deserialize<'de> for MirrorOutput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?.as_str()))
    }
}
