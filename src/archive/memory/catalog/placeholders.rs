//! Blobs that a host sends for several URLs, and the revocation of those that are placeholders.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use super::state::State;
use super::{MemoryCatalog, missing};
use crate::archive::catalog::{
    CatalogError, PlaceholderVerdict, Placeholders, Revocation, Revoked, SharedBlob, SharedUrl,
};
use crate::archive::rules::{self, Earlier};
use crate::model::{ArticleId, Digest, Exchange, HostKey, RunId, UrlId};

#[async_trait]
impl Placeholders for MemoryCatalog {
    async fn urls_sharing(&self, host: &HostKey, digest: Digest, limit: usize) -> Result<Vec<SharedUrl>, CatalogError> {
        let state = self.state();
        let row = |id: UrlId| {
            let previous = state.previous(id, digest).map(|(digest, _)| digest);
            SharedUrl { id, url: state.urls[&id].url.clone(), previous }
        };
        Ok(state.urls_of_host(host, digest).into_iter().take(limit).map(row).collect())
    }

    async fn unprobed_shared_blobs(&self, least: usize) -> Result<Vec<(HostKey, Digest)>, CatalogError> {
        let state = self.state();
        let mut counts: BTreeMap<(Digest, HostKey), usize> = BTreeMap::new();
        for entry in state.urls.values().filter(|entry| rules::can_be_probed(&entry.host)) {
            if let Some(digest) = entry.facts.kept {
                *counts.entry((digest, entry.host.clone())).or_default() += 1;
            }
        }
        let is_open = |host: &HostKey, digest: Digest| state.shared_blob(host, digest).verdict.is_none();
        let many = counts.into_iter().filter(|((digest, host), count)| *count >= least && is_open(host, *digest));
        Ok(many.map(|((digest, host), _)| (host, digest)).collect())
    }

    async fn shared_blobs(&self, host: &HostKey) -> Result<Vec<(Digest, SharedBlob)>, CatalogError> {
        let state = self.state();
        let of_host = state.shared.iter().filter(|((of, _), _)| of == host);
        Ok(of_host.map(|((_, digest), shared)| (*digest, *shared)).collect())
    }

    async fn record_verdict(
        &self,
        run: RunId,
        host: &HostKey,
        digest: Digest,
        verdict: Option<PlaceholderVerdict>,
        asked: &[(UrlId, Vec<Exchange>)],
    ) -> Result<(), CatalogError> {
        let mut state = self.state();
        if !state.runs.contains_key(&run) {
            return Err(missing("the run"));
        }
        for (url, exchanges) in asked {
            state.record_capture(*url, run, None, exchanges);
        }
        if verdict.is_some()
            && let Some(shared) = state.shared_mut(host, digest)
        {
            shared.verdict = verdict;
        }
        Ok(())
    }

    async fn revoke(&self, run: RunId, host: &HostKey, what: &Revocation) -> Result<Revoked, CatalogError> {
        let mut state = self.state();
        let is_meant = |url: &UrlId| what.only.as_ref().is_none_or(|only| only.contains(url));
        if what.only.is_some()
            && let Some(shared) = state.shared_mut(host, what.digest)
        {
            shared.replaces_others = true;
        }
        let (mut revoked, mut affected) = (Revoked::default(), BTreeSet::new());
        for url in state.urls_of_host(host, what.digest).into_iter().filter(is_meant) {
            revoked.of_this_run += u64::from(state.is_of_run(run, url, what.digest));
            affected.extend(state.revoke_from(url, what));
            revoked.changes.queued += if what.requeue { state.queue(url) } else { 0 };
            revoked.urls.push(url);
        }
        affected.extend(state.show_no_longer(host, what.digest, is_meant));
        revoked.changes.ready_articles = state.ready_of(affected);
        Ok(revoked)
    }
}

impl State {
    fn urls_of_host(&self, host: &HostKey, digest: Digest) -> Vec<UrlId> {
        self.urls_with(digest).into_iter().filter(|url| self.urls[url].host == *host).collect()
    }

    /// What is known of a blob of a host, to be changed; `None` where the host is not on record.
    fn shared_mut(&mut self, host: &HostKey, digest: Digest) -> Option<&mut SharedBlob> {
        let is_known = self.hosts.contains_key(host);
        is_known.then(|| self.shared.entry((host.clone(), digest)).or_default())
    }

    fn shared_blob(&self, host: &HostKey, digest: Digest) -> SharedBlob {
        self.shared.get(&(host.clone(), digest)).copied().unwrap_or_default()
    }

    /// The version that a URL had before these bytes.
    fn previous(&self, url: UrlId, current: Digest) -> Option<(Digest, Timestamp)> {
        let host = &self.urls[&url].host;
        let captures = self.captures.values().rev().filter(|(captured, _)| *captured == url);
        let earlier = captures.filter_map(|(_, capture)| {
            let digest = capture.digest?;
            Some(Earlier {
                digest,
                at: capture.exchanges.last()?.at,
                is_kept: self.assets.contains_key(&digest),
                shared: self.shared_blob(host, digest),
            })
        });
        rules::previous(current, earlier)
    }

    fn is_of_run(&self, run: RunId, url: UrlId, digest: Digest) -> bool {
        let mut captures = self.captures.values();
        captures.any(|(of, capture)| *of == url && capture.run == run && capture.digest == Some(digest))
    }

    /// Gives a URL its version from before, and gives the articles that show it and so became stale.
    fn revoke_from(&mut self, url: UrlId, what: &Revocation) -> Vec<ArticleId> {
        let previous = self.previous(url, what.digest);
        let entry = self.url_mut(url);
        entry.facts = std::mem::take(&mut entry.facts).on_revoked(previous, what.next_attempt);
        entry.refused = Some(what.digest);
        if let Some((digest, _)) = previous {
            entry.replaced.remove(&digest);
        }
        let showing = self.showing(url);
        self.make_stale(showing.iter().copied());
        showing
    }

    /// Articles that go on showing a placeholder, although their URLs gave the images themselves since, show those.
    fn show_no_longer(&mut self, host: &HostKey, digest: Digest, is_meant: impl Fn(&UrlId) -> bool) -> Vec<ArticleId> {
        let urls = &self.urls;
        let mut affected = Vec::new();
        for (id, article) in &mut self.articles {
            let before = article.shown_first.len();
            article.shown_first.retain(|url, shown| *shown != digest || urls[url].host != *host || !is_meant(url));
            affected.extend((article.shown_first.len() < before).then_some(*id));
        }
        self.make_stale(affected.iter().copied());
        affected
    }
}
