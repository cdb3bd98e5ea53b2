//! An archive that came from somebody else: nothing in it makes a command write, read or remove anything outside it.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::sandbox::Sandbox;

/// A sandbox with an archive of one article.
fn received() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "no image\n");
    sandbox.run(&["run"]).expect(0);
    sandbox
}

/// Changes the catalog's file behind its back.
pub(super) fn meddle(sandbox: &Sandbox, sql: &str) {
    let catalog = rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap();
    catalog.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_path_leads_out_of_the_archive_is_damage() {
    for path in ["../../../precious", "/tmp/offprint-precious", "a/../../../../precious", "a\\b", "a//b", ""] {
        let sandbox = received();
        sandbox.write("precious", "precious");
        meddle(&sandbox, &format!("UPDATE article SET path = '{path}', stale = 1"));
        let printed = sandbox.run(&["run"]);
        assert!(
            printed.stderr.contains("the catalog holds a path of an article that cannot be read"),
            "{path}: {printed:?}"
        );
        assert_eq!(printed.status, 3, "{path}: {printed:?}");
        assert_eq!(fs::read(sandbox.path("precious")).unwrap(), b"precious", "{path}");
        let printed = sandbox.run(&["verify"]).expect(4).stdout;
        assert!(printed.contains("holds a path of an article that cannot be read"), "{path}: {printed}");
    }
}

/// Files that no command may touch, laid out as an archive and as a home folder are.
#[cfg(unix)]
fn victim(sandbox: &Sandbox) -> BTreeMap<PathBuf, (u64, SystemTime, u64)> {
    for name in ["notes.txt", "stage-1", "20200101T000000Z.json", "00/00112233", "deep/er/photo.jpg"] {
        sandbox.write(&format!("victim/{name}"), "precious");
        let file = fs::File::open(sandbox.path(&format!("victim/{name}"))).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    sandbox.tree("victim")
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_place_of_a_folder_or_file_of_the_archive_is_refused_by_name() {
    let commands: [&[&str]; 5] = [&["gc"], &["run"], &["status"], &["check"], &["gc", "--dry-run"]];
    for part in
        ["tmp", "runs", "thumbnails", "blobs", "articles", "quarantine", "lock", "catalog.db.v1", "archive.json"]
    {
        let sandbox = received();
        let before = victim(&sandbox);
        let place = sandbox.path(&format!("store/{part}"));
        if place.is_dir() { fs::remove_dir_all(&place) } else { fs::remove_file(&place).or(Ok(())) }.unwrap();
        let file = ["lock", "catalog.db.v1", "archive.json"].contains(&part);
        let target = sandbox.path(if file { "victim/notes.txt" } else { "victim" });
        std::os::unix::fs::symlink(target, &place).unwrap();
        for command in commands {
            let printed = sandbox.run(command);
            assert_eq!(printed.status, 4, "{part}, {command:?}: {printed:?}");
            let named = printed.stderr.contains(&format!("store/{part}: it is not a"));
            assert!(named, "{part}, {command:?}: {printed:?}");
        }
        let found = format!("damaged: {part}: it is a link; ");
        assert!(sandbox.run(&["verify"]).expect(4).stdout.contains(&found), "{part}");
        let repaired = sandbox.run(&["verify", "--repair"]).expect(0).stdout;
        assert!(repaired.contains(&format!("{found}it is in quarantine now")), "{part}: {repaired}");
        sandbox.run(&["run"]).expect(0);
        assert_eq!(sandbox.tree("victim"), before, "{part}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn links_deeper_in_the_archive_lead_nowhere() {
    let sandbox = received();
    let before = victim(&sandbox);
    for part in ["thumbnails/small", "articles/posts", "blobs/sha256/00"] {
        let place = sandbox.path(&format!("store/{part}"));
        let _ = fs::remove_dir_all(&place);
        std::os::unix::fs::symlink(sandbox.path("victim"), &place).unwrap();
    }
    sandbox.write("posts/b.md", "one more\n");
    for command in [&["gc"][..], &["run"], &["verify", "--repair"], &["check"]] {
        sandbox.run(command);
    }
    assert_eq!(sandbox.tree("victim"), before);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_reader_or_a_writer_holds_nothing_up() {
    for part in ["lock", "catalog.db", "archive.json", "articles/posts/a.md"] {
        let sandbox = received();
        let place = sandbox.path(&format!("store/{part}"));
        fs::remove_file(&place).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&place).status().unwrap().success());
        for command in [&["status"][..], &["run"], &["verify"], &["check"]] {
            let printed = sandbox.run(command);
            let named = printed.stderr.contains("regular file") || printed.stdout.contains("regular file");
            assert!(named || part.starts_with("articles"), "{part}, {command:?}: {printed:?}");
        }
    }
}
