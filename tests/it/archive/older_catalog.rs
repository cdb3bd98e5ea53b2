//! A catalog that is older than the archive around it, as from a backup.

use offprint::testing::demo::photo::Photo;

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

fn origin() -> Origin {
    let photo = |seed| Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 640, 480).jpeg()));
    Origin::start(Site::new().on("/1.jpg", photo(1)).on("/2.jpg", photo(2))).expect("loopback can be served on")
}

/// Puts a catalog in the place of the one that is there.
fn put_back(sandbox: &Sandbox, catalog: &[u8]) {
    for rest in ["-wal", "-shm", ".sha256"] {
        let _ = std::fs::remove_file(sandbox.path(&format!("store/catalog.db{rest}")));
    }
    sandbox.write("store/catalog.db", catalog);
}

/// Mirrors an article, and a second one that the catalog does not know afterwards.
fn age(sandbox: &Sandbox, origin: &Origin) {
    sandbox.write("posts/a.md", format!("One ![]({})\n", origin.url("/1.jpg")));
    sandbox.run(&["run"]).expect(0);
    let old = sandbox.read("store/catalog.db");
    sandbox.write("posts/b.md", format!("Two ![]({})\n", origin.url("/2.jpg")));
    sandbox.run(&["run"]).expect(0);
    put_back(sandbox, &old);
}

fn collect_garbage(sandbox: &Sandbox, status: i32) {
    for _ in 0..3 {
        sandbox.run(&["gc"]).expect(status);
    }
}

/// What came since is known by its mirror alone.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_noticed_and_completed_and_nothing_that_a_mirror_shows_is_removed() {
    let origin = origin();
    let sandbox = Sandbox::new();
    sandbox.settings("[run]\ngrace = \"1ms\"\n");
    sandbox.write("posts/a.md", format!("One ![]({})\n", origin.url("/1.jpg")));
    sandbox.run(&["run"]).expect(0);
    let old = sandbox.read("store/catalog.db");
    let original = format!("Two ![]({})\n", origin.url("/2.jpg"));
    sandbox.write("posts/b.md", &original);
    sandbox.run(&["run"]).expect(0);
    std::fs::remove_file(sandbox.path("posts/b.md")).expect("it was there");
    sandbox.run(&["run"]).expect(0);
    let kept = (sandbox.digests("store/blobs"), sandbox.digests("store/articles"));
    put_back(&sandbox, &old);
    let ran = sandbox.run(&["run"]).expect(4);
    for said in [ran, sandbox.run(&["check"]).expect(4), sandbox.run(&["verify"]).expect(4)] {
        let printed = format!("{}{}", said.stdout, said.stderr);
        assert!(printed.contains("posts/b.md") && printed.contains("`offprint verify --rebuild`"), "{printed}");
    }
    collect_garbage(&sandbox, 4);
    assert_eq!((sandbox.digests("store/blobs"), sandbox.digests("store/articles")), kept);
    let rebuilt = sandbox.json(&["verify", "--rebuild"]);
    assert_eq!((&rebuilt["copy"], &rebuilt["articles"]), (&"catalog.db".into(), &1.into()), "{rebuilt}");
    assert_eq!(sandbox.run(&["restore", "posts/b.md"]).expect(0).stdout, original);
    for command in ["verify", "run", "check"] {
        sandbox.run(&[command]).expect(0);
    }
    collect_garbage(&sandbox, 0);
    assert_eq!((sandbox.digests("store/blobs"), sandbox.digests("store/articles")), kept);
    sandbox.run(&["verify", "--rebuild"]).expect(1);
}

/// A row that is damaged beside its key is still that of its mirror, and of no other.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_noticed_beside_a_damaged_row() {
    let origin = origin();
    let sandbox = Sandbox::new();
    age(&sandbox, &origin);
    let database = rusqlite::Connection::open(sandbox.path("store/catalog.db")).expect("it is a database");
    database.execute_batch("UPDATE article SET settings = x'00'").expect("it has the column");
    drop(database);
    let checked = sandbox.json(&["check"]);
    let unreadable = checked["unreadable"].as_array().expect("it lists them");
    assert!(unreadable.iter().any(|place| place["article"] == "posts/b.md"), "{checked}");
}

/// A copy of the catalog that knows more than the catalog is the better beginning.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_copy_is_taken_before_an_older_catalog() {
    let origin = origin();
    let sandbox = Sandbox::new();
    sandbox.settings("[run]\ncatalog_copy_every = \"1ms\"\n");
    age(&sandbox, &origin);
    let rebuilt = sandbox.json(&["verify", "--rebuild"]);
    assert!(rebuilt["copy"].as_str().is_some_and(|copy| copy.starts_with("catalog-copies/")), "{rebuilt}");
    let asked = origin.log().requests().len();
    for command in ["run", "verify", "check"] {
        sandbox.run(&[command]).expect(0);
    }
    assert_eq!(origin.log().requests().len(), asked);
    let history = sandbox.json(&["status", "--history", origin.url("/2.jpg").as_str()]);
    assert_eq!(history["captures"].as_array().map(Vec::len), Some(1), "{history}");
}

/// Where no mirror shows it, as in place or where an output lies elsewhere: by the reports of runs that it does not know, or by a
/// copy that was made since. What is on none of its rows stays.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_noticed_by_reports_and_by_copies_that_are_newer() {
    for lost in ["catalog-copies", "runs"] {
        let origin = origin();
        let sandbox = Sandbox::new();
        let source = "[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"posts\"\n";
        sandbox.settings(&format!("[run]\ngrace = \"1ms\"\ncatalog_copy_every = \"1ms\"\n{source}"));
        sandbox.write("posts/a.md", format!("One ![]({})\n", origin.url("/1.jpg")));
        sandbox.run(&["run"]).expect(0);
        // Runs are known by their second.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let old = sandbox.read("store/catalog.db");
        sandbox.write("posts/b.md", format!("Two ![]({})\n", origin.url("/2.jpg")));
        sandbox.run(&["run"]).expect(0);
        std::fs::remove_dir_all(sandbox.path(&format!("store/{lost}"))).expect("it is there");
        let kept = sandbox.digests("store/blobs");
        put_back(&sandbox, &old);
        for command in [&["check"][..], &["verify"], &["gc"], &["gc", "--dry-run"]] {
            let ran = sandbox.run(command).expect(4);
            let printed = format!("{}{}", ran.stdout, ran.stderr);
            assert!(printed.contains("`offprint verify --rebuild`"), "without {lost}: {command:?}: {printed}");
        }
        collect_garbage(&sandbox, 4);
        assert_eq!(sandbox.digests("store/blobs"), kept, "without {lost}");
        sandbox.run(&["verify", "--rebuild"]).expect(0);
        let asked = origin.log().requests().len();
        for command in ["run", "check", "verify", "gc", "run"] {
            sandbox.run(&[command]).expect(0);
        }
        assert_eq!(origin.log().requests().len(), asked, "without {lost}");
        sandbox.run(&["verify", "--rebuild"]).expect(1);
    }
}

/// A run with it says so, and goes on saying so until it is completed.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_it_says_so_night_after_night() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let old = sandbox.read("store/catalog.db");
    sandbox.run(&["run"]).expect(0);
    put_back(&sandbox, &old);
    for _ in 0..2 {
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let report = sandbox.json(&["run"]);
        assert_eq!(report["problems"][0]["reason"], "older_catalog", "{report:#}");
    }
    sandbox.run(&["run"]).expect(4);
    sandbox.run(&["verify", "--rebuild"]).expect(0);
    sandbox.run(&["run"]).expect(0);
}
