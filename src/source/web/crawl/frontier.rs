//! What a crawl is still to ask for, and what it knows already.

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::Timestamp;
use url::Url;

use super::bounds::{Bound, Bounds};
use super::limits::Limits;
use super::scope::Scope;
use crate::model::Digest;
use crate::source::web::location::{is_same_domain, normal, site, without_query};

/// Extensions of files that are no pages: a URL that ends in one is not followed.
const FILES: [&str; 46] = [
    "7z", "aac", "apk", "avi", "avif", "bin", "bmp", "bz2", "css", "csv", "deb", "dmg", "doc", "docx", "eot", "epub",
    "exe", "flac", "gif", "gz", "ico", "iso", "jar", "jpeg", "jpg", "js", "m4a", "m4v", "mov", "mp3", "mp4", "mpg",
    "ogg", "pdf", "png", "ppt", "pptx", "rar", "rpm", "svg", "tar", "webm", "webp", "woff2", "xls", "zip",
];

/// How a URL was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Via {
    /// The user named it.
    Named,
    /// A sitemap lists it.
    Sitemap,
    /// A page links to it.
    Link,
    /// A page says that it is its next one.
    Next,
    /// It is a style sheet of a page.
    Sheet,
}

/// A URL to request.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) url: Url,
    pub(super) via: Via,
    /// Links from the page that was named.
    pub(super) depth: usize,
    /// Next pages before it, one after another.
    pub(super) chain: usize,
    /// It is kept although it says that another address is its own: that gave no page.
    pub(super) is_own: bool,
    /// What a sitemap says of it.
    pub(super) lastmod: Option<String>,
    pub(super) published: Option<Timestamp>,
    pub(super) images: Vec<Url>,
}

impl Task {
    pub(super) const fn new(url: Url, via: Via) -> Self {
        Self { url, via, depth: 0, chain: 0, is_own: false, lastmod: None, published: None, images: Vec::new() }
    }
}

/// What became of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was not asked for yet.
    Open,
    /// It gave a page, or one that was taken down.
    Page,
    /// It gave none.
    NoPage,
}

/// What is to be asked for, in the order in which it was found.
#[derive(Debug)]
pub(super) struct Frontier {
    scope: Scope,
    pub(super) limits: Limits,
    queue: VecDeque<Task>,
    known: HashMap<Digest, Fate>,
    /// Pages that say another address is their own, by that address, of which nothing is known yet.
    copies: HashMap<Digest, Vec<Task>>,
    sites: HashSet<String>,
    /// How many URLs of one path there are that differ in their queries.
    queries: HashMap<Digest, usize>,
    admitted: usize,
    /// Style sheets, which are no pages.
    sheets: usize,
    pub(super) bounds: Bounds,
}

impl Frontier {
    pub(super) fn new(scope: Scope, limits: Limits) -> Self {
        Self {
            scope,
            limits,
            queue: VecDeque::new(),
            known: HashMap::new(),
            copies: HashMap::new(),
            sites: HashSet::new(),
            queries: HashMap::new(),
            admitted: 0,
            sheets: 0,
            bounds: Bounds::default(),
        }
    }

    /// The URL that is requested next.
    pub(super) fn next(&mut self) -> Option<Task> {
        self.queue.pop_front()
    }

    /// Whether no URL is left to request.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// A site whose pages are read.
    pub(super) fn add_site(&mut self, url: &Url) {
        self.sites.insert(site(url));
    }

    /// Adds a URL if it is new, within the scope and within the limits.
    pub(super) fn offer(&mut self, task: Task) {
        let task = Task { url: normal(task.url), ..task };
        if task.via == Via::Named {
            self.add_site(&task.url);
        }
        if self.known.contains_key(&key(&task.url)) || !self.is_wanted(&task) {
            return;
        }
        if let Some(bound) = self.bound_of(&task) {
            return self.bounds.count(bound, &task.url);
        }
        self.admit(&task);
        self.queue.push_back(task);
    }

    /// Whether a redirect may be followed: only to a URL that is new and wanted. From then on it counts as known.
    pub(super) fn follow(&mut self, to: &Url, from: &Task) -> bool {
        let task = Task { url: normal(to.clone()), ..from.clone() };
        if task.url == from.url {
            // It adds a session, for example.
            return true;
        }
        if self.known.contains_key(&key(&task.url)) {
            return false;
        }
        if task.via == Via::Named {
            self.lead_home(&task.url, &from.url);
        } else if !self.is_wanted(&task) {
            self.bounds.count(Bound::OtherHost, &task.url);
            return false;
        }
        self.known.insert(key(&task.url), Fate::Open);
        true
    }

