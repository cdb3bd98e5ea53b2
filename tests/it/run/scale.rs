//! How the archive grows: a synthetic one of as many articles as wanted, with ten references each.
//!
//! `OFFPRINT_SCALE=10000 cargo test --release --test it -- --ignored --nocapture scale::` prints what each step of the
//! library costs, and what each command does, run as a user runs it.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use offprint::testing::archive::{self, Archive, CompletedJob, Job, JobResult, Mode, NewReference, StoreKey, Worker};
use offprint::testing::config::ChangedImages;
use offprint::testing::gc::{self, GcPlan, GcRules};
use offprint::testing::model::{
    ArticleKey, ArticleVersion, Asset, Digest, Edit, Fingerprint, Format, HostState, MediaType, ReferenceKind,
    ReferencePlace, Span, Validators,
};
use offprint::testing::rewrite::splice;
use offprint::testing::status;
use offprint::testing::verify::{self, MirrorFile, VerifyOptions, VerifyProgress};
use url::Url;

use crate::corpus::say;
use crate::sandbox::{Ran, Sandbox};
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};
use crate::watched::{Watched, peak_of, watch};

/// References of an article. Every third image is shown by two articles.
const REFERENCES: usize = 10;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn url(article: usize, at: usize) -> Url {
    let number = article * REFERENCES + at;
    let shown = if at.is_multiple_of(3) { number - number % (2 * REFERENCES) + at } else { number };
    Url::parse(&format!("https://images{}.example/2026/11/image-{shown}.jpg", shown % 50)).unwrap()
}

fn key(article: usize) -> ArticleKey {
    ArticleKey {
        source: "posts".parse().unwrap(),
        path: format!("{:03}/{article:07}.md", article % 365).parse().unwrap(),
    }
}

fn line(article: usize, at: usize) -> String {
    format!("![]({})\n", url(article, at))
}

fn original(article: usize) -> Vec<u8> {
    (0..REFERENCES).map(|at| line(article, at)).collect::<Vec<_>>().concat().into_bytes()
}

fn references(article: usize) -> Vec<NewReference> {
    let mut end = 0;
    let reference = |at| {
        let start = end + 4;
        end += line(article, at).len();
        NewReference {
            place: ReferencePlace {
                span: Span::new(start, end - 2),
                kind: ReferenceKind::Markdown,
                name: "image".into(),
                image_group: u32::try_from(at).unwrap(),
                reveal: None,
                link_wrap: None,
            },
            url: Some(url(article, at)),
            unfetched: None,
        }
    };
    (0..REFERENCES).map(reference).collect()
}

async fn record(archive: &Archive, article: usize) {
    let bytes = original(article);
    put(archive, &StoreKey::Blob { digest: Digest::of(&bytes), media_type: MediaType::Markdown }, &bytes);
    let version = ArticleVersion {
        key: key(article),
        original: Digest::of(&bytes),
        fingerprint: Fingerprint { size: bytes.len() as u64, modified: 1, inode: 1 },
        format: Format::Markdown,
        encoding: Some("UTF-8".into()),
        settings: Digest::of(b"settings"),
        title: Some(format!("Article {article}")),
        published: None,
        url: None,
        read_at: now(),
    };
    archive.catalog.record_article(&version, bytes.len() as u64, &references(article)).await.unwrap();
}

