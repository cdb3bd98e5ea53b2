//! What rules ask to store, as changes of maps.

use jiff::Timestamp;

use super::state::State;
use crate::archive::catalog::BlobRow;
use crate::archive::rules::{ArticleFacts, Effect};
use crate::model::{ArticleId, Digest, MediaType, UrlId};

impl State {
    /// Stores what a rule decided, and gives how many jobs that put into the queue.
    pub(super) fn apply(&mut self, effects: Vec<Effect>) -> u64 {
        effects.into_iter().map(|effect| self.store(effect)).sum()
    }

    fn store(&mut self, effect: Effect) -> u64 {
        match effect {
            Effect::Queue(url) => return self.queue(url),
            Effect::RecordBlob(BlobRow { digest, media_type, size, created }) => {
                self.record_blob(digest, media_type, size, created);
            }
            Effect::StoreAsset { digest, asset } => drop(self.assets.insert(digest, asset)),
            Effect::AppendCapture { url, run, digest, exchanges } => self.append_capture(url, run, digest, exchanges),
            Effect::StoreUrl { url, facts } => self.url_mut(url).facts = facts,
            Effect::KeepReplaced { url, digest } => drop(self.url_mut(url).replaced.insert(digest)),
            Effect::ForgetReplaced { url, digest } => drop(self.url_mut(url).replaced.remove(&digest)),
            Effect::KeepRevoked { url, digest } => self.url_mut(url).revoked = Some(digest),
            Effect::MarkReplacing { host, digest } => {
                if let Some(shared) = self.shared_mut(&host, digest) {
                    shared.replaces_others = true;
                }
            }
            Effect::KeepShown { article, url, digest } => self.keep_shown(article, url, digest),
            Effect::ForgetShown { article, url } => self.forget_shown(article, url),
            Effect::MakeStale(article) => self.change(article, ArticleFacts::made_stale),
            Effect::ForgetVersions(digest) => self.forget_versions(digest),
            Effect::ForgetThumbnails(digest) => self.forget_thumbnails(digest),
            Effect::ForgetAsset { digest, media_type } => self.forget_asset(digest, media_type),
            Effect::ForgetGarbage { digest, media_type } => drop(self.forget_garbage(digest, media_type)),
            Effect::ForgetArticle(article) => self.forget_article(article),
            Effect::ForgetGiven(url) => self.forget_given(url),
            Effect::ForgetUrl(url) => self.forget_url(url),
            Effect::NoteGarbage { path, since } => self.note_garbage(path, since),
        }
        0
    }

    fn keep_shown(&mut self, article: ArticleId, url: UrlId, digest: Digest) {
        if let Some(entry) = self.articles.get_mut(&article) {
            entry.shown_first.insert(url, digest);
        }
    }

    fn forget_shown(&mut self, article: ArticleId, url: UrlId) {
        if let Some(entry) = self.articles.get_mut(&article) {
            entry.shown_first.remove(&url);
        }
    }

    fn forget_versions(&mut self, digest: Digest) {
        for entry in self.urls.values_mut() {
            entry.replaced.remove(&digest);
            entry.revoked = entry.revoked.filter(|revoked| *revoked != digest);
        }
        for article in self.articles.values_mut() {
            article.shown_first.retain(|_, shown| *shown != digest);
        }
    }

    fn forget_thumbnails(&mut self, original: Digest) {
        self.thumbnails.retain(|(of, _), _| *of != original);
    }

    fn forget_asset(&mut self, digest: Digest, media_type: MediaType) {
        if self.assets.get(&digest).is_some_and(|asset| asset.media_type == media_type) {
            self.assets.remove(&digest);
        }
        self.blobs.remove(&(digest, media_type.as_str()));
    }

    /// Deletes the rows of a blob and its thumbnails, unless something refers to it.
    pub(super) fn forget_garbage(&mut self, digest: Digest, media_type: MediaType) -> bool {
        let is_on_record = self.blobs.contains_key(&(digest, media_type.as_str()));
        let is_garbage = is_on_record && self.uses(digest).is_garbage();
        if is_garbage {
            self.forget_thumbnails(digest);
            self.forget_asset(digest, media_type);
        }
        is_garbage
    }

    fn forget_article(&mut self, article: ArticleId) {
        if let Some(entry) = self.articles.remove(&article) {
            self.article_ids.remove(&entry.version.key);
        }
        for entry in self.urls.values_mut() {
            entry.showing.remove(&article);
        }
    }

    fn forget_given(&mut self, url: UrlId) {
        self.unqueue(url);
        for article in self.articles.values_mut() {
            article.shown_first.remove(&url);
        }
        self.captures.retain(|_, (of, _)| *of != url);
        let entry = self.url_mut(url);
        entry.replaced.clear();
        entry.revoked = None;
    }

    fn forget_url(&mut self, url: UrlId) {
        if let Some(entry) = self.urls.remove(&url) {
            self.url_ids.remove(&entry.url);
        }
    }

    fn note_garbage(&mut self, path: String, since: Timestamp) {
        self.garbage.insert(path, since);
    }
}
