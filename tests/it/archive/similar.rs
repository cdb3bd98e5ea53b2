//! Images that look alike, and the best copy of those that are gone.

use offprint::testing::demo::photo::Photo;
use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

fn photo(seed: u64, width: u16, height: u16) -> Behaviour {
    Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, width, height).jpeg()))
}

fn gone() -> Behaviour {
    Behaviour::status(410)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("it is a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_groups_are_listed_and_the_best_copy_is_suggested_where_an_image_is_gone() {
    let site = Site::new()
        .on("/large.jpg", photo(1, 1200, 800))
        .on("/small.jpg", photo(1, 300, 200))
        .on("/other.jpg", photo(2, 640, 480))
        .on("/third.jpg", photo(3, 320, 240))
        .on("/full.jpg", gone())
        .on("/third-full.jpg", gone())
        .on("/alone.jpg", gone());
    let origin = Origin::start(site).expect("a port is free");
    let url = |path: &str| origin.url(path);
    let sandbox = Sandbox::new();
    let linked = |full: &str, shown: &str| format!("<a href=\"{}\"><img src=\"{}\"></a>\n", url(full), url(shown));
    let first = linked("/full.jpg", "/small.jpg") + &linked("/third-full.jpg", "/third.jpg");
    sandbox.write("posts/a.html", format!("{first}<img src=\"{}\">", url("/alone.jpg")));
    sandbox.write("posts/b.html", format!("<img src=\"{}\"><img src=\"{}\">", url("/large.jpg"), url("/other.jpg")));
    sandbox.run(&["run"]).expect(3);
    let kept =
        || ["store/blobs", "store/thumbnails", "store/articles", "store/runs"].map(|folder| sandbox.tree(folder));
    let before = kept();

    let found = sandbox.json(&["status", "--similar"]);
    assert_eq!((&found["images"], &found["groups_found"], &found["copies_found"]), (&4.into(), &1.into(), &1.into()));
    let group = &found["groups"][0];
    assert_eq!((&group["best"]["width"], &group["others"][0]["width"]), (&1200.into(), &300.into()));
    assert_eq!(group["best"]["urls"][0], url("/large.jpg"));
    assert!(sandbox.path("store").join(text(&group["best"]["file"])).is_file());

    // Of what is gone: the larger copy of another article, and the only copy there is; of the third, nothing.
    let suggestions = found["suggestions"].as_array().expect("it is a list");
    let listed: Vec<_> =
        suggestions.iter().map(|found| (text(&found["url"]), text(&found["best"]["urls"][0]))).collect();
    let expected = [(url("/full.jpg"), url("/large.jpg")), (url("/third-full.jpg"), url("/third.jpg"))];
    assert_eq!(listed, expected.each_ref().map(|(gone, best)| (gone.as_str(), best.as_str())));
    assert_eq!(suggestions[0]["known_by"], url("/small.jpg"));
    assert_eq!(suggestions[0]["articles"][0], "posts/a.html");

    let listed = sandbox.run(&["status", "--similar"]).expect(0).stdout;
    assert!(
        listed.contains("group of 2: 1200x800") && listed.contains(&format!("gone: {}", url("/full.jpg"))),
        "{listed}"
    );
    assert_eq!(kept(), before, "advice changes nothing");
}