/// Writes a file without waiting for the disk: what is measured comes later.
fn place(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The same, for an object of the archive.
fn put(archive: &Archive, key: &StoreKey, bytes: &[u8]) {
    let store = archive.objects.staging().folder().parent().unwrap();
    place(&store.join(key.path()), bytes);
}

fn outcome(archive: &Archive, job: &Job) -> CompletedJob {
    let bytes = job.url.url.as_str().as_bytes();
    let digest = Digest::of(bytes);
    put(archive, &StoreKey::Blob { digest, media_type: MediaType::Jpeg }, bytes);
    let result = JobResult::Kept {
        digest,
        size: bytes.len() as u64,
        asset: Asset::of_type(MediaType::Jpeg),
        validators: Validators::default(),
        next_attempt: Some(now().checked_add(Duration::from_secs(86_400)).unwrap()),
    };
    CompletedJob { job: job.id, url: job.url.id, at: Timestamp::now(), exchanges: Vec::new(), result }
}

async fn fetch(archive: &Archive) {
    let (catalog, worker) = (&archive.catalog, Worker("scale".into()));
    let run = catalog.begin_run(now()).await.unwrap();
    loop {
        let leases = catalog.lease(&worker, 1, Duration::from_secs(600), now()).await.unwrap();
        let Some(lease) = leases.first() else { return catalog.finish_run(run, now(), "{}").await.unwrap() };
        loop {
            let jobs = catalog.jobs(lease, None, 1000).await.unwrap();
            if jobs.is_empty() {
                break;
            }
            let outcomes = jobs.iter().map(|job| outcome(archive, job)).collect();
            catalog.complete_jobs(lease, run, outcomes, ChangedImages::First).await.unwrap();
        }
        catalog.release(lease, &HostState::default()).await.unwrap();
    }
}

async fn mirror(archive: &Archive, article: usize) {
    let row = archive.catalog.article(&key(article)).await.unwrap().unwrap();
    let edits: Vec<_> = references(article)
        .into_iter()
        .map(|reference| {
            let raw = reference.url.unwrap().to_string().into_bytes();
            let name = StoreKey::Blob { digest: Digest::of(&raw), media_type: MediaType::Jpeg };
            Edit { span: reference.place.span, raw, replacement: format!("../../../{name}").into_bytes() }
        })
        .collect();
    let mirror = splice(&original(article), &edits);
    put(archive, &StoreKey::Article(key(article)), &mirror);
    archive.catalog.record_mirror(row.id, row.revision, Digest::of(&mirror), &edits).await.unwrap();
    let fingerprint = Fingerprint { size: mirror.len() as u64, modified: 1, inode: 1 };
    archive.catalog.finish_mirror(row.id, fingerprint).await.unwrap();
}

/// The most memory that this process has had so far, in MiB.
fn peak() -> u64 {
    peak_of(std::process::id()).unwrap_or_default()
}

/// The processor time that this process has had, in seconds: fields 14 and 15 of `/proc/self/stat`, in hundredths.
fn processor() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    let ticks: u32 = fields.skip(12).take(2).filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
    f64::from(ticks) / 100.0
}

async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    let (begin, before) = (Instant::now(), processor());
    let result = work.await;
    let (took, used) = (begin.elapsed().as_secs_f64(), processor() - before);
    say(&format!("{what}: {took:.2} s, {used:.2} s of processor time, peak {} MiB", peak()));
    result
}

async fn each<W: Future<Output = ()>>(articles: usize, work: impl Fn(usize) -> W) {
    stream::iter(0..articles).map(work).buffer_unordered(256).for_each(async |()| ()).await;
}

async fn verify_part(archive: &Arc<Archive>, subset: &str) {
    let mirrored = Archive::clone(archive);
    let find_mirror = move |key: &ArticleKey| MirrorFile {
        output: mirrored.output(&key.source),
        in_place: false,
        is_configured: true,
    };
    let options = VerifyOptions { subset: subset.parse().unwrap(), rate: None, find_mirror: Box::new(find_mirror) };
    let found = verify::verify(Arc::clone(archive), options, Arc::new(VerifyProgress::default())).await.unwrap();
    assert_eq!(found.findings, []);
}

/// Reads what a night compares every article with, as the pipeline does.
async fn read_all(archive: &Archive) -> usize {
    let (mut last, mut known) = (None, BTreeMap::new());
    loop {
        let rows = archive.catalog.articles(Some("posts"), last.as_ref(), 1000).await.unwrap();
        let Some(end) = rows.last() else { return known.len() };
        last = Some(end.version.key.clone());
        known.extend(rows.into_iter().map(|row| (row.id, row.version.fingerprint)));
    }
}

