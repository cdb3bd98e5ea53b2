//! The settings: what `config.toml` says, read over the defaults that the shipped `config.toml` spells out.

mod foreign;
mod read;
mod units;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use crate::model::{Digest, RefererStrategy, SourceName, ThumbnailName};

pub use foreign::foreign_key;
pub use read::{ConfigError, DEFAULTS};
pub use units::{HumanDuration, Size, UnitError};

/// All settings. See `config.toml` for what each is for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// The archive's folder.
    pub store: PathBuf,
    /// Where articles come from.
    pub source: Vec<SourceConfig>,
    /// How images are fetched.
    pub fetch: FetchConfig,
    /// Smaller renditions.
    pub thumbnail: Vec<ThumbnailConfig>,
    /// Limits on pictures.
    pub media: MediaConfig,
    /// What is looked for in articles, and what is written instead.
    pub rewrite: RewriteConfig,
    /// Budgets and schedules.
    pub run: RunConfig,
    /// Who is told.
    pub report: ReportConfig,
    /// Where to look for images that are gone.
    pub fallback: FallbackConfig,
}

/// One place where articles come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SourceConfig {
    /// Its name, and the folder of its mirror.
    pub name: SourceName,
    /// What it is.
    pub kind: SourceKind,
    /// Of a folder or a list.
    pub path: PathBuf,
    /// Of a feed, a sitemap or a page.
    pub url: String,
    /// Globs below `path` that are read.
    pub include: Vec<String>,
    /// Globs below `path` that are not.
    pub exclude: Vec<String>,
    /// What relative addresses are relative to.
    pub base_url: String,
    /// Where the mirror goes.
    pub output: MirrorOutput,
    /// What local links start with; empty for relative links.
    pub links: String,
}

/// The kinds of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A folder of posts.
    Folder,
    /// RSS, Atom or JSON Feed.
    Feed,
    /// A sitemap or sitemap index.
    Sitemap,
    /// One web page.
    Page,
    /// A file with one URL a line.
    List,
}

impl SourceKind {
    /// Its name in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Feed => "feed",
            Self::Sitemap => "sitemap",
            Self::Page => "page",
            Self::List => "list",
        }
    }
}

/// Where a source's mirror goes.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// How images are fetched.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
pub struct FetchConfig {
    pub concurrency: usize,
    pub per_host: usize,
    #[serde(deserialize_with = "duration")]
    pub delay: Duration,
    #[serde(deserialize_with = "duration")]
    pub connect_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub read_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub url_timeout: Duration,
    pub min_rate: Size,
    pub retries: u32,
    #[serde(deserialize_with = "duration")]
    pub retry_wait: Duration,
    #[serde(deserialize_with = "duration")]
    pub max_wait: Duration,
    pub max_bytes: Size,
    pub max_refused: Size,
    pub max_redirects: usize,
    pub max_url_length: usize,
    pub max_head_bytes: Size,
    pub user_agent: String,
    #[serde(deserialize_with = "referers")]
    pub referer: Vec<RefererStrategy>,
    pub robots: Robots,
    pub recheck: Recheck,
    pub breaker_failures: u32,
    #[serde(deserialize_with = "duration")]
    pub breaker_wait: Duration,
    pub schemes: Vec<String>,
    pub ports: Vec<u16>,
    pub proxy: String,
    pub ca_file: PathBuf,
    pub allow_net: Vec<IpNet>,
    pub resolve: BTreeMap<String, std::net::SocketAddr>,
    pub host: Vec<HostConfig>,
}

/// What differs for the hosts that match a pattern; what is left out is as in [`FetchConfig`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
pub struct HostConfig {
    pub host: String,
    #[serde(default)]
    pub group: String,
    pub per_host: Option<usize>,
    #[serde(default, deserialize_with = "some_duration")]
    pub delay: Option<Duration>,
    #[serde(default, deserialize_with = "some_referers")]
    pub referer: Option<Vec<RefererStrategy>>,
    #[serde(default)]
    pub referer_value: String,
    #[serde(default)]
    pub headers: Vec<String>,
    #[serde(default, deserialize_with = "digests")]
    pub placeholders: Vec<Digest>,
}

/// Whether images heed robots.txt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Robots {
    /// Images are part of an article that the user already has.
    Ignore,
    /// RFC 9309 for images too.
    Respect,
}

