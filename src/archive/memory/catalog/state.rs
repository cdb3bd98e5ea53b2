//! What a catalog keeps, and what several of its traits do with it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use url::Url;

use crate::archive::catalog::{
    ArchiveRow, AssetRow, BlobRow, Derived, EntryRow, FeedRow, NewReference, PageRow, RunRow, SharedBlob, TakedownRow,
    TakedownTarget, ThumbnailRow, UrlFacts, UrlRow, VersionRow,
};
use crate::archive::rules::{ArticleFacts, HostHold};
use crate::clock;
use crate::model::{
    ArchiveId, ArticleId, ArticleKey, ArticleVersion, Asset, Capture, CaptureId, CaptureKind, Digest, Edit, Exchange,
    Fingerprint, HostKey, HostState, JobId, MediaType, RunId, SourceName, ThumbnailName, UrlId,
};

/// Everything that a catalog knows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) archive: ArchiveRow,
    pub(super) runs: BTreeMap<RunId, RunRow>,
    pub(super) feeds: BTreeMap<(SourceName, Url), FeedRow>,
    pub(super) entries: BTreeMap<(SourceName, Digest), EntryRow>,
    pub(super) pages: BTreeMap<(SourceName, Url), PageRow>,
    /// When the unfinished crawls began.
    pub(super) crawls: BTreeMap<SourceName, Timestamp>,
    pub(super) articles: BTreeMap<ArticleId, ArticleEntry>,
    pub(super) article_ids: BTreeMap<ArticleKey, ArticleId>,
    pub(super) urls: BTreeMap<UrlId, UrlEntry>,
    pub(super) url_ids: HashMap<Url, UrlId>,
    pub(super) hosts: BTreeMap<HostKey, HostEntry>,
    pub(super) jobs: BTreeMap<JobId, UrlId>,
    pub(super) captures: BTreeMap<CaptureId, (UrlId, Capture)>,
    /// The URLs whose asset a blob is: an index of [`UrlFacts::kept`].
    with_asset: HashMap<Digest, BTreeSet<UrlId>>,
    /// By digest and name of the media type.
    pub(super) blobs: BTreeMap<(Digest, &'static str), BlobRow>,
    pub(super) assets: BTreeMap<Digest, Asset>,
    pub(super) thumbnails: BTreeMap<(Digest, ThumbnailName), ThumbnailRow>,
    /// The states in which what is derived was last compared with the rows.
    pub(super) compared: BTreeMap<Derived, Digest>,
    pub(super) shared: BTreeMap<(HostKey, Digest), SharedBlob>,
    pub(super) takedowns: BTreeMap<TakedownTarget, TakedownRow>,
    /// When each unreferenced object was first found unreferenced.
    pub(super) garbage: BTreeMap<String, Timestamp>,
    last_job: i64,
}

/// An article with its versions, references and mirror.
#[derive(Debug)]
pub(super) struct ArticleEntry {
    pub(super) version: ArticleVersion,
    pub(super) earlier: Vec<VersionRow>,
    /// All but `waiting`, which is counted.
    pub(super) facts: ArticleFacts,
    pub(super) references: Vec<(NewReference, Option<UrlId>)>,
    pub(super) mirror: Option<Digest>,
    pub(super) mirror_file: Option<Fingerprint>,
    pub(super) edits: Vec<Edit>,
    /// References that are kept and that the mirror does not show.
    pub(super) unshown: u64,
    /// The earlier assets that it still shows of URLs whose bytes changed.
    pub(super) shown_first: BTreeMap<UrlId, Digest>,
}

impl ArticleEntry {
    /// An article that was just read for the first time.
    pub(super) const fn new(version: ArticleVersion) -> Self {
        Self {
            version,
            earlier: Vec::new(),
            facts: ArticleFacts::NEW,
            references: Vec::new(),
            mirror: None,
            mirror_file: None,
            edits: Vec::new(),
            unshown: 0,
            shown_first: BTreeMap::new(),
        }
    }

    /// The version that is mirrored, as a row.
    pub(super) fn version_row(&self) -> VersionRow {
        let ArticleVersion { original, format, title, published, read_at, .. } = &self.version;
        VersionRow {
            original: *original,
            format: *format,
            title: title.clone(),
            published: *published,
            read_at: *read_at,
        }
    }
}

/// A URL, with what is kept of it besides its newest good capture.
#[derive(Debug)]
pub(super) struct UrlEntry {
    pub(super) url: Url,
    pub(super) host: HostKey,
    pub(super) facts: UrlFacts,
    /// Assets that a newer one replaced.
    pub(super) replaced: BTreeSet<Digest>,
    /// The newest placeholder that was revoked from it.
    pub(super) revoked: Option<Digest>,
    /// The articles that show it.
    pub(super) showing: BTreeSet<ArticleId>,
    /// Its captures, oldest first.
    pub(super) captures: Vec<CaptureId>,
    pub(super) job: Option<JobId>,
}

