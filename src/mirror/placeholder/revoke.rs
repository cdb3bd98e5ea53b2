//! Placeholders that were kept as images are revoked.

use std::sync::Arc;

use jiff::Timestamp;

use crate::archive::rules::Schedule;
use crate::archive::{Archive, ArticleId, Revocation, Revoked, RunId, SharedBlob, SharedUrl};
use crate::clock;
use crate::ingest::KnownPlaceholders;
use crate::mirror::error::MirrorError;
use crate::mirror::outcomes::Outcomes;
use crate::mirror::tally::Tally;
use crate::model::{Digest, Failure, HostKey, Reason};

/// How many URLs with the same bytes are examined.
pub(in crate::mirror) const LOOKED_AT: usize = 256;

const REPLACES_OTHERS: SharedBlob = SharedBlob { verdict: None, replaces_others: true };

/// Why a blob is no image of a URL.
pub(super) const REPLACES: &str = "the host sends the same image in place of others that are kept";

/// Takes placeholders back from the URLs that have them.
pub(super) struct Revoker {
    pub(super) archive: Arc<Archive>,
    pub(super) known: Arc<KnownPlaceholders>,
    pub(super) schedule: Schedule,
    pub(super) outcomes: Outcomes,
    pub(super) tally: Arc<Tally>,
    pub(super) run: RunId,
}

impl Revoker {
    /// Revokes a placeholder from every URL of a host, queues them again, and gives the articles that are ready.
    pub(super) async fn revoke_all(&self, host: &HostKey, digest: Digest) -> Result<Vec<ArticleId>, MirrorError> {
        let what = Revocation { digest, only: None, next_attempt: self.next_attempt(), requeue: true };
        let sharing = self.archive.catalog.urls_sharing(host, digest, LOOKED_AT).await?;
        Ok(self.revoke(host, &what, &sharing).await?.changes.ready_articles)
    }

    /// Restores the images that URLs had before a placeholder. It counts, and is reported, as a failure of these URLs.
    pub(super) async fn restore(
        &self,
        host: &HostKey,
        digest: Digest,
        urls: &[&SharedUrl],
    ) -> Result<Vec<ArticleId>, MirrorError> {
        self.known.learn(host, digest, REPLACES_OTHERS);
        let urls: Vec<_> = urls.iter().map(|shared| (*shared).clone()).collect();
        let next_attempt = self.next_attempt();
        let only = Some(urls.iter().map(|shared| shared.id).collect());
        let revoked = self.revoke(host, &Revocation { digest, only, next_attempt, requeue: false }, &urls).await?;
        let failure = Failure::new(Reason::Placeholder, REPLACES);
        for shared in urls.iter().filter(|shared| revoked.urls.contains(&shared.id)) {
            self.outcomes.failed(shared.id, &shared.url, &failure, 1, next_attempt).await?;
        }
        Ok(revoked.changes.ready_articles)
    }

    /// When a URL is due again that has just failed for a placeholder.
    fn next_attempt(&self) -> Option<Timestamp> {
        self.schedule.retry(0, &Failure::new(Reason::Placeholder, ""), clock::now(), fastrand::f64())
    }

    async fn revoke(&self, host: &HostKey, what: &Revocation, urls: &[SharedUrl]) -> Result<Revoked, MirrorError> {
        let revoked = self.archive.catalog.revoke(self.run, host, what).await?;
        let urls: Vec<_> = urls.iter().map(|shared| shared.url.to_string()).collect();
        self.tally.not_changed(&urls, what.digest);
        self.tally.revoked.add(revoked.of_this_run);
        self.tally.queued.add(revoked.changes.queued);
        Ok(revoked)
    }
}
