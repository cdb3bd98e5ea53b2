//! A page says which rows of the catalog it leaves out since they cannot be read, and shows the rest.

use std::path::Path;

use offprint::testing::archive::{self, Mode};
use offprint::testing::web::{self, Access, Server};

use super::Shown;
use super::html::Page;
use crate::origin::client;

/// A moment that no calendar has.
const NEVER: i64 = i64::MAX;

/// A URL without a good capture, and one with one.
const LACKING: &str = "SELECT min(id) FROM url WHERE digest IS NULL";
const GOOD: &str = "SELECT min(id) FROM url WHERE digest IS NOT NULL";
/// The image of that one.
const KEPT: &str = "SELECT digest FROM url WHERE id = (SELECT min(id) FROM url WHERE digest IS NOT NULL)";

/// The asset of another URL.
const OTHER: &str = "SELECT max(digest) FROM asset WHERE digest <>
    (SELECT digest FROM url WHERE id = (SELECT min(id) FROM url WHERE digest IS NOT NULL))";

/// Changes one row of a catalog.
fn damage(catalog: &Path, sql: &str) {
    let database = rusqlite::Connection::open(catalog).unwrap();
    assert_eq!(database.execute(sql, []).unwrap(), 1, "{sql}");
}

/// The page of the image of a URL.
fn image_page(catalog: &Path) -> String {
    let database = rusqlite::Connection::open(catalog).unwrap();
    let sql = format!("SELECT lower(hex(digest)) FROM url WHERE id = ({GOOD})");
    format!("/image/{}", database.query_row(&sql, [], |row| row.get::<_, String>(0)).unwrap())
}

/// A copy of an archive's databases of which one row is damaged, and its server.
struct Damaged {
    _folder: tempfile::TempDir,
    server: Server,
}

impl Damaged {
    fn new(store: &Path, sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in ["catalog.db", "search.db", "archive.json"] {
            if let Err(error) = std::fs::copy(store.join(file), folder.path().join(file)) {
                panic!("{file}: {error}");
            }
        }
        damage(&folder.path().join("catalog.db"), sql);
        let archive = archive::open(folder.path(), Mode::Read).unwrap();
        let server = web::serve(archive, ([127, 0, 0, 1], 0).into(), Access::default(), 16).unwrap();
        Self { _folder: folder, server }
    }

    async fn get(&self, path: &str) -> String {
        let response = client().get(self.server.url() + &path[1..]).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// What a page says of the rows that it leaves out.
    async fn left_out(&self, path: &str) -> Vec<String> {
        let html = self.get(path).await;
        Page::read(path, &html);
        assert!(!html.contains("<b>bad</b>"), "{path}: what a row holds is text: {html}");
        let mark = if path.contains('?') { '&' } else { '?' };
        let json: serde_json::Value =
            serde_json::from_str(&self.get(&format!("{path}{mark}format=json")).await).unwrap();
        let rows: Vec<String> = serde_json::from_value(json["unreadable"].clone()).unwrap();
        assert_eq!(html.contains("cannot be read"), !rows.is_empty(), "{path}: {html}");
        rows
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_says_which_rows_it_leaves_out() {
    let shown = Shown::new();
    let store = shown.sandbox.path("store");
    let image = image_page(&store.join("catalog.db"));
    for (sql, row, paths) in [
        (
            "UPDATE article SET original = x'00' WHERE path = 'rain.md'",
            "article",
            &["/", "/articles", "/articles?source=posts", "/search?q=rain"][..],
        ),
        (&format!("UPDATE article SET published = {NEVER} WHERE path = 'rain.md'"), "article", &["/", "/articles"]),
        ("UPDATE asset SET width = -1 WHERE digest = (SELECT min(digest) FROM asset)", "asset", &["/images"]),
        ("UPDATE asset SET width = -1 WHERE digest = (SELECT max(digest) FROM asset)", "asset", &["/images"]),
        (&format!("UPDATE url SET reason = '<b>bad</b>' WHERE id = ({LACKING})"), "url", &["/", "/missing"]),
        ("UPDATE host SET referer = '<b>bad</b>' WHERE id = (SELECT min(id) FROM host)", "host", &["/hosts"]),
        (&format!("UPDATE run SET began = {NEVER}"), "run", &["/", "/runs"]),
        (&format!("UPDATE url SET url = 'nowhere' WHERE id = ({GOOD})"), "url", &["/", &image]),
        (
            &format!("UPDATE thumbnail SET media_type = 'bad' WHERE original = ({KEPT})"),
            "thumbnail",
            &["/images", &image],
        ),
        (&format!("UPDATE capture SET kind = 'bad' WHERE url_id = ({GOOD})"), "capture", &[&image]),
        (
            "UPDATE reference SET kind = 'bad' WHERE ord = 0 AND article_id = (SELECT id FROM article WHERE path = 'rain.md')",
            "reference",
            &["/", "/article/posts/rain.md?view=images", &format!("{image}?article=posts/rain.md")],
        ),
        (
            &format!("UPDATE article SET published = {NEVER} WHERE path = 'rain.md'"),
            "article",
            &["/search?q=rain+after:2020"],
        ),
    ] {
        let damaged = Damaged::new(&store, sql);
        for path in paths {
            let rows = damaged.left_out(path).await;
            assert!(!rows.is_empty() && rows.iter().all(|text| text.contains(row)), "{sql}: {path}: {rows:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_around_a_damaged_row_is_shown_as_ever() {
    let shown = Shown::new();
    let store = shown.sandbox.path("store");
    let image = image_page(&store.join("catalog.db"));
    for sql in [
        "UPDATE article SET original = x'00' WHERE path = 'rain.md'",
        &format!("UPDATE article SET published = {NEVER} WHERE path = 'rain.md'"),
        &format!("UPDATE asset SET width = -1 WHERE digest = ({OTHER})"),
    ] {
        let damaged = Damaged::new(&store, sql);
        for path in [&*image, "/article/posts/page.html", "/articles?month=2025-01", "/missing", "/hosts"] {
            assert_eq!(damaged.left_out(path).await, [""; 0], "{sql}: {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_says_what_a_search_leaves_out() {
    let shown = Shown::new();
    let search = || shown.sandbox.run(&["search", "rain"]);
    let whole = search().expect(0);
    assert!(whole.stdout.contains("rain.md") && whole.stderr.is_empty(), "{whole:?}");
    damage(&shown.sandbox.path("store/catalog.db"), "UPDATE article SET original = x'00' WHERE path = 'rain.md'");
    let found = search().expect(4);
    assert!(!found.stdout.contains("rain.md") && found.stderr.contains("left out"), "{found:?}");
}

/// The static pages of what is missing stay as they are where it is not known of which hosts.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_read_loses_no_static_page() {
    let shown = Shown::new();
    let pages = || shown.sandbox.tree("store/index/missing").into_keys().collect::<Vec<_>>();
    let before = pages();
    assert!(before.len() > 1, "{before:?}");
    let catalog = shown.sandbox.path("store/catalog.db");
    damage(&catalog, "UPDATE host SET referer = 'bad' WHERE id = (SELECT min(id) FROM host)");
    let host = "(SELECT host_id FROM url WHERE digest IS NULL)";
    damage(&catalog, &format!("UPDATE url SET attempts = attempts + 1 WHERE id = ({LACKING}) AND host_id IN {host}"));
    let ran = shown.sandbox.run(&["gc"]);
    assert_eq!(pages(), before, "{ran:?}");
    assert!(ran.stderr.contains("Referer strategy"), "{ran:?}");
}