/// When an image that is kept is asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recheck {
    /// Never.
    Never,
    /// When its last capture is this old.
    After(Duration),
}

/// One named size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
pub struct ThumbnailConfig {
    pub name: ThumbnailName,
    pub width: u32,
    pub height: u32,
    pub fit: Fit,
    pub format: ThumbnailFormat,
    pub quality: u8,
    pub animation: Animation,
}

/// How a picture is fitted into its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The whole picture within width and height.
    Inside,
    /// Fill width and height; what stands over is cut off.
    Cover,
    /// As wide as `width`, whatever the height.
    Width,
}

/// What a thumbnail is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThumbnailFormat {
    /// JPEG, or WebP where it is transparent.
    Auto,
    /// JPEG, on white.
    Jpeg,
    /// WebP.
    WebP,
    /// PNG.
    Png,
    /// AVIF, by the feature `avif` of the build.
    Avif,
}

/// What becomes of an animation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Animation {
    /// Its first frame that is not blank.
    Still,
    /// An animated thumbnail.
    Keep,
}

/// Limits on pictures.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
pub struct MediaConfig {
    pub max_pixels: u64,
    pub max_side: u32,
    pub max_alloc: Size,
    pub max_frames: u32,
    #[serde(deserialize_with = "duration")]
    pub max_time: Duration,
    pub threads: usize,
    pub min_side: u32,
}

impl MediaConfig {
    /// Whether a picture of this size is there to count readers. One of an unknown size is not.
    pub fn is_tracker(&self, width: u32, height: u32) -> bool {
        [width, height].iter().all(|side| (1..=self.min_side).contains(side))
    }
}

/// What is looked for in articles, and what is written instead.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
pub struct RewriteConfig {
    pub images: Images,
    pub lazy: Lazy,
    pub thumbnail_fields: Vec<String>,
    pub thumbnail_name: String,
    pub front_matter_keys: Vec<String>,
    pub front_matter_urls: bool,
    pub lazy_attributes: Vec<String>,
    pub media: Vec<MediaKind>,
    pub json_ld: bool,
    pub data_urls: DataUrls,
    pub adopt_local: AdoptLocal,
    pub changed_images: ChangedImages,
    pub max_article: Size,
}

/// What a mirrored article shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Images {
    /// Every image as it was fetched.
    Original,
    /// Images within the text at the size of a thumbnail, in a link to the full one.
    ThumbnailLinked,
}

/// What becomes of lazily loaded images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lazy {
    /// They show without JavaScript.
    Reveal,
    /// Only their own attributes are edited.
    Keep,
}

/// The kinds of media that can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum MediaKind {
    Image,
    Poster,
    Video,
    Audio,
    Track,
}

/// What becomes of images that an article holds itself, as `data:` URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataUrls {
    /// They stay where they are.
    Keep,
    /// They are kept as blobs, and the mirror shows those.
    Lift,
}

/// Whether images that lie beside an article go into the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdoptLocal {
    /// Yes where the mirror is written elsewhere, no in place.
    Auto,
    /// Yes.
    Always,
    /// No.
    Never,
}

/// Which version an article shows of an image whose bytes changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedImages {
    /// The one that it showed before the change.
    First,
    /// The newest.
    Newest,
}

/// Budgets and schedules.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
pub struct RunConfig {
    #[serde(deserialize_with = "duration")]
    pub max_time: Duration,
    pub max_requests: u64,
    pub max_bytes: Size,
    pub min_free: Size,
    #[serde(deserialize_with = "durations")]
    pub retry_schedule: Vec<Duration>,
    pub retire_after: u32,
    #[serde(deserialize_with = "duration")]
    pub grace: Duration,
    #[serde(deserialize_with = "duration")]
    pub catalog_copy_every: Duration,
    pub catalog_copies: usize,
}

/// Who is told about a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
pub struct ReportConfig {
    pub keep: usize,
    pub webhook: String,
    pub ping_start: String,
    pub ping_success: String,
    pub ping_failure: String,
    pub prometheus: PathBuf,
}

/// Where to look for images that are gone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
pub struct FallbackConfig {
    pub templates: Vec<String>,
    #[serde(deserialize_with = "duration")]
    pub delay: Duration,
}

use read::{digests, duration, durations, referers, some_duration, some_referers};
