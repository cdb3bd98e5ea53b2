//! What lies in the way of an object, or of a folder, is moved into the quarantine.

use super::tree::{Tree, parts, split};
use crate::archive::key::QUARANTINE;
use crate::archive::objects::ObjectError;

/// The name of what lies in the place of the quarantine itself, until that is made.
const WAITING: &str = "quarantine.aside";

/// What belongs at a path of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::archive) enum Belongs {
    /// A regular file.
    File,
    /// A folder.
    Folder,
}

/// The path of what lies in the way of a file or a folder: it has its name, or that of a folder above it, and is of another
/// kind.
pub(in crate::archive) fn obstacle<'a>(
    tree: &Tree,
    path: &'a str,
    belongs: Belongs,
) -> Result<Option<&'a str>, ObjectError> {
    for (name, upto) in parts(path) {
        let Some(folder) = tree.folder(split(upto).0)? else { return Ok(None) };
        let Some(found) = folder.look(name).map_err(tree.failed("look at", upto))? else { return Ok(None) };
        let is_right = match belongs {
            Belongs::File if upto == path => found.is_file(),
            _ => found.is_dir(),
        };
        if !is_right {
            return Ok(Some(upto));
        }
    }
    Ok(None)
}

/// Moves what lies in the way of a file or a folder into the quarantine, under a name that says where it was. Gives whether
/// something did. Nothing of it is lost.
pub(in crate::archive) fn put_aside(tree: &Tree, path: &str, belongs: Belongs) -> Result<bool, ObjectError> {
    let Some(obstacle) = obstacle(tree, path, belongs)? else { return Ok(false) };
    if obstacle == QUARANTINE {
        tree.root().rename(QUARANTINE, WAITING).map_err(tree.failed("move away", obstacle))?;
        return quarantine(tree, WAITING, QUARANTINE);
    }
    quarantine(tree, obstacle, &obstacle.replace('/', "-"))
}

/// Moves what has a path into the quarantine, under a name, or the next one that is free.
fn quarantine(tree: &Tree, path: &str, name: &str) -> Result<bool, ObjectError> {
    let quarantine = tree.make_folder(QUARANTINE)?;
    let mut names = std::iter::once(name.to_owned()).chain((2..).map(|number: u32| format!("{name}-{number}")));
    let is_free = |name: &String| quarantine.look(name).is_ok_and(|found| found.is_none());
    let Some(to) = names.find(is_free) else { return Ok(false) };
    quarantine.take(&tree.place().join(path), &to).map_err(tree.failed("move away", path))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::archive::files::Links;

    #[test]
    fn what_lies_in_the_way_is_found_at_any_depth_and_moved() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let tree = Tree::open(place.path(), Links::Refused).unwrap();
        fs::create_dir_all(at("a/b")).unwrap();
        fs::write(at("a/b/file"), "1").unwrap();
        for (path, belongs) in [
            ("a/b/file", Belongs::File),
            ("a/b", Belongs::Folder),
            ("a/none/c", Belongs::File),
            ("none", Belongs::Folder),
        ] {
            assert!(!put_aside(&tree, path, belongs).unwrap(), "{path}");
        }
        assert_eq!(obstacle(&tree, "a/b/file/c/d", Belongs::File).unwrap(), Some("a/b/file"));
        assert!(put_aside(&tree, "a/b/file/c/d", Belongs::File).unwrap());
        assert_eq!(fs::read_to_string(at("quarantine/a-b-file")).unwrap(), "1");
        fs::write(at("a/b/file"), "2").unwrap();
        assert!(put_aside(&tree, "a/b/file", Belongs::Folder).unwrap());
        assert_eq!(fs::read_to_string(at("quarantine/a-b-file-2")).unwrap(), "2");
        assert!(put_aside(&tree, "a/b", Belongs::File).unwrap());
        assert!(at("quarantine/a-b").is_dir());
    }

    #[test]
    fn the_quarantine_makes_way_for_itself() {
        let place = tempfile::tempdir().unwrap();
        let tree = Tree::open(place.path(), Links::Refused).unwrap();
        fs::write(place.path().join("quarantine"), "a file").unwrap();
        assert!(put_aside(&tree, "quarantine", Belongs::Folder).unwrap());
        assert_eq!(fs::read_to_string(place.path().join("quarantine/quarantine")).unwrap(), "a file");
        assert!(!place.path().join(WAITING).exists());
    }
}
