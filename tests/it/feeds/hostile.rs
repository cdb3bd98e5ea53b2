//! Feeds that mean harm: refused within limits, each with its reason.

use std::fmt::Write as _;

use super::{Item, origin, posts, rss, sandbox, serve};
use crate::sandbox::{Ran, Sandbox};
use crate::testserver::Behaviour;

/// What the report says of a feed with this behaviour: the reason and the detail.
fn refused(behaviour: Behaviour) -> (String, String) {
    let origin = origin(&[]);
    origin.set("/feed", behaviour);
    let sandbox = sandbox(&origin.url("/feed"), "[feed]\nmax_bytes = \"2 MiB\"\nmax_tag = \"64 KiB\"");
    let report = sandbox.json(&["run"]);
    let source = &report["sources"][0];
    assert_eq!(source["outcome"], "failed", "{report}");
    (source["reason"].as_str().unwrap().to_owned(), source["detail"].as_str().unwrap().to_owned())
}

fn check(body: &str, detail: &str) {
    let (reason, printed) = refused(serve(body));
    assert_eq!(reason, "not_a_feed", "{printed}");
    assert!(printed.contains(detail), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_that_grow_or_lead_out_are_refused() {
    let laughs = (1..10).fold("<!ENTITY a0 \"ha\">".to_owned(), |mut text, at| {
        let before = format!("&a{};", at - 1).repeat(10);
        write!(text, "<!ENTITY a{at} \"{before}\">").unwrap();
        text
    });
    check(
        &format!("<!DOCTYPE rss [{laughs}]><rss><channel><title>&a9;</title></channel></rss>"),
        "more than plain text",
    );
    let outside =
        "<!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><rss><channel><title>&x;</title></channel></rss>";
    check(outside, "outside of the document");
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_and_long_documents_are_refused() {
    check(&format!("<rss>{}", "<a>".repeat(100_000)), "feed.max_depth");
    check(&format!("<rss a=\"{}\"/>", "x".repeat(100_000)), "feed.max_tag");
    let (reason, detail) = refused(serve(&format!("<rss>{}</rss>", " ".repeat(3 << 20))));
    assert_eq!(reason, "too_large", "{detail}");
    assert_eq!(refused(Behaviour::gzip_bomb(100)).0, "too_large");
}

/// So many bytes of a document that repeats a part.
fn filled(start: &str, part: &str, end: &str) -> String {
    let count = ((4 << 20) - start.len() - end.len()) / part.len();
    [start, &part.repeat(count), end].concat()
}

/// Documents that take a hundred times their size in memory, or the square of it in time, where nothing bounds that; and
/// what the report says of each.
fn bombs() -> Vec<(Behaviour, &'static str)> {
    let entity = format!("<!DOCTYPE a [<!ENTITY x '{}'>]><rss>", "x".repeat(256));
    let prefixes = (0..50_000).map(|number| format!("xmlns:p{number}=''\n")).collect::<Vec<_>>().concat();
    let item = "<rss><channel><item><title><![CDATA[";
    let media = "<rss xmlns:m='http://search.yahoo.com/mrss/'><channel><item><title>m</title>";
    let media: String = (0..60_000).fold(media.to_owned(), |text, at| text + &format!("<m:content url='/{at}.png'/>"));
    vec![
        (Behaviour::gzip_bomb(1024), "max_bytes"),
        (Behaviour::endless("application/xml", "<rss>"), "max_bytes"),
        (serve(&filled("<rss>", " ", "</rss>")), ""),
        (serve(&filled("<rss>", "<a/>", "</rss>")), "more than 500000 elements and attributes (feed.max_nodes)"),
        (serve(&filled("<rss>", &format!("<b {}/>", "a ".repeat(1000)), "</rss>")), "feed.max_nodes"),
        (serve(&filled(&entity, "&x;", "</rss>")), "stand for more than 1048576 bytes"),
        (serve(&filled("{\"version\": \"\", \"items\": [", "{},", "{}]}")), "more than 500000 values (feed.max_nodes)"),
        (serve(&filled("{\"version\": ", "[", "")), "feed.max_nodes"),
        (serve(&filled("<rss>", "</x>", "</rss>")), ""),
        (serve(&filled(&format!("<rss {prefixes}>"), "<z:a/><y:b/>\n\n\n\n\n\n\n\n", "</rss>")), ""),
        (serve(&filled(item, "<", "]]></title></item></channel></rss>")), ""),
        (serve(&filled(item, "<a", "]]></title></item></channel></rss>")), ""),
        (serve(&(media + "</item></channel></rss>")), ""),
    ]
}

/// All at once, in a process whose memory and time the kernel bounds.
#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn bombs_go_off_in_little_memory_and_time() {
    let (origin, sandbox) = (origin(&[]), Sandbox::new());
    let bombs = bombs();
    let line = |at: usize| format!("{} bomb {at}\n", origin.url(&format!("/{at}")));
    sandbox.write("feeds.txt", (0..bombs.len()).map(line).collect::<Vec<_>>().concat());
    let source = "[[source]]\nname = \"news\"\nkind = \"feeds\"\npath = \"feeds.txt\"\n";
    sandbox.settings(&format!(
        "per_host = 16\nretries = 0\n[feed]\nmax_bytes = \"4 MiB\"\n[rewrite]\nmedia = [\"track\"]\n{source}"
    ));
    for (at, (bomb, _)) in bombs.iter().enumerate() {
        origin.set(&format!("/{at}"), bomb.clone());
    }
    let limits = "ulimit -d 500000 && ulimit -t 120 && exec \"$0\" --json run";
    let mut bounded = std::process::Command::new("sh");
    bounded.args(["-c", limits, env!("CARGO_BIN_EXE_offprint")]).current_dir(sandbox.path("."));
    let ran = Ran::of(&bounded.output().unwrap());
    let report: serde_json::Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    for (at, (_, expected)) in bombs.iter().enumerate() {
        let url = format!("{} ", origin.url(&format!("/{at}")));
        let mut details = report["sources"].as_array().unwrap().iter().filter_map(|row| row["detail"].as_str());
        match details.find(|detail| detail.contains(&url)) {
            Some(detail) => assert!(!expected.is_empty() && detail.contains(expected), "{at}: {detail}"),
            None => assert!(expected.is_empty(), "{at}: {report:#}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_feeds_are_read_within_limits_too() {
    let sandbox = Sandbox::new();
    sandbox.settings("[[source]]\nname = \"news\"\nkind = \"feeds\"\nopml = \"feeds.opml\"\n");
    let laughs =
        "<!DOCTYPE opml [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><opml><body><outline text='&b;'/></body></opml>";
    let outside =
        "<!DOCTYPE opml [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><opml><body><outline text='&x;'/></body></opml>";
    for (opml, expected) in [
        (laughs.to_owned(), "more than plain text"),
        (outside.to_owned(), "outside of the document"),
        ("<opml><body>".to_owned() + &"<outline>".repeat(1000), "deeper than 64"),
        (format!("<opml><body><outline text='{}'/>", "x".repeat(100_000)), "longer than 65536 bytes"),
        ("<opml><body>".to_owned() + &"<outline/>".repeat(1_000_001), "more than 1000000 elements"),
        (" ".repeat(17 << 20), "more than 16777216"),
        (String::new(), "it holds no element"),
        ("{\"opml\": 1}".to_owned(), "it holds no element"),
    ] {
        sandbox.write("feeds.opml", opml);
        for (arguments, status) in [(&["import", "opml", "feeds.opml"][..], 2), (&["run"], 1)] {
            let ran = sandbox.run(arguments).expect(status);
            assert!(ran.stderr.contains(expected) && ran.stderr.contains("feeds.opml"), "{expected}: {ran:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_feed_says_what_it_is() {
    check("<urlset/>", "its first element is <urlset>");
    check("{\"a\": 1}", "no JSON Feed");
    check("plain text", "neither XML nor JSON");
    assert!(refused(serve("")).1.ends_with("it is empty"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_breaks_off_gives_its_whole_entries() {
    let feed = rss("", &[Item::new("1", "whole", "x"), Item::new("2", "half", "0123456789")]);
    let origin = origin(&[("/feed", feed.split("56789").next().unwrap().to_owned())]);
    let sandbox = sandbox(&origin.url("/feed"), "");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(posts(&sandbox), ["whole.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_and_categories_never_lead_out_of_the_source() {
    let titles = ["../../../x", "/etc/passwd", "..", "a\u{0}b", "C:\\x", "NUL", &"长".repeat(300)];
    let items: Vec<_> = titles.iter().enumerate().map(|(at, title)| Item::new(&at.to_string(), title, "x")).collect();
    let origin = origin(&[("/feed", rss("", &items))]);
    let sandbox = sandbox(&origin.url("/feed"), "categories = [\"..\", \"a/../../b\"]");
    sandbox.run(&["run"]).expect(0);
    let posts = posts(&sandbox);
    assert_eq!(posts.len(), titles.len(), "{posts:?}");
    assert!(posts.iter().all(|post| post.starts_with("a_.._.._b/") && post.matches('/').count() == 1), "{posts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_never_reads_files_of_this_machine() {
    let sandbox_of_files = tempfile::tempdir().unwrap();
    let file = sandbox_of_files.path().join("secret.png");
    std::fs::write(&file, crate::testserver::bulk::tiny(1)).unwrap();
    let body = format!("<img src=\"file://{}\"><img src=\"../../../../secret.png\">", file.display());
    let origin = origin(&[("/feed", rss("", &[Item::new("1", "a", &body)]))]);
    let sandbox = sandbox(&origin.url("/feed"), "");
    let report = sandbox.json(&["run"]);
    assert_eq!(report["blobs"]["new"], 0, "{report}");
    assert_eq!(report["references"]["local"], 0, "{report}");
}