    /// A page that was named leads to another: that is read, and its site is one whose pages are read where it is of the
    /// same domain. Anything else would hand the choice of the site to whoever answers.
    fn lead_home(&mut self, to: &Url, from: &Url) {
        if is_same_domain(&site(to), &site(from)) {
            self.add_site(to);
        } else if self.scope.same_host && !self.sites.contains(&site(to)) {
            self.bounds.count(Bound::OtherSite, to);
        }
    }

    /// Notes what became of an address, and of the pages that say it is their own: where it gave no page, they are kept
    /// themselves.
    pub(super) fn complete(&mut self, url: &Url, fate: Fate) {
        let key = key(&normal(url.clone()));
        self.known.insert(key, fate);
        if fate != Fate::Open {
            let copies = self.copies.remove(&key).unwrap_or_default();
            for copy in copies {
                self.decide(copy, fate);
            }
        }
    }

    /// A page that says another address is its own, which is asked for.
    pub(super) fn copy(&mut self, copy: &Task, own: Url) {
        let own = Task { url: normal(own), ..copy.clone() };
        let key = key(&own.url);
        self.offer(own);
        match self.known.get(&key) {
            Some(Fate::Open) => self.copies.entry(key).or_default().push(copy.clone()),
            // The settings or a limit leave it out.
            None => self.decide(copy.clone(), Fate::NoPage),
            Some(fate) => self.decide(copy.clone(), *fate),
        }
    }

    fn decide(&mut self, copy: Task, fate: Fate) {
        if fate == Fate::Page {
            return self.bounds.count(Bound::Canonical, &copy.url);
        }
        self.bounds.count(Bound::NoCanonical, &copy.url);
        self.known.insert(key(&copy.url), Fate::Open);
        self.queue.push_back(Task { is_own: true, ..copy });
    }

    fn admit(&mut self, task: &Task) {
        self.known.insert(key(&task.url), Fate::Open);
        if task.via == Via::Sheet {
            self.sheets += 1;
            return;
        }
        self.admitted += 1;
        if task.url.query().is_some() {
            *self.queries.entry(Digest::of(without_query(&task.url).as_bytes())).or_default() += 1;
        }
    }

    /// Whether the settings want it. Links to other hosts, and those that the patterns exclude, are not reported.
    fn is_wanted(&mut self, task: &Task) -> bool {
        let is_at_home = !self.scope.same_host || self.sites.contains(&site(&task.url));
        match task.via {
            Via::Named | Via::Sheet => true,
            Via::Sitemap if !is_at_home => {
                self.bounds.count(Bound::OtherHost, &task.url);
                false
            }
            Via::Sitemap => self.scope.admits(&task.url),
            Via::Link | Via::Next => is_at_home && !is_file(&task.url) && self.scope.admits(&task.url),
        }
    }

    /// The limit that keeps a URL out.
    fn bound_of(&self, task: &Task) -> Option<Bound> {
        let queries =
            || self.queries.get(&Digest::of(without_query(&task.url).as_bytes())).copied().unwrap_or_default();
        if task.via == Via::Sheet {
            (self.sheets >= self.limits.sheets).then_some(Bound::Sheets)
        } else if task.via == Via::Link && task.depth > self.limits.depth {
            Some(Bound::Depth)
        } else if task.chain > self.limits.chain {
            Some(Bound::Chain)
        } else if matches!(task.via, Via::Link | Via::Next) && repeats(&task.url) > self.limits.repeats {
            Some(Bound::Repeats)
        } else if matches!(task.via, Via::Link | Via::Next)
            && task.url.query().is_some()
            && queries() >= self.limits.queries
        {
            Some(Bound::Queries)
        } else {
            (self.admitted >= self.limits.pages).then_some(Bound::Pages)
        }
    }
}

fn key(url: &Url) -> Digest {
    Digest::of(url.as_str().as_bytes())
}

/// Whether a URL names a file that is no page, by its extension.
fn is_file(url: &Url) -> bool {
    let name = url.path().rsplit('/').next().unwrap_or_default();
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    url.query().is_none() && end.is_some_and(|end| FILES.contains(&end.as_str()))
}

