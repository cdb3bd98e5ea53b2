//! Feeds and their entries.

use std::time::Duration;

use offprint::testing::archive::{Catalog, EntryPage, EntryRow, FeedRow};
use offprint::testing::model::{Digest, Validators};

use super::fixtures::at;

suite! {
    a_feed_is_recorded_in_place_of_what_was_on_record
    an_entry_keeps_its_path
    the_page_of_an_entry_is_recorded_in_place_of_what_was_on_record
    no_two_entries_have_paths_that_a_file_system_takes_for_one
}

async fn a_feed_is_recorded_in_place_of_what_was_on_record(catalog: &dyn Catalog) {
    let (news, other) = ("news".parse().unwrap(), "other".parse().unwrap());
    let url = "https://a.example/feed".parse().unwrap();
    assert_eq!(catalog.feed(&news, &url).await.unwrap(), None);
    let validators = Validators { etag: Some("\"1\"".into()), last_modified: Some("yesterday".into()) };
    let first = FeedRow {
        settings: Digest::of(b"one"),
        validators,
        lifetime: Some(Duration::from_secs(60)),
        skip_hours: vec![0, 23],
        fresh_until: Some(at(9)),
        moved_to: Some("https://b.example/feed".parse().unwrap()),
        retired_at: Some(at(8)),
        pages_due: Some(at(7)),
    };
    let next = FeedRow {
        settings: Digest::of(b"two"),
        validators: Validators::default(),
        lifetime: None,
        skip_hours: Vec::new(),
        fresh_until: None,
        moved_to: None,
        retired_at: None,
        pages_due: None,
    };
    for row in [first, next] {
        catalog.record_feed(&news, &url, &row).await.unwrap();
        assert_eq!(catalog.feed(&news, &url).await.unwrap(), Some(row));
    }
    assert_eq!(catalog.feed(&other, &url).await.unwrap(), None);
}

async fn an_entry_keeps_its_path(catalog: &dyn Catalog) {
    let source = "news".parse().unwrap();
    let row = |path: &str, second| EntryRow { path: path.parse().unwrap(), first_seen: at(second), page: None };
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    assert_eq!(catalog.entry(&source, one).await.unwrap(), None);
    assert!(catalog.add_entry(&source, one, &row("a/first.md", 1)).await.unwrap());
    assert!(!catalog.add_entry(&source, one, &row("a/edited.md", 2)).await.unwrap());
    assert_eq!(catalog.entry(&source, one).await.unwrap(), Some(row("a/first.md", 1)));
    assert_eq!(catalog.entry(&source, two).await.unwrap(), None);
}

async fn the_page_of_an_entry_is_recorded_in_place_of_what_was_on_record(catalog: &dyn Catalog) {
    let source = "news".parse().unwrap();
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let row = |page| EntryRow { path: "a.md".parse().unwrap(), first_seen: at(1), page };
    assert!(catalog.add_entry(&source, one, &row(None)).await.unwrap());
    for next_attempt in [Some(at(9)), None] {
        let page = EntryPage { version: Digest::of(b"as it was"), failures: 3, next_attempt };
        catalog.record_entry_page(&source, one, &page).await.unwrap();
        assert_eq!(catalog.entry(&source, one).await.unwrap(), Some(row(Some(page.clone()))));
        catalog.record_entry_page(&source, two, &page).await.unwrap();
    }
    assert_eq!(catalog.entry(&source, two).await.unwrap(), None, "a page makes no entry");
}

async fn no_two_entries_have_paths_that_a_file_system_takes_for_one(catalog: &dyn Catalog) {
    let (news, other) = ("news".parse().unwrap(), "other".parse().unwrap());
    let row = |path: &str| EntryRow { path: path.parse().unwrap(), first_seen: at(1), page: None };
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    assert!(catalog.add_entry(&news, one, &row("新/\u{c9}.md")).await.unwrap());
    for taken in ["新/\u{c9}.md", "新/\u{e9}.md", "新/E\u{301}.MD"] {
        assert!(!catalog.add_entry(&news, two, &row(taken)).await.unwrap(), "{taken}");
    }
    assert!(catalog.add_entry(&news, two, &row("新/\u{c9} 2.md")).await.unwrap());
    assert!(catalog.add_entry(&other, two, &row("新/\u{c9}.md")).await.unwrap(), "another source has its own");
}
