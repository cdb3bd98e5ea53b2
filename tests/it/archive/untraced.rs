//! Posts in place whose originals a lost catalog leaves unknown: none is guessed, and nothing of theirs is lost.

use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

const IN_PLACE: &str = "[run]\ngrace = \"1ms\"\n[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"posts\"\n";

fn origin() -> Origin {
    let photo = |seed| Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 640, 480).jpeg()));
    let site = Site::new().on("/1.jpg", photo(1)).on("/2.jpg", photo(2)).on("/3.jpg", photo(3));
    Origin::start(site).expect("loopback can be served on")
}

/// Posts that are mirrored in place, and their originals.
fn mirrored(origin: &Origin, texts: &[(&str, &str)]) -> (Sandbox, Vec<(String, String)>) {
    let sandbox = Sandbox::new();
    sandbox.settings(IN_PLACE);
    let text = |(post, text): &(&str, &str)| ((*post).to_owned(), text.replace("ORIGIN", origin.url("/").as_str()));
    let originals: Vec<_> = texts.iter().map(text).collect();
    for (post, text) in &originals {
        sandbox.write(&format!("posts/{post}"), text);
    }
    sandbox.run(&["run"]).expect(0);
    (sandbox, originals)
}

fn lose_catalog(sandbox: &Sandbox) {
    for rest in ["", "-wal", "-shm", ".sha256"] {
        let _ = std::fs::remove_file(sandbox.path(&format!("store/catalog.db{rest}")));
    }
    let _ = std::fs::remove_dir_all(sandbox.path("store/catalog-copies"));
}

fn collect_garbage(sandbox: &Sandbox) {
    for _ in 0..3 {
        sandbox.run(&["gc"]).expect(0);
    }
}

fn blob_of(text: &str) -> String {
    let digest = Digest::of(text.as_bytes()).to_string();
    format!("blobs/sha256/{}/{digest}.md", &digest[..2])
}

/// Two posts differ in the address of their image alone.
#[tokio::test(flavor = "multi_thread")]
async fn an_original_is_never_guessed() {
    let origin = origin();
    let posts = [("a.md", "# T\n\n![x](ORIGIN1.jpg)\n"), ("b.md", "# T\n\n![x](ORIGIN2.jpg)\n")];
    let (sandbox, originals) = mirrored(&origin, &posts);
    let before = (sandbox.digests("posts"), sandbox.digests("store/blobs"));
    lose_catalog(&sandbox);
    let said = [sandbox.run(&["verify", "--rebuild"]).expect(4), sandbox.run(&["run"]).expect(3)];
    for (said, (post, _)) in said.iter().flat_map(|said| originals.iter().map(move |post| (said, post))) {
        let printed = format!("{}{}", said.stdout, said.stderr);
        assert!(printed.contains(&format!("posts/{post}")), "{printed}");
        assert!(originals.iter().all(|(_, text)| printed.contains(&blob_of(text))), "{printed}");
    }
    collect_garbage(&sandbox);
    assert_eq!((sandbox.digests("posts"), sandbox.digests("store/blobs")), before);
    // The way out: the user knows which is which.
    let (post, text) = &originals[0];
    std::fs::copy(sandbox.path(&format!("store/{}", blob_of(text))), sandbox.path(&format!("posts/{post}"))).unwrap();
    sandbox.run(&["run"]);
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, *text);
}

/// The same, where another post shows which address had which image.
#[tokio::test(flavor = "multi_thread")]
async fn what_other_mirrors_show_decides() {
    let origin = origin();
    let texts = [
        ("a.md", "# T\n\n![x](ORIGIN1.jpg)\n"),
        ("b.md", "# T\n\n![x](ORIGIN2.jpg)\n"),
        ("z.md", "Last ![x](ORIGIN1.jpg) ![y](ORIGIN2.jpg)\n"),
    ];
    let (sandbox, originals) = mirrored(&origin, &texts);
    lose_catalog(&sandbox);
    sandbox.run(&["verify", "--rebuild"]).expect(0);
    for (post, text) in &originals {
        assert_eq!(sandbox.run(&["restore", &format!("posts/{post}")]).expect(0).stdout, *text);
    }
    for command in ["run", "verify", "check"] {
        sandbox.run(&[command]).expect(0);
    }
}

