//! What a night did not do: it is counted, named, and decides the exit status and the ping.

use std::io::ErrorKind;
use std::sync::Arc;

use offprint::CancellationToken;
use offprint::testing::archive::{Archive, Mode, StoreKey, open};
use offprint::testing::config::Config;
use offprint::testing::fetch::Fetcher;
use offprint::testing::mirror::Mirror;
use offprint::testing::model::Digest;
use offprint::testing::source::configured;

use crate::refusing::Refusing;
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

fn png(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/png", tiny(seed)))
}

/// The settings of pings to an origin, and the count of each kind.
fn pings(origin: &Origin) -> String {
    for path in ["/success", "/failure"] {
        origin.set(path, Behaviour::status(200));
    }
    let (success, failure) = (origin.url("/success"), origin.url("/failure"));
    format!("[report]\nping_success = \"{success}\"\nping_failure = \"{failure}\"\n")
}

fn pinged(origin: &Origin) -> (usize, usize) {
    (origin.log().of("/success").len(), origin.log().of("/failure").len())
}

#[tokio::test(flavor = "multi_thread")]
async fn images_that_were_put_off_are_newly_missing_once() {
    let later = Behaviour::status(503).with_header("Retry-After", "3600");
    let origin = Origin::start(Site::new().otherwise(move |_| Some(later.clone()))).unwrap();
    let reports = Origin::start(Site::new()).unwrap();
    let sandbox = Sandbox::new();
    sandbox.settings(&format!("retries = 0\n{}", pings(&reports)));
    for at in 0..5 {
        sandbox.write(&format!("posts/{at}.md"), format!("![]({})\n", origin.url(&format!("/{at}.png"))));
    }
    let ran = sandbox.run(&["-q", "run"]).expect(3);
    assert!(ran.stderr.starts_with("5 images newly missing without having been asked for"), "{ran:?}");
    assert_eq!(pinged(&reports), (0, 1), "the work was not done");
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["newly_missing"], &report["missing"]["urls"]), (&0.into(), &5.into()), "{report:#}");
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stdout.contains("5 images missing (next try "), "{ran:?}");
    assert_eq!(pinged(&reports), (2, 1), "what is known to be missing is no news");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_out_of_budget_is_news_again_when_it_fails() {
    let origin = Origin::start(Site::new().on("/a.png", png(1))).unwrap();
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", format!("![]({}) ![]({})\n", origin.url("/a.png"), origin.url("/gone.png")));
    sandbox.settings("per_host = 1\n[run]\nmin_free = \"8000000 TiB\"\n");
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["newly_missing"], &report["stopped_by"]), (&2.into(), &"min_free".into()), "{report:#}");
    assert_eq!(origin.log().count(), 0);
    let ran = sandbox.run(&["-q", "run"]).expect(3);
    assert_eq!(ran.stderr, "stopped by run.min_free: 2 images not asked for\n", "it is reported every night");
    sandbox.settings("");
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["newly_missing"], &report["missing"]["newly_untried"]), (&1.into(), &0.into()), "{report:#}");
    sandbox.run(&["run"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn most_of_a_source_gone_at_once_is_a_problem() {
    let sandbox = Sandbox::new();
    for at in 0..5 {
        sandbox.write(&format!("posts/{at}.md"), "text");
    }
    sandbox.run(&["run"]).expect(0);
    for at in 0..3 {
        std::fs::remove_file(sandbox.path(&format!("posts/{at}.md"))).unwrap();
    }
    let ran = sandbox.run(&["-q", "run"]).expect(3);
    assert!(ran.stderr.starts_with("posts: 3 of its 5 articles are gone from it"), "{ran:?}");
    sandbox.run(&["run"]).expect(0);
    std::fs::remove_file(sandbox.path("posts/3.md")).unwrap();
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stdout.contains("(1 gone)"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_with_an_unreadable_article_pings_failure() {
    let reports = Origin::start(Site::new()).unwrap();
    let sandbox = Sandbox::new();
    sandbox.settings(&format!("{}[rewrite]\nmax_article = \"1 KiB\"\n", pings(&reports)));
    sandbox.write("posts/a.md", "text");
    sandbox.write("posts/large.md", "x".repeat(2000));
    let ran = sandbox.run(&["run"]).expect(3);
    assert!(ran.stdout.contains("(1 new, 1 not read or written)"), "{ran:?}");
    assert_eq!(pinged(&reports), (0, 1));
}

/// A run of the library over the archive on disk, of which the disk refuses every original.
#[expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]
async fn run_on_a_disk_that_refuses(sandbox: &Sandbox) -> String {
    let archive = open(&sandbox.path("store"), Mode::Write).unwrap();
    let refuses = |key: &StoreKey| matches!(key, StoreKey::Blob { .. }).then_some(ErrorKind::ReadOnlyFilesystem);
    let objects = Refusing { objects: Arc::clone(&archive.objects), refuses };
    let archive = Arc::new(Archive::new(Arc::clone(&archive.catalog), Arc::new(objects)));
    let config = Config::read(&sandbox.path("config.toml")).unwrap();
    let fetcher = Fetcher::new(&config.fetch, archive.objects.staging().folder()).unwrap();
    let sources = configured(&config).unwrap();
    let mirror = Mirror::new(config, archive, fetcher, sources, CancellationToken::new()).unwrap();
    mirror.run().await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_could_not_go_on_is_recorded_as_failed() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "text");
    sandbox.run(&["run"]).expect(0);
    sandbox.write("posts/b.md", "more");
    let error = run_on_a_disk_that_refuses(&sandbox).await;
    let name = Digest::of(b"more").to_string();
    assert!(error.contains(&name), "{error}");
    let status = sandbox.json(&["status"]);
    let run = &status["runs"][0]["report"];
    assert_eq!((&run["outcome"], &run["error"]), (&"failed".into(), &error.into()), "{run:#}");
    let printed = sandbox.run(&["status"]).expect(0).stdout;
    assert!(printed.lines().any(|line| line.starts_with("run ") && line.contains(": failed: ")), "{printed}");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("store/articles/posts/b.md"), "more");
}
