//! What a crawl left out, and why: every limit that it reached is reported.

use std::collections::{BTreeMap, HashSet};

use url::Url;

use super::limits::Limits;
use crate::model::{Digest, Reason};

/// URLs that are remembered for the counts. Beyond them, a URL that is found twice counts twice.
const REMEMBERED: usize = 100_000;

/// Why a URL was not requested, or gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bound {
    /// It is further away than the settings allow.
    Depth,
    /// There are more pages than a run reads.
    Pages,
    /// There are more style sheets than a run reads.
    Sheets,
    /// There are too many addresses that differ in their queries alone.
    Queries,
    /// One part stands in its path too often.
    Repeats,
    /// It comes after too many next pages.
    Chain,
    /// Its page asks robots not to follow its links.
    Nofollow,
    /// Links of a page beyond those that are read.
    Links,
    /// It is on another host. Only URLs of a sitemap or behind a redirect are counted so.
    OtherHost,
    /// A page that was named leads there, and it is of another site.
    OtherSite,
    /// It is neither a page nor an image.
    NoPage,
    /// Its page has another canonical URL.
    Canonical,
    /// Its page says so, too, and that address gave no page: it is kept.
    NoCanonical,
    /// It could not be fetched.
    Failed(Reason, Option<u16>),
    /// It is named as a style sheet and could not be fetched.
    SheetFailed(Reason, Option<u16>),
    /// It is named as a style sheet, and is none.
    NoSheet,
}

/// What was left out: how often, and the first URL of each kind.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    found: BTreeMap<Bound, (u64, String)>,
    seen: HashSet<Digest>,
}

impl Bounds {
    /// Counts a URL, once.
    pub(super) fn count(&mut self, bound: Bound, url: &Url) {
        let is_new =
            self.seen.len() >= REMEMBERED || self.seen.insert(Digest::of(format!("{bound:?} {url}").as_bytes()));
        if is_new {
            self.add(bound, url, 1);
        }
    }

    /// Counts several things of one URL.
    pub(super) fn add(&mut self, bound: Bound, url: &Url, count: u64) {
        let found = self.found.entry(bound).or_insert_with(|| (0, url.to_string()));
        found.0 += count;
    }

    /// What there is to say, a sentence for each limit.
    pub(super) fn notes(&self, limits: &Limits) -> Vec<String> {
        self.found
            .iter()
            .map(|(bound, (count, first))| format!("{}, such as {first}", bound.says(*count, limits)))
            .collect()
    }
}

impl Bound {
    fn says(self, count: u64, limits: &Limits) -> String {
        let (urls, pages) = (counted(count, "URL", "URLs"), counted(count, "page", "pages"));
        match self {
            Self::Depth => format!("{urls} not followed: further away than depth = {}", limits.depth),
            Self::Pages => {
                format!("{urls} not asked for: there are more than {} pages ({})", limits.pages, limits.pages_key)
            }
            Self::Sheets => {
                let most = limits.sheets;
                format!("{urls} not asked for: there are more than {most} style sheets (crawl.max_pages)")
            }
            Self::Queries => {
                let most = limits.queries;
                format!("{urls} not asked for: more than crawl.max_queries ({most}) differ in their queries alone")
            }
            Self::Repeats => {
                let most = limits.repeats;
                format!("{urls} not asked for: a part stands in the path more than crawl.max_repeats ({most}) times")
            }
            Self::Chain => {
                format!("{urls} not asked for: after more than crawl.max_chain ({}) next pages", limits.chain)
            }
            Self::Nofollow => format!("{pages} whose links are not followed: robots are asked not to (nofollow)"),
            Self::Links => {
                format!("{} of one page not followed: it has more than are read", counted(count, "link", "links"))
            }
            Self::OtherHost => format!("{urls} on other hosts not asked for (same_host)"),
            Self::OtherSite => {
                let pages = counted(count, "named page leads", "named pages lead");
                format!("{pages} to another site, whose links are not followed: name it, too, or set same_host = false")
            }
            Self::NoPage => format!("{urls} gave neither a page nor an image"),
            Self::Canonical => format!("{pages} not kept: their canonical URL is another"),
            Self::NoCanonical => format!("{pages} kept although their canonical URL is another: that gave no page"),
            Self::SheetFailed(..) | Self::NoSheet => {
                let sheets = counted(count, "style sheet", "style sheets");
                format!("{sheets} not kept, so that pages lead to the web for them ({})", self.of_sheet())
            }
            Self::Failed(Reason::Robots, _) => format!("{urls} not asked for: robots.txt forbids it"),
            Self::Failed(reason, Some(status)) => format!("{urls} not read: {} {status}", reason.as_str()),
            Self::Failed(reason, None) => format!("{urls} not read: {}", reason.as_str()),
        }
    }
}

impl Bound {
    /// Why a style sheet is not kept.
    fn of_sheet(self) -> String {
        match self {
            Self::SheetFailed(reason, Some(status)) => format!("{} {status}", reason.as_str()),
            Self::SheetFailed(reason, None) => reason.as_str().to_owned(),
            _ => "what came is none".to_owned(),
        }
    }
}

fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_reported_once_with_its_count_and_an_example() {
        let url = |path: &str| Url::parse(&format!("https://a.example/{path}")).unwrap();
        let mut bounds = Bounds::default();
        for path in ["1", "2", "1"] {
            bounds.count(Bound::Depth, &url(path));
        }
        bounds.count(Bound::Failed(Reason::HttpStatus, Some(404)), &url("3"));
        let limits = Limits { depth: 3, ..Limits::default() };
        let notes = bounds.notes(&limits);
        assert_eq!(notes[0], "2 URLs not followed: further away than depth = 3, such as https://a.example/1");
        assert_eq!(notes[1], "1 URL not read: http_status 404, such as https://a.example/3");
    }
}