/// A host, with its lease and its jobs.
#[derive(Debug, Default)]
pub(super) struct HostEntry {
    pub(super) was_asked: bool,
    pub(super) state: HostState,
    pub(super) leased_until: Option<Timestamp>,
    pub(super) epoch: i64,
    pub(super) jobs: BTreeSet<JobId>,
    /// The first job of those that it had when it began to wait.
    pub(super) first_job: Option<JobId>,
}

impl HostEntry {
    /// When it may be leased again, and why not before.
    pub(super) fn hold(&self) -> HostHold {
        HostHold { leased_until: self.leased_until, ..HostHold::of(&self.state) }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            archive: ArchiveRow { id: ArchiveId(fastrand::u128(..)), made_at: clock::now() },
            runs: BTreeMap::new(),
            feeds: BTreeMap::new(),
            entries: BTreeMap::new(),
            pages: BTreeMap::new(),
            crawls: BTreeMap::new(),
            articles: BTreeMap::new(),
            article_ids: BTreeMap::new(),
            urls: BTreeMap::new(),
            url_ids: HashMap::new(),
            hosts: BTreeMap::new(),
            jobs: BTreeMap::new(),
            captures: BTreeMap::new(),
            with_asset: HashMap::new(),
            blobs: BTreeMap::new(),
            assets: BTreeMap::new(),
            thumbnails: BTreeMap::new(),
            compared: BTreeMap::new(),
            shared: BTreeMap::new(),
            takedowns: BTreeMap::new(),
            garbage: BTreeMap::new(),
            last_job: 0,
        }
    }
}

/// Up to `limit` values after a key, in the order of their keys.
pub(super) fn page<K: Ord + Clone, V, T>(
    map: &BTreeMap<K, V>,
    after: Option<K>,
    limit: usize,
    read: impl Fn(&K, &V) -> Option<T>,
) -> Vec<T> {
    let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
    map.range((from, std::ops::Bound::Unbounded)).filter_map(|(key, value)| read(key, value)).take(limit).collect()
}

/// Whether a digest starts with this byte.
pub(super) fn is_of_shard(digest: Digest, shard: u8) -> bool {
    digest.as_bytes()[0] == shard
}

/// The first id of rows, or the one after the greatest.
pub(super) fn next_id(last: Option<i64>) -> i64 {
    last.map_or(1, |last| last + 1)
}

impl State {
    // Articles.

    /// Where an article stands.
    pub(super) fn facts_of(&self, article: ArticleId) -> Option<ArticleFacts> {
        let entry = self.articles.get(&article)?;
        let urls = self.urls_of(article);
        let waiting = urls.iter().filter(|url| self.urls[url].job.is_some()).count() as u64;
        Some(ArticleFacts { waiting, ..entry.facts })
    }

