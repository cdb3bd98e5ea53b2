//! Thumbnails in the page, in links to the full images.

use offprint::testing::demo::photo::Photo;
use serde_json::Value;

use crate::sandbox::{Sandbox, follow};
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

over_both_archives! {
    in_place_the_links_go_when_an_edited_article_is_read_again
    a_late_thumbnail_is_shown_once_it_is_there
}

const LINKED: &str = "
[rewrite]
images = \"thumbnail-linked\"
[[thumbnail]]
name = \"small\"
[[thumbnail]]
name = \"page\"
width = 320
";

fn site() -> Site {
    let photo =
        |seed, width, height| Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, width, height).jpeg()));
    let small = Behaviour::serve(Content::new("image/png", tiny(3)));
    Site::new().on("/a.jpg", photo(1, 1200, 800)).on("/a-2x.jpg", photo(2, 1600, 1000)).on("/icon.png", small)
}

fn post(origin: &Origin) -> String {
    let [a, twice, icon] = ["/a.jpg", "/a-2x.jpg", "/icon.png"].map(|path| origin.url(path));
    format!(
        "---\ntitle: A post\nimage: {a}\n---\n\n![A view]({a})\n\n<img src=\"{a}\" srcset=\"{a} 1x, {twice} 2x\">\n\n\
         [![]({a})](https://e.org/page) and <img src=\"{icon}\">\n"
    )
}

fn settings(sandbox: &Sandbox, output: &str) {
    sandbox.settings(&format!("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"{output}\"\n{LINKED}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_shown_small_and_lead_to_the_full_ones() {
    let origin = Origin::start(site()).unwrap();
    let sandbox = Sandbox::new();
    settings(&sandbox, "");
    let original = post(&origin);
    sandbox.write("posts/a.md", &original);
    sandbox.run(&["run"]).expect(0);
    let name = "store/articles/posts/a.md";
    let text = sandbox.text(name);
    let local: Vec<&str> = text.split(['"', '(', ')', ' ', ',', '\n']).filter(|part| part.starts_with("../")).collect();
    let whole = |link: &str| std::fs::read(follow(&sandbox.path(name), link)).unwrap();
    let kinds: Vec<&str> = local.iter().map(|link| link.split('/').nth(2).unwrap()).collect();
    let (full, small) = ("blobs", "thumbnails");
    // The front matter; the image and its link; the link, the image and its candidates; the linked image; the icon.
    assert_eq!(kinds, [full, small, full, full, small, small, small, small, full], "{text}");
    assert!(text.contains(&format!("[![A view]({})]({})", local[1], local[2])), "{text}");
    assert!(text.contains(&format!("<a href=\"{}\">\n<img src=\"{}\" srcset=", local[3], local[4])), "{text}");
    assert!(text.contains(&format!("[![]({})](https://e.org/page)", local[7])), "{text}");
    assert_eq!(whole(local[2]), Photo::new(1, 1200, 800).jpeg());
    assert_eq!(whole(local[3]), Photo::new(2, 1600, 1000).jpeg(), "the largest candidate");
    assert!(local.iter().filter(|link| link.contains("thumbnails")).all(|link| link.contains("/small/")));

    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, original);
    let checked = sandbox.json(&["check"]);
    assert_eq!((&checked["remote"], &checked["dangling"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    assert_eq!(sandbox.json(&["run"])["articles"]["unchanged"], 1);
    assert_eq!(sandbox.text(name), text);

    // By the other thumbnail, and back to the full images.
    sandbox.settings(&LINKED.replace("linked\"\n", "linked\"\nthumbnail_name = \"page\"\n"));
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text(name).contains("/thumbnails/page/"));
    sandbox.settings("");
    sandbox.run(&["run"]).expect(0);
    assert!(!sandbox.text(name).contains("/thumbnails/"), "{}", sandbox.text(name));
}

fn in_place_the_links_go_when_an_edited_article_is_read_again(sandbox: &Sandbox) {
    let origin = Origin::start(site()).unwrap();
    settings(sandbox, ".");
    let original = post(&origin);
    sandbox.write("posts/a.md", &original);
    sandbox.run(&["run"]).expect(0);
    let mirrored = sandbox.text("posts/a.md");
    assert!(mirrored.contains("[![A view](../store/thumbnails/"), "{mirrored}");
    sandbox.write("posts/a.md", mirrored.replace("A view", "The view"));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("posts/a.md"), mirrored.replace("A view", "The view"));
    let restored = sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout;
    assert_eq!(restored, original.replace("A view", "The view"));
}

/// An article does not wait for a thumbnail that takes long; it shows it all the same when the run ends.
fn a_late_thumbnail_is_shown_once_it_is_there(sandbox: &Sandbox) {
    let photo = Behaviour::serve(Content::new("image/jpeg", Photo::new(1, 1600, 1000).jpeg()));
    let origin = Origin::start(Site::new().on("/a.jpg", photo)).unwrap();
    sandbox.settings("[media]\nmax_time = \"1ms\"\n");
    sandbox.write("posts/a.md", format!("---\nthumbnail: {}\n---\n", origin.url("/a.jpg")));
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["thumbnails"]["made"], &report["outcome"]), (&1.into(), &"complete".into()), "{report}");
    let mirror = sandbox.text("store/articles/posts/a.md");
    assert!(mirror.contains("/thumbnails/small/"), "{mirror}");
    let before = sandbox.tree("store/articles");
    assert_eq!(sandbox.json(&["run"])["articles"]["unchanged"], 1);
    assert_eq!(sandbox.tree("store/articles"), before);
}
