//! Night after night: what is asked for, what changes, what stays.

use super::{Item, origin, original, posts, rss, sandbox, serve, source, xml};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin};

/// Paths that were asked for since the log was cleared, but for robots.txt, which is asked for once a run.
fn asked(origin: &Origin) -> Vec<String> {
    let paths: Vec<_> = origin.log().requests().into_iter().map(|logged| logged.request.target.clone()).collect();
    origin.log().clear();
    paths.into_iter().filter(|path| path != "/robots.txt").collect()
}

fn counts(sandbox: &Sandbox) -> [u64; 3] {
    let report = sandbox.json(&["run"]);
    ["new", "changed", "unchanged"].map(|count| report["articles"][count].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_with_nothing_new_costs_one_conditional_request_and_writes_nothing() {
    let origin = origin(&[]);
    let body = format!("<img src=\"{}\">", origin.url("/1.png"));
    origin.set("/feed", Behaviour::serve(xml(&rss("", &[Item::new("1", "a", &body)])).etagged()));
    let sandbox = sandbox(&origin.url("/feed"), "");
    assert_eq!(counts(&sandbox), [1, 0, 0]);
    assert_eq!(asked(&origin), ["/feed", "/1.png"]);
    let (articles, blobs) = (sandbox.tree("store/articles"), sandbox.tree("store/blobs"));
    let report = sandbox.json(&["run"]);
    assert_eq!(asked(&origin), ["/feed"]);
    assert_eq!((&report["sources"][0]["outcome"], &report["articles"]["seen"]), (&"unchanged".into(), &1.into()));
    assert_eq!((sandbox.tree("store/articles"), sandbox.tree("store/blobs")), (articles, blobs));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_entry_is_changed_and_keeps_its_file_and_a_dropped_one_stays() {
    let (one, two) = (Item::new("1", "First", "<p>1</p>"), Item::new("2", "Second", "<p>2</p>"));
    let origin = origin(&[("/feed", rss("", &[one.clone(), two]))]);
    let sandbox = sandbox(&origin.url("/feed"), "");
    assert_eq!(counts(&sandbox), [2, 0, 0]);
    let edited = Item { title: "First, retitled".into(), date: "Fri, 23 Apr 2021 01:00:00 GMT".into(), ..one };
    let three = Item::new("3", "first", "<p>3</p>");
    origin.set("/feed", serve(&rss("", &[edited.clone(), three, edited])));
    assert_eq!(counts(&sandbox), [1, 1, 1]);
    assert_eq!(posts(&sandbox), ["First.md", "Second.md", "first 2.md"], "one name, for file systems without case");
    assert!(original(&sandbox, "First.md").contains("title: 'First, retitled'"));
    assert_eq!(counts(&sandbox), [0, 0, 3]);
    // A setting reaches the post whose entry the feed has dropped.
    source(&sandbox, &origin.url("/feed"), "links = \"/media/\"");
    assert_eq!(counts(&sandbox), [0, 0, 3]);
    std::fs::remove_file(sandbox.path("store/articles/news/Second.md")).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(posts(&sandbox).len(), 3, "a mirror that is not there is written again");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_known_by_guid_else_link_else_title_and_date() {
    let feed = |items: &str| format!("<rss version='2.0'><channel><title>T</title>{items}</channel></rss>");
    let before = "<item><guid>g</guid><link>http://a.example/1</link><title>A</title></item>\
        <item><link>http://a.example/2</link><title>B</title></item><item><title>C</title><pubDate>2021-01-01</pubDate></item>";
    let after = "<item><guid>g</guid><link>http://a.example/9</link><title>A2</title></item>\
        <item><link>http://a.example/2</link><title>B2</title></item><item><title>C</title><pubDate>2021-01-01</pubDate><description>new</description></item>";
    let origin = origin(&[("/feed", feed(before))]);
    let sandbox = sandbox(&origin.url("/feed"), "");
    assert_eq!(counts(&sandbox), [3, 0, 0]);
    origin.set("/feed", serve(&feed(after)));
    assert_eq!(counts(&sandbox), [0, 3, 0]);
    assert_eq!(posts(&sandbox), ["A.md", "B.md", "C.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_the_feed_says_is_withdrawn_is_kept_and_marked() {
    let feed = |entries: &str| {
        format!(
            "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0'><title>T</title>{entries}</feed>"
        )
    };
    let origin = origin(&[("/feed", feed("<entry><id>tag:1</id><title>A</title><content>x</content></entry>"))]);
    let sandbox = sandbox(&origin.url("/feed"), "");
    assert_eq!(counts(&sandbox), [1, 0, 0]);
    origin.set("/feed", serve(&feed("<at:deleted-entry ref='tag:1' when='2026-01-01T00:00:00Z'/>")));
    for vanished in [1, 0] {
        let report = sandbox.json(&["run"]);
        assert_eq!(report["articles"]["vanished"], vanished, "{report}");
        assert_eq!(posts(&sandbox), ["A.md"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limit_and_since_choose_the_newest() {
    let item = |day: u32| Item {
        date: format!("{day:02} Jan 2021 00:00:00 GMT"),
        ..Item::new(&day.to_string(), &format!("Day {day}"), "x")
    };
    let origin = origin(&[("/feed", rss("", &[item(1), item(3), item(2), item(4)]))]);
    let sandbox = sandbox(&origin.url("/feed"), "limit = 2");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(posts(&sandbox), ["Day 3.md", "Day 4.md"]);
    source(&sandbox, &origin.url("/feed"), "since = \"2021-01-02\"");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(posts(&sandbox), ["Day 2.md", "Day 3.md", "Day 4.md"]);
    source(&sandbox, &origin.url("/feed"), "since = \"someday\"");
    assert!(sandbox.run(&["run"]).expect(2).stderr.contains("is no date"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_left_alone_while_it_says_that_it_stays_as_it_is() {
    let items = [Item::new("1", "a", "x")];
    for (feed, header) in [(rss("<ttl>600</ttl>", &items), "no-cache"), (rss("", &items), "max-age=36000")] {
        let origin = origin(&[]);
        origin.set("/feed", Behaviour::serve(xml(&feed)).with_header("Cache-Control", header));
        let sandbox = sandbox(&origin.url("/feed"), "");
        sandbox.run(&["run"]).expect(0);
        assert_eq!(asked(&origin), ["/feed"]);
        assert_eq!(counts(&sandbox), [0, 0, 1]);
        assert!(asked(&origin).is_empty());
        // What the settings ask for now, the feed has not been asked for.
        source(&sandbox, &origin.url("/feed"), "author = \"Somebody\"");
        assert_eq!(counts(&sandbox), [0, 1, 0]);
        assert_eq!(asked(&origin), ["/feed"]);
        assert!(original(&sandbox, "a.md").contains("author: Somebody"));
    }
    let hours = |left_out: i8| -> String {
        let hours = (0..24).filter(|hour| *hour != left_out);
        hours.map(|hour| ["<hour>", &hour.to_string(), "</hour>"].concat()).collect()
    };
    let in_half_a_day = (jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour() + 12) % 24;
    let origin = origin(&[("/feed", rss(&format!("<skipHours>{}</skipHours>", hours(in_half_a_day)), &items))]);
    let sandbox = sandbox(&origin.url("/feed"), "");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(counts(&sandbox), [0, 0, 1]);
    assert_eq!(asked(&origin), ["/feed"], "not in the hours that it skips");
    let hours = hours(-1);
    let origin = super::origin(&[("/feed", rss(&format!("<skipHours>{hours}</skipHours>"), &items))]);
    let sandbox = super::sandbox(&origin.url("/feed"), "");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(counts(&sandbox), [0, 0, 1]);
    assert_eq!(asked(&origin), ["/feed", "/feed"], "one that skips all hours of the day is asked all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_moved_for_good_is_asked_where_it_is() {
    let origin = origin(&[("/new", rss("", &[Item::new("1", "a", "x")]))]);
    origin.set("/old", Behaviour::redirect(301, "/new"));
    let sandbox = sandbox(&origin.url("/old"), "");
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stderr.contains("has moved to") && ran.stderr.contains("/new for good"), "{ran:?}");
    assert_eq!(asked(&origin), ["/old", "/new"]);
    assert_eq!(counts(&sandbox), [0, 0, 1]);
    assert_eq!(asked(&origin), ["/new"]);
    origin.set("/new", Behaviour::status(404));
    origin.set("/old", serve(&rss("", &[Item::new("1", "a", "back")])));
    sandbox.run(&["run"]).expect(1);
    assert_eq!(counts(&sandbox), [0, 1, 0], "where it is not, it is asked where it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_gone_for_good_is_retired_and_what_was_kept_stays() {
    let origin = origin(&[("/feed", rss("", &[Item::new("1", "a", "x")]))]);
    let sandbox = sandbox(&origin.url("/feed"), "");
    sandbox.run(&["run"]).expect(0);
    origin.set("/feed", Behaviour::status(410));
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["sources"][0]["outcome"], &report["sources"][0]["reason"]), (&"failed".into(), &"gone".into()));
    asked(&origin);
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stderr.contains("is gone for good since"), "{ran:?}");
    assert!(asked(&origin).is_empty());
    assert_eq!(posts(&sandbox), ["a.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_place_of_a_feed_leads_to_the_feed_that_it_names() {
    let origin = origin(&[("/feed.xml", rss("", &[Item::new("1", "a", "x")]))]);
    let page = "<!doctype html><title>t</title><link rel=alternate type=application/rss+xml href=feed.xml>";
    origin.set("/blog", Behaviour::serve(Content::new("text/html", page.as_bytes().to_vec())));
    let sandbox = sandbox(&origin.url("/blog"), "");
    assert_eq!(counts(&sandbox), [1, 0, 0]);
    assert_eq!(asked(&origin), ["/blog", "/feed.xml"]);
    assert_eq!(counts(&sandbox), [0, 0, 1]);
    origin.set("/blog", Behaviour::serve(Content::new("text/html", b"<html><p>".to_vec())));
    let report = sandbox.json(&["run"]);
    assert_eq!(report["sources"][0]["reason"], "not_a_feed", "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_txt_is_heeded_unless_the_user_says_otherwise() {
    let origin = origin(&[("/feed", rss("", &[Item::new("1", "a", "x")]))]);
    origin
        .set("/robots.txt", Behaviour::serve(Content::new("text/plain", b"User-agent: *\nDisallow: /feed\n".to_vec())));
    let sandbox = sandbox(&origin.url("/feed"), "");
    let report = sandbox.json(&["run"]);
    assert_eq!(report["sources"][0]["reason"], "robots", "{report}");
    assert!(asked(&origin).is_empty());
    let report = sandbox.json(&["run", "--ignore-robots"]);
    assert_eq!((&report["articles"]["new"], &report["ignored_robots"]), (&1.into(), &true.into()), "{report}");
    assert_eq!(asked(&origin), ["/feed"]);
}
