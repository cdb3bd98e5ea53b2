//! The queue does what a simple model of it does, whatever is asked of it in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use super::engines::Fresh;
use super::fixtures::{
    FIRST, HORIZON, at, due_again, failed, kept, key, lease_all, link, mirror, outcome, ready_articles, record_version,
    run, version,
};
use offprint::testing::archive::{ArticleId, AssetRow, Catalog, JobResult, Lease, RunId, UrlState, WriteOutcome};
use offprint::testing::model::{ArticleVersion, Digest, Failure, HostState, Reason};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use url::Url;

properties! { the_queue_does_what_its_model_does }

const ARTICLES: usize = 3;
const URLS: usize = 4;

/// One thing that happens to a catalog.
#[derive(Debug, Clone)]
enum Event {
    /// An article is read that shows these URLs.
    Record(usize, BTreeSet<usize>),
    /// The first jobs, as many as there are ends, end like this.
    Complete(Vec<End>),
    /// A stale worker says the same.
    CompleteLate(Vec<End>),
    /// Time goes by, and what is due is queued.
    Later(i64),
    /// A mirror is written.
    Mirror(usize),
}

/// How a job ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Kept(u8, Option<i64>),
    NotModified(Option<i64>),
    Failed(Option<i64>),
    Deferred(i64),
}

