//! A crawl, from its first address to its last.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tracing::debug;
use url::Url;

use super::Crawl;
use super::bounds::Bound;
use super::frontier::{Frontier, Task, Via};
use super::gallery;
use super::record::Progress;
use super::visit::Visit;
use crate::extract::PageLinks;
use crate::locks::{Mutex, MutexGuard};
use crate::model::{Digest, Failure, Reason, RelativePath, SourceFailure};
use crate::source::error::SourceError;
use crate::source::file_names::Names;
use crate::source::listing::{Entry, Listed, Location, Made};
use crate::source::web::location::names;
use crate::source::web::reading::{Reading, unrecorded};

/// Pages that are asked for side by side, at most: each is in memory as a whole.
const AT_ONCE: usize = 8;

/// A crawl that is under way.
struct Walk {
    frontier: Mutex<Frontier>,
    progress: Progress,
    listed: Mutex<HashSet<RelativePath>>,
    /// The images that were found, in place of pages, by the order in which they were named.
    images: Mutex<Vec<(usize, Url)>>,
}

impl Walk {
    fn frontier(&self) -> MutexGuard<'_, Frontier> {
        self.frontier.lock()
    }
}

impl Reading<Crawl> {
    pub(in crate::source::web) async fn run(self) {
        if let Err(error) = self.crawl().await {
            self.send(Entry::Unreadable(error)).await;
        }
    }

    async fn crawl(&self) -> Result<(), SourceError> {
        let began = self.reader.archive.catalog.crawl_began(&self.source).await.map_err(unrecorded)?;
        let frontier = Frontier::new(self.kind.scope.clone(), self.kind.limits(&self.reader.crawl));
        let progress = Progress::new(began);
        let walk =
            Walk { frontier: Mutex::new(frontier), progress, listed: Mutex::default(), images: Mutex::default() };
        self.seed(&walk.frontier).await;
        let is_whole = self.walk(&walk).await?;
        let Walk { frontier, progress, listed, images } = walk;
        let mut listed = listed.into_inner();
        if is_whole {
            self.list_images(images.into_inner(), &mut listed).await?;
            self.end(&progress).await?;
        } else {
            self.keep_place(&progress).await?;
        }
        let frontier = frontier.into_inner();
        for note in frontier.bounds.notes(&frontier.limits) {
            self.send(Entry::Note(note)).await;
        }
        self.list_recorded(&listed).await
    }

    /// Visits what is to be visited. Returns whether nothing is left.
    async fn walk(&self, walk: &Walk) -> Result<bool, SourceError> {
        let at_once = self.reader.at_once.clamp(1, AT_ONCE);
        let mut under_way = FuturesUnordered::new();
        let mut number = 0;
        loop {
            while under_way.len() < at_once && self.may_ask() {
                let Some(task) = walk.frontier().next() else { break };
                under_way.push(self.take(task, number, walk));
                number += 1;
            }
            match under_way.next().await {
                Some(result) => result?,
                None if self.may_ask() && walk.frontier().is_empty() => return Ok(true),
                None => {
                    self.reader.watch.cut_short();
                    return Ok(false);
                }
            }
        }
    }

    async fn take(&self, task: Task, number: usize, walk: &Walk) -> Result<(), SourceError> {
        let visit = self.visit(&task, &walk.frontier, &walk.progress).await?;
        debug!(url = %task.url, "visited");
        match visit {
            Visit::Page(links, path) => {
                walk.listed.lock().extend(path);
                self.follow(&task, *links, walk);
            }
            Visit::Image => {
                walk.images.lock().push((number, task.url.clone()));
            }
            Visit::Copy(own) => {
                walk.frontier().bounds.count(Bound::Canonical, &task.url);
                walk.frontier().offer(Task { url: own, ..task.clone() });
            }
            Visit::Moved(to) => walk.frontier().offer(Task { url: to, ..task.clone() }),
            Visit::TakenDown => return Ok(()),
            Visit::Failed(Failure { reason: Reason::Budget, .. }) => {}
            Visit::Other(what) if task.via == Via::Named => {
                self.failed(&task, SourceFailure::NotAPage, format!("it is {what}")).await;
            }
            Visit::Other(_) => walk.frontier().bounds.count(Bound::NoPage, &task.url),
            Visit::Failed(failure) if task.via == Via::Named => {
                self.failed(&task, SourceFailure::Fetch(failure.reason), failure.detail).await;
            }
            Visit::Failed(failure) => {
                walk.frontier().bounds.count(Bound::Failed(failure.reason, failure.status), &task.url);
            }
        }
        self.list_images_of(&task, walk).await
    }

    /// Takes in where a page leads.
    fn follow(&self, task: &Task, links: PageLinks, walk: &Walk) {
        if !self.kind.wants_links(task) {
            return;
        }
        let mut frontier = walk.frontier();
        for url in links.sheets {
            frontier.offer(Task { depth: task.depth, ..Task::new(url, Via::Sheet) });
        }
        if links.nofollow {
            return frontier.bounds.count(Bound::Nofollow, &task.url);
        }
        for url in links.next {
            frontier.offer(Task { depth: task.depth, chain: task.chain + 1, ..Task::new(url, Via::Next) });
        }
        if links.left_out > 0 {
            frontier.bounds.add(Bound::Links, &task.url, links.left_out as u64);
        }
        if self.kind.depth == 0 {
            return;
        }
        for url in links.links {
            frontier.offer(Task { depth: task.depth + 1, ..Task::new(url, Via::Link) });
        }
    }

    async fn failed(&self, task: &Task, reason: SourceFailure, message: String) {
        let (what, source_name, url) = ("page", self.source.to_string(), task.url.to_string());
        self.send(Entry::Unreadable(SourceError::Web { what, source_name, url, reason, message })).await;
    }

    /// Lists the images that a sitemap says a page has, as an article beside it.
    async fn list_images_of(&self, task: &Task, walk: &Walk) -> Result<(), SourceError> {
        if task.images.is_empty() {
            return Ok(());
        }
        let identity = Digest::of(format!("images of\n{}", task.url).as_bytes());
        let title = format!("Images of {}", task.url);
        let names = names(&task.url, "html").with_suffix(".images");
        let images = &task.images[..task.images.len().min(gallery::MOST)];
        let path = self.list_gallery(identity, names, &title, images).await?;
        walk.listed.lock().insert(path);
        Ok(())
    }

    /// Lists the images that were named themselves.
    async fn list_images(
        &self,
        mut images: Vec<(usize, Url)>,
        listed: &mut HashSet<RelativePath>,
    ) -> Result<(), SourceError> {
        images.sort_unstable();
        let images: Vec<_> = images.into_iter().map(|(_, url)| url).collect();
        for (at, part) in images.chunks(gallery::MOST).enumerate() {
            let identity = Digest::of(format!("images\n{at}").as_bytes());
            let names = Names::new(&[], "images", "html", identity);
            listed.insert(self.list_gallery(identity, names, &format!("Images of {}", self.source), part).await?);
        }
        Ok(())
    }

    async fn list_gallery(
        &self,
        identity: Digest,
        names: Names,
        title: &str,
        images: &[Url],
    ) -> Result<RelativePath, SourceError> {
        let path = self.place(identity, names).await?.path;
        let made = Made { bytes: gallery::page(title, images), url: None, published: None, charset: None };
        self.send(Entry::Article(Listed { path: path.clone(), location: Location::Made(Arc::new(made)) })).await;
        Ok(path)
    }
}
