//! A crawl, from its first URL to its last.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tracing::debug;
use url::Url;

use super::Crawl;
use super::bounds::Bound;
use super::frontier::{Frontier, Task, Via};
use super::gallery;
use super::named::Named;
use super::record::Progress;
use super::visit::Visit;
use crate::extract::PageLinks;
use crate::locks::Mutex;
use crate::model::{Digest, Failure, Reason, RelativePath, SourceFailure};
use crate::source::error::SourceError;
use crate::source::file_names::Names;
use crate::source::listing::{Entry, Listed, Location, Made};
use crate::source::web::location::names;
use crate::source::web::reading::{Reading, unrecorded};

/// Pages that are requested side by side, at most: each is in memory as a whole.
const AT_ONCE: usize = 8;

/// A crawl that is under way.
struct Walk {
    frontier: Mutex<Frontier>,
    progress: Progress,
    listed: Mutex<HashSet<RelativePath>>,
    /// The images that were found in place of pages, in the order in which they were named.
    images: Mutex<Vec<(usize, Url)>>,
    named: Named,
}

impl Reading<Crawl> {
    pub(in crate::source::web) async fn run(self) {
        if let Err(error) = self.crawl().await {
            self.send(Entry::Unreadable(error)).await;
        }
    }

    async fn crawl(&self) -> Result<(), SourceError> {
        let frontier = Frontier::new(self.kind.scope.clone(), self.kind.limits(&self.reader.crawl));
        let progress = self.progress().await?;
        let walk = Walk {
            frontier: Mutex::new(frontier),
            progress,
            listed: Mutex::default(),
            images: Mutex::default(),
            named: Named::default(),
        };
        self.seed(&walk.frontier, &walk.named).await;
        let is_whole = self.walk(&walk).await?;
        let Walk { frontier, progress, listed, images, named } = walk;
        let mut listed = listed.into_inner();
        let waiting = named.waiting();
        let is_whole = is_whole && waiting.is_empty();
        for (url, failure, detail) in waiting {
            named.failed(self.unread("page", &url, SourceFailure::Fetch(failure.reason), detail));
        }
        if is_whole {
            self.list_images(images.into_inner(), &mut listed).await?;
            self.end(&progress);
        } else {
            self.keep_place(&progress).await?;
        }
        let frontier = frontier.into_inner();
        let notes = frontier.bounds.notes(&frontier.limits).into_iter().map(Entry::Note);
        for entry in named.into_entries().chain(notes) {
            self.send(entry).await;
        }
        self.list_recorded(&listed).await
    }

    /// The crawl that is gone on with, or begun.
    async fn progress(&self) -> Result<Progress, SourceError> {
        if self.kind.is_of(|url| self.reader.received.is_handed(url)) {
            return Ok(Progress::of_handed_page());
        }
        Ok(Progress::new(self.reader.archive.catalog.crawl_began(&self.source).await.map_err(unrecorded)?))
    }

    /// Visits what is to be visited. Returns whether nothing is left.
    async fn walk(&self, walk: &Walk) -> Result<bool, SourceError> {
        let at_once = self.reader.at_once.clamp(1, AT_ONCE);
        let mut under_way = FuturesUnordered::new();
        let mut number = 0;
        loop {
            while under_way.len() < at_once && self.may_ask() {
                let Some(task) = walk.frontier.lock().next() else { break };
                under_way.push(self.take(task, number, walk));
                number += 1;
            }
            match under_way.next().await {
                Some(result) => result?,
                None if self.may_ask() && walk.frontier.lock().is_empty() => return Ok(true),
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
        if task.via == Via::Named && visit.is_read() {
            walk.named.read();
        }
        walk.frontier.lock().complete(&task.url, visit.fate());
        match visit {
            Visit::Page(links, path) => {
                walk.listed.lock().extend(path);
                self.follow(&task, *links, walk);
            }
            Visit::Image => walk.images.lock().push((number, task.url.clone())),
            Visit::Copy(own) => walk.frontier.lock().copy(&task, own),
            Visit::Moved(to) => walk.frontier.lock().offer(Task { url: to, ..task.clone() }),
            Visit::TakenDown => return Ok(()),
            Visit::Failed(Failure { reason: Reason::Budget, .. }) => {}
            Visit::Failed(failure) if failure.retry_at.is_some() => walk.named.put_off(&task.url, failure),
            Visit::Other(what) if task.via == Via::Named => {
                walk.named.failed(self.unread("page", &task.url, SourceFailure::NotAPage, format!("it is {what}")));
            }
            Visit::Other(_) => {
                let bound = if task.via == Via::Sheet { Bound::NoSheet } else { Bound::NoPage };
                walk.frontier.lock().bounds.count(bound, &task.url);
            }
            Visit::Failed(failure) if task.via == Via::Named => {
                walk.named.failed(self.unread("page", &task.url, SourceFailure::Fetch(failure.reason), failure.detail));
            }
            Visit::Failed(failure) => {
                let failed = if task.via == Via::Sheet { Bound::SheetFailed } else { Bound::Failed };
                walk.frontier.lock().bounds.count(failed(failure.reason, failure.status), &task.url);
            }
        }
        self.list_images_of(&task, walk).await
    }

    /// Takes in where a page leads.
    fn follow(&self, task: &Task, links: PageLinks, walk: &Walk) {
        if !self.kind.wants_links() {
            return;
        }
        let mut frontier = walk.frontier.lock();
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
