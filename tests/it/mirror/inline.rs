//! Images that stand inside articles, as `data:` URLs: left alone, or lifted into the archive.

use data_encoding::BASE64;
use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;

over_both_archives! {
    inline_images_are_lifted_wherever_they_stand_and_restore_puts_them_back
    a_page_and_a_style_sheet_are_read_alike
}

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"30\"><path d=\"M0 0h9v9z\"/></svg>";

const LIFT: &str = "[rewrite]\ndata_urls = \"lift\"\n";

fn lifting() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(LIFT);
    sandbox
}

fn base64(mime: &str, bytes: &[u8]) -> String {
    format!("data:{mime};base64,{}", BASE64.encode(bytes))
}

fn percent_encoded(mime: &str, bytes: &[u8]) -> String {
    format!("data:{mime},{}", percent_encode(bytes, NON_ALPHANUMERIC))
}

/// The bytes that the local links of a mirror lead to, in order.
fn shown(sandbox: &Sandbox, mirror: &str) -> Vec<Vec<u8>> {
    let text = sandbox.text(mirror);
    let links = text.split(['"', '\'', '(', ')', ' ', '\n', ',']).filter(|part| part.starts_with("../"));
    links.map(|link| sandbox.linked(mirror, link)).collect()
}

fn inline_images_are_lifted_wherever_they_stand_and_restore_puts_them_back(sandbox: &Sandbox) {
    let (a, b, c) = (Photo::new(1, 64, 48).jpeg(), Photo::new(2, 64, 48).jpeg(), Photo::new(3, 64, 48).jpeg());
    let photo = |bytes: &[u8]| base64("image/jpeg", bytes);
    let (folded, upper) = (photo(&a).replace("//", "//\n"), photo(&b).replacen("data:image", "DATA:IMAGE", 1));
    let article = format!(
        "---\nimage: {}\n---\n<img src=\"{folded}\">\n<img srcset=\"{} 1x, {} 2x\">\n\n![]({upper})\n\n\
         <p style=\"background: url('{}')\">\n\n![][d]\n\n<style>p {{ list-style: url({}) }}</style>\n\n[d]: {}\n",
        photo(&a),
        photo(&b),
        photo(&c),
        percent_encoded("image/svg+xml;charset=utf-8", SVG.as_bytes()),
        percent_encoded("image/jpeg", &c),
        photo(&c),
    );
    sandbox.settings(LIFT);
    sandbox.write("posts/a.md", &article);
    let report = sandbox.json(&["run"]);
    assert_eq!(report["references"], serde_json::json!({"found": 8, "local": 8, "remote": 0}), "{report:#}");
    let mirror = "store/articles/posts/a.md";
    assert!(!sandbox.text(mirror).to_lowercase().contains("data:"), "{}", sandbox.text(mirror));
    let svg = SVG.as_bytes().to_vec();
    assert_eq!(shown(sandbox, mirror), [a.clone(), a, b.clone(), c.clone(), b, svg, c.clone(), c]);
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, article);
    sandbox.run(&["check"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
    let before = sandbox.tree("store/articles");
    assert_eq!(sandbox.json(&["run"])["articles"]["unchanged"], 1);
    assert_eq!(sandbox.tree("store/articles"), before);
}

fn a_page_and_a_style_sheet_are_read_alike(sandbox: &Sandbox) {
    let image = base64("image/png", &tiny(1));
    sandbox.settings(LIFT);
    let settings =
        "[rewrite]\ndata_urls = \"lift\"\n[[source]]\nname = \"posts\"\npath = \"posts\"\ninclude = [\"**\"]\n";
    sandbox.settings(settings);
    let large = base64("image/jpeg", &Photo::new(1, 64, 48).jpeg());
    sandbox.write(
        "posts/a.html",
        format!("<link rel=icon href={large}><video poster='{large}'></video><img src={image}>"),
    );
    sandbox.write("posts/a.css", format!("a{{b:url(\"{large}\")}} c{{d:image-set('{large}' 1x)}}"));
    let report = sandbox.json(&["run"]);
    assert_eq!(report["references"]["local"], report["references"]["found"], "{report:#}");
    let shown = [shown(sandbox, "store/articles/posts/a.css"), shown(sandbox, "store/articles/posts/a.html")];
    assert_eq!(shown.map(|images| images.len()), [2, 1]);
}

#[test]
fn what_is_inline_has_its_provenance_on_record() {
    let bytes = Photo::new(1, 64, 48).jpeg();
    let sandbox = lifting();
    let image = base64("image/jpeg", &bytes);
    sandbox.write("posts/a.md", format!("![]({image}) and again ![]({image})"));
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["urls"]["fetched"], &report["blobs"]["duplicate"]), (&1.into(), &1.into()), "{report:#}");
    let status = sandbox.json(&["status"]);
    assert_eq!((&status["urls"], &status["urls_good"], &status["thumbnails"]), (&1.into(), &1.into(), &1.into()));
    let blob = sandbox.only("store/blobs/sha256", ".jpg");
    let name = blob.file_stem().expect("it has a name").to_string_lossy().into_owned();
    assert_eq!(name, Digest::of(&bytes).to_string());
    sandbox.run(&["gc"]).expect(0);
    assert!(blob.is_file());
}