/// How often the most frequent part of a path occurs in it.
fn repeats(url: &Url) -> usize {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for part in url.path_segments().into_iter().flatten().filter(|part| !part.is_empty()) {
        *counts.entry(part).or_default() += 1;
    }
    counts.into_values().max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, SourceConfig};

    fn frontier(change: impl FnOnce(&mut Limits)) -> Frontier {
        let source = SourceConfig { exclude: vec!["/no/**".to_owned()], ..Config::default().source.swap_remove(0) };
        let mut limits = Limits::new(2, 0, &Config::default().crawl);
        change(&mut limits);
        let mut frontier = Frontier::new(Scope::new(&source).unwrap(), limits);
        frontier.offer(Task::new(Url::parse("https://a.example/").unwrap(), Via::Named));
        frontier
    }

    fn link(path: &str, depth: usize) -> Task {
        let url = Url::parse("https://a.example/").unwrap().join(path).unwrap();
        Task { depth, ..Task::new(url, Via::Link) }
    }

    fn admitted(frontier: &mut Frontier) -> Vec<String> {
        std::iter::from_fn(|| frontier.next()).map(|task| task.url.path().to_owned()).skip(1).collect()
    }

    #[test]
    fn each_address_is_asked_for_once_and_only_where_the_settings_ask_for_it() {
        let mut frontier = frontier(|_| ());
        for path in [
            "/x",
            "/x#y",
            "/x?PHPSESSID=1",
            "/",
            "/no/1",
            "https://b.example/",
            "http://www.a.example/y",
            "/z.zip",
            "/z.zip?page",
        ] {
            frontier.offer(link(path, 1));
        }
        assert_eq!(admitted(&mut frontier), ["/x", "/y", "/z.zip"]);
        assert!(frontier.bounds.notes(&frontier.limits).is_empty());
    }

    #[test]
    fn traps_come_to_their_limits() {
        for (paths, depth, change, limit) in [
            (vec!["/1"], 3, (|_| ()) as fn(&mut Limits), "depth = 2"),
            (vec!["/1", "/2", "/3"], 1, |limits| limits.pages = 3, "more than 3 pages"),
            (vec!["/?q=1", "/?q=2", "/?q=3"], 1, |limits| limits.queries = 2, "crawl.max_queries (2)"),
            (vec!["/a/b/a/b/a/b/a/"], 1, |_| (), "crawl.max_repeats (3)"),
        ] {
            let mut frontier = frontier(change);
            for path in &paths {
                frontier.offer(link(path, depth));
            }
            assert_eq!(admitted(&mut frontier).len(), paths.len() - 1, "{paths:?}");
            let notes = frontier.bounds.notes(&frontier.limits);
            assert!(notes.len() == 1 && notes[0].contains(limit), "{notes:?}");
        }
        let mut frontier = frontier(|limits| limits.chain = 1);
        for chain in [1, 2] {
            frontier.offer(Task { via: Via::Next, chain, ..link(&format!("/p{chain}"), 0) });
        }
        assert_eq!(admitted(&mut frontier), ["/p1"]);
    }

    #[test]
    fn a_redirect_is_followed_to_what_is_new_and_wanted() {
        let mut frontier = frontier(|_| ());
        let (named, linked) = (Task::new(link("/n", 0).url, Via::Named), link("/l", 1));
        let to = |url: &str| Url::parse(url).unwrap();
        assert!(!frontier.follow(&to("https://a.example/"), &linked), "it is known");
        assert!(!frontier.follow(&to("https://b.example/1"), &linked), "another host");
        assert!(frontier.follow(&to("https://b.example/1"), &named), "the user named it");
        assert!(frontier.follow(&to("https://a.example/l?PHPSESSID=1"), &linked), "the same page");
        assert!(!frontier.follow(&to("https://b.example/2"), &linked), "its site was not named");
        assert!(frontier.follow(&to("https://new.a.example/"), &named), "a part of the same domain");
        assert!(frontier.follow(&to("https://new.a.example/2"), &linked), "from now on its host is one of them");
        assert!(!frontier.follow(&to("https://new.a.example/2"), &linked), "once");
        let notes = frontier.bounds.notes(&frontier.limits);
        assert!(
            notes.iter().any(|note| note.contains("leads to another site") && note.contains("https://b.example/1"))
        );
    }
}
