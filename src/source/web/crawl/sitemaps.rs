//! The sitemaps of a site: fetched, unpacked, and read for their pages.

use std::collections::HashSet;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use url::Url;

use super::Crawl;
use super::frontier::{Frontier, Task, Via};
use super::named::Named;
use crate::fetch::{Answer, Purpose, Request};
use crate::locks::Mutex;
use crate::model::{CaptureKind, SourceFailure, Validators};
use crate::source::listing::Entry;
use crate::source::sitemap::{self, Sitemap, SitemapPage};
use crate::source::web::body::{AnyBody, too_large};
use crate::source::web::content::GZIP;
use crate::source::web::reading::Reading;
use crate::source::xml::XmlLimits;
use crate::staging::Staged;

/// The setting that says how large a sitemap may be.
const MAX_SITEMAP: &str = "crawl.max_sitemap";
/// Where a sitemap lies that robots.txt does not name.
const USUAL: &str = "/sitemap.xml";

impl Reading<Crawl> {
    /// Reads the sitemap at a URL, and those that it lists. The URL of a site stands for the sitemaps that its
    /// robots.txt names.
    pub(super) async fn read_sitemaps(&self, url: &Url, frontier: &Mutex<Frontier>, named: &Named) {
        frontier.lock().add_site(url);
        let limits = &self.reader.crawl;
        let mut known = HashSet::new();
        let mut first: Vec<_> = self.first(url).await.into_iter().filter(|url| known.insert(url.clone())).collect();
        let (mut left_out, mut too_deep) = (first.len().saturating_sub(limits.max_sitemaps.max(1)), 0_usize);
        first.truncate(limits.max_sitemaps.max(1));
        let mut waiting: Vec<(Url, usize)> = first.into_iter().map(|url| (url, 0)).rev().collect();
        while let Some((url, nesting)) = waiting.pop().filter(|_| self.may_ask()) {
            let Some(found) = self.sitemap(&url, named).await else { continue };
            named.read();
            self.offer_pages(found.pages, frontier);
            let mut next = Vec::new();
            for part in found.parts {
                if known.contains(&part) {
                    continue;
                }
                if nesting + 1 > limits.max_nesting {
                    too_deep += 1;
                } else if known.len() >= limits.max_sitemaps {
                    left_out += 1;
                } else {
                    known.insert(part.clone());
                    next.push((part, nesting + 1));
                }
            }
            waiting.extend(next.into_iter().rev());
        }
        for (count, limit, most) in
            [(left_out, "crawl.max_sitemaps", limits.max_sitemaps), (too_deep, "crawl.max_nesting", limits.max_nesting)]
        {
            if count > 0 {
                self.send(Entry::Note(format!("{count} sitemaps not read: more than {limit} ({most})"))).await;
            }
        }
    }

    /// The sitemaps that a URL stands for.
    async fn first(&self, url: &Url) -> Vec<Url> {
        if !matches!(url.path(), "/" | "/robots.txt") || url.query().is_some() {
            return vec![url.clone()];
        }
        let named = self.reader.fetcher.robots(url).await;
        let named: Vec<_> =
            named.iter().flat_map(|robots| robots.sitemaps()).filter_map(|line| url.join(line).ok()).collect();
        if named.is_empty() { url.join(USUAL).into_iter().collect() } else { named }
    }

    fn offer_pages(&self, pages: Vec<SitemapPage>, frontier: &Mutex<Frontier>) {
        let mut frontier = frontier.lock();
        let is_recent =
            |page: &SitemapPage| self.kind.since.is_none_or(|since| page.moment().is_none_or(|at| at >= since));
        for page in pages.into_iter().filter(is_recent) {
            let SitemapPage { url, lastmod, published, images } = page;
            frontier.offer(Task { lastmod, published, images, ..Task::new(url, Via::Sitemap) });
        }
    }

    /// One sitemap. Where it cannot be read, that is reported.
    async fn sitemap(&self, url: &Url, named: &Named) -> Option<Sitemap> {
        let most = self.reader.crawl.max_sitemap.0;
        let judge = AnyBody { most, limit: MAX_SITEMAP, purpose: Purpose::Page, fetcher: &self.reader.fetcher };
        let validators = Validators::default();
        let request = Request { url, purpose: Purpose::Page, article: None, validators: &validators, judge: &judge };
        let response = self.fetch(&request).await;
        if let Err(error) = self.requested(CaptureKind::Sitemap, url, &response.exchanges, response.bodies()).await {
            named.failed(error);
            return None;
        }
        let (staged, content_type) = match response.outcome {
            Ok(Answer::Body { staged, accepted, .. }) => (staged, accepted),
            Ok(Answer::NotModified) => return None,
            Err(failure) => {
                named.failed(self.unread("sitemap", url, SourceFailure::Fetch(failure.reason), failure.detail));
                return None;
            }
        };
        match self.parse(url.clone(), staged, content_type).await {
            Ok(found) => {
                if found.unusable > 0 {
                    let note = format!("{} entries of {url} have no usable URL", found.unusable);
                    self.send(Entry::Note(note)).await;
                }
                Some(found)
            }
            Err(message) => {
                named.failed(self.unread("sitemap", url, SourceFailure::NotASitemap, message));
                None
            }
        }
    }

    /// Reads a body on a thread that may take its time.
    async fn parse(&self, url: Url, staged: Staged, content_type: Option<String>) -> Result<Sitemap, String> {
        // It is read piece by piece, so that its elements take no more memory than its text.
        let limits = XmlLimits { nodes: usize::MAX, ..self.xml_limits() };
        let most = self.reader.crawl.max_sitemap.0;
        let read = tokio::task::spawn_blocking(move || {
            let bytes = staged.read().map_err(|cause| format!("cannot read what was fetched: {cause}"))?;
            let bytes = if bytes.starts_with(GZIP) { unpacked(&bytes, most)? } else { bytes };
            sitemap::read(&bytes, content_type.as_deref(), &url, limits).map_err(|error| error.to_string())
        });
        read.await.expect("any text is read without a panic")
    }
}

/// Unpacks gzip, up to a limit. A truncated text is read as far as it goes.
fn unpacked(packed: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = MultiGzDecoder::new(packed).take(most.saturating_add(1)).read_to_end(&mut bytes);
    if bytes.len() as u64 > most {
        return Err(too_large(MAX_SITEMAP, most));
    }
    match read {
        Err(cause) if bytes.is_empty() => Err(format!("it is packed with gzip and cannot be unpacked: {cause}")),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_packed_is_unpacked_within_limits() {
        let bytes = packed(b"<urlset/>");
        assert_eq!(unpacked(&bytes, 9).unwrap(), b"<urlset/>");
        assert!(unpacked(&bytes, 8).unwrap_err().contains("crawl.max_sitemap"));
        assert!(unpacked(&packed(&vec![0; 10 << 20]), 1 << 20).unwrap_err().contains("crawl.max_sitemap"));
        assert!(unpacked(b"\x1f\x8bnonsense", 99).unwrap_err().contains("cannot be unpacked"));
    }
}
