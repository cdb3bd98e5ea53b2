//! What rules ask to store, as changes of maps.

use jiff::Timestamp;

use super::state::{ArticleEntry, State};
use crate::archive::catalog::{BlobRow, NewReference, QueueChanges};
use crate::archive::rules::{ArticleEffect, ArticleFacts, Decision, Effect};
use crate::model::{ArticleId, ArticleVersion, Digest, Edit, MediaType, UrlId};

impl ArticleEntry {
    fn keep_version(&mut self) {
        self.earlier.push(self.version_row());
    }

    fn store_mirror(&mut self, digest: Digest, edits: Vec<Edit>) {
        (self.mirror, self.mirror_file, self.edits) = (Some(digest), None, edits);
    }
}

impl State {
    /// Stores what a rule decided, and gives what that changed in the queue.
    pub(super) fn decide(&mut self, decision: Decision) -> QueueChanges {
        let queued = self.apply(decision.effects);
        let ready_articles = self.ready_of(decision.articles);
        QueueChanges { ready_articles, queued, ..QueueChanges::default() }
    }

    /// Stores effects, and gives how many jobs that put into the queue.
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
            Effect::AppendCapture { url, run, digest, exchanges } => self.append_media(url, run, digest, exchanges),
            Effect::AppendDocument { run, document } => self.append_document(run, document),
            Effect::AppendRevisit { capture, revisit } => self.append_revisit(capture, revisit),
            Effect::StoreUrl { url, facts } => self.store_url(url, facts),
            Effect::KeepReplaced { url, digest } => drop(self.url_mut(url).replaced.insert(digest)),
            Effect::ForgetReplaced { url, digest } => drop(self.url_mut(url).replaced.remove(&digest)),
            Effect::KeepRevoked { url, digest } => self.url_mut(url).revoked = Some(digest),
            Effect::MarkReplacing { host, digest } => {
                if let Some(shared) = self.shared_mut(&host, digest) {
                    shared.replaces_others = true;
                }
            }
            Effect::KeepShown { article, url, digest } => {
                self.of_article(article, |entry| {
                    entry.shown_first.insert(url, digest);
                });
            }
            Effect::ForgetShown { article, url } => {
                self.of_article(article, |entry| {
                    entry.shown_first.remove(&url);
                });
            }
            Effect::Unqueue(url) => self.unqueue_unshown(url),
            Effect::EndJob(url) => self.unqueue(url),
            Effect::Article(article, effect) => self.change_article(article, effect),
            Effect::MakeStale(article) => self.change(article, ArticleFacts::made_stale),
            Effect::ForgetVersions(digest) => self.forget_versions(digest),
            Effect::ForgetThumbnail { original, name } => drop(self.thumbnails.remove(&(original, name))),
            Effect::ForgetThumbnails(digest) => self.forget_thumbnails(digest),
            Effect::ForgetAsset { digest, media_type } => self.forget_asset(digest, media_type),
            Effect::ForgetArticle(article) => self.forget_article(article),
            Effect::ForgetGiven(url) => self.forget_given(url),
            Effect::ForgetUrl(url) => self.forget_url(url),
            Effect::NoteGarbage { path, since } => self.note_garbage(path, since),
        }
        0
    }

    fn change_article(&mut self, article: ArticleId, effect: ArticleEffect) {
        match effect {
            ArticleEffect::KeepVersion => self.of_article(article, ArticleEntry::keep_version),
            ArticleEffect::StoreVersion(version) => self.store_version(article, *version),
            ArticleEffect::StoreReferences(references) => self.store_references(article, references),
            ArticleEffect::StoreFacts(facts) => self.change(article, |_| facts),
            ArticleEffect::StoreUnshown(unshown) => self.of_article(article, |entry| entry.unshown = unshown),
            ArticleEffect::StoreMirror { digest, edits } => {
                self.of_article(article, |entry| entry.store_mirror(digest, edits));
            }
        }
    }

    /// Changes an article, where it is on record.
    fn of_article(&mut self, article: ArticleId, change: impl FnOnce(&mut ArticleEntry)) {
        if let Some(entry) = self.articles.get_mut(&article) {
            change(entry);
        }
    }

    /// Puts a version in place of the one of its article, which is made where there is none.
    fn store_version(&mut self, article: ArticleId, version: ArticleVersion) {
        self.article_ids.insert(version.key.clone(), article);
        match self.articles.get_mut(&article) {
            Some(entry) => entry.version = version,
            None => drop(self.articles.insert(article, ArticleEntry::new(version))),
        }
    }

    fn store_references(&mut self, article: ArticleId, references: Vec<(NewReference, Option<UrlId>)>) {
        for url in self.urls_of(article) {
            self.url_mut(url).showing.remove(&article);
        }
        for url in references.iter().filter_map(|(_, url)| *url) {
            self.url_mut(url).showing.insert(article);
        }
        self.of_article(article, |entry| entry.references = references);
    }

    fn unqueue_unshown(&mut self, url: UrlId) {
        if self.urls.get(&url).is_some_and(|entry| entry.showing.is_empty()) {
            self.unqueue(url);
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

    fn forget_article(&mut self, article: ArticleId) {
        for url in self.urls_of(article) {
            self.url_mut(url).showing.remove(&article);
        }
        if let Some(entry) = self.articles.remove(&article) {
            self.article_ids.remove(&entry.version.key);
        }
    }

    fn forget_given(&mut self, url: UrlId) {
        self.unqueue(url);
        for article in self.articles.values_mut() {
            article.shown_first.remove(&url);
        }
        let entry = self.url_mut(url);
        entry.replaced.clear();
        entry.revoked = None;
        for capture in std::mem::take(&mut entry.captures) {
            self.captures.remove(&capture);
        }
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
