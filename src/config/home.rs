//! `~` in paths, as shells read it.

use std::path::{Path, PathBuf};

/// The path with the home folder for a leading `~`. Shells expand it on the command line; in settings and in variables
/// of services the program has to.
pub fn expand_home(path: &Path) -> PathBuf {
    expanded(path, std::env::home_dir().as_deref())
}

fn expanded(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(below), Some(home)) => home.join(below),
        _ => path.to_owned(),
    }
}

/// Why a path that begins with `~` cannot be expanded; `None` if it can, or does not begin so.
pub(super) fn unexpandable(path: &Path) -> Option<&'static str> {
    let first = path.components().next()?.as_os_str();
    if first == "~" {
        return std::env::home_dir().is_none().then_some("the home folder is not known: write the whole path");
    }
    let is_named = first.as_encoded_bytes().starts_with(b"~");
    is_named.then_some("only ~ itself is expanded: write the whole path, or ./ before a name that begins with ~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_tilde_is_the_home_folder() {
        let home = |path: &str| expanded(Path::new(path), Some(Path::new("/home/me")));
        assert_eq!(home("~"), Path::new("/home/me/"));
        assert_eq!(home("~/archive"), Path::new("/home/me/archive"));
        for same in ["a/~", "./~", "/~", "~you/x", ""] {
            assert_eq!(home(same), Path::new(same));
        }
    }

    #[test]
    fn the_home_of_somebody_else_is_not_guessed() {
        assert!(unexpandable(Path::new("~you/archive")).is_some_and(|why| why.contains("whole path")));
        assert_eq!(unexpandable(Path::new("./~you")), None);
        assert_eq!(unexpandable(Path::new("archive")), None);
    }
}