fn end() -> impl Strategy<Value = End> {
    let wait = 1..50_i64;
    let some_wait = prop::option::of(wait.clone());
    prop_oneof![
        3 => (0..3_u8, some_wait.clone()).prop_map(|(bytes, wait)| End::Kept(bytes, wait)),
        1 => some_wait.clone().prop_map(End::NotModified),
        3 => some_wait.prop_map(End::Failed),
        1 => wait.prop_map(End::Deferred),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let urls = prop::collection::btree_set(0..URLS, 0..URLS);
    let ends = || prop::collection::vec(end(), 1..4);
    prop_oneof![
        3 => (0..ARTICLES, urls).prop_map(|(article, urls)| Event::Record(article, urls)),
        4 => ends().prop_map(Event::Complete),
        1 => ends().prop_map(Event::CompleteLate),
        2 => (0..60_i64).prop_map(Event::Later),
        2 => (0..ARTICLES).prop_map(Event::Mirror),
    ]
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct ModelUrl {
    asked: bool,
    due: Option<i64>,
    bytes: Option<u8>,
    attempts: u32,
}

#[derive(Debug, Default)]
struct ModelArticle {
    urls: BTreeSet<usize>,
    stale: bool,
    mirrored: bool,
    /// What it showed of a URL before that one's bytes changed.
    shown: BTreeMap<usize, u8>,
}

/// What a catalog should hold.
#[derive(Debug, Default)]
struct Model {
    now: i64,
    urls: BTreeMap<usize, ModelUrl>,
    queue: Vec<usize>,
    articles: BTreeMap<usize, ModelArticle>,
}

impl Model {
    fn is_shown(&self, url: usize) -> bool {
        self.articles.values().any(|article| article.urls.contains(&url))
    }

    fn enqueue(&mut self, url: usize) {
        if !self.queue.contains(&url) {
            self.queue.push(url);
        }
    }

    fn is_due(&self, url: usize) -> bool {
        self.urls[&url].due.is_some_and(|due| due <= self.now)
    }

    fn record(&mut self, article: usize, urls: &BTreeSet<usize>) {
        let article = self.articles.entry(article).or_default();
        (article.urls, article.stale) = (urls.clone(), true);
        article.shown.retain(|url, _| urls.contains(url));
        for &url in urls {
            self.urls.entry(url).or_default();
            if !self.urls[&url].asked || self.is_due(url) {
                self.enqueue(url);
            }
        }
        let shown: Vec<_> = self.queue.iter().copied().filter(|url| self.is_shown(*url)).collect();
        self.queue = shown;
    }

    fn later(&mut self, by: i64) {
        self.now += by;
        let mut due: Vec<_> =
            self.urls.keys().copied().filter(|url| self.is_due(*url) && self.is_shown(*url)).collect();
        due.sort_by_key(|url| self.urls[url].due);
        for url in due {
            self.enqueue(url);
        }
    }

    /// Ends the job of a URL, and gives the articles that its end makes ready.
    fn complete(&mut self, url: usize, end: End) {
        self.queue.retain(|queued| *queued != url);
        let now = self.now;
        let row = self.urls.get_mut(&url).unwrap();
        row.asked = true;
        let before = row.bytes;
        let after = |wait: Option<i64>| wait.map(|wait| now + wait);
        (row.bytes, row.due, row.attempts) = match end {
            End::Kept(bytes, wait) => (Some(bytes), after(wait), 0),
            End::NotModified(wait) => (before, after(wait), 0),
            End::Failed(wait) => (before, after(wait), row.attempts + 1),
            End::Deferred(wait) => (before, after(Some(wait)), row.attempts),
        };
        if row.bytes != before {
            for article in self.articles.values_mut().filter(|article| article.urls.contains(&url)) {
                match before {
                    Some(bytes) if article.mirrored => drop(article.shown.entry(url).or_insert(bytes)),
                    _ => article.stale = true,
                }
            }
        }
    }

    fn ready(&self) -> BTreeSet<usize> {
        let is_ready =
            |article: &ModelArticle| article.stale && article.urls.iter().all(|url| !self.queue.contains(url));
        self.articles.iter().filter(|(_, article)| is_ready(article)).map(|(number, _)| *number).collect()
    }
}

fn number_of(url: &Url) -> usize {
    url.path().trim_start_matches('/').parse().unwrap()
}

fn url_of(number: usize) -> Url {
    link(&format!("https://images.example/{number}"))
}

/// The model beside the real thing.
struct Both<'a> {
    catalog: &'a dyn Catalog,
    run: RunId,
    model: Model,
}

impl Both<'_> {
    async fn happen(&mut self, event: &Event) {
        match event {
            Event::Record(article, urls) => self.record(*article, urls).await,
            Event::Complete(ends) => self.complete(ends, false).await,
            Event::CompleteLate(ends) => self.complete(ends, true).await,
            Event::Later(by) => {
                self.model.later(*by);
                self.catalog.enqueue_due(at(self.model.now), HORIZON).await.unwrap();
            }
            Event::Mirror(article) => {
                if let Some(row) = self.catalog.article(&key(&article.to_string())).await.unwrap() {
                    mirror(self.catalog, row.id).await;
                    let article = self.model.articles.get_mut(article).unwrap();
                    (article.stale, article.mirrored) = (false, true);
                }
            }
        }
        self.compare().await;
    }

    async fn record(&mut self, article: usize, urls: &BTreeSet<usize>) {
        let version = ArticleVersion { read_at: at(self.model.now), ..version(&article.to_string()) };
        let texts: Vec<_> = urls.iter().map(|url| url_of(*url).to_string()).collect();
        record_version(self.catalog, &version, &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        self.model.record(article, urls);
    }

    async fn complete(&mut self, ends: &[End], late: bool) {
        let now = at(self.model.now);
        let Some(lease) = lease_all(self.catalog, now).await.pop() else { return };
        let jobs = self.catalog.jobs(&lease, None, ends.len()).await.unwrap();
        let stated = Lease { epoch: lease.epoch - i64::from(late), ..lease.clone() };
        let outcomes = jobs.iter().zip(ends).map(|(job, end)| outcome(job, self.model.now, self.result(*end)));
        let before = self.model.ready();
        let (claim, ready) = self.catalog.complete_jobs(&stated, self.run, outcomes.collect(), FIRST).await.unwrap();
        assert_eq!(claim, if late { WriteOutcome::Conflict } else { WriteOutcome::Applied });
        if !late {
            jobs.iter().zip(ends).for_each(|(job, end)| self.model.complete(number_of(&job.url.url), *end));
            let became: BTreeSet<_> = self.model.ready().difference(&before).copied().collect();
            let announced = self.numbers(&ready.ready_articles).await;
            assert!(
                became.is_subset(&announced) && announced.is_subset(&self.model.ready()),
                "{became:?} {announced:?}"
            );
        }
        self.catalog.release(&lease, &HostState::default()).await.unwrap();
    }

    fn result(&self, end: End) -> JobResult {
        let after = |wait: i64| at(self.model.now + wait);
        match end {
            End::Kept(bytes, None) => kept(&bytes.to_string()),
            End::Kept(bytes, Some(wait)) => due_again(kept(&bytes.to_string()), self.model.now + wait),
            End::NotModified(wait) => JobResult::NotModified { next_attempt: wait.map(after) },
            End::Failed(wait) => failed(wait.map(after)),
            End::Deferred(wait) => {
                JobResult::Deferred { failure: Failure::new(Reason::Budget, "used up"), next_attempt: after(wait) }
            }
        }
    }

    async fn numbers(&self, ids: &[ArticleId]) -> BTreeSet<usize> {
        let mut numbers = BTreeSet::new();
        for id in ids {
            numbers.insert(self.catalog.article_by_id(*id).await.unwrap().unwrap().version.key.path.parse().unwrap());
        }
        numbers
    }

    async fn compare(&self) {
        assert_eq!(self.catalog.queued().await.unwrap(), self.model.queue.len() as u64, "{:?}", self.model);
        let ready = ready_articles(self.catalog).await;
        assert_eq!(self.numbers(&ready).await, self.model.ready(), "{:?}", self.model);
        for (number, expected) in &self.model.urls {
            let row = self.catalog.url(&url_of(*number)).await.unwrap().unwrap();
            let found = ModelUrl {
                asked: row.facts.state != UrlState::New,
                due: row.facts.next_attempt.map(|due| due.duration_since(at(0)).as_secs()),
                bytes: row.asset.as_ref().map(bytes_of),
                attempts: row.facts.attempts,
            };
            assert_eq!(found, *expected, "{number}");
        }
        for (number, expected) in &self.model.articles {
            let id = self.catalog.article(&key(&number.to_string())).await.unwrap().unwrap().id;
            let references = self.catalog.references(id).await.unwrap().into_iter();
            let shown = references
                .filter_map(|reference| Some((number_of(&reference.url?.url), bytes_of(&reference.shown_first?))));
            assert_eq!(shown.collect::<BTreeMap<_, _>>(), expected.shown, "{number}");
        }
    }
}

/// Which of the bytes that these tests keep.
fn bytes_of(AssetRow { digest, .. }: &AssetRow) -> u8 {
    (0..3).find(|bytes: &u8| *digest == Digest::of(bytes.to_string().as_bytes())).unwrap()
}

fn the_queue_does_what_its_model_does(fresh: fn() -> Fresh) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let events = prop::collection::vec(event(), 1..40);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() });
    let result = runner.run(&events, |events| {
        runtime.block_on(async {
            let fresh = fresh();
            let run = run(&*fresh).await;
            let mut both = Both { catalog: &*fresh, run, model: Model::default() };
            for event in &events {
                both.happen(event).await;
            }
        });
        Ok(())
    });
    result.unwrap();
}