    /// The URLs that an article shows, each once; none where the article is not on record.
    pub(super) fn urls_of(&self, article: ArticleId) -> Vec<UrlId> {
        let references = self.articles.get(&article).into_iter().flat_map(|entry| &entry.references);
        references.filter_map(|(_, url)| *url).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Stores what a rule makes of an article.
    pub(super) fn change(&mut self, article: ArticleId, rule: impl FnOnce(ArticleFacts) -> ArticleFacts) {
        if let Some(entry) = self.articles.get_mut(&article) {
            entry.facts = rule(entry.facts);
        }
    }

    /// Makes articles stale.
    pub(super) fn make_stale(&mut self, articles: impl IntoIterator<Item = ArticleId>) {
        articles.into_iter().for_each(|article| self.change(article, ArticleFacts::made_stale));
    }

    /// The articles that show a URL.
    pub(super) fn showing(&self, url: UrlId) -> Vec<ArticleId> {
        self.urls[&url].showing.iter().copied().collect()
    }

    /// Those of some articles that are ready.
    pub(super) fn ready_of(&self, articles: impl IntoIterator<Item = ArticleId>) -> Vec<ArticleId> {
        articles.into_iter().filter(|article| self.facts_of(*article).is_some_and(ArticleFacts::is_ready)).collect()
    }

    // URLs.

    /// The row of a URL that an article shows, made where there is none.
    pub(super) fn ensure_url(&mut self, url: &Url) -> UrlId {
        let Some(known) = self.url_ids.get(url).copied() else {
            let is_taken_down = self.was_taken_down(&TakedownTarget::covering_url(url));
            return self.insert_url(url, UrlFacts::first_seen(is_taken_down));
        };
        let entry = self.url_mut(known);
        entry.facts = std::mem::take(&mut entry.facts).shown();
        known
    }

    /// Makes the row of a URL.
    pub(super) fn insert_url(&mut self, url: &Url, facts: UrlFacts) -> UrlId {
        let id = UrlId(next_id(self.urls.keys().last().map(|id| id.0)));
        let host = HostKey::of(url).unwrap_or_else(|| HostKey::from_stored(String::new()));
        self.hosts.entry(host.clone()).or_default();
        let entry = UrlEntry {
            url: url.clone(),
            host,
            facts,
            replaced: BTreeSet::new(),
            revoked: None,
            showing: BTreeSet::new(),
            captures: Vec::new(),
            job: None,
        };
        self.urls.insert(id, entry);
        self.url_ids.insert(url.clone(), id);
        id
    }

    pub(super) fn url_mut(&mut self, url: UrlId) -> &mut UrlEntry {
        self.urls.get_mut(&url).expect("a URL that is named is on record")
    }

    /// A URL as callers see it.
    pub(super) fn url_row(&self, id: UrlId) -> UrlRow {
        let UrlEntry { url, facts, .. } = &self.urls[&id];
        let asset = facts.kept.map(|digest| self.asset(digest));
        UrlRow { id, url: url.clone(), facts: facts.clone(), asset }
    }

    /// The URLs whose asset this is.
    pub(super) fn urls_with(&self, digest: Digest) -> Vec<UrlId> {
        self.with_asset.get(&digest).into_iter().flatten().copied().collect()
    }

    /// Puts this in place of what was known of a URL.
    pub(super) fn store_url(&mut self, url: UrlId, facts: UrlFacts) {
        let (now, entry) = (facts.kept, self.url_mut(url));
        let before = std::mem::replace(&mut entry.facts, facts).kept;
        if let Some(urls) = before.and_then(|digest| self.with_asset.get_mut(&digest)) {
            urls.remove(&url);
        }
        if let Some(digest) = now {
            self.with_asset.entry(digest).or_default().insert(url);
        }
    }

    // Blobs.

    pub(super) fn record_blob(&mut self, digest: Digest, media_type: MediaType, size: u64, created: Timestamp) {
        let row = BlobRow { digest, media_type, size, created };
        self.blobs.entry((digest, media_type.as_str())).or_insert(row);
    }

    /// An asset that is on record.
    pub(super) fn asset(&self, digest: Digest) -> AssetRow {
        let asset = self.assets[&digest].clone();
        AssetRow { digest, size: self.blobs[&(digest, asset.media_type.as_str())].size, asset }
    }

    // Captures.

    /// The captures of a URL, oldest first.
    pub(super) fn captures_of(&self, url: UrlId) -> impl DoubleEndedIterator<Item = &Capture> {
        let ids = self.urls.get(&url).into_iter().flat_map(|entry| &entry.captures);
        ids.map(|id| &self.captures[id].1)
    }

    /// Appends an attempt to get an image.
    pub(super) fn append_media(&mut self, url: UrlId, run: RunId, digest: Option<Digest>, exchanges: Vec<Exchange>) {
        self.append_capture(url, run, CaptureKind::Media, None, digest, exchanges);
    }

    /// Appends one attempt.
    pub(super) fn append_capture(
        &mut self,
        url: UrlId,
        run: RunId,
        kind: CaptureKind,
        source: Option<SourceName>,
        digest: Option<Digest>,
        exchanges: Vec<Exchange>,
    ) {
        let Some(at) = exchanges.first().map(|first| first.at) else { return };
        let id = CaptureId(next_id(self.captures.keys().last().map(|id| id.0)));
        let entry = self.url_mut(url);
        entry.captures.push(id);
        let (requested, revisits) = (entry.url.clone(), Vec::new());
        let capture = Capture { id, run, at, url: requested, kind, source, exchanges, digest, revisits };
        self.captures.insert(id, (url, capture));
    }

    // The queue.

    /// Queues a URL that some article shows, unless it is queued already, and gives how many jobs that made.
    pub(super) fn queue(&mut self, url: UrlId) -> u64 {
        let id = JobId(self.last_job + 1);
        let may_wait = |entry: &&mut UrlEntry| entry.job.is_none() && !entry.showing.is_empty();
        let Some(entry) = self.urls.get_mut(&url).filter(may_wait) else {
            return 0;
        };
        self.last_job = id.0;
        entry.job = Some(id);
        let host = self.hosts.entry(entry.host.clone()).or_default();
        if host.jobs.is_empty() {
            host.first_job = Some(id);
        }
        host.jobs.insert(id);
        self.jobs.insert(id, url);
        1
    }

    /// Takes a URL's job from the queue.
    pub(super) fn unqueue(&mut self, url: UrlId) {
        let Some(entry) = self.urls.get_mut(&url) else { return };
        if let Some(job) = entry.job.take() {
            self.jobs.remove(&job);
            if let Some(host) = self.hosts.get_mut(&entry.host) {
                host.jobs.remove(&job);
            }
        }
    }
}
