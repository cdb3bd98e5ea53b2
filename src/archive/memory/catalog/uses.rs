//! What uses a blob: the one list of what names blobs.

use std::collections::BTreeMap;

use super::state::State;
use crate::archive::rules::BlobUse;
use crate::model::Digest;

impl State {
    /// Every use of every blob.
    fn uses(&self) -> impl Iterator<Item = (Digest, BlobUse)> {
        let of_articles = self.articles.iter().flat_map(|(id, article)| {
            let original = (article.version.original, BlobUse::Original(*id));
            let earlier = article.earlier.iter().map(|version| (version.original, BlobUse::EarlierOriginal(*id)));
            let shown = article.shown_first.iter().map(|(url, digest)| (*digest, BlobUse::ShownFirst(*id, *url)));
            [original].into_iter().chain(earlier).chain(shown)
        });
        let of_urls = self.urls.iter().flat_map(|(id, entry)| {
            let asset = entry.facts.kept.iter().map(|digest| (*digest, BlobUse::Asset(*id)));
            let earlier = entry.replaced.iter().map(|digest| (*digest, BlobUse::EarlierAsset(*id)));
            let revoked = entry.revoked.iter().map(|digest| (*digest, BlobUse::Revoked(*id)));
            asset.chain(earlier).chain(revoked)
        });
        let of_captures = self.captures.values().flat_map(|(url, capture)| {
            let bodies = capture.exchanges.iter().filter_map(|exchange| exchange.body.as_ref());
            bodies.map(|body| (body.digest, BlobUse::Evidence(*url)))
        });
        of_articles.chain(of_urls).chain(of_captures)
    }

    /// One use of a blob, where it has any.
    pub(super) fn any_use(&self, digest: Digest) -> Option<BlobUse> {
        self.uses().find(|(used, _)| *used == digest).map(|(_, by)| by)
    }

    /// One use of each blob that has any.
    pub(super) fn used(&self) -> BTreeMap<Digest, BlobUse> {
        self.uses().collect()
    }

    /// Every use of each blob that has any.
    pub(super) fn uses_of_each(&self) -> BTreeMap<Digest, Vec<BlobUse>> {
        let mut uses: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (digest, by) in self.uses() {
            uses.entry(digest).or_default().push(by);
        }
        uses
    }
}
