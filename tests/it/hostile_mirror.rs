//! What the mirror shows of hosts that behave badly: the table of what was sent, what was recorded and what is shown.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use offprint::newsroom::origin::{Behaviour, Condition, Content, End, Origin, Portion, Site};
use offprint::newsroom::photo::Photo;
use serde_json::Value;

use crate::corpus::say;
use crate::sandbox::Sandbox;

fn photo() -> Behaviour {
    Behaviour::serve(Content::new("image/jpeg", Photo::new(1, 320, 240).jpeg()))
}

/// What is said of one behaviour: its name, how the host behaves, and the reason recorded; `""` where it is shown.
type Row = (&'static str, Behaviour, &'static str);

fn rows() -> Vec<Row> {
    let refused = || Behaviour::status(403);
    let mut rows = vec![
        ("a Referer is wanted", photo().only_if(Condition::has("referer"), refused()), ""),
        ("no Referer is wanted", photo().only_if(!Condition::has("referer"), refused()), ""),
        ("no foreign Referer is wanted", photo().only_if(Condition::no_foreign_referer(), refused()), ""),
        ("a page for no Referer", photo().only_if(Condition::has("referer"), Behaviour::html_as("image/jpeg")), ""),
        ("a page as JPEG", Behaviour::html_as("image/jpeg"), "not_an_image"),
        ("one pixel", Behaviour::tracking_pixel(), "tracking_pixel"),
        ("cut, and its length fits", photo().cut(Portion::Percent(50)), "truncated"),
        ("longer by its head", photo().claims_percent(150), "truncated"),
        ("reset half-way", photo().breaks_off(Portion::Percent(50), End::Reset), "truncated"),
        ("redirect to metadata", Behaviour::redirect(302, "http://169.254.169.254/a.jpg"), "forbidden_address"),
        ("redirect to private", Behaviour::redirect(302, "http://10.0.0.1/a.jpg"), "forbidden_address"),
        ("redirect to a file", Behaviour::redirect(302, "file:///etc/passwd"), "bad_url"),
        ("endless", Behaviour::endless("image/jpeg", Photo::new(1, 320, 240).jpeg()), "too_large"),
        ("gzip bomb", Behaviour::gzip_bomb(64), "too_large"),
    ];
    rows.extend(
        [("404", 404), ("410", 410), ("500", 500)].map(|(name, s)| (name, Behaviour::status(s), "http_status")),
    );
    rows
}

/// Each behaviour has a host of its own, so that what is learned of one says nothing of another.
#[tokio::test(flavor = "multi_thread")]
async fn of_every_bad_behaviour_the_mirror_shows_the_picture_or_what_was_there() {
    let rows = rows();
    let origins: Vec<_> =
        rows.iter().map(|(_, bad, _)| Origin::start(Site::new().on("/a.jpg", bad.clone())).unwrap()).collect();
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\nmax_bytes = \"1 MiB\"\n");
    for (at, origin) in origins.iter().enumerate() {
        sandbox.write(&format!("posts/{at:02}.md"), format!("![a]({})\n", origin.url("/a.jpg")));
    }
    let report = sandbox.json(&["run"]);
    let mut wrong = Vec::new();
    for (at, ((name, _, reason), origin)) in rows.iter().zip(&origins).enumerate() {
        let url = origin.url("/a.jpg");
        let recorded = recorded(&report, &url);
        let mirror = sandbox.text(&format!("store/articles/posts/{at:02}.md"));
        let is_shown = mirror.contains("/blobs/") && !mirror.contains(&url);
        let shown = if is_shown { "the picture" } else { "the URL, as it was" };
        say(&format!("{name:<30} {} requests  {recorded:<20} {shown}", origin.log().count()));
        if recorded != *reason || is_shown != reason.is_empty() || (!is_shown && !mirror.contains(&url)) {
            wrong.push(format!("{name}: {recorded}, {mirror}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    sandbox.only("store/blobs/sha256", ".jpg");
}

fn recorded(report: &Value, url: &str) -> String {
    let failures = report["failures"].as_array().unwrap();
    let failure = failures.iter().find(|failure| failure["url"] == url);
    failure.map_or_else(String::new, |failure| failure["reason"].as_str().unwrap().to_owned())
}
