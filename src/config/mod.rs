//! The settings: `config.toml`, read over the defaults in the shipped `config.toml`.

mod check;
mod check_source;
mod checked;
mod crawl;
mod defaults;
mod feed;
mod fetch;
mod foreign;
mod home;
mod index;
mod media;
mod overlay;
mod read;
mod rewrite;
mod run;
mod search;
mod serve;
mod source;
mod units;
mod values;

use std::path::PathBuf;

use serde::Deserialize;

pub use crawl::CrawlConfig;
pub use defaults::DEFAULTS;
pub use feed::FeedConfig;
pub use fetch::{FetchConfig, HostConfig, Recheck, RobotsRule};
pub use foreign::foreign_key;
pub use home::expand_home;
pub use index::IndexConfig;
pub use media::{Animation, Fit, MediaConfig, Sandbox, ThumbnailConfig, ThumbnailFormat};
pub use read::ConfigError;
pub use rewrite::{AdoptLocal, ChangedImages, DataUrls, Images, Lazy, MediaKind, RewriteConfig};
pub use run::{FallbackConfig, ReportConfig, RunConfig};
pub use search::SearchConfig;
pub use serve::ServeConfig;
pub use source::{MirrorOutput, STANDARD_INPUT, SourceConfig, SourceKind};
pub use units::{HumanDuration, Size, UnitError};

/// All settings. See `config.toml` for what each is for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Config {
    /// The archive's folder.
    pub store: PathBuf,
    /// Where articles come from.
    pub source: Vec<SourceConfig>,
    /// How images are fetched.
    pub fetch: FetchConfig,
    /// Smaller renditions.
    pub thumbnail: Vec<ThumbnailConfig>,
    /// Limits on images.
    pub media: MediaConfig,
    /// What is extracted from articles, and how they are rewritten.
    pub rewrite: RewriteConfig,
    /// Limits on feeds.
    pub feed: FeedConfig,
    /// Limits on the reading of sites.
    pub crawl: CrawlConfig,
    /// Budgets and schedules.
    pub run: RunConfig,
    /// Who is notified of runs.
    pub report: ReportConfig,
    /// Where to look for images that are gone.
    pub fallback: FallbackConfig,
    /// The search in the texts of articles.
    pub search: SearchConfig,
    /// The pages of the archive.
    pub serve: ServeConfig,
    /// The static pages of the archive.
    pub index: IndexConfig,
}
