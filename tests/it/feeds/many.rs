//! Many feeds of one source.

use super::{Item, origin, posts, rss};
use crate::sandbox::Sandbox;
use crate::testserver::Behaviour;

fn feeds(sandbox: &Sandbox, more: &str) {
    sandbox.settings(&format!("[[source]]\nname = \"news\"\nkind = \"feeds\"\n{more}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn outlines_are_categories_and_one_feed_that_fails_does_not_stop_the_others() {
    let feed = |title: &str| rss("", &[Item::new("1", title, "x")]);
    let origin = origin(&[("/1", feed("one")), ("/2", feed("two")), ("/4", feed("four"))]);
    origin.set("/3", Behaviour::status(500));
    let outline =
        |title: &str, path: &str| format!("<outline text=\"{title}\" type=\"rss\" xmlUrl=\"{}\"/>", origin.url(path));
    let opml = format!(
        "<opml version=\"2.0\"><head/><body><outline text=\"新媒体\"><outline text=\"观察者网\">{}{}</outline>{}</outline>{}<outline xmlUrl=\"nowhere\"/></body></opml>",
        outline("头条", "/1"),
        outline("a/b", "/2"),
        outline("broken", "/3"),
        outline("alone", "/4"),
    );
    let sandbox = Sandbox::new();
    sandbox.write("feeds.opml", opml);
    feeds(&sandbox, "opml = \"feeds.opml\"");
    let ran = sandbox.run(&["run"]).expect(1);
    assert!(ran.stderr.contains("/3 of the source \"news\": the host answered 500"), "{ran:?}");
    assert!(ran.stderr.contains("names \"nowhere\", which is no URL of a feed"), "what one says is not lost: {ran:?}");
    assert!(ran.stdout.starts_with("done, but 1 feed could not be read: 3 articles (3 new"), "{ran:?}");
    let expected = ["alone/four.md", "新媒体/观察者网/a_b/two.md", "新媒体/观察者网/头条/one.md"];
    assert_eq!(posts(&sandbox), expected);
    origin.set("/3", super::serve(&feed("three")));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(posts(&sandbox).len(), 4);
    sandbox.write("feeds.opml", "<html>");
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["sources"][0]["outcome"], &report["articles"]["seen"]), (&"failed".into(), &4.into()));
}

