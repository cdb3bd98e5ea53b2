//! Blobs that a host sends for several URLs, and the revocation of those that are placeholders.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::state::State;
use super::{MemoryCatalog, missing};
use crate::archive::catalog::{
    CatalogError, PlaceholderVerdict, Placeholders, Revocation, Revoked, SharedBlob, SharedUrl,
};
use crate::archive::rules::{self, Earlier, PlaceholderUrl};
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
            state.apply(rules::captured(*url, run, None, exchanges.clone()));
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
        let urls = rules::revoked_from(what, state.urls_of_host(host, what.digest));
        let of_this_run = urls.iter().filter(|url| state.is_of_run(run, **url, what.digest)).count() as u64;
        let facts = urls.iter().map(|url| (*url, state.placeholder_url(*url, what.digest))).collect();
        let decision = rules::revoked(host, what, facts, &state.shown_of_host(host, what.digest));
        Ok(Revoked { urls, of_this_run, changes: state.decide(decision) })
    }
}

impl State {
    fn urls_of_host(&self, host: &HostKey, digest: Digest) -> Vec<UrlId> {
        self.urls_with(digest).into_iter().filter(|url| self.urls[url].host == *host).collect()
    }

    /// What is known of a blob of a host, to be changed; `None` if the host is not on record.
    pub(super) fn shared_mut(&mut self, host: &HostKey, digest: Digest) -> Option<&mut SharedBlob> {
        let is_known = self.hosts.contains_key(host);
        is_known.then(|| self.shared.entry((host.clone(), digest)).or_default())
    }

    fn shared_blob(&self, host: &HostKey, digest: Digest) -> SharedBlob {
        self.shared.get(&(host.clone(), digest)).copied().unwrap_or_default()
    }

    /// The version that a URL had before these bytes.
    fn previous(&self, url: UrlId, current: Digest) -> Option<(Digest, Timestamp)> {
        let host = &self.urls[&url].host;
        let earlier = self.captures_of(url).rev().filter_map(|capture| {
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
        self.captures_of(url).any(|capture| capture.run == run && capture.digest == Some(digest))
    }

    fn placeholder_url(&self, url: UrlId, digest: Digest) -> PlaceholderUrl {
        let facts = self.urls[&url].facts.clone();
        PlaceholderUrl { facts, previous: self.previous(url, digest), showing: self.showing(url) }
    }

    /// The articles that still show a blob although their URLs of this host gave others since, and these URLs.
    fn shown_of_host(&self, host: &HostKey, digest: Digest) -> Vec<(ArticleId, UrlId)> {
        let shown = self
            .articles
            .iter()
            .flat_map(|(id, entry)| entry.shown_first.iter().map(|(url, shown)| (*id, *url, *shown)));
        let of_host = shown.filter(|(_, url, shown)| *shown == digest && self.urls[url].host == *host);
        of_host.map(|(article, url, _)| (article, url)).collect()
    }
}
