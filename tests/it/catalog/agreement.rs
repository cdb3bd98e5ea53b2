//! Whatever happens to a catalog, in whatever order, each engine says and keeps the same as the one in memory.

use std::fmt::Debug;

use offprint::testing::archive::{
    Catalog, CompletedJob, DocumentCapture, JobResult, PlaceholderVerdict, Revocation, RunId, TakedownTarget, UrlId,
};
use offprint::testing::config::ChangedImages;
use offprint::testing::model::{
    ArticleId, ArticleVersion, CaptureKind, Digest, Edit, Exchange, Failure, Fingerprint, HostKey, HostState, KeptBody,
    MediaType, Reason,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use url::Url;

use super::engines::{self, Fresh};
use super::fixtures::{
    A, HORIZON, at, due_again, exchange, failed, kept, key, lease_all, link, outcome, record_version, run,
    thumbnail_of, version,
};

properties! { an_engine_agrees_with_the_one_in_memory }

const ARTICLES: usize = 3;
const BYTES: [&str; 3] = ["first", "second", "third"];

/// One thing that happens to a catalog.
#[derive(Debug, Clone)]
enum Event {
    /// An article is read with these bytes, and shows these URLs.
    Read { article: usize, bytes: usize, urls: Vec<usize> },
    /// The first jobs of every host end so.
    Complete { ends: Vec<End>, newest: bool },
    /// A mirror is written, with an edit for the first reference or none.
    Mirror { article: usize, shows: bool },
    /// Time goes by.
    Later(i64),
    /// A blob is revoked, from all URLs of its host or from the first.
    Revoke { bytes: usize, only_first: bool },
    /// A probe had a verdict.
    Verdict { bytes: usize, is_placeholder: bool },
    /// The bytes of an asset are lost.
    Lose(usize),
    /// Thumbnails are recorded, or forgotten.
    Thumbnail { bytes: usize, forget: bool },
    /// An article is no longer in its source, or is there again.
    Vanish { article: usize, back: bool },
    /// A source requests a URL: it gets these bytes, or that nothing changed.
    Document { url: usize, bytes: Option<usize> },
    /// What nothing refers to is forgotten.
    Collect,
    /// An article, all of them, a URL or a host is taken down.
    TakeDown(usize),
}

/// How a job ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Kept(usize),
    NotModified,
    Failed { evidence: Option<usize>, retired: bool },
    Deferred,
}

fn end() -> impl Strategy<Value = End> {
    let some_bytes = || prop::option::of(0..BYTES.len());
    prop_oneof![
        4 => (0..BYTES.len()).prop_map(End::Kept),
        1 => Just(End::NotModified),
        2 => (some_bytes(), any::<bool>()).prop_map(|(evidence, retired)| End::Failed { evidence, retired }),
        1 => Just(End::Deferred),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let (article, bytes) = (0..ARTICLES, 0..BYTES.len());
    let urls = prop::collection::vec(0..5_usize, 0..5);
    prop_oneof![
        4 => (article.clone(), bytes.clone(), urls).prop_map(|(article, bytes, urls)| Event::Read { article, bytes, urls }),
        6 => (prop::collection::vec(end(), 1..4), any::<bool>())
            .prop_map(|(ends, newest)| Event::Complete { ends, newest }),
        3 => (article.clone(), any::<bool>()).prop_map(|(article, shows)| Event::Mirror { article, shows }),
        3 => (0..100_i64).prop_map(Event::Later),
        2 => (bytes.clone(), any::<bool>()).prop_map(|(bytes, only_first)| Event::Revoke { bytes, only_first }),
        2 => (0..5_usize, prop::option::of(bytes.clone())).prop_map(|(url, bytes)| Event::Document { url, bytes }),
        1 => (bytes.clone(), any::<bool>())
            .prop_map(|(bytes, is_placeholder)| Event::Verdict { bytes, is_placeholder }),
        1 => bytes.clone().prop_map(Event::Lose),
        1 => (bytes, any::<bool>()).prop_map(|(bytes, forget)| Event::Thumbnail { bytes, forget }),
        1 => (article, any::<bool>()).prop_map(|(article, back)| Event::Vanish { article, back }),
        1 => Just(Event::Collect),
        1 => (0..4_usize).prop_map(Event::TakeDown),
    ]
}

/// Two hosts, and one URL that is no request to any.
fn url_of(number: usize) -> String {
    match number {
        4 => "file:///srv/posts/1.jpg".to_owned(),
        number => format!("https://images{}.example/{number}", number % 2),
    }
}

fn digest(bytes: usize) -> Digest {
    Digest::of(BYTES[bytes].as_bytes())
}

fn hosts() -> [HostKey; 3] {
    [0, 1, 4].map(|number| HostKey::of(&link(&url_of(number))).unwrap())
}

/// A catalog to which things happen, and what it said.
struct Player<'a> {
    catalog: &'a dyn Catalog,
    run: RunId,
    now: i64,
    said: Vec<String>,
}

