//! Originals come back: any version, a folder of them, all of them; nothing is written over unasked.

use crate::sandbox::Sandbox;

fn archived() -> Sandbox {
    let sandbox = Sandbox::new();
    for (post, text) in [("a.md", "first\n"), ("deep/b.md", "b\n"), ("deep/er/c.md", "c\n")] {
        sandbox.write(&format!("posts/{post}"), text);
    }
    sandbox.run(&["run"]).expect(0);
    sandbox.write("posts/a.md", "second\n");
    sandbox.run(&["run"]).expect(0);
    sandbox
}

#[test]
fn any_version_is_given_back() {
    let sandbox = archived();
    let history = sandbox.json(&["status", "--history", "posts/a.md"]);
    let digest = history["versions"][0]["original"].as_str().expect("it is a digest").to_owned();
    for (version, text) in [("1", "first\n"), ("2", "second\n"), (&digest[..10], "first\n"), (&digest, "first\n")] {
        assert_eq!(sandbox.run(&["restore", "posts/a.md", "--version", version]).expect(0).stdout, text, "{version}");
    }
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, "second\n");
    let printed = sandbox.run(&["restore", "posts/a.md", "--version", "3"]).expect(1).stderr;
    assert!(printed.contains("from 1, the oldest, to 2") && printed.contains("--history posts/a.md"), "{printed}");
}

#[test]
fn folders_sources_and_everything_are_given_back() {
    let sandbox = archived();
    for (names, posts) in [
        (&["posts/deep"][..], &["deep/b.md", "deep/er/c.md"][..]),
        (&["store/articles/posts/deep/er/"], &["deep/er/c.md"]),
        (&["posts"], &["a.md", "deep/b.md", "deep/er/c.md"]),
        (&["--all"], &["a.md", "deep/b.md", "deep/er/c.md"]),
        (&["posts/a.md", "posts/deep/er"], &["a.md", "deep/er/c.md"]),
    ] {
        let mut arguments = vec!["restore", "--to", "out"];
        arguments.extend(names);
        let restored = sandbox.json(&arguments);
        let articles: Vec<_> = restored["restored"].as_array().expect("it is a list").iter().collect();
        let named: Vec<_> = articles.iter().map(|one| one["article"].as_str().expect("it has a name")).collect();
        assert_eq!(named, posts.iter().map(|post| format!("posts/{post}")).collect::<Vec<_>>(), "{names:?}");
        for post in posts {
            assert_eq!(sandbox.text(&format!("out/posts/{post}")), sandbox.text(&format!("posts/{post}")), "{names:?}");
        }
        std::fs::remove_dir_all(sandbox.path("out")).expect("it is there");
    }
    let printed = sandbox.run(&["restore", "posts/deep"]).expect(2).stderr;
    assert!(printed.contains("--to DIR"), "{printed}");
    let printed = sandbox.run(&["restore", "nobody/x.md"]).expect(1).stderr;
    assert!(printed.contains("the sources are posts"), "{printed}");
}

#[test]
fn nothing_is_written_over_unasked() {
    let sandbox = archived();
    sandbox.write("out/posts/a.md", "mine\n");
    let printed = sandbox.run(&["restore", "--all", "--to", "out"]).expect(1).stderr;
    assert!(printed.contains("--overwrite"), "{printed}");
    assert_eq!((sandbox.text("out/posts/a.md"), sandbox.text("out/posts/deep/b.md")), ("mine\n".into(), "b\n".into()));
    sandbox.run(&["restore", "--all", "--to", "out", "--overwrite"]).expect(0);
    assert_eq!(sandbox.text("out/posts/a.md"), "second\n");
    // What is there already may be there.
    sandbox.run(&["restore", "--all", "--to", "out"]).expect(0);
    // In place, what somebody wrote since the last run is on no record.
    sandbox.run(&["restore", "--in-place", "--version", "1", "posts/a.md"]).expect(0);
    assert_eq!(sandbox.text("posts/a.md"), "first\n");
    sandbox.write("posts/a.md", "third\n");
    let printed = sandbox.run(&["restore", "--in-place", "posts/a.md"]).expect(1).stderr;
    assert!(printed.contains("was changed since the last run"), "{printed}");
    assert_eq!(sandbox.text("posts/a.md"), "third\n");
    sandbox.run(&["restore", "--in-place", "--overwrite", "posts/a.md"]).expect(0);
    assert_eq!(sandbox.text("posts/a.md"), "second\n");
}

#[test]
fn nothing_is_restored_into_the_archive() {
    let sandbox = archived();
    let before = sandbox.digests("store/blobs");
    for to in ["store", "store/blobs", "store/articles", "posts/../store/new", "./store/articles/posts"] {
        let printed = sandbox.run(&["restore", "--all", "--to", to]).expect(2).stderr;
        assert!(printed.contains("lies in the archive") && printed.contains("another folder"), "{to}: {printed}");
    }
    assert_eq!(sandbox.digests("store/blobs"), before);
    assert!(!sandbox.path("store/new").exists() && !sandbox.path("store/posts").exists());
    sandbox.run(&["restore", "--all", "--to", "store2"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
}

/// A source may have the name of the archive's folder.
#[test]
fn a_source_is_not_restored_over_the_archive_of_its_name() {
    let sandbox = Sandbox::new();
    sandbox.settings("[[source]]\nname = \"store\"\npath = \"posts\"\n");
    sandbox.write("posts/a.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    sandbox.run(&["restore", "--all", "--to", "."]).expect(2);
    sandbox.run(&["restore", "--all", "--to", "out"]).expect(0);
}
