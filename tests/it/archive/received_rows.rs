//! Rows of an archive that came from somebody else: what they say of files outside of it is not believed, and none of them
//! is quoted, walked or listed without end.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::fs;

use offprint::testing::demo::photo::Photo;

use super::received::meddle;
use crate::sandbox::{Ran, Sandbox};
use crate::testserver::{Behaviour, Content, Origin, Site};

/// An archive whose mirrors are in a folder of the user, with two posts.
fn beside() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"public\"\n");
    sandbox.write("posts/a.md", "what the maker of the archive wants to be read\n");
    sandbox.write("posts/b.md", "precious\n");
    sandbox.run(&["run"]).expect(0);
    sandbox
}

/// Gives the row of one post the text of the other one, and another path.
fn claim(sandbox: &Sandbox, path: &str, more: &str) {
    let text = "(SELECT original FROM article WHERE path = 'a.md')";
    let sql = format!(
        "UPDATE article_version SET original = {text};
         UPDATE article SET original = {text}, size = (SELECT size FROM article WHERE path = 'a.md'),
             path = '{path}', stale = 1{more} WHERE path = 'b.md'"
    );
    fs::remove_file(sandbox.path("posts/b.md")).unwrap();
    meddle(sandbox, &sql);
}

#[test]
fn a_row_makes_no_file_outside_of_the_archive() {
    for path in ["b.md", "index.md", ".htaccess", "x.php", "deep/er.md"] {
        let sandbox = beside();
        fs::remove_file(sandbox.path("public/b.md")).unwrap();
        claim(&sandbox, path, ", mirror = NULL, mirror_size = NULL");
        for _ in 0..2 {
            sandbox.run(&["run"]).expect(0);
        }
        assert_eq!(sandbox.tree("public").len(), 1, "{path}");
        sandbox.run(&["check"]).expect(0);
    }
}

#[test]
fn a_row_replaces_no_file_outside_of_the_archive_that_it_knows_the_bytes_of() {
    let sandbox = beside();
    // The same bytes, in a file that this archive did not write.
    fs::remove_file(sandbox.path("public/b.md")).unwrap();
    sandbox.write("public/b.md", "precious\n");
    claim(&sandbox, "b.md", "");
    let ran = sandbox.run(&["run"]).expect(3);
    assert!(ran.stderr.contains("posts/b.md: the place of its mirror holds a file"), "{ran:?}");
    assert_eq!(sandbox.text("public/b.md"), "precious\n");
}

/// A folder that has the post vouches for its mirror.
#[test]
fn the_mirror_of_a_post_that_is_there_is_made_again() {
    let sandbox = beside();
    fs::remove_file(sandbox.path("public/b.md")).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("public/b.md"), "precious\n");
}

/// Whoever moves to another disk keeps the mirrors of posts that are gone: what is taken down goes from these, too.
#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_of_a_post_that_is_gone_is_written_again_where_the_output_was_copied() {
    let origin = photo();
    let sandbox = beside();
    sandbox.write("posts/b.md", format!("![]({})\n", origin.url("/1.jpg")));
    sandbox.run(&["run"]).expect(0);
    fs::remove_file(sandbox.path("posts/b.md")).unwrap();
    sandbox.run(&["run"]).expect(0);
    let mirror = sandbox.read("public/b.md");
    fs::remove_file(sandbox.path("public/b.md")).unwrap();
    sandbox.write("public/b.md", &mirror);
    sandbox.run(&["forget", &origin.url("/1.jpg")]).expect(0);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("public/b.md"), format!("![]({})\n", origin.url("/1.jpg")));
}

/// Values of megabytes, in columns that every command reads.
#[test]
fn a_value_is_quoted_no_further_than_it_helps() {
    for column in ["article.path", "article.source", "article.format", "url.detail"] {
        let sandbox = Sandbox::new();
        sandbox.write("posts/a.md", "![](http://127.0.0.1:9/a.png)\n");
        sandbox.run(&["run"]);
        let (table, name) = column.split_once('.').unwrap();
        meddle(&sandbox, &format!("UPDATE {table} SET {name} = replace(hex(zeroblob(1000000)), '00', char(27))"));
        for command in [&["status"][..], &["run"], &["verify"], &["verify", "--untrusted", "--store", "store"]] {
            let Ran { status, stdout, stderr } = sandbox.run(command);
            assert!([0, 3, 4].contains(&status), "{column}, {command:?}: {status} {stderr}");
            let printed = stdout.len() + stderr.len();
            assert!(printed < 40_000, "{column}, {command:?}: {printed} bytes");
        }
    }
}