impl Player<'_> {
    fn record(&mut self, said: impl Debug) {
        self.said.push(format!("{said:?}"));
    }

    async fn article(&self, article: usize) -> Option<ArticleId> {
        self.catalog.article(&key(&article.to_string())).await.unwrap().map(|row| row.id)
    }

    async fn happen(&mut self, event: &Event) {
        match event {
            Event::Read { article, bytes, urls } => {
                let read_at = at(self.now);
                let version = ArticleVersion { original: digest(*bytes), read_at, ..version(&article.to_string()) };
                let urls: Vec<_> = urls.iter().map(|url| url_of(*url)).collect();
                let urls: Vec<_> = urls.iter().map(String::as_str).collect();
                let id = record_version(self.catalog, &version, &urls).await;
                self.record(id);
            }
            Event::Complete { ends, newest } => self.complete(ends, *newest).await,
            Event::Mirror { article, shows } => self.mirror(*article, *shows).await,
            Event::Later(by) => {
                self.now += by;
                let queued = self.catalog.enqueue_due(at(self.now), HORIZON).await.unwrap();
                self.record(queued);
            }
            Event::Revoke { bytes, only_first } => self.revoke(digest(*bytes), *only_first).await,
            Event::Verdict { bytes, is_placeholder } => self.verdict(digest(*bytes), *is_placeholder).await,
            Event::Lose(bytes) => self.catalog.lose_asset(digest(*bytes), at(self.now)).await.unwrap(),
            Event::Thumbnail { bytes, forget } => {
                let row = thumbnail_of(digest(*bytes), "small");
                if *forget {
                    self.catalog.forget_thumbnails(&[(row.original, row.name)]).await.unwrap();
                } else {
                    self.catalog.record_thumbnails(&[row], &[(digest(*bytes), 7)]).await.unwrap();
                }
            }
            Event::Vanish { article, back } => self.vanish(*article, *back).await,
            Event::Document { url, bytes } => self.document(&link(&url_of(*url)), *bytes).await,
            Event::Collect => self.collect().await,
            Event::TakeDown(kind) => self.take_down(*kind).await,
        }
    }

    async fn document(&mut self, url: &Url, bytes: Option<usize>) {
        let source = "news".parse().unwrap();
        let facts = self.catalog.document(url, Some(&source)).await.unwrap();
        self.record(facts);
        let body = bytes.map(|bytes| KeptBody { digest: digest(bytes), media_type: MediaType::Text, length: 5 });
        let status = if bytes.is_some() { 200 } else { 304 };
        let given = Exchange { digest: bytes.map(digest), body, ..exchange(url, self.now, status) };
        let (url, exchanges) = (url.clone(), vec![given]);
        let document = DocumentCapture { url, kind: CaptureKind::Feed, source: Some(source), exchanges };
        self.catalog.record_document(self.run, &document).await.unwrap();
    }

    async fn complete(&mut self, ends: &[End], newest: bool) {
        let shown = if newest { ChangedImages::Newest } else { ChangedImages::First };
        for lease in lease_all(self.catalog, at(self.now)).await {
            let jobs = self.catalog.jobs(&lease, None, ends.len()).await.unwrap();
            let completed: Vec<_> = jobs
                .iter()
                .zip(ends)
                .map(|(job, end)| completed(outcome(job, self.now, self.result(*end)), *end))
                .collect();
            self.record((&lease, &jobs));
            let changes = self.catalog.complete_jobs(&lease, self.run, completed, shown).await.unwrap();
            self.record(changes);
            let state = HostState { not_before: Some(at(self.now + 3)), ..HostState::default() };
            self.catalog.release(&lease, &state).await.unwrap();
        }
    }

    fn result(&self, end: End) -> JobResult {
        let next_attempt = at(self.now + 20);
        match end {
            End::Kept(bytes) => due_again(kept(BYTES[bytes]), self.now + 10),
            End::NotModified => JobResult::NotModified { next_attempt: Some(next_attempt) },
            End::Failed { retired, .. } => failed((!retired).then_some(next_attempt)),
            End::Deferred => JobResult::Deferred { failure: Failure::new(Reason::Budget, "used up"), next_attempt },
        }
    }

    async fn mirror(&mut self, article: usize, shows: bool) {
        let Some(id) = self.article(article).await else { return };
        let row = self.catalog.article_by_id(id).await.unwrap().unwrap();
        let first = self.catalog.references(id).await.unwrap().first().map(|reference| reference.place.span);
        let edit = first.filter(|_| shows).map(|span| Edit { span, raw: b"raw".into(), replacement: b"link".into() });
        let written = self.catalog.record_mirror(id, row.revision, digest(0), edit.as_slice()).await.unwrap();
        self.record(written);
        self.catalog.finish_mirror(id, Fingerprint { size: 9, modified: 5, inode: 6 }).await.unwrap();
    }

    async fn revoke(&mut self, digest: Digest, only_first: bool) {
        for host in hosts() {
            let first = self.catalog.urls_sharing(&host, digest, 1).await.unwrap();
            let only = only_first.then(|| first.iter().map(|shared| shared.id).collect());
            let what = Revocation { digest, only, next_attempt: Some(at(self.now + 5)), requeue: !only_first };
            let revoked = self.catalog.revoke(self.run, &host, &what).await.unwrap();
            self.record(revoked);
        }
    }

    async fn verdict(&mut self, digest: Digest, is_placeholder: bool) {
        let verdict = if is_placeholder { PlaceholderVerdict::Placeholder } else { PlaceholderVerdict::Genuine };
        let url = self.catalog.url(&link(&url_of(0))).await.unwrap();
        let asked: Vec<(UrlId, Vec<Exchange>)> =
            url.into_iter().map(|row| (row.id, vec![exchange(&link(A), self.now, 200)])).collect();
        self.catalog.record_verdict(self.run, &hosts()[0], digest, Some(verdict), &asked).await.unwrap();
    }

    async fn vanish(&mut self, article: usize, back: bool) {
        let Some(id) = self.article(article).await else { return };
        if back {
            self.catalog.touch_article(id, Fingerprint { size: 1, modified: self.now, inode: 2 }).await.unwrap();
        } else {
            self.catalog.mark_vanished(&[id]).await.unwrap();
        }
    }

    async fn collect(&mut self) {
        for shard in 0..=u8::MAX {
            for blob in self.catalog.unreferenced_blobs(shard, at(self.now)).await.unwrap() {
                let is_forgotten = self.catalog.forget_blob(blob.digest, blob.media_type).await.unwrap();
                self.record((blob, is_forgotten));
            }
        }
    }

    async fn take_down(&mut self, kind: usize) {
        let target = match kind {
            0 => TakedownTarget::Article(key("0")),
            1 => TakedownTarget::Source(key("0").source),
            2 => TakedownTarget::Url(link(&url_of(1))),
            _ => TakedownTarget::Host(hosts()[0].clone()),
        };
        let planned = self.catalog.takedown_reach(&target).await.unwrap();
        let reach = self.catalog.take_down(&target, at(self.now), "asked to").await.unwrap();
        assert_eq!(planned, reach);
        self.record(reach);
    }

    /// Everything that the catalog says of itself.
    async fn look(&mut self) {
        let catalog = self.catalog;
        let articles = catalog.articles(None, None, 99).await.unwrap();
        for article in &articles {
            self.record(catalog.references(article.id).await.unwrap());
            self.record((catalog.versions(article.id).await.unwrap(), catalog.edits(article.id).await.unwrap()));
        }
        self.record(articles);
        self.record(catalog.articles_by_date(None, 99).await.unwrap());
        self.record(catalog.stale_articles(None, 99).await.unwrap());
        self.record(catalog.failing_urls(None, 99).await.unwrap());
        for number in 0..5 {
            self.record(catalog.url(&link(&url_of(number))).await.unwrap());
        }
        for host in hosts() {
            self.record(catalog.articles_of_host(&host, None, 99).await.unwrap());
            self.record(catalog.shared_blobs(&host).await.unwrap());
            for bytes in 0..BYTES.len() {
                self.record(catalog.urls_sharing(&host, digest(bytes), 99).await.unwrap());
            }
        }
        self.record(catalog.unprobed_shared_blobs(2).await.unwrap());
        self.record(catalog.captures_after(None, 999).await.unwrap());
        self.record((catalog.hosts().await.unwrap(), catalog.queued().await.unwrap()));
        self.record(catalog.totals().await.unwrap());
        let small = [("small".parse().unwrap(), Digest::of(b"480"))];
        self.record(catalog.assets_lacking(&small, None, 99).await.unwrap());
        for bytes in 0..BYTES.len() {
            let digest = digest(bytes);
            self.record((catalog.blob(digest).await.unwrap(), catalog.thumbnails(&[digest]).await.unwrap()));
            self.record((catalog.urls_of(digest).await.unwrap(), catalog.articles_of_original(digest).await.unwrap()));
            self.record(catalog.urls_that_sent(digest).await.unwrap());
        }
        for shard in BYTES.map(|bytes| Digest::of(bytes.as_bytes()).as_bytes()[0]) {
            let blobs = catalog.blobs_on_record(shard).await.unwrap().into_iter();
            self.record(blobs.collect::<Result<Vec<_>, _>>().unwrap());
            self.record(catalog.unreferenced_blobs(shard, at(self.now)).await.unwrap());
        }
        self.record((catalog.takedowns().await.unwrap(), catalog.garbage_seen().await.unwrap()));
        assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
    }
}

