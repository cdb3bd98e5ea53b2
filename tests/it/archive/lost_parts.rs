//! Parts of an archive that are lost or are something else: every command says so, with the way out, and nothing is made
//! in their place.

use std::fs;

use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// A post with an image, mirrored.
fn mirrored() -> (Sandbox, Origin) {
    let photo = Behaviour::serve(Content::new("image/jpeg", Photo::new(1, 640, 480).jpeg()));
    let origin = Origin::start(Site::new().on("/1.jpg", photo)).expect("loopback can be served on");
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/1.jpg")));
    sandbox.run(&["run"]).expect(0);
    (sandbox, origin)
}

/// What may be in the place of the catalog.
const INSTEAD: [fn(&Sandbox); 6] = [
    |sandbox| {
        fs::File::options()
            .write(true)
            .open(sandbox.path("store/catalog.db"))
            .expect("the disk lets it")
            .set_len(4096)
            .expect("the disk lets it");
    },
    |sandbox| sandbox.write("store/catalog.db", [b'x'; 9000]),
    |sandbox| sandbox.write("store/catalog.db", "short"),
    |sandbox| {
        fs::remove_file(sandbox.path("store/catalog.db")).expect("the disk lets it");
        sandbox.write("store/catalog.db/file", "");
    },
    #[cfg(unix)]
    |sandbox| {
        fs::rename(sandbox.path("store/catalog.db"), sandbox.path("catalog.db")).expect("the disk lets it");
        std::os::unix::fs::symlink("../catalog.db", sandbox.path("store/catalog.db")).expect("the disk lets it");
    },
    |sandbox| sandbox.write("store/catalog.db-wal/file", ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_that_cannot_be_read_is_damage_and_a_rebuild_heals_it() {
    for (at, instead) in INSTEAD.iter().enumerate() {
        let (sandbox, origin) = mirrored();
        let _ = fs::remove_file(sandbox.path("store/catalog.db-wal"));
        instead(&sandbox);
        let kept = || ["blobs", "articles", "runs"].map(|part| sandbox.digests(&format!("store/{part}")));
        let before = kept();
        for command in [&["run"][..], &["run", "--dry-run"], &["status"], &["check"], &["gc"], &["verify"]] {
            let printed = sandbox.run(command).expect(4).stderr;
            assert!(
                printed.contains("catalog.db") && printed.contains("verify --rebuild"),
                "{at} {command:?}: {printed}"
            );
        }
        assert_eq!(kept(), before, "{at}");
        sandbox.run(&["verify", "--rebuild"]).expect(0);
        let asked = origin.log().requests().len();
        sandbox.run(&["run"]).expect(0);
        sandbox.run(&["verify"]).expect(0);
        assert_eq!(origin.log().requests().len(), asked, "{at}: what is kept is not asked for");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_without_its_blobs_is_no_archive_where_all_is_well() {
    for leaves_folders in [false, true] {
        let (sandbox, origin) = mirrored();
        let blobs = sandbox.digests("store/blobs");
        fs::rename(sandbox.path("store/blobs"), sandbox.path("blobs")).unwrap();
        if leaves_folders {
            fs::create_dir_all(sandbox.path("store/blobs/sha256/5f")).unwrap();
        }
        let commands = [
            &["run"][..],
            &["run", "--dry-run"],
            &["mirror", "posts"],
            &["gc"],
            &["gc", "--dry-run"],
            &["status"],
            &["check"],
        ];
        for command in commands {
            let printed = sandbox.run(command).expect(4).stderr;
            assert!(
                printed.contains("lost its blobs") && printed.contains("verify --repair"),
                "{command:?}: {printed}"
            );
        }
        sandbox.run(&["verify"]).expect(4);
        sandbox.run(&["verify", "--repair"]).expect(0);
        assert_eq!(sandbox.digests("store/blobs"), blobs);
        let asked = origin.log().requests().len();
        sandbox.run(&["run"]).expect(0);
        assert_eq!(origin.log().requests().len(), asked);
        sandbox.run(&["check"]).expect(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_blob_that_is_there_makes_an_archive_that_can_be_run() {
    let (sandbox, _origin) = mirrored();
    let original = Digest::of(&sandbox.read("posts/a.md"));
    for name in
        sandbox.tree("store/blobs").into_keys().filter(|name| !name.to_string_lossy().contains(&original.to_string()))
    {
        fs::remove_file(sandbox.path("store/blobs").join(name)).unwrap();
    }
    sandbox.run(&["run"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn thumbnails_that_somebody_removed_are_made_by_the_next_run() {
    let (sandbox, origin) = mirrored();
    let before = sandbox.digests("store/thumbnails");
    assert_eq!(before.len(), 1);
    let asked = origin.log().requests().len();
    for removed in ["store/thumbnails", "store/thumbnails/small"] {
        fs::remove_dir_all(sandbox.path(removed)).unwrap();
        assert_eq!(sandbox.json(&["run"])["thumbnails"]["made"], 1, "{removed}");
        assert_eq!(sandbox.digests("store/thumbnails"), before, "{removed}");
        sandbox.run(&["verify"]).expect(0);
        assert_eq!(sandbox.json(&["run"])["thumbnails"]["made"], 0, "{removed}");
    }
    // One that the settings no longer ask for is no more than forgotten.
    sandbox.write("config.toml", format!("thumbnail = []\n{}", sandbox.text("config.toml")));
    sandbox.run(&["run"]).expect(0);
    fs::remove_dir_all(sandbox.path("store/thumbnails")).unwrap();
    assert_eq!(sandbox.json(&["run"])["thumbnails"]["made"], 0);
    sandbox.run(&["verify"]).expect(0);
    assert_eq!(origin.log().requests().len(), asked);
}

/// A folder of blobs that cannot be listed is damage like any other: the rest is verified, and it is repaired.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_blobs_that_cannot_be_read_ends_nothing_else() {
    let (sandbox, _origin) = mirrored();
    let original = Digest::of(&sandbox.read("posts/a.md")).to_string();
    let shard = format!("store/blobs/sha256/{}", &original[..2]);
    let blobs = sandbox.digests("store/blobs");
    fs::rename(sandbox.path(&shard), sandbox.path("shard")).unwrap();
    sandbox.write(&shard, "no folder");
    let found = sandbox.run(&["verify"]).expect(4).stdout;
    assert!(found.contains("2 blobs") && found.contains(&original), "{found}");
    assert!(found.contains("it is not a folder"), "{found}");
    let repaired = sandbox.run(&["verify", "--repair"]).expect(0).stdout;
    assert!(repaired.contains("2 blobs") && repaired.contains(&original), "{repaired}");
    assert_eq!(sandbox.digests("store/blobs"), blobs);
    sandbox.run(&["verify"]).expect(0);
}
