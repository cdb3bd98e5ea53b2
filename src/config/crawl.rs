//! Limits on the reading of sites.

use serde::Deserialize;

use super::units::Size;

/// Limits on the reading of sites: of pages, sitemaps and lists of URLs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct CrawlConfig {
    pub max_pages: usize,
    pub max_sitemap: Size,
    pub max_sitemaps: usize,
    pub max_nesting: usize,
    pub max_queries: usize,
    pub max_repeats: usize,
    pub max_chain: usize,
}
