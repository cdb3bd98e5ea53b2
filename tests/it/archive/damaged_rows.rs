//! Rows that cannot be read: each costs the article or image that it is about, and never the archive.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use rusqlite::Connection;

use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// Three posts with an image each, mirrored.
fn mirrored() -> (Sandbox, Origin) {
    let png = |seed| Behaviour::serve(Content::new("image/png", tiny(seed)));
    let site = Site::new().on("/a.png", png(1)).on("/b.png", png(2)).on("/c.png", png(3)).on("/d.png", png(4));
    let origin = Origin::start(site).unwrap();
    let sandbox = Sandbox::new();
    sandbox.settings("[run]\ncatalog_copy_every = \"0\"\n");
    for name in ["a", "b", "c"] {
        sandbox.write(&format!("posts/{name}.md"), format!("![]({})\n", origin.url(&format!("/{name}.png"))));
    }
    sandbox.run(&["run"]).expect(0);
    (sandbox, origin)
}

fn change(sandbox: &Sandbox, sql: &str) {
    let catalog = Connection::open(sandbox.path("store/catalog.db")).unwrap();
    catalog.execute_batch(&format!("{sql}; PRAGMA wal_checkpoint(TRUNCATE)")).unwrap();
}

/// A value that no offprint writes, and whether it is in the row of an article.
const ROWS: [(&str, bool); 10] = [
    ("UPDATE article SET format = 'zz' WHERE path = 'a.md'", true),
    ("UPDATE article SET path = '../x' WHERE path = 'a.md'", true),
    ("UPDATE article SET source = '../..' WHERE path = 'a.md'", true),
    ("UPDATE article SET read_at = 9223372036854775807 WHERE path = 'a.md'", true),
    ("UPDATE article SET url = 'nope' WHERE path = 'a.md'", true),
    ("UPDATE article SET mirror = zeroblob(31) WHERE path = 'a.md'", true),
    ("UPDATE url SET url = 'nope' WHERE url LIKE '%/a.png'", false),
    ("UPDATE url SET state = 'zz' WHERE url LIKE '%/a.png'", false),
    ("UPDATE asset SET width = -1", false),
    ("UPDATE reference SET kind = 'zz' WHERE article_id = 1", false),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_costs_what_it_is_about_and_nothing_else() {
    for (sql, is_of_article) in ROWS {
        let (sandbox, origin) = mirrored();
        change(&sandbox, sql);
        let found = sandbox.run(&["verify"]).expect(4).stdout;
        assert!(found.contains("cannot be read") && found.contains("verify --rebuild"), "{sql}: {found}");
        let restored = sandbox.run(&["restore", "--all", "--to", "out"]);
        assert_eq!(restored.status, if is_of_article { 4 } else { 0 }, "{sql}: {restored:?}");
        for post in ["b.md", "c.md"] {
            assert_eq!(sandbox.read(&format!("out/posts/{post}")), sandbox.read(&format!("posts/{post}")), "{sql}");
        }
        sandbox.run(&["check"]).expect(if is_of_article { 4 } else { 0 });
        // The run goes on with all the rest.
        sandbox.write("posts/d.md", format!("![]({})\n", origin.url("/d.png")));
        let ran = sandbox.run(&["run"]);
        assert!([0, 3].contains(&ran.status), "{sql}: {ran:?}");
        assert!(sandbox.text("store/articles/posts/d.md").contains("blobs/sha256/"), "{sql}");
        let rebuilt = sandbox.run(&["verify", "--rebuild"]);
        assert!([0, 1].contains(&rebuilt.status), "{sql}: {rebuilt:?}");
        sandbox.run(&["run"]).expect(0);
        sandbox.run(&["verify"]).expect(0);
        sandbox.run(&["check"]).expect(0);
        let restored = sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout;
        assert_eq!(restored.as_bytes(), sandbox.read("posts/a.md"), "{sql}");
    }
}

/// A job whose URL cannot be read neither ends a run nor keeps it from ending.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_be_read_is_passed_over() {
    let (sandbox, origin) = mirrored();
    sandbox.write("posts/d.md", format!("![]({}) ![]({})\n", origin.url("/gone.png"), origin.url("/d.png")));
    sandbox.run(&["run"]).expect(3);
    change(
        &sandbox,
        "UPDATE url SET url = 'nope' WHERE url LIKE '%/gone.png';
         INSERT INTO job (host_id, url_id) SELECT host_id, id FROM url WHERE url = 'nope'",
    );
    sandbox.write("posts/e.md", format!("![]({})\n", origin.url("/d.png")));
    let report = sandbox.json(&["run"]);
    assert!(report["problems"].to_string().contains("damaged_catalog"), "{report:#}");
    assert!(sandbox.text("store/articles/posts/e.md").contains("blobs/sha256/"));
}