/// The folder of the source is an empty mount point while the catalog is made anew, and its host is dead afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn posts_that_a_rebuild_did_not_see_keep_their_images() {
    for status in [404, 503] {
        let origin = origin();
        let texts = [("a.md", "One ![](ORIGIN1.jpg) ![](ORIGIN2.jpg)\n"), ("b.md", "Other ![](ORIGIN3.jpg)\n")];
        let (sandbox, originals) = mirrored(&origin, &texts);
        let before = sandbox.digests("posts");
        lose_catalog(&sandbox);
        for image in ["/1.jpg", "/2.jpg", "/3.jpg"] {
            origin.set(image, Behaviour::status(status));
        }
        std::fs::rename(sandbox.path("posts"), sandbox.path("away")).unwrap();
        std::fs::create_dir(sandbox.path("posts")).unwrap();
        let rebuilt = sandbox.json(&["verify", "--rebuild"]);
        assert_eq!(rebuilt["unseen"], serde_json::json!(["posts"]), "{rebuilt}");
        collect_garbage(&sandbox);
        std::fs::remove_dir(sandbox.path("posts")).unwrap();
        std::fs::rename(sandbox.path("away"), sandbox.path("posts")).unwrap();
        let report = sandbox.json(&["run"]);
        assert_eq!(
            (&report["references"]["local"], &report["references"]["remote"]),
            (&3.into(), &0.into()),
            "{report}"
        );
        assert_eq!(sandbox.digests("posts"), before);
        for (post, text) in &originals {
            assert_eq!(sandbox.run(&["restore", &format!("posts/{post}")]).expect(0).stdout, *text);
        }
        for command in ["verify", "check", "run"] {
            sandbox.run(&[command]).expect(0);
        }
    }
}

/// A source that leaves no articles says so, with the status of work that was not done.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_a_rebuild_does_not_see_is_named() {
    let origin = origin();
    let (sandbox, _) = mirrored(&origin, &[("a.md", "One ![](ORIGIN1.jpg)\n")]);
    lose_catalog(&sandbox);
    sandbox.settings("[[source]]\nname = \"other\"\npath = \"other\"\n");
    sandbox.write("other/x.md", "text");
    let printed = sandbox.run(&["verify", "--rebuild"]).expect(3);
    let printed = format!("{}{}", printed.stdout, printed.stderr);
    assert!(printed.contains("the source posts") && printed.contains("--config"), "{printed}");
}

/// A post that was edited before the catalog was lost: its original stays, and the message names it.
#[tokio::test(flavor = "multi_thread")]
async fn an_edited_post_waits_for_its_original() {
    let origin = origin();
    let (sandbox, originals) = mirrored(&origin, &[("a.md", "One ![](ORIGIN1.jpg)\n"), ("b.md", "Two\n")]);
    let edited = format!("{}\nAn afterthought.\n", sandbox.text("posts/a.md"));
    sandbox.write("posts/a.md", &edited);
    lose_catalog(&sandbox);
    let blobs = sandbox.digests("store/blobs");
    sandbox.run(&["verify", "--rebuild"]).expect(4);
    collect_garbage(&sandbox);
    let ran = sandbox.run(&["run"]).expect(3);
    assert!(
        ran.stderr.contains(&blob_of(&originals[0].1)) || ran.stdout.contains(&blob_of(&originals[0].1)),
        "{ran:?}"
    );
    collect_garbage(&sandbox);
    assert_eq!((sandbox.digests("store/blobs"), sandbox.text("posts/a.md")), (blobs, edited));
}
