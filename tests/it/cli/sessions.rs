//! Every command over a small archive, as snapshots: output, errors and exit status, with `--json` and without.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{SystemTime, UNIX_EPOCH};

use super::COMMANDS;
use super::snapshot::Session;
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

fn png(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/png", tiny(seed)).etagged())
}

fn origin() -> Origin {
    let page = Behaviour::html_as("image/jpeg");
    let site = Site::new().on("/a.png", png(1)).on("/b.png", png(2)).on("/page.jpg", page);
    Origin::start(site).unwrap()
}

/// A wait whose random share, a tenth to either side, never reaches another day: next tries are counted by day.
fn hours_until_tomorrow_noon() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    36 - now.as_secs() / 3600 % 24
}

/// Two posts: one with an image in front matter and body, one with what cannot be had.
fn small_archive(origin: &Origin) -> Sandbox {
    let sandbox = Sandbox::new();
    let wait = hours_until_tomorrow_noon();
    sandbox.settings(&format!("retries = 0\n[run]\nretry_schedule = [\"{wait}h\"]\n"));
    let (a, b) = (origin.url("/a.png"), origin.url("/b.png"));
    let walk = format!("---\ntitle: A walk\nthumbnail: {a}\n---\n\n![hills]({a})\n<img src=\"{b}\" alt=\"\">\n");
    sandbox.write("posts/walk.md", walk);
    let (gone, page) = (origin.url("/gone.png"), origin.url("/page.jpg"));
    sandbox.write("posts/lost.html", format!("<title>Lost</title><img src=\"{gone}\"><img src=\"{page}\">\n"));
    sandbox
}

#[test]
fn help_of_every_command() {
    let sandbox = Sandbox::new();
    let mut session = Session::new(&sandbox, None);
    session.run(&["--help"]);
    for command in COMMANDS {
        session.run(&[command, "--help"]);
    }
    session.expect("help");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_and_those_after_it() {
    let origin = origin();
    let sandbox = small_archive(&origin);
    let mut session = Session::new(&sandbox, Some(&origin));
    session.run(&["run", "--dry-run"]).run(&["-v", "run", "--dry-run"]).run(&["--json", "run", "--dry-run"]);
    session.run(&["run"]).run(&["run"]).run(&["-q", "run"]).run(&["--json", "run"]);
    session.expect("run");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_archive_shows() {
    let origin = origin();
    let sandbox = small_archive(&origin);
    sandbox.run(&["-q", "run"]);
    let url = origin.url("/page.jpg");
    let mut session = Session::new(&sandbox, Some(&origin));
    session.run(&["status"]).run(&["-v", "status"]).run(&["--json", "status"]);
    session.run(&["status", "--history", &url]).run(&["status", "--history", "posts/walk.md"]);
    session.run(&["--json", "status", "--history", &url]);
    session.run(&["status", "--similar"]).run(&["--json", "status", "--similar"]);
    session.expect("status");
    let mut session = Session::new(&sandbox, Some(&origin));
    session.run(&["check"]).run(&["--json", "check"]).run(&["-q", "check"]);
    session.expect("check");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_an_archive_whole() {
    let origin = origin();
    let sandbox = small_archive(&origin);
    sandbox.run(&["-q", "run"]);
    let mut session = Session::new(&sandbox, Some(&origin));
    session.run(&["verify"]).run(&["--json", "verify"]);
    session.run(&["gc", "--dry-run"]).run(&["gc"]).run(&["--json", "gc"]);
    let digest = offprint::Digest::of(&tiny(1)).to_string();
    let blob = format!("store/blobs/sha256/{}/{digest}.png", &digest[..2]);
    sandbox.write(&blob, b"rotten");
    session.run(&["verify"]).run(&["-q", "verify"]).run(&["--json", "verify"]).run(&["verify", "--repair"]);
    session.run(&["verify"]);
    session.expect("verify");
}

#[tokio::test(flavor = "multi_thread")]
async fn originals_come_back() {
    let origin = origin();
    let sandbox = small_archive(&origin);
    sandbox.run(&["-q", "run"]);
    let mut session = Session::new(&sandbox, Some(&origin));
    session.run(&["restore", "posts/lost.html"]).run(&["restore", "posts/walk.md", "posts/lost.html", "--to", "out"]);
    session.run(&["--json", "restore", "posts/walk.md", "--to", "out2"]).run(&["restore", "posts/none.md"]);
    session.expect("restore");
}

#[test]
fn references_are_listed() {
    let sandbox = Sandbox::new();
    let post = "---\ncover: /c.png\n---\n\n![a](a.png)\n<img src=\"data:,\" data-src=\"late.png?x=1&amp;y=2\">\n";
    sandbox.write("a.md", post);
    let mut session = Session::new(&sandbox, None);
    session.run(&["extract", "a.md"]).run(&["extract", "a.md", "--base-url", "https://example.org/p/"]);
    session.run(&["--json", "extract", "a.md"]).run(&["extract", "--as", "css", "a.md"]);
    session.expect("extract");
}

#[test]
fn mistakes_are_named_with_the_way_out() {
    let sandbox = Sandbox::new();
    let mut session = Session::new(&sandbox, None);
    for arguments in [
        &["runn"][..],
        &["mirror"],
        &["mirror", "no-such-folder"],
        &["mirror", "https://"],
        &["status"],
        &["check"],
        &["verify", "--subset", "5/4"],
        &["verify", "--rate", "fast"],
        &["restore"],
        &["restore", "posts/a.md"],
        &["extract", "none.md"],
        &["-q", "-v", "run"],
        &["--config", "none.toml", "run"],
        &["run"],
    ] {
        session.run(arguments);
    }
    for settings in [
        "[fetch]\ndelay = \"soon\"\n",
        "[fetch]\nper_hots = 3\n",
        "[[source]]\nname = \"a b\"\n",
        "[[source]]\nname = \"a\"\n[[source]]\nname = \"a\"\n",
        "[fetch\n",
    ] {
        sandbox.write("config.toml", settings);
        session.run(&["run"]);
    }
    session.expect("mistakes");
}
