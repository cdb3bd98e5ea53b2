//! The report that other programs read.

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