#[test]
fn a_blob_that_is_lost_is_lifted_out_of_its_article_again() {
    let bytes = Photo::new(1, 64, 48).jpeg();
    let sandbox = lifting();
    sandbox.write("posts/a.md", format!("![]({})", base64("image/jpeg", &bytes)));
    sandbox.run(&["run"]).expect(0);
    let blob = sandbox.only("store/blobs/sha256", ".jpg");
    std::fs::remove_file(&blob).expect("the blob can be removed");
    sandbox.run(&["verify", "--repair"]);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(std::fs::read(&blob).expect("the blob is back"), bytes);
    sandbox.run(&["verify"]).expect(0);
}

#[test]
fn what_cannot_be_lifted_stays_and_nothing_is_missing() {
    let cut = Photo::new(1, 64, 48).jpeg()[..900].to_vec();
    let large = Photo::new(2, 640, 480).jpeg();
    let article = [
        "data:image/png;base64,not*base64".to_owned(),
        "data:image/png".to_owned(),
        "data:image/png,".to_owned(),
        base64("image/png", b"<p>no image</p>"),
        base64("image/jpeg", &cut),
        base64("image/jpeg", &large),
        base64("text/html", b"<p>"),
        "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7".to_owned(),
    ]
    .map(|url| format!("<img src=\"{url}\">\n"))
    .concat();
    let sandbox = Sandbox::new();
    sandbox.settings(&format!("max_bytes = \"{} B\"\n[rewrite]\ndata_urls = \"lift\"\n", large.len() - 1));
    sandbox.write("posts/a.html", &article);
    let report = sandbox.json(&["run"]);
    assert_eq!(sandbox.text("store/articles/posts/a.html"), article);
    assert_eq!((&report["references"]["found"], &report["urls"]["failed"]), (&0.into(), &0.into()), "{report:#}");
    sandbox.run(&["run"]).expect(0);
    sandbox.run(&["check"]).expect(0);
    let blobs = sandbox.tree("store/blobs");
    assert!(blobs.keys().all(|name| name.extension().is_some_and(|extension| extension == "html")), "{blobs:?}");
}

#[test]
fn inline_images_stay_where_they_are_by_default() {
    let article = format!("![]({})\n", base64("image/jpeg", &Photo::new(1, 64, 48).jpeg()));
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", &article);
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["references"]["found"], &report["blobs"]["new"]), (&0.into(), &0.into()));
    assert_eq!(sandbox.text("store/articles/posts/a.md"), article);
    let found = sandbox.json(&["extract", "posts/a.md"]);
    assert_eq!(found["references"], serde_json::json!([]));
}

#[test]
fn a_dry_run_lifts_nothing_into_the_archive() {
    let sandbox = lifting();
    sandbox.write("posts/a.md", format!("![]({})\n", base64("image/jpeg", &Photo::new(1, 64, 48).jpeg())));
    let printed = sandbox.json(&["run", "--dry-run"]);
    assert_eq!(printed["references"], 1, "{printed:#}");
    assert!(!sandbox.path("store/blobs").exists());
}
