//! What is missing, by host.

use askama::Template;

use super::super::links::Links;
use super::super::pages::frame::Frame;
use super::super::pages::missing::{self, MissingItem};
use super::error::IndexError;
use super::group::{Group, HOSTS, MISSING};
use super::writer::Writer;
use crate::archive::{ListPage, MissingFilter, Prefix, StoreKey, UrlRow};
use crate::model::{Digest, HostKey, UrlId};

/// Hosts taken from the catalog at a time.
const AT_ONCE: usize = 500;
/// URLs of a page.
const URLS: usize = 200;

#[derive(Debug, Template)]
#[template(path = "index_missing.html")]
struct MissingPage {
    frame: Frame,
    urls: Vec<MissingItem>,
}

#[derive(Debug, Template)]
#[template(path = "index_hosts.html")]
struct HostsPage {
    frame: Frame,
    hosts: Vec<HostItem>,
}

/// A host of which something is missing.
#[derive(Debug)]
struct HostItem {
    name: String,
    href: String,
    count: usize,
}

fn page_of(host: &HostKey, number: usize) -> StoreKey {
    let name = Digest::of(host.as_str().as_bytes()).short();
    StoreKey::list_page(Prefix::MissingPages, &format!("{name:016x}.{number}"))
}

fn hosts_page() -> StoreKey {
    StoreKey::list_page(Prefix::MissingPages, HOSTS)
}

impl Writer<'_> {
    /// The pages of what is missing. Nothing is looked at where it is what it was.
    pub(super) async fn missing(&self, missing: u64) -> Result<(), IndexError> {
        let mut group = Group::open(self.archive, Prefix::MissingPages, MISSING).await?;
        let mark = self.mark([missing]);
        if group.is_unchanged(mark) {
            return Ok(());
        }
        let mut hosts = Vec::new();
        for host in self.lacking_hosts().await? {
            let count = self.of_host(&host, mark, &mut group).await?;
            let item = || HostItem {
                name: host.to_string(),
                href: Links::from_file(&hosts_page()).object(&page_of(&host, 1)),
                count,
            };
            hosts.extend((count > 0).then(item));
        }
        let frame = Frame::of_file("missing", "Missing images", 1);
        let page = async { Ok(HostsPage { frame, hosts }.render()?) };
        if let Some((key, made)) = self.page(&group, hosts_page(), mark, page).await? {
            group.want(&key, made);
        }
        self.finish(group).await
    }

    /// The hosts of which URLs have no good capture, whether articles show them or not.
    async fn lacking_hosts(&self) -> Result<Vec<HostKey>, IndexError> {
        let (mut hosts, mut after) = (Vec::new(), None);
        loop {
            let page = self.archive.catalog.list_hosts(after.as_ref(), AT_ONCE).await?;
            // The pages of a host of which nothing is known stay as they are.
            if let Some(unreadable) = page.unreadable.into_iter().next() {
                return Err(IndexError::Made(unreadable));
            }
            hosts.extend(page.rows.into_iter().filter(|row| row.missing > 0).map(|row| row.host));
            after = page.next;
            if after.is_none() {
                return Ok(hosts);
            }
        }
    }

    /// Writes the pages of a host. Returns how many URLs they have.
    async fn of_host(&self, host: &HostKey, mark: u64, group: &mut Group) -> Result<usize, IndexError> {
        let filter = MissingFilter { host: Some(host.clone()), ..MissingFilter::default() };
        let (mut count, mut place) = (0, None);
        for number in 1.. {
            let page = self.rows(&filter, place).await?;
            if page.rows.is_empty() {
                break;
            }
            count += page.rows.len();
            place = page.next;
            let page = self.missing_page(host, number, page);
            if let Some((key, made)) = self.page(group, page_of(host, number), mark, page).await? {
                group.want(&key, made);
            }
            if place.is_none() {
                break;
            }
        }
        Ok(count)
    }

    /// As many URLs as a page has, and after which one the next begins: a list may give them in several steps.
    async fn rows(
        &self,
        filter: &MissingFilter,
        mut after: Option<UrlId>,
    ) -> Result<ListPage<UrlRow, UrlId>, IndexError> {
        let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
        loop {
            let page = self.archive.catalog.list_missing(filter, after, URLS - rows.len()).await?;
            rows.extend(page.rows);
            unreadable.extend(page.unreadable);
            after = page.next;
            if after.is_none() || rows.len() >= URLS {
                return Ok(ListPage { rows, unreadable, next: after });
            }
        }
    }

    async fn missing_page(
        &self,
        host: &HostKey,
        number: usize,
        page: ListPage<UrlRow, UrlId>,
    ) -> Result<String, IndexError> {
        let links = Links::from_file(&page_of(host, number));
        let mut urls = Vec::new();
        for row in page.rows {
            urls.push(missing::item(self.archive, row, links).await?);
        }
        let link = |number: usize| links.object(&page_of(host, number));
        let (before, after) = ((number > 1).then(|| link(number - 1)), page.next.map(|_| link(number + 1)));
        let frame = Frame::of_file("missing", format!("Missing images of {host}"), 1);
        let frame = frame.among(Some(links.object(&hosts_page())), before, after);
        Ok(MissingPage { frame: Frame { unreadable: page.unreadable, ..frame }, urls }.render()?)
    }
}
