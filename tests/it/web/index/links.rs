//! Where the static pages lead.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{NAMES, Written, leads_to, reached, start};
use crate::sandbox::Sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn every_link_of_every_page_leads_to_a_file_and_every_page_is_reached() {
    let written = Written::new();
    let (pages, files) = reached(&written.sandbox);
    let all: BTreeSet<PathBuf> = written.sandbox.tree("store/index").into_keys().collect();
    let index = written.sandbox.path("store/index");
    let html = all.iter().filter(|name| name.extension().is_some_and(|ending| ending == "html"));
    assert_eq!(
        html.map(|name| index.join(name)).collect::<BTreeSet<_>>(),
        pages,
        "none is there that nothing leads to"
    );
    assert_eq!(pages.iter().filter(|page| page.starts_with(index.join("articles"))).count(), 3 * NAMES.len());
    for name in NAMES {
        for folder in ["store/articles/posts", "made/here & there", "in-place"] {
            let mirror = written.sandbox.path(folder).join(name);
            assert!(files.contains(&mirror), "{} is led to", mirror.display());
        }
    }
    for kind in ["store/blobs", "store/thumbnails", "store/index/style.css"] {
        assert!(files.iter().any(|file| file.starts_with(written.sandbox.path(kind))), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_archived_is_text_on_the_pages() {
    let written = Written::new();
    for page in reached(&written.sandbox).0 {
        let text = std::fs::read_to_string(&page).unwrap();
        assert!(!text.contains("<b>雨</b>"), "{}", page.display());
        assert!(text.contains("default-src 'none'"), "{}", page.display());
    }
    let text = written.sandbox.text("store/index/index.html");
    assert!(text.contains("Rain &#38; &#60;b&#62;雨&#60;/b&#62;") || text.contains("Rain &amp; &lt;b&gt;雨&lt;/b&gt;"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_folder_with_archive_and_mirrors_is_read_where_it_is_now() {
    let written = Written::new();
    let moved = Sandbox::new();
    std::fs::remove_dir_all(moved.path("posts")).unwrap();
    for folder in ["store", "made", "in-place"] {
        std::fs::rename(written.sandbox.path(folder), moved.path(folder)).unwrap();
    }
    let (pages, files) = reached(&moved);
    assert!(pages.len() > 3 * NAMES.len() && files.iter().all(|file| file.starts_with(moved.path(""))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_not_there_is_no_dead_link() {
    let written = Written::new();
    let sandbox = &written.sandbox;
    // The settings of another machine do not know where this source has its mirrors.
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\n");
    sandbox.run(&["run"]).expect(0);
    let (pages, files) = reached(sandbox);
    assert!(files.iter().all(|file| !file.starts_with(sandbox.path("made"))));
    let says = |page: &PathBuf| std::fs::read_to_string(page).unwrap().contains("Its mirror is not where");
    assert_eq!(pages.iter().filter(|page| says(page)).count(), 2 * NAMES.len());
}

#[test]
fn long_months_have_pages_that_lead_to_each_other() {
    let sandbox = Sandbox::new();
    for number in 0..450 {
        sandbox.write(&format!("posts/{number:03}.md"), "---\ndate: 2024-11-20 08:00:00\n---\n\ntext\n");
    }
    sandbox.run(&["run"]).expect(0);
    let (pages, _) = reached(&sandbox);
    let list = |number: usize| sandbox.path(&format!("store/index/lists/posts.2024-11.{number}.html"));
    assert!((1..=3).all(|number| pages.contains(&list(number))) && !list(4).exists());
    let entries = |number: usize| {
        let text = std::fs::read_to_string(list(number)).unwrap();
        text.matches("class=\"entry\"").count()
    };
    assert_eq!([1, 2, 3].map(entries), [200, 200, 50], "the newest are on the last page");
    assert!(leads_to(&start(&sandbox)).contains(&list(3)) && !leads_to(&start(&sandbox)).contains(&list(1)));
    assert!(leads_to(&list(2)).contains(&list(1)) && leads_to(&list(2)).contains(&list(3)));
    let before = sandbox.tree("store/index/lists");
    sandbox.write("posts/new.md", "---\ndate: 2024-11-21 08:00:00\n---\n\ntext\n");
    sandbox.run(&["run"]).expect(0);
    let after = sandbox.tree("store/index/lists");
    let changed: Vec<_> = after.iter().filter(|(name, file)| before.get(*name) != Some(file)).collect();
    assert_eq!(changed.len(), 1, "a new article changes the page of the newest: {changed:?}");
}
