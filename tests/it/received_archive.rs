//! An archive that came from somebody else: nothing in it makes a command write, read or remove anything outside it.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::fs;

use crate::sandbox::Sandbox;

/// A sandbox with an archive of one article.
fn received() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "no image\n");
    sandbox.run(&["run"]).expect(0);
    sandbox
}

/// Changes the catalog's file behind its back.
fn meddle(sandbox: &Sandbox, sql: &str) {
    rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_path_leads_out_of_the_archive_is_damage() {
    for path in ["../../../precious", "/tmp/offprint-precious", "a/../../../../precious", "a\\b", "a//b", ""] {
        let sandbox = received();
        sandbox.write("precious", "precious");
        meddle(&sandbox, &format!("UPDATE article SET path = '{path}', stale = 1"));
        let told = sandbox.run(&["run"]);
        assert!(told.stderr.contains("the catalog holds a path of an article that cannot be read"), "{path}: {told:?}");
        assert_eq!(told.status, 1, "{path}: {told:?}");
        assert_eq!(fs::read(sandbox.path("precious")).unwrap(), b"precious", "{path}");
    }
}
