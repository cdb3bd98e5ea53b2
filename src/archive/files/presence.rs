//! Which of many folders are there: one look at the folder above them, and not one at each.

use std::collections::{HashMap, HashSet};

use super::tree::{Tree, split};

/// What folders hold, each listed once.
pub(super) struct Presence<'a> {
    tree: &'a Tree,
    listed: HashMap<String, Option<HashSet<String>>>,
}

impl<'a> Presence<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self { tree, listed: HashMap::new() }
    }

    /// Whether something has the name of a folder; true also where the folder above cannot be listed, and of one directly
    /// below the tree.
    pub(super) fn may_be_there(&mut self, folder: &str) -> bool {
        let (above, name) = split(folder);
        if above.is_empty() {
            return true;
        }
        if !self.listed.contains_key(above) {
            let names = names(self.tree, above);
            self.listed.insert(above.to_owned(), names);
        }
        self.listed[above].as_ref().is_none_or(|names| names.contains(name))
    }
}

/// The names in a folder, none where it is not there; `None` where that cannot be known.
fn names(tree: &Tree, path: &str) -> Option<HashSet<String>> {
    let Some(folder) = tree.folder(path).ok()? else { return Some(HashSet::new()) };
    Some(folder.names().ok()?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::files::Links;

    #[test]
    fn a_folder_may_be_there_unless_the_one_above_says_otherwise() {
        let place = tempfile::tempdir().expect("a folder can be made");
        std::fs::create_dir_all(place.path().join("in/a")).expect("a folder can be made");
        std::fs::write(place.path().join("in/file"), "").expect("a file can be written");
        let tree = Tree::open(place.path(), Links::Refused).expect("it is there");
        let mut presence = Presence::new(&tree);
        let said = ["in/a", "in/b", "none/a", "in/file", "in/file/a", "none", "in/a/c"];
        let said = said.map(|folder| presence.may_be_there(folder));
        assert_eq!(said, [true, false, false, true, true, true, false]);
        std::fs::create_dir(place.path().join("in/b")).expect("a folder can be made");
        assert!(!presence.may_be_there("in/b"), "each is listed once");
        assert!(Presence::new(&tree).may_be_there("in/b"));
    }
}
