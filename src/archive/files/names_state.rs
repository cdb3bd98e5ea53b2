//! Whether names in some folders changed, without listing them.

use jiff::Timestamp;

use super::tree::Tree;
use crate::model::{Digest, Hasher};

/// How old the last change must be, in nanoseconds: the clocks of file systems go in steps, and a change within the step of
/// the last one would not be seen. The steps of those that are known are no longer than 10 ms.
const SETTLED: i128 = 2_000_000_000;

/// The state of the names in some folders below a tree; `None` where one of them changed just now, or does not note when it
/// changed. Folders that are not there have a state, too.
pub(super) fn names_state(tree: &Tree, folders: &[String], now: Timestamp) -> Option<Digest> {
    let mut hasher = Hasher::default();
    for path in folders {
        let (changed, inode) = match tree.folder(path).ok()? {
            Some(folder) => folder.names_changed()?,
            None => (0, 0),
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
            fs::write(place.join("clock"), "").unwrap();
            fs::metadata(place.join("clock")).map(|found| (found.ctime(), found.ctime_nsec())).unwrap()
        };
        let begun = changed();
        while changed() == begun {}
    }

    #[test]
    fn a_state_lasts_until_a_name_comes_or_goes() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        fs::create_dir(place.join("a")).unwrap();
        fs::create_dir(place.join("b")).unwrap();
        fs::write(place.join("a/first"), "1").unwrap();
        let tree = Tree::open(place, Links::Refused).unwrap();
        let folders = ["a", "b", "none"].map(str::to_owned);
        let settled = || Timestamp::now() + SignedDuration::from_secs(3);
        let state = || names_state(&tree, &folders, settled());
        if tree.root().names_changed().is_none() {
            assert_eq!(state(), None);
            return;
        }
        assert_eq!(names_state(&tree, &folders, Timestamp::now()), None, "it changed just now");
        let mut last = state();
        assert!(last.is_some());
        fs::write(place.join("a/first"), "other bytes").unwrap();
        assert_eq!(state(), last, "names are compared, not bytes");
        let changes: [&dyn Fn(); 4] = [
            &|| fs::write(place.join("b/second"), "2").unwrap(),
            &|| fs::remove_file(place.join("a/first")).unwrap(),
            &|| fs::rename(place.join("b/second"), place.join("b/third")).unwrap(),
            &|| fs::create_dir(place.join("none")).unwrap(),
        ];
        for (number, change) in changes.iter().enumerate() {
            next_step(place);
            change();
            assert_ne!(state(), last, "change {number}");
            last = state();
        }
    }
}