#[test]
fn a_row_that_names_another_one_which_is_not_there_is_named_with_the_way_out() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "![](http://127.0.0.1:9/a.png)\n");
    sandbox.run(&["run"]);
    meddle(&sandbox, "UPDATE url SET host_id = 65536");
    let ran = sandbox.run(&["run", "--retry"]);
    assert!(ran.status != 0 && ran.stderr.contains("`offprint verify"), "{ran:?}");
    sandbox.run(&["verify"]).expect(4);
}

/// Folders within folders, down to paths that no file system takes whole.
#[cfg(target_os = "linux")]
#[test]
fn folders_that_are_too_deep_hold_no_command_up() {
    use rustix::fs::{Mode, OFlags, mkdirat, openat};

    let sandbox = beside();
    fs::create_dir_all(sandbox.path("store/articles/posts")).unwrap();
    let open = |folder: &rustix::fd::OwnedFd| openat(folder, "a", OFlags::DIRECTORY, Mode::empty()).unwrap();
    let mut folder = fs::File::open(sandbox.path("store/articles/posts")).unwrap().into();
    for _ in 0..6000 {
        mkdirat(&folder, "a", Mode::RWXU).unwrap();
        folder = open(&folder);
    }
    for (command, status) in [(&["run"][..], 0), (&["gc"], 0), (&["verify", "--untrusted", "--store", "store"], 4)] {
        let started = std::time::Instant::now();
        let ran = sandbox.run(command).expect(status);
        assert!(started.elapsed().as_secs() < 60, "{command:?}: {ran:?}");
    }
    // What removes folders by their whole paths cannot remove these.
    let removed = std::process::Command::new("rm").arg("-r").arg(sandbox.path("store/articles/posts/a")).status();
    assert!(removed.unwrap().success());
}

/// Each file of takedowns is read by itself, and none that is longer than any that a run writes.
#[test]
fn a_file_of_takedowns_without_end_is_damage() {
    let sandbox = beside();
    let entry = r#"{"kind":"url","target":"http://h/","at":"2026-11-28T05:34:36Z","reason":""}"#;
    let file = |entries: usize| format!("{{\"takedowns\":[{}]}}", vec![entry; entries].join(","));
    sandbox.write("store/takedowns/20261128T052509.526193Z-1515599e.json", file(20));
    sandbox.run(&["verify", "--untrusted"]).expect(0);
    sandbox.write("store/takedowns/20261128T052509.526193Z-2515599e.json", file(250_000));
    let ran = sandbox.run(&["verify", "--untrusted"]).expect(4);
    assert!(ran.stdout.contains("takedowns/20261128T052509.526193Z-2515599e.json"), "{ran:?}");
    assert!(!ran.stdout.contains("Z-1515599e"), "{ran:?}");
}

/// More takedowns than one file holds are kept in several, and each is known afterwards.
#[test]
fn thousands_of_takedowns_at_once_are_kept() {
    let sandbox = Sandbox::new();
    sandbox.settings("");
    for number in 0..2100 {
        sandbox.write(&format!("posts/{number}.md"), format!("text {number}\n"));
    }
    sandbox.run(&["run"]).expect(0);
    sandbox.run(&["forget", "posts", "--reason", "law"]).expect(0);
    let kept = sandbox.tree("store/takedowns");
    assert!(kept.len() >= 2, "{}", kept.len());
    sandbox.run(&["verify"]).expect(0);
    let report = sandbox.json(&["run"]);
    assert_eq!(report["problems"], serde_json::json!([]), "{report:#}");
}

/// What is on record of a mirror that is still to be written is of the version before.
#[tokio::test(flavor = "multi_thread")]
async fn an_article_that_became_shorter_and_has_no_new_mirror_yet_is_no_damage() {
    let origin = photo();
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", format!("{}\n\n![]({})\n", "word ".repeat(2000), origin.url("/1.jpg")));
    sandbox.run(&["run"]).expect(0);
    sandbox.write("posts/a.md", "short\n");
    fs::remove_file(sandbox.path("store/articles/posts/a.md")).unwrap();
    fs::create_dir(sandbox.path("store/articles/posts/a.md")).unwrap();
    sandbox.run(&["run"]).expect(3);
    let ran = sandbox.run(&["verify", "--untrusted"]);
    assert!(!ran.stdout.contains("lies outside"), "{ran:?}");
}

