//! What failed is asked for again: because the user says so, because a setting changed, because an article is named.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use crate::mirror::over_both_archives;
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Plain, Site};

over_both_archives! {
    what_the_user_names_is_asked_for_now
    what_a_setting_decided_is_due_when_that_setting_changes
    a_named_article_is_asked_about_now
    a_recheck_that_is_set_later_counts_for_what_is_kept
}

fn png(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/png", tiny(seed)))
}

/// A post with an image that failed, and that its origin has by now.
fn failed_once(sandbox: &Sandbox) -> (Origin, Sandbox) {
    let origin = Origin::start(Site::new()).unwrap();
    let sandbox = sandbox.another();
    sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/a.png")));
    sandbox.run(&["run"]).expect(3);
    origin.set("/a.png", png(1));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().count(), 1, "it is not due");
    (origin, sandbox)
}

fn is_local(sandbox: &Sandbox) -> bool {
    !sandbox.text("store/articles/posts/a.md").contains("http://")
}

fn what_the_user_names_is_asked_for_now(sandbox: &Sandbox) {
    let words = |origin: &Origin| {
        let authority = origin.address().to_string();
        ["--retry", "--retry=all", "--retry=http_status", "--retry=127.0.0.1"]
            .map(ToOwned::to_owned)
            .into_iter()
            .chain([format!("--retry={authority}"), format!("--retry={}", origin.url("/a.png"))])
            .collect::<Vec<_>>()
    };
    for at in 0..6 {
        let (origin, sandbox) = failed_once(sandbox);
        let word = words(&origin).remove(at);
        let planned = sandbox.json(&["run", &word, "--dry-run"]);
        assert_eq!(planned["fetch"], serde_json::json!([origin.url("/a.png")]), "{word}");
        let report = sandbox.json(&["run", &word]);
        assert_eq!((&report["retried"], &report["urls"]["fetched"]), (&1.into(), &1.into()), "{word}");
        assert!(is_local(&sandbox), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_does_not_name_waits() {
    let (origin, sandbox) = failed_once(&Sandbox::new());
    for word in ["--retry=dns", "--retry=b.example", "--retry=https://b.example/a.png"] {
        let ran = sandbox.run(&["run", word]).expect(0);
        assert_eq!(ran.stderr, "nothing that failed is what --retry names\n", "{word}");
    }
    assert_eq!(origin.log().count(), 1);
    let ran = sandbox.run(&["run", "--retry=dsn"]).expect(2);
    assert!(ran.stderr.contains("the reasons are http_status"), "{ran:?}");
}

fn what_a_setting_decided_is_due_when_that_setting_changes(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/gone.png", Behaviour::status(404))).unwrap();
    origin.set("/a.png", Behaviour::status(403));
    sandbox.write("posts/a.md", format!("![]({}) ![]({})\n", origin.url("/a.png"), origin.url("/gone.png")));
    sandbox.settings("retries = 0\n");
    sandbox.run(&["run"]).expect(3);
    origin.set("/a.png", png(1));
    let asked = origin.log().of("/a.png").len();
    sandbox.settings("retries = 0\nconcurrency = 3\n");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().of("/a.png").len(), asked, "that setting decides nothing");
    let host = format!("[[fetch.host]]\nhost = \"http://{}\"\nheaders = [\"Cookie: a=b\"]\n", origin.address());
    sandbox.settings(&format!("retries = 0\n{host}"));
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["urls"]["fetched"], &report["urls"]["failed"]), (&1.into(), &0.into()), "{report:#}");
    assert_eq!(origin.log().of("/gone.png").len(), 1, "no header brings back what is gone");
    let digests = report["settings"].to_string();
    assert!(!digests.contains("a=b"), "{digests}");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().of("/gone.png").len(), 1);
}

fn a_named_article_is_asked_about_now(sandbox: &Sandbox) {
    let (origin, sandbox) = &failed_once(sandbox);
    sandbox.run(&["mirror", "posts"]).expect(0);
    assert_eq!(origin.log().count(), 1, "a folder follows the schedule");
    assert_eq!(sandbox.json(&["mirror", "posts", "--dry-run"])["urls"], 0);
    assert_eq!(sandbox.json(&["mirror", "posts/a.md", "--dry-run"])["urls"], 1);
    sandbox.run(&["mirror", "posts/a.md"]).expect(0);
    assert_eq!(origin.log().count(), 2);
    assert!(is_local(sandbox));
    sandbox.run(&["mirror", "posts/a.md"]).expect(0);
    assert_eq!(origin.log().count(), 2, "it misses nothing any more");
}

/// A night without a network must not cost the nights after it.
#[tokio::test(flavor = "multi_thread")]
async fn what_failed_offline_is_asked_for_by_the_next_run() {
    let site = || Site::new().on("/a.png", png(1));
    let origin = Origin::start(site()).unwrap();
    let (address, url) = (origin.address(), origin.url("/a.png"));
    drop(origin);
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\nbreaker_failures = 1\n");
    sandbox.write("posts/a.md", format!("![]({url})\n"));
    let ran = sandbox.run(&["-q", "run"]).expect(3);
    assert_eq!(ran.stderr, "no host answered: is there a network? What failed is asked for again by the next run\n");
    assert_eq!(sandbox.json(&["run", "--dry-run"])["urls"], 1);
    let origin = Origin::start_at(address, std::sync::Arc::new(Plain), site()).unwrap();
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["urls"]["fetched"], &report["offline"]), (&1.into(), &false.into()), "{report:#}");
    assert_eq!(origin.log().count(), 1);
}

fn a_recheck_that_is_set_later_counts_for_what_is_kept(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.png", png(1))).unwrap();
    sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/a.png")));
    let asks = |recheck: &str, expected: usize| {
        sandbox.settings(&format!("recheck = \"{recheck}\"\n"));
        let before = origin.log().count();
        sandbox.run(&["run"]).expect(0);
        assert_eq!(origin.log().count() - before, expected, "{recheck}");
    };
    asks("never", 1);
    asks("1h", 0);
    asks("0s", 1);
    asks("0s", 1);
    asks("30d", 0);
    asks("0s", 1);
    asks("never", 0);
    asks("never", 0);
}
