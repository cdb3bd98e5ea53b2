//! Takedowns: what they reach, and how it is removed.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::MemoryCatalog;
use super::state::State;
use crate::archive::catalog::{CatalogError, TakedownReach, TakedownRow, TakedownTarget, Takedowns};
use crate::archive::rules;
use crate::model::{ArticleId, ArticleKey, Digest, HostKey, UrlId};

#[async_trait]
impl Takedowns for MemoryCatalog {
    async fn takedown_reach(&self, target: &TakedownTarget) -> Result<TakedownReach, CatalogError> {
        Ok(self.state().reach(target))
    }

    async fn take_down(
        &self,
        target: &TakedownTarget,
        at: Timestamp,
        reason: &str,
    ) -> Result<TakedownReach, CatalogError> {
        let mut state = self.state();
        let reach = state.reach(target);
        let row = TakedownRow { target: target.clone(), at, reason: reason.to_owned() };
        state.takedowns.insert(target.clone(), row);
        let showing: Vec<_> = reach.urls.iter().map(|(id, _)| (*id, state.showing(*id))).collect();
        state.apply(rules::taken_down(&reach, &showing));
        Ok(reach)
    }

    async fn takedowns(&self) -> Result<Vec<TakedownRow>, CatalogError> {
        let mut rows: Vec<_> = self.state().takedowns.values().cloned().collect();
        rows.sort_by_key(|row| (row.at, row.target.kind(), row.target.name()));
        Ok(rows)
    }

    async fn is_taken_down(&self, article: &ArticleKey) -> Result<bool, CatalogError> {
        let state = self.state();
        let targets = [TakedownTarget::Article(article.clone()), TakedownTarget::Source(article.source.clone())];
        Ok(targets.iter().any(|target| state.takedowns.contains_key(target)))
    }
}

impl State {
    /// Whether a URL was taken down, by itself or with its host.
    pub(super) fn is_url_taken_down(&self, url: &Url) -> bool {
        let host = HostKey::of(url).map(TakedownTarget::Host);
        let targets = host.into_iter().chain([TakedownTarget::Url(url.clone())]);
        targets.into_iter().any(|target| self.takedowns.contains_key(&target))
    }

    fn reach(&self, target: &TakedownTarget) -> TakedownReach {
        let is_reached = |key: &ArticleKey| match target {
            TakedownTarget::Article(wanted) => key == wanted,
            TakedownTarget::Source(source) => key.source == *source,
            TakedownTarget::Url(_) | TakedownTarget::Host(_) => false,
        };
        let articles = self.articles.iter().filter(|(_, entry)| is_reached(&entry.version.key));
        let articles: Vec<_> = articles.map(|(id, entry)| (*id, entry.version.key.clone())).collect();
        let ids: BTreeSet<_> = articles.iter().map(|(id, _)| *id).collect();
        let urls = self.urls.iter().filter(|(_, entry)| match target {
            TakedownTarget::Url(url) => entry.url == *url,
            TakedownTarget::Host(host) => entry.host == *host,
            TakedownTarget::Article(_) | TakedownTarget::Source(_) => {
                !entry.showing.is_empty() && entry.showing.is_subset(&ids)
            }
        });
        let urls: Vec<_> = urls.map(|(id, entry)| (*id, entry.url.clone())).collect();
        let url_ids: BTreeSet<_> = urls.iter().map(|(id, _)| *id).collect();
        let (going, staying) = self.digests(&ids, &url_ids);
        let goes = |digest: &Digest| going.contains(digest) && !staying.contains(digest);
        let blobs = self.blobs.values().filter(|row| goes(&row.digest)).copied().collect();
        let thumbnails = self.thumbnails.values().filter(|row| goes(&row.original)).cloned().collect();
        TakedownReach { articles, urls, blobs, thumbnails }
    }

    /// The digests to which these articles and URLs refer, and those to which others do.
    fn digests(&self, articles: &BTreeSet<ArticleId>, urls: &BTreeSet<UrlId>) -> (BTreeSet<Digest>, BTreeSet<Digest>) {
        let (mut going, mut staying) = (BTreeSet::new(), BTreeSet::new());
        let mut note = |goes: bool, digest: Digest| {
            let _ = if goes { going.insert(digest) } else { staying.insert(digest) };
        };
        for (id, entry) in &self.articles {
            let goes = articles.contains(id);
            note(goes, entry.version.original);
            for version in &entry.earlier {
                note(goes, version.original);
            }
            for (url, digest) in &entry.shown_first {
                note(goes || urls.contains(url), *digest);
            }
        }
        for (id, entry) in &self.urls {
            let of_url = entry.facts.kept.iter().chain(&entry.replaced).chain(&entry.revoked);
            for digest in of_url {
                note(urls.contains(id), *digest);
            }
        }
        for (url, capture) in self.captures.values() {
            let bodies = capture.exchanges.iter().filter_map(|exchange| exchange.body.as_ref());
            for body in bodies {
                note(urls.contains(url), body.digest);
            }
        }
        (going, staying)
    }
}
