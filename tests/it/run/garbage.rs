//! `offprint gc` beside a catalog that is damaged.

use crate::sandbox::Sandbox;

/// An article may wait for a file that is on no record: the report of the last run says so, and no other one.
#[test]
fn nothing_is_removed_where_the_report_of_the_last_run_is_not_known() {
    let sandbox = Sandbox::new();
    sandbox.settings("[run]\ngrace = \"0\"\n");
    sandbox.write("posts/a.md", "Rain.\n");
    sandbox.run(&["run"]).expect(0);
    sandbox.run(&["run"]).expect(0);
    let stray = format!("store/blobs/sha256/00/{}.jpg", "00".repeat(32));
    for (report, code, stays) in [
        ("'{\"unseen\": [\"x\"]}'", 0, true),
        ("'no report'", 0, true),
        ("CAST(x'ff' AS TEXT)", 4, true),
        ("'{\"unseen\": []}'", 0, false),
    ] {
        sandbox.write(&stray, "stray");
        let database = rusqlite::Connection::open(sandbox.path("store/catalog.db")).expect("the catalog opens");
        let sql = format!("UPDATE run SET report = {report} WHERE id = (SELECT max(id) FROM run)");
        assert_eq!(database.execute(&sql, []), Ok(1), "{report}");
        drop(database);
        let ran = sandbox.run(&["gc"]);
        assert!(ran.status == code && sandbox.path(&stray).exists() == stays, "{report}: {ran:?}");
    }
}
