//! An archive that was received, and the program run on it as a user without rights would.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;
use walkdir::WalkDir;

use super::canary::WORD;
use crate::sandbox::{Ran, Sandbox};

/// The user and group that own nothing (`nobody`).
const NOBODY: u32 = 65534;
/// More than any command takes on these archives, in seconds.
const DEADLINE: u32 = 60;
/// What a process may map, in KiB: no file of gigabytes fits.
const ADDRESSES: u32 = 6 << 20;

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|facts| facts.uid() == 0)
}

/// Gives a folder and what is below it to the user that the program runs as.
pub(super) fn give_to_nobody(folder: &Path) {
    if is_root() {
        for entry in WalkDir::new(folder) {
            std::os::unix::fs::lchown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
}

/// The program, where any user may run it.
static PROGRAM: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("offprint");
    let built = Path::new(env!("CARGO_BIN_EXE_offprint"));
    fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).unwrap();
    (folder, program)
});

/// An archive with all that an archive may have, which the program made, and its articles.
static MODEL: LazyLock<Sandbox> = LazyLock::new(|| {
    let sandbox = Sandbox::new();
    sandbox.settings("[run]\ngrace = \"1ms\"\n[[source]]\nname = \"posts\"\npath = \"posts\"\n");
    sandbox.write("posts/b.png", Photo::new(1, 64, 48).png());
    sandbox.write("posts/a.md", "---\ntitle: Kites\n---\n\n![kites](b.png)\n");
    sandbox.write("posts/2026/c.html", "<p><img src=../b.png><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>");
    sandbox.write("feeds.opml", "<opml version='2.0'><body><outline xmlUrl='http://127.0.0.1:9/f'/></body></opml>");
    sandbox.run(&["run"]).expect(0);
    let bytes = b"damaged";
    sandbox.write(&format!("store/quarantine/{}.jpg", Digest::of(bytes)), bytes);
    sandbox.write("store/catalog-copies/20260101T000000Z-0123456789abcdef.db", sandbox.read("store/catalog.db"));
    sandbox.write("store/index/a.html", "<p>index");
    sandbox.write("store/tmp/stage-left", "left");
    sandbox
});

/// One archive that was received, in a sandbox of its own.
pub(super) struct Received {
    pub(super) sandbox: Sandbox,
}

impl Received {
    /// A copy of the model.
    pub(super) fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let sandbox = Sandbox::new();
        let (from, to) = (MODEL.path(""), sandbox.path(""));
        for entry in WalkDir::new(&from).min_depth(1).sort_by_file_name() {
            let entry = entry.unwrap();
            let place = to.join(entry.path().strip_prefix(&from).unwrap());
            if entry.file_type().is_dir() {
                fs::create_dir_all(place).unwrap();
            } else {
                fs::copy(entry.path(), place).unwrap();
            }
        }
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).unwrap();
        Self { sandbox }
    }

    /// The places of the model's archive: every folder and file in it.
    pub(super) fn places() -> Vec<String> {
        let store = MODEL.path("store");
        let entries = WalkDir::new(&store).min_depth(1).sort_by_file_name().into_iter();
        entries.map(|entry| entry.unwrap().path().strip_prefix(&store).unwrap().display().to_string()).collect()
    }

    /// Where something of the archive is.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.sandbox.path("store").join(name)
    }

    /// Changes the catalog behind its back.
    pub(super) fn catalog(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.place("catalog.db")).unwrap()
    }

    /// Runs the program as a user without rights, within a deadline and a bound of memory.
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        let limits = format!("ulimit -v {ADDRESSES}; exec timeout -s KILL {DEADLINE} \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &limits]).arg(&PROGRAM.1).args(arguments).current_dir(self.sandbox.path(""));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("NO_COLOR", "1");
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        Ran::of(&command.output().unwrap())
    }

    /// The files that hold the word of the canary, of all that the program may have written.
    pub(super) fn leaks(&self) -> Vec<PathBuf> {
        let files = WalkDir::new(self.sandbox.path("")).into_iter().filter_map(Result::ok);
        let files =
            files.filter(|entry| entry.file_type().is_file() && entry.metadata().is_ok_and(|it| it.len() < 1 << 24));
        let files = files.map(walkdir::DirEntry::into_path);
        files
            .filter(|file| fs::read(file).is_ok_and(|bytes| memchr::memmem::find(&bytes, WORD.as_bytes()).is_some()))
            .collect()
    }

    /// What lies in the sandbox beside the archive: the receiver's own articles and settings.
    pub(super) fn own(&self) -> String {
        let (posts, settings) = (self.sandbox.digests("posts"), self.sandbox.text("config.toml"));
        format!("{posts:?}\n{settings}")
    }
}

#[test]
fn the_exit_status_says_what_was_found() {
    let received = Received::new();
    give_to_nobody(&received.sandbox.path(""));
    received.run(&["verify", "--untrusted"]).expect(0);
    received.run(&["verify", "--untrusted", "--subset", "none"]).expect(2);
    let blob = received.sandbox.tree("store/blobs").into_keys().next().unwrap();
    fs::write(received.sandbox.path("store/blobs").join(blob), "other bytes").unwrap();
    let found = received.run(&["verify", "--untrusted"]).expect(4);
    assert!(found.stdout.contains("damaged"), "{found:?}");
    fs::rename(received.sandbox.path("store"), received.sandbox.path("away")).unwrap();
    assert!(received.run(&["verify", "--untrusted"]).expect(1).stderr.contains("archive"));
}

#[test]
fn what_offprint_made_itself_is_proven_and_left_as_it_is() {
    let received = Received::new();
    give_to_nobody(&received.sandbox.path(""));
    let before = received.sandbox.digests("store");
    let ran = received.run(&["verify", "--untrusted"]).expect(0);
    assert!(ran.stdout.contains("0 damaged"), "{ran:?}");
    received.run(&["verify", "--untrusted", "--json"]).expect(0);
    let mut after = received.sandbox.digests("store");
    // What a reader of a write-ahead log leaves beside it.
    after.retain(|name, _| !name.to_string_lossy().contains("-shm") && !name.to_string_lossy().contains("-wal"));
    assert_eq!(after, before);
}
