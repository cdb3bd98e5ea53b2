//! The limits of a crawl.

use crate::config::CrawlConfig;

/// The limits of a crawl.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    /// Links from the pages that are named.
    pub(super) depth: usize,
    /// Pages, and the setting that says so.
    pub(super) pages: usize,
    pub(super) pages_key: &'static str,
    /// Style sheets.
    pub(super) sheets: usize,
    /// Addresses that differ in their queries alone.
    pub(super) queries: usize,
    /// How often one part may stand in a path.
    pub(super) repeats: usize,
    /// Next pages, one after another.
    pub(super) chain: usize,
}

impl Limits {
    /// The limits of a source with this depth and limit; 0 stands for no limit of its own.
    pub(super) fn new(depth: usize, limit: usize, config: &CrawlConfig) -> Self {
        let (pages, pages_key) = if limit > 0 && limit <= config.max_pages {
            (limit, "limit")
        } else {
            (config.max_pages, "crawl.max_pages")
        };
        Self {
            depth,
            pages,
            pages_key,
            sheets: config.max_pages,
            queries: config.max_queries,
            repeats: config.max_repeats,
            chain: config.max_chain,
        }
    }
}
