//! The examples do what they say.

use offprint::{Mode, open};

use crate::sandbox::Sandbox;

#[expect(dead_code, reason = "main is for the user of the example")]
#[path = "../../examples/extract.rs"]
mod extract;
#[expect(dead_code, reason = "main is for the user of the example")]
#[path = "../../examples/mirror_folder.rs"]
mod mirror_folder;
#[expect(dead_code, reason = "main is for the user of the example")]
#[path = "../../examples/read_archive.rs"]
mod read_archive;

#[test]
fn extract_lists_the_images_of_an_article() {
    let sandbox = Sandbox::new();
    sandbox.write("a.md", "![deck](deck.jpg)");
    let found = extract::references(&sandbox.path("a.md"), Some("https://example.org/2026/a.html")).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].url.as_ref().unwrap().as_str(), "https://example.org/2026/deck.jpg");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_mirrored_and_its_archive_read() {
    let sandbox = Sandbox::new();
    let article = "![a](a.png)\n";
    sandbox.write("posts/a.md", article);
    sandbox.write("posts/a.png", offprint::testing::demo::photo::Photo::new(1, 40, 30).png());
    let report = mirror_folder::mirror_folder(&sandbox.path("posts"), &sandbox.path("store")).await.unwrap();
    assert_eq!((report.articles.new, report.references.local), (1, 1));
    let archive = open(&sandbox.path("store"), Mode::Read).unwrap();
    let originals = read_archive::originals(&archive, "posts").await.unwrap();
    let originals: Vec<_> = originals.iter().map(|(key, bytes)| (key.to_string(), bytes.as_slice())).collect();
    assert_eq!(originals, [("posts/a.md".to_owned(), article.as_bytes())]);
}