/// A host with one photograph, `/1.jpg`.
fn photo() -> Origin {
    let photo = Content::new("image/jpeg", Photo::new(1, 640, 480).jpeg());
    Origin::start(Site::new().on("/1.jpg", Behaviour::serve(photo))).unwrap()
}

/// What is said of an archive with the photograph after a change of its catalog; nothing is damaged where nothing is named.
fn check_found(origin: &Origin, sql: &str, named: &str) {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/1.jpg")));
    sandbox.run(&["run"]).expect(0);
    meddle(&sandbox, sql);
    let ran = sandbox.run(&["verify", "--untrusted"]).expect(if named.is_empty() { 0 } else { 4 });
    assert!(ran.stdout.contains(named), "{sql}: {ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_no_offprint_writes_are_found_before_use() {
    let origin = photo();
    for (sql, named) in [
        ("UPDATE url SET url = 'http://u:p@' || substr(url, 8)", "the URL of row 1 is not one of its host"),
        ("UPDATE url SET url = 'file:///etc/hostname'", "the URL of row 1 is not one of its host"),
        ("UPDATE url SET url = 'nonsense'", "the URL of row 1 is not one of its host"),
        ("UPDATE host SET key = 'other.example'", "the URL of row 1 is not one of its host"),
        ("UPDATE exchange SET url = 'nonsense'", "an exchange of capture 1 has no URL"),
        ("UPDATE capture SET source = '../x' || char(27)", "the source of capture 1 has no name"),
        ("UPDATE reference SET \"end\" = 9223372036854775807", "a reference of article 1 lies outside of its original"),
        ("UPDATE reference SET start = \"end\" + 1", "a reference of article 1 lies outside of its original"),
        ("UPDATE edit SET \"end\" = 1000", "an edit of article 1 lies outside of its original"),
        ("UPDATE host SET failures = 1 << 62", "the host of row 1 has a state that no host has"),
        ("UPDATE host SET not_before = 1 << 62", "the host of row 1 has a state that no host has"),
        ("UPDATE article SET original = zeroblob(32)", "0000000000"),
        ("DELETE FROM blob WHERE media_type = 'md'", "missing"),
        ("UPDATE article SET stale = 1; DELETE FROM blob WHERE media_type = 'md'", "missing"),
        (
            "INSERT INTO blob SELECT digest, 'html', size, created FROM blob WHERE media_type = 'jpg';
          UPDATE asset SET media_type = 'html'",
            "what is kept of the URL of row 1 is no image",
        ),
        ("UPDATE edit SET start = -1", "an edit of article 1 lies outside of its original"),
        ("UPDATE article SET title = title", ""),
    ] {
        check_found(&origin, sql, named);
    }
}

/// Each column has values of one kind.
#[tokio::test(flavor = "multi_thread")]
async fn values_that_no_offprint_writes_are_found_before_use() {
    let origin = photo();
    for (sql, named) in [
        ("UPDATE blob SET size = 1 << 62", "blob.size has a value that no offprint writes"),
        ("UPDATE sqlite_sequence SET seq = 9223372036854775807", "sqlite_sequence.seq has a value"),
        ("UPDATE article SET revision = 9223372036854775807", "article.revision has a value"),
        ("UPDATE exchange SET elapsed = -(1 << 62), length = 1 << 62", "exchange.elapsed has a value"),
        ("UPDATE total SET bytes = 1 << 62", "total.bytes has a value"),
        ("UPDATE total SET kept = -1", "total.kept has a value"),
        ("UPDATE exchange SET ord = -1", "exchange.ord has a value"),
        ("UPDATE run SET began = -1", "run.began has a value"),
        ("UPDATE article SET published = -(1 << 62)", "article.published has a value"),
        ("UPDATE run SET report = '{'", "the report of run 1 is no JSON"),
        (
            "INSERT INTO page (source, url, path, found_at) VALUES ('s', 'http://h/', '../../x', 0)",
            "page.path has a value",
        ),
        (
            "INSERT INTO feed_entry (source, identity, path, path_key, first_seen) VALUES ('s', x'00', '/x', '/x', 0)",
            "feed_entry.path has a value",
        ),
        ("UPDATE host SET lease_worker = CAST(x'ff00' AS TEXT)", "host.lease_worker has a value"),
        ("UPDATE exchange SET coding = CAST(x'ff00' AS TEXT)", "exchange.coding has a value"),
        ("UPDATE url SET state = ''", "url.state has a value"),
        ("UPDATE url SET reason = 'x' || char(10)", "url.reason has a value"),
        ("UPDATE capture SET kind = '../x'", "capture.kind has a value"),
        ("UPDATE capture SET digest = x''", "capture.digest has a value"),
        ("UPDATE host SET referer = ''", "host.referer has a value"),
    ] {
        check_found(&origin, sql, named);
    }
}

/// What a file system says of a file may be any number, and an article may be older than 1970.
#[test]
fn numbers_of_files_have_no_bounds() {
    let sandbox = beside();
    meddle(
        &sandbox,
        "UPDATE article SET inode = -1, modified = 1 << 62, mirror_inode = 1 << 63, mirror_modified = 1 << 62,
             published = -1",
    );
    let ran = sandbox.run(&["verify", "--untrusted"]);
    assert!(!ran.stdout.contains("has a value"), "{ran:?}");
}

/// What an archive has in the place of a drawing may be a page.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_row_says_to_be_no_image_is_never_opened() {
    let text = "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='90'><path d='M0 0h9v9z'/></svg>";
    let drawing = Content::new("image/svg+xml", text.as_bytes().to_vec());
    let origin = Origin::start(Site::new().on("/1.svg", Behaviour::serve(drawing))).unwrap();
    let sandbox = Sandbox::new();
    let url = origin.url("/1.svg");
    sandbox.write("posts/a.html", format!("<iframe src={url}></iframe>"));
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("store/articles/posts/a.html").contains("<iframe src=../../blobs/"));
    let blob = sandbox.only("store/blobs", ".svg");
    fs::copy(&blob, blob.with_extension("html")).unwrap();
    meddle(
        &sandbox,
        "INSERT INTO blob SELECT digest, 'html', size, created FROM blob WHERE media_type = 'svg';
         UPDATE asset SET media_type = 'html'",
    );
    sandbox.write("posts/a.html", format!("<iframe src={url}></iframe> changed"));
    sandbox.run(&["run"]);
    let mirror = sandbox.text("store/articles/posts/a.html");
    assert_eq!(mirror, format!("<iframe src={url}></iframe> changed"));
}

