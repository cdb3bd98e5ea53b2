//! The report that other programs read.

use offprint::testing::model::{ProblemReason, Reason, Report, RunOutcome, SkippedReason};
use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// The names of all fields of a value.
fn fields(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            object.iter().flat_map(|(name, value)| [vec![name.clone()], fields(value)].concat()).collect()
        }
        Value::Array(list) => list.iter().flat_map(fields).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_report_is_described() {
    let described = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.md"));
    let described = described.expect("the page can be read");
    let image = |seed| Behaviour::serve(Content::new("image/png", tiny(seed)));
    let origin = Origin::start(Site::new().on("/a.png", image(1))).expect("loopback can be served on");
    let sandbox = Sandbox::new();
    sandbox.settings("recheck = \"1ms\"\n[rewrite]\nmax_article = \"1 KiB\"\n");
    sandbox.write("posts/a.md", format!("![]({}) ![]({})\n", origin.url("/a.png"), origin.url("/gone.png")));
    sandbox.write("posts/large.md", "x".repeat(2000));
    sandbox.run(&["run"]).expect(3);
    origin.set("/a.png", image(2));
    let report = sandbox.json(&["run", "--retry"]);
    for list in ["sources", "changed_images", "failures", "problems"] {
        assert!(report[list].as_array().is_some_and(|list| !list.is_empty()), "{list}: {report:#}");
    }
    let mut report = report;
    // The names of the groups are not promised, only that their digests differ where a setting does.
    report["settings"] = Value::Null;
    for field in fields(&report) {
        assert!(described.contains(&format!("`{field}`")), "{field} is not described");
    }
}

/// The rows of the table whose header begins with this cell: their first cells, without backticks, and their last.
fn table<'a>(page: &'a str, header: &str) -> Vec<(&'a str, &'a str)> {
    let header = format!("| {header} |");
    let lines = page.lines().skip_while(|line| !line.starts_with(&header)).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let cells = |row: &'a str| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let first = cells.next().unwrap_or_default().trim_matches('`');
        (first, cells.next_back().unwrap_or_default())
    };
    rows.map(cells).collect()
}

#[test]
fn the_reasons_of_problems_are_a_closed_list_that_is_described() {
    let page = include_str!("../../../docs/report.md");
    let fails = |reason: &ProblemReason| if reason.fails_article() { "yes" } else { "" };
    let mut known: Vec<_> = ProblemReason::ALL.iter().map(|reason| (reason.as_str(), fails(reason))).collect();
    let mut described = table(page, "reason");
    known.sort_unstable();
    described.sort_unstable();
    assert_eq!(described, known);
    let mut known: Vec<_> = SkippedReason::ALL.iter().map(|reason| reason.as_str()).collect();
    let mut described: Vec<_> = table(page, "skipped").into_iter().map(|(name, _)| name).collect();
    known.sort_unstable();
    described.sort_unstable();
    assert_eq!(described, known);
}

#[test]
fn a_report_is_read_as_it_was_written_and_one_of_an_earlier_version_as_far_as_it_goes() {
    let read = |json: Value| serde_json::from_value::<Report>(json);
    let report = Report::default();
    assert_eq!(read(serde_json::to_value(&report).expect("a report is plain data")).expect("it is read"), report);
    let earlier = serde_json::json!({
        "outcome": "incomplete",
        "articles": {"seen": 3},
        "problems": [{"article": "posts/a.md", "message": "cannot be read"}],
        "failures": [{"url": "http://a/1", "articles": [], "reason": "dns", "detail": "", "status": null, "attempts": 1,
            "next_attempt": null}],
        "what no version had": 1,
    });
    let earlier = read(earlier).expect("what a version lacks has a default");
    assert_eq!((earlier.outcome, earlier.articles.seen), (RunOutcome::Incomplete, 3));
    assert_eq!((earlier.problems[0].reason, earlier.failures[0].reason), (ProblemReason::Other, Reason::Dns));
    let unknown = read(serde_json::json!({"outcome": "of no kind"})).expect_err("no version wrote that");
    assert!(unknown.to_string().contains("of no kind"), "{unknown}");
}

/// Each problem says which it is, and only an article that failed is counted as one.
#[tokio::test(flavor = "multi_thread")]
async fn an_article_that_failed_is_counted_and_one_that_deserves_a_look_is_not() {
    let origin = Origin::start(Site::new().on("/a%60%60%60", Behaviour::serve(Content::new("image/png", tiny(1)))));
    let (origin, sandbox) = (origin.expect("loopback can be served on"), Sandbox::new());
    sandbox.settings("[rewrite]\nmax_article = \"1 KiB\"\n");
    let fenced = origin.url("/a```");
    sandbox.write("posts/fenced.md", format!("{{% img {fenced} %}} then {{% img {fenced} %}}\n"));
    sandbox.write("posts/large.md", "x".repeat(2000));
    sandbox.write("posts/links.md", format!("![](../store/blobs/sha256/ab/{}.png)\n", "ab".repeat(32)));
    let report = sandbox.json(&["run"]);
    let listed = report["problems"].as_array().expect("a list");
    let mut reasons: Vec<_> = listed.iter().filter_map(|problem| problem["reason"].as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["stays_remote", "too_large", "untraced_links"], "{report:#}");
    assert_eq!(report["articles"]["failed"], 2, "{report:#}");
    let plan = sandbox.json(&["run", "--dry-run"]);
    assert_eq!((&plan["articles"]["failed"], &plan["problems"][0]["reason"]), (&2.into(), &"too_large".into()));
}

#[test]
fn where_the_mirror_of_an_unlisted_folder_is_can_be_read() {
    let sandbox = Sandbox::new();
    sandbox.write("other/a.md", "text");
    sandbox.write("posts/b.md", "text");
    let ran = sandbox.run(&["mirror", "other"]).expect(0);
    let (_, mirror) = ran.stderr.trim_end().split_once("other is ").expect("it says where");
    assert!(std::path::Path::new(mirror).join("a.md").is_file(), "{ran:?}");
    assert_eq!(sandbox.run(&["mirror", "posts"]).expect(0).stderr, "", "the settings say where that is");
    assert_eq!(sandbox.run(&["-q", "mirror", "other"]).expect(0).stderr, "");
}

/// The image cannot be decoded, and is kept and shown all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_thumbnail_that_cannot_be_made_is_reported_once_with_its_image_and_the_reason() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/images/hostile-bits.png");
    let image = Content::new("image/png", std::fs::read(file).unwrap());
    let origin = Origin::start(Site::new().on("/a.png", Behaviour::serve(image))).unwrap();
    let sandbox = Sandbox::new();
    sandbox.settings("[[thumbnail]]\nname = \"small\"\nwidth = 8\n");
    sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/a.png")));
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stdout.contains("1 thumbnail failed"), "{ran:?}");
    let begins = format!("no thumbnail \"small\" of {}: ", origin.url("/a.png"));
    let why = ran.stderr.trim_end().strip_prefix(&begins).unwrap_or_else(|| panic!("{ran:?}"));
    assert!(!why.is_empty(), "{ran:?}");
    let again = sandbox.json(&["run"]);
    assert_eq!((&again["thumbnails"]["failed"], &again["failed_thumbnails"]), (&0.into(), &serde_json::json!([])));
}
