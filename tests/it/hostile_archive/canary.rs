//! Files outside of the archive that nobody may touch, laid out as a home folder, an archive and a Git repository are.

use std::collections::BTreeMap;
use std::fs::{self, FileTimes};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::received::give_to_nobody;

/// A word of every file. What is printed or kept must not hold it.
pub(super) const WORD: &str = "canary-of-the-precious";

const FILES: [&str; 10] = [
    "notes.txt",
    ".profile",
    "stage-1",
    "fetch-2",
    "20200101T000000Z.json",
    "00/0011",
    "small/00/0011.jpg",
    "deep/er/photo.jpg",
    "a.md",
    "images/b.md",
];

/// The files, and all that shows whether they were touched.
pub(super) struct Canary {
    folder: tempfile::TempDir,
    before: BTreeMap<PathBuf, Facts>,
}

/// Kind and mode, size, inode, and when it was read and changed last.
type Facts = (u32, u64, u64, i64, i64);

impl Canary {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in FILES {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, format!("{WORD}\n")).unwrap();
        }
        rusqlite::Connection::open(folder.path().join("catalog.db"))
            .unwrap()
            .execute_batch("CREATE TABLE t (x)")
            .unwrap();
        assert!(std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        give_to_nobody(folder.path());
        let paths: Vec<_> = walkdir::WalkDir::new(folder.path()).into_iter().map(|entry| entry.unwrap()).collect();
        paths.iter().filter(|entry| !entry.file_type().is_dir()).for_each(|entry| age(entry.path()));
        // Folders last: what is done in them changes their times.
        paths.iter().filter(|entry| entry.file_type().is_dir()).for_each(|entry| age(entry.path()));
        let before = paths.into_iter().map(|entry| (entry.path().to_owned(), facts(entry.path()))).collect();
        Self { folder, before }
    }

    /// Where one of its files is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What was touched since, by reading it or otherwise.
    pub(super) fn touched(&self) -> Vec<String> {
        self.differing(|facts| facts)
    }

    /// What was changed since. Who read it does not matter.
    pub(super) fn changed(&self) -> Vec<String> {
        self.differing(|(mode, size, inode, _, changed)| (mode, size, inode, 0, changed))
    }

    fn differing(&self, seen: impl Fn(Facts) -> Facts) -> Vec<String> {
        let differs = |(path, before): (&PathBuf, &Facts)| {
            let now = fs::symlink_metadata(path).is_ok().then(|| facts(path));
            (now.map(&seen) != Some(seen(*before))).then(|| format!("{}: {before:?} → {now:?}", path.display()))
        };
        self.before.iter().filter_map(differs).collect()
    }
}

/// Makes a file look as if it had been read last before it was changed: then the next reading is noted, wherever the
/// file system notes any.
fn age(path: &Path) {
    let at = |hours: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(hours * 3600);
    let times = FileTimes::new().set_accessed(at(1)).set_modified(at(2));
    if fs::symlink_metadata(path).unwrap().is_file() || path.is_dir() {
        fs::File::open(path).unwrap().set_times(times).unwrap();
    }
}

fn facts(path: &Path) -> Facts {
    let facts = fs::symlink_metadata(path).unwrap();
    (facts.mode(), facts.size(), facts.ino(), facts.atime(), facts.mtime())
}

#[test]
fn a_canary_notes_who_reads_writes_removes_or_lists_it() {
    let touch: [fn(&Path); 4] = [
        |folder| drop(fs::read(folder.join("notes.txt")).unwrap()),
        |folder| fs::write(folder.join("notes.txt"), "").unwrap(),
        |folder| fs::remove_file(folder.join("00/0011")).unwrap(),
        |folder| drop(fs::File::create(folder.join("deep/new")).unwrap()),
    ];
    for (at, touch) in touch.into_iter().enumerate() {
        let canary = Canary::new();
        assert_eq!(canary.touched(), Vec::<String>::new());
        touch(canary.folder.path());
        assert!(!canary.touched().is_empty());
        assert_eq!(canary.changed().is_empty(), at == 0, "only the first of them reads alone");
    }
}
