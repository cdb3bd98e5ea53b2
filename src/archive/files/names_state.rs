//! Whether names in some folders changed, without listing them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::tree::{Tree, parts};
use crate::model::{Digest, Hasher};

/// How old the last change must be, in nanoseconds: the clocks of file systems go in steps, and a change within the step of
/// the last one would not be seen. The steps of those that are known are no longer than 10 ms.
const SETTLED: i128 = 2_000_000_000;

/// The state of the names in some folders below a tree, and in those above them; `None` where one of these changed just
/// now, or does not note when it changed, or where a folder directly below the tree is not there. For any other that is not
/// there, the one above it says when it went.
pub(super) fn names_state(tree: &Tree, folders: &[String], now: Timestamp) -> Option<Digest> {
    let mut hasher = Hasher::default();
    let all: BTreeSet<_> = folders.iter().flat_map(|folder| parts(folder).map(|(_, path)| path)).collect();
    for path in all {
        let (changed, inode) = match tree.folder(path).ok()? {
            Some(folder) => folder.names_changed()?,
            None if path.contains('/') => continue,
            None => return None,
        };
        if changed > now.as_nanosecond() - SETTLED {
            return None;
        }
        hasher.update(format!("{path} {changed} {inode}\n").as_bytes());
    }
    Some(hasher.finish())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use jiff::SignedDuration;

    use super::*;
    use crate::archive::files::Links;

    /// Waits for the next step of the clock of a file system.
    fn next_step(place: &Path) {
        let changed = || {
            fs::write(place.join("clock"), "").expect("it can be written");
            let found = fs::metadata(place.join("clock")).expect("it was written");
            (found.ctime(), found.ctime_nsec())
        };
        let begun = changed();
        while changed() == begun {}
    }

    /// A tree with some folders and files.
    fn tree(folders: &[&str], files: &[&str]) -> (tempfile::TempDir, Tree) {
        let place = tempfile::tempdir().expect("a folder can be made");
        for folder in folders {
            fs::create_dir_all(place.path().join(folder)).expect("a folder can be made");
        }
        for file in files {
            fs::write(place.path().join(file), "1").expect("a file can be written");
        }
        let tree = Tree::open(place.path(), Links::Refused).expect("it is there");
        (place, tree)
    }

    /// The state a while from now.
    fn settled(tree: &Tree, folders: &[&str]) -> Option<Digest> {
        let folders: Vec<_> = folders.iter().map(|folder| (*folder).to_owned()).collect();
        names_state(tree, &folders, Timestamp::now() + SignedDuration::from_secs(3))
    }

    #[test]
    fn a_state_lasts_until_a_name_comes_or_goes() {
        let (folder, tree) = tree(&["in/a", "in/b"], &["in/a/first"]);
        let place = folder.path().join("in");
        let state = || settled(&tree, &["in/a", "in/b", "in/none"]);
        if tree.root().names_changed().is_none() {
            assert_eq!(state(), None);
            return;
        }
        assert_eq!(names_state(&tree, &["in/a".to_owned()], Timestamp::now()), None, "it changed just now");
        let mut last = state();
        assert!(last.is_some());
        fs::write(place.join("a/first"), "other bytes").unwrap();
        assert_eq!(state(), last, "names are compared, not bytes");
        let changes: [&dyn Fn(); 6] = [
            &|| fs::write(place.join("b/second"), "2").unwrap(),
            &|| fs::remove_file(place.join("a/first")).unwrap(),
            &|| fs::rename(place.join("b/second"), place.join("b/third")).unwrap(),
            &|| fs::create_dir(place.join("none")).unwrap(),
            &|| fs::remove_dir(place.join("none")).unwrap(),
            &|| fs::remove_dir_all(place.join("b")).unwrap(),
        ];
        for (number, change) in changes.iter().enumerate() {
            next_step(folder.path());
            change();
            assert_ne!(state(), last, "change {number}");
            last = state();
        }
    }

    #[test]
    fn where_the_uppermost_folder_is_gone_nothing_says_when() {
        let (_folder, tree) = tree(&["in"], &[]);
        assert_eq!(settled(&tree, &["out/a"]), None);
        assert_eq!(settled(&tree, &["in/a"]).is_some(), tree.root().names_changed().is_some());
    }
}