/// Each response of a host that was overloaded once counts as a good one, also where it has nothing new.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_was_overloaded_once_is_not_left_slow_by_feeds_with_nothing_new() {
    let origin = origin(&[]);
    let sandbox = Sandbox::new();
    let feed = |at: usize| Behaviour::serve(super::xml(&rss("", &[Item::new(&at.to_string(), "x", "x")])).etagged());
    (0..18).for_each(|at| origin.set(&format!("/{at}"), feed(at)));
    let line = |at: usize| format!("{} {at}\n", origin.url(&format!("/{at}")));
    sandbox.write("feeds.txt", (0..18).map(line).collect::<Vec<_>>().concat());
    sandbox
        .settings("retries = 0\nper_host = 1\n[[source]]\nname = \"news\"\nkind = \"feeds\"\npath = \"feeds.txt\"\n");
    sandbox.run(&["run"]).expect(0);
    origin.set("/0", Behaviour::status(503));
    origin.log().clear();
    sandbox.run(&["run"]).expect(1);
    let spacing = origin.log().spacing("127.0.0.1");
    assert!(origin.log().requests().iter().filter(|asked| asked.status == Some(304)).count() == 17);
    let (longest, last) = (spacing.iter().max().unwrap().as_millis(), spacing.last().unwrap().as_millis());
    assert!(longest >= 300 && last * 4 < longest, "{spacing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_in_two_folders_is_in_both_and_costs_a_conditional_request_for_each() {
    let origin = origin(&[]);
    origin.set("/1", Behaviour::serve(super::xml(&rss("", &[Item::new("1", "one", "x")])).etagged()));
    let sandbox = Sandbox::new();
    let url = origin.url("/1");
    sandbox.write("feeds.txt", format!("{url} a\n{url} b\n{url} a\n"));
    feeds(&sandbox, "path = \"feeds.txt\"");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(posts(&sandbox), ["a/one.md", "b/one.md"]);
    origin.log().clear();
    sandbox.run(&["run"]).expect(0);
    let statuses: Vec<_> = origin.log().of("/1").iter().map(|asked| asked.status).collect();
    assert_eq!(statuses, [Some(304), Some(304)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_list_names_feeds_with_their_categories() {
    let origin =
        origin(&[("/1", rss("", &[Item::new("1", "one", "x")])), ("/2", rss("", &[Item::new("1", "two", "x")]))]);
    let sandbox = Sandbox::new();
    sandbox.write("feeds.txt", format!("# feeds\n{}  a / b c\n\n{}\n", origin.url("/1"), origin.url("/2")));
    feeds(&sandbox, "path = \"feeds.txt\"\ncategories = [\"all\"]");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(posts(&sandbox), ["all/a/b c/one.md", "all/two.md"]);
    sandbox.write("feeds.txt", "nowhere\n");
    assert!(sandbox.run(&["run"]).expect(1).stderr.contains("line 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opml_file_becomes_sources_that_a_run_reads() {
    let origin = origin(&[("/1", rss("", &[Item::new("1", "one", "x")]))]);
    let sandbox = Sandbox::new();
    let url = origin.url("/1");
    let opml = format!(
        "<opml version=\"2.0\"><body><outline text=\"A\"><outline text=\"My Blog\" xmlUrl=\"{url}\"/></outline></body></opml>"
    );
    sandbox.write("feeds.opml", opml);
    let before = sandbox.text("config.toml");
    let ran = sandbox.run(&["import", "opml", "feeds.opml"]).expect(0);
    assert_eq!(ran.stdout, "1 source added to config.toml\n");
    let after = sandbox.text("config.toml");
    assert!(after.contains(before.trim_end()), "{after}");
    assert!(after.contains("[[source]]\nname = \"my-blog\"\nkind = \"feed\"\n"), "{after}");
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.path("store/articles/my-blog/A/My Blog/one.md").exists());
    let ran = sandbox.run(&["import", "opml", "feeds.opml"]).expect(0);
    assert_eq!(ran.stdout, "0 sources added to config.toml, 1 named there already\n");
    assert_eq!(sandbox.text("config.toml"), after);
    let more =
        "<opml><body><outline text='x' xmlUrl='nowhere'/><outline text='y' xmlUrl='feed://y.example/'/></body></opml>";
    sandbox.write("more.opml", more);
    let ran = sandbox.run(&["import", "opml", "more.opml"]).expect(0);
    assert_eq!(ran.stdout, "1 source added to config.toml\n");
    assert!(ran.stderr.contains("\"nowhere\" is no URL of a feed: it is skipped"), "{ran:?}");
    sandbox.write("feeds.opml", "<rss/>");
    assert!(sandbox.run(&["import", "opml", "feeds.opml"]).expect(2).stderr.contains("it is no OPML"));
}

#[cfg(unix)]
#[test]
fn settings_that_are_a_link_stay_one() {
    let sandbox = Sandbox::new();
    std::fs::rename(sandbox.path("config.toml"), sandbox.path("kept.toml")).unwrap();
    std::os::unix::fs::symlink("kept.toml", sandbox.path("config.toml")).unwrap();
    sandbox.write("feeds.opml", "<opml><body><outline text='x' xmlUrl='https://x.example/feed'/></body></opml>");
    sandbox.run(&["import", "opml", "feeds.opml"]).expect(0);
    assert!(std::fs::symlink_metadata(sandbox.path("config.toml")).unwrap().is_symlink());
    assert!(sandbox.text("kept.toml").contains("https://x.example/feed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_on_the_command_line_is_a_feed() {
    let origin = origin(&[("/feed", rss("", &[Item::new("1", "one", "x")]))]);
    origin.set("/page", super::serve("<!doctype html><p>a page"));
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["mirror", &origin.url("/feed")]).expect(0);
    assert!(ran.stdout.contains("1 article"), "{ran:?}");
    let post = sandbox.only("store/articles", "one.md");
    let source = post.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    assert!(source.starts_with("127-0-0-1-"), "{source}");
    sandbox.run(&["mirror", &origin.url("/page")]).expect(0);
    sandbox.only("store/articles", "page.html");
}