/// A completed job with the bodies that its end says.
fn completed(job: CompletedJob, end: End) -> CompletedJob {
    let End::Failed { evidence, .. } = end else { return job };
    let body = evidence.map(|bytes| KeptBody { digest: digest(bytes), media_type: MediaType::Text, length: 5 });
    let exchanges = job.exchanges.into_iter().map(|exchange| Exchange { body: body.clone(), ..exchange }).collect();
    CompletedJob { exchanges, ..job }
}

async fn play(catalog: &dyn Catalog, events: &[Event]) -> Vec<String> {
    let mut player = Player { catalog, run: run(catalog).await, now: 0, said: Vec::new() };
    for event in events {
        player.happen(event).await;
        player.record(catalog.totals().await.unwrap());
    }
    player.look().await;
    player.said
}

fn an_engine_agrees_with_the_one_in_memory(fresh: fn() -> Fresh) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let events = prop::collection::vec(event(), 1..30);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() });
    let result = runner.run(&events, |events| {
        let said = runtime.block_on(play(&*fresh(), &events));
        let expected = runtime.block_on(play(&*engines::memory(), &events));
        for (said, expected) in said.iter().zip(&expected) {
            prop_assert_eq!(said, expected);
        }
        prop_assert_eq!(said.len(), expected.len());
        Ok(())
    });
    result.unwrap();
}