/// What is wrong with another file is not mended by a new catalog.
#[test]
fn a_damaged_identity_is_no_damage_of_the_catalog() {
    for text in ["", "[]", "{\"id\": \"x\", \"format\": 1, \"made\": \"\"}", "\u{1b}[2J"] {
        let sandbox = beside();
        sandbox.write("store/archive.json", text);
        let ran = sandbox.run(&["verify", "--untrusted"]).expect(4);
        let named = "archive.json: ";
        assert!(ran.stdout.contains(named) && ran.stdout.contains("remove the file"), "{text:?}: {ran:?}");
        assert!(!ran.stdout.contains("the catalog") && !ran.stdout.contains("--rebuild"), "{text:?}: {ran:?}");
    }
}

/// All that is found is named, whatever else cannot be read.
#[test]
fn a_value_that_cannot_be_read_hides_nothing_else() {
    for sql in [
        "UPDATE host SET key = CAST(x'ff' AS TEXT)",
        "UPDATE url SET url = CAST(x'ff' AS TEXT)",
        "UPDATE blob SET media_type = CAST(x'ff' AS TEXT)",
        "UPDATE blob SET size = 1 << 62",
        "UPDATE article SET path = CAST(x'ff' AS TEXT)",
        "UPDATE run SET report = CAST(x'ff' AS TEXT)",
        "UPDATE total SET kept = -1",
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("posts/a.md", "![](http://127.0.0.1:9/a.png)\n");
        sandbox.run(&["run"]);
        sandbox.write("store/stray.html", "what does not belong there");
        meddle(&sandbox, &format!("{sql}; UPDATE article SET revision = 1 << 62"));
        let ran = sandbox.run(&["verify", "--untrusted"]).expect(4);
        for named in ["stray.html", "article.revision has a value"] {
            assert!(ran.stdout.contains(named), "{sql}: {ran:?}");
        }
    }
}
