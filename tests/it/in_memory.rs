//! The pipeline over an archive in memory, driven as the program drives it over one on disk.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use offprint::testing::archive::{Archive, Prefix, StoreKey};
use offprint::testing::config::Config;
use offprint::testing::fetch::Fetcher;
use offprint::testing::gc::{self, GcRules};
use offprint::testing::mirror::{Mirror, Retry, plan};
use offprint::testing::model::{ArticleKey, Fingerprint, Report, RunOutcome, SourceReport};
use offprint::testing::source::{Source, configured, named};
use offprint::testing::verify::{FindMirror, Subset, VerifyOptions, VerifyProgress, find_mirror, verify};
use offprint::testing::{check, history, restore, status};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::sandbox::Ran;

/// An archive in memory.
pub(crate) struct InMemory(Arc<Archive>);

impl InMemory {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Archive::in_memory().unwrap()))
    }

    /// What the program does with these arguments. It prints JSON, and of `restore` the article.
    pub(crate) fn run(&self, config: &Path, arguments: &[&str]) -> Ran {
        let (["--json" | "-q", command @ ..] | command) = arguments;
        wait_for(self.command(config, command))
    }

    async fn command(&self, config: &Path, arguments: &[&str]) -> Ran {
        let folder = config.parent().unwrap();
        let config = Config::read(config).unwrap();
        let archive = &*self.0;
        match arguments {
            ["run" | "mirror", ..] => self.run_or_plan(folder, config, arguments).await,
            ["check"] => {
                let checked = check::check(archive, &config).await.unwrap();
                let is_whole = checked.dangling.is_empty() && checked.unreadable.is_empty();
                let status = if is_whole { if checked.remote.is_empty() { 0 } else { 3 } } else { 4 };
                printed(status, &checked)
            }
            ["verify"] => self.verify(&config).await,
            ["gc", "--dry-run"] => self.gc_plan(&config).await,
            ["gc"] => self.gc(&config).await,
            ["status"] | ["status", "-v"] => printed(0, &status::status(archive).await.unwrap()),
            ["status", "--history", of] => match Url::parse(of) {
                Ok(url) => printed(0, &history::of_url(archive, &url).await.unwrap()),
                Err(_) => printed(0, &history::of_article(archive, &article(of)).await.unwrap()),
            },
            ["restore", "--in-place", of] => self.restore_in_place(&config, &article(of)).await,
            ["restore", of] => {
                let original = restore::restore(archive, &article(of)).await.unwrap();
                Ran { status: 0, stdout: String::from_utf8(original).unwrap(), stderr: String::new() }
            }
            other => panic!("{other:?} is not done in memory"),
        }
    }

    /// What `run` and `mirror` do, or would do.
    async fn run_or_plan(&self, folder: &Path, config: Config, arguments: &[&str]) -> Ran {
        let arguments: Vec<_> = arguments.iter().copied().filter(|argument| *argument != "--json").collect();
        let (arguments, is_dry) = match &arguments[..] {
            [before @ .., "--dry-run"] => (before, true),
            all => (all, false),
        };
        let sources = match arguments {
            ["mirror", places @ ..] => {
                let places: Vec<_> = places.iter().map(|place| folder.join(place)).collect();
                named(&config, &places).unwrap()
            }
            _ => configured(&config).unwrap(),
        };
        let retry = match arguments {
            ["run", retry] => Some(parsed(retry)),
            _ => None,
        };
        if is_dry {
            return self.plan(&config, sources, retry).await;
        }
        self.mirror(config, sources, retry).await
    }

    async fn mirror(&self, config: Config, sources: Vec<Source>, retry: Option<Retry>) -> Ran {
        let archive = Arc::clone(&self.0);
        let fetcher = Fetcher::new(&config.fetch, archive.objects.staging().folder()).unwrap();
        let mirror = Mirror::new(config, archive, fetcher, sources, CancellationToken::new()).unwrap();
        let report = mirror.retry(retry).run().await.unwrap();
        printed(status_of(&report), &report)
    }

    async fn plan(&self, config: &Config, sources: Vec<Source>, retry: Option<Retry>) -> Ran {
        let plan = plan(config, Some(Arc::clone(&self.0)), sources, retry).await.unwrap();
        printed(i32::from(plan.sources.iter().any(SourceReport::is_failed)), &plan)
    }

    async fn verify(&self, config: &Config) -> Ran {
        let (sources, archive): (Vec<Source>, _) = (configured(config).unwrap(), Archive::clone(&self.0));
        let find_mirror: Box<FindMirror> = Box::new(move |key| find_mirror(&sources, &archive, key));
        let options = VerifyOptions { subset: Subset::ALL, rate: None, find_mirror };
        let found = verify(Arc::clone(&self.0), options, Arc::new(VerifyProgress::default())).await.unwrap();
        let findings = serde_json::json!({"findings": format!("{:?}", found.findings)});
        printed(if found.findings.is_empty() { 0 } else { 4 }, &findings)
    }

    async fn restore_in_place(&self, config: &Config, key: &ArticleKey) -> Ran {
        let original = restore::restore_version(&self.0, key, None).await.unwrap();
        let sources = configured(config).unwrap();
        let source = sources.iter().find(|source| *source.name() == key.source).unwrap();
        restore::restore_over(&self.0, source, key, &original, false).await.unwrap();
        printed(0, &Value::Null)
    }

    async fn gc(&self, config: &Config) -> Ran {
        let thumbnails: Vec<_> = config.thumbnail.iter().map(|size| size.name.clone()).collect();
        let rules = GcRules { thumbnails: &thumbnails, grace: config.run.grace, now: Timestamp::now() };
        let plan = gc::plan_and_note(&self.0, rules).await.unwrap();
        let removed = gc::sweep(&self.0, plan.going).await.unwrap();
        printed(0, &serde_json::json!({"removed": removed.len()}))
    }

    async fn gc_plan(&self, config: &Config) -> Ran {
        let thumbnails: Vec<_> = config.thumbnail.iter().map(|size| size.name.clone()).collect();
        let rules = GcRules { thumbnails: &thumbnails, grace: config.run.grace, now: Timestamp::now() };
        let plan = gc::plan(&self.0, rules).await.unwrap();
        printed(0, &serde_json::json!({"removed": plan.going.len()}))
    }

    /// The archive itself.
    pub(crate) fn archive(&self) -> Archive {
        Archive::clone(&self.0)
    }

    /// The bytes of an object, by its path in the archive.
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        let key = StoreKey::parse(path).unwrap_or_else(|| panic!("{path} is no key"));
        wait_for(async {
            let mut bytes = Vec::new();
            let reader = self.0.objects.open(&key, None).await.unwrap();
            reader.unwrap_or_else(|| panic!("{path} is not there")).read_to_end(&mut bytes).await.unwrap();
            bytes
        })
    }

    /// The objects below a folder of the archive, with their fingerprints.
    pub(crate) fn tree(&self, folder: &str) -> BTreeMap<PathBuf, (u64, SystemTime, u64)> {
        let (folder, below) = (Path::new(folder), wait_for(self.objects()));
        let inside = below.into_iter().filter_map(|(path, fingerprint)| {
            let name = Path::new(&path).strip_prefix(folder).ok()?.to_owned();
            let modified = Duration::from_nanos(u64::try_from(fingerprint.modified).unwrap_or_default());
            Some((name, (fingerprint.size, SystemTime::UNIX_EPOCH + modified, fingerprint.inode)))
        });
        inside.collect()
    }

    async fn objects(&self) -> Vec<(String, Fingerprint)> {
        let mut found = Vec::new();
        for shard in 0..=u8::MAX {
            found.extend(self.0.objects.list(Prefix::Blobs(shard)).await.unwrap());
            found.extend(self.0.objects.list(Prefix::Thumbnails(shard)).await.unwrap());
        }
        found.extend(self.0.objects.list(Prefix::Reports).await.unwrap());
        for row in self.0.catalog.articles(None, None, 10_000).await.unwrap() {
            let key = StoreKey::Article(row.version.key);
            if let Some(fingerprint) = self.0.objects.stat(&key).await.unwrap() {
                found.push((key, fingerprint));
            }
        }
        found.into_iter().map(|(key, fingerprint)| (key.path(), fingerprint)).collect()
    }
}

/// Tests are not asynchronous where they run the program, and so not here.
fn wait_for<T>(work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}

fn printed(status: i32, value: &impl serde::Serialize) -> Ran {
    Ran { status, stdout: serde_json::to_value(value).unwrap_or(Value::Null).to_string(), stderr: String::new() }
}

/// The exit status of a run, as the README gives it.
fn status_of(report: &Report) -> i32 {
    match report.outcome {
        RunOutcome::Interrupted => 130,
        RunOutcome::Failed => 1,
        _ if report.failed_sources().next().is_some() => 1,
        _ if report.newly_missing > 0 || !report.is_work_done() => 3,
        _ => 0,
    }
}

/// What `--retry` names.
fn parsed(argument: &str) -> Retry {
    argument.strip_prefix("--retry=").unwrap_or("all").parse().unwrap()
}

fn article(name: &str) -> ArticleKey {
    let (source, path) = name.split_once('/').unwrap();
    ArticleKey { source: source.parse().unwrap(), path: path.parse().unwrap() }
}