fn wanted() -> usize {
    std::env::var("OFFPRINT_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measurement: not a promise"]
async fn measurement_of_the_catalog() {
    let articles = wanted();
    let folder = tempfile::tempdir().unwrap();
    let archive = Arc::new(archive::open(folder.path(), Mode::Create).unwrap());
    say(&format!("{articles} articles, {} references", articles * REFERENCES));
    timed("recorded", each(articles, |article| record(&archive, article))).await;
    timed("settled", fetch(&archive)).await;
    timed("mirrored", each(articles, |article| mirror(&archive, article))).await;
    assert_eq!(timed("read for comparison", read_all(&archive)).await, articles);
    assert_eq!(timed("what is due", archive.catalog.enqueue_due(now(), Duration::MAX)).await.unwrap(), 0);
    assert_eq!(timed("what is stale", archive.catalog.stale_articles(None, 1000)).await.unwrap(), []);
    timed("totals", archive.catalog.totals()).await.unwrap();
    timed("status", status::status(&archive)).await.unwrap();
    timed("verify 1/30", verify_part(&archive, "1/30")).await;
    timed("verify", verify_part(&archive, "1/1")).await;
    let grace = Duration::from_secs(86_400);
    let rules = GcRules { thumbnails: &["small".parse().unwrap()], grace, now: Timestamp::now() };
    assert_eq!(timed("gc, planned", gc::plan(&archive, rules)).await.unwrap(), GcPlan::default());
    let size = fs::metadata(folder.path().join("catalog.db")).unwrap().len();
    say(&format!("catalog: {} MiB", size >> 20));
    timed("closed", async { drop(archive) }).await;
    let opened = timed("opened", async { archive::open(folder.path(), Mode::Create) }).await;
    drop(opened.unwrap());
}

/// Runs a command to its end, and says how long it took and how much memory it had.
fn command(sandbox: &Sandbox, what: &str, arguments: &[&str]) -> Ran {
    let Watched { ran, took, peak, .. } = watch(sandbox.command(arguments));
    let last = ran.stdout.lines().last().unwrap_or("");
    say(&format!("{what}: {:.2} s, peak {peak} MiB: {last}", took.as_secs_f64()));
    ran.expect(0)
}

/// The archive as it is after everything was fetched and before the mirror is written.
async fn fetched(sandbox: &Sandbox, articles: usize) {
    let archive = archive::open(&sandbox.path("store"), Mode::Create).unwrap();
    each(articles, |article| record(&archive, article)).await;
    fetch(&archive).await;
    (0..articles).for_each(|article| place(&sandbox.path("posts").join(key(article).path), &original(article)));
}

/// Every hundredth article gets one more image.
fn change_some(sandbox: &Sandbox, origin: &Origin, articles: usize) {
    for article in (0..articles).step_by(100) {
        let more = format!("![]({})\n", origin.url(&format!("/{article}.png")));
        place(&sandbox.path("posts").join(key(article).path), &[original(article), more.into_bytes()].concat());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measurement: not a promise"]
async fn measurement_of_nights() {
    let articles = wanted();
    let site = (0..articles).step_by(100).fold(Site::new(), |site, article| {
        site.on(&format!("/{article}.png"), Behaviour::serve(Content::new("image/png", tiny(article as u64))))
    });
    let origin = Origin::start(site).unwrap();
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", "[fetch]\nallow_net = [\"127.0.0.0/8\"]\ndelay = \"0\"\n");
    say(&format!("{articles} articles, {} references", articles * REFERENCES));
    timed("all fetched", fetched(&sandbox, articles)).await;
    command(&sandbox, "a night that writes every mirror", &["run"]);
    command(&sandbox, "a night with nothing new", &["run"]);
    change_some(&sandbox, &origin, articles);
    command(&sandbox, "a night with 1 % new", &["run"]);
    command(&sandbox, "status", &["status"]);
    command(&sandbox, "verify --subset 1/30", &["verify", "--subset", "1/30"]);
    command(&sandbox, "gc --dry-run", &["gc", "--dry-run"]);
    let bytes = fs::metadata(sandbox.path("store/catalog.db")).unwrap().len();
    say(&format!("catalog: {} MiB", bytes >> 20));
}
