//! What lies in an archive's folder, compared with what may lie there.
//!
//! An archive that came from somebody else may hold anything anywhere. Nothing here opens an entry or follows a link:
//! it only reads the names and the metadata.

use std::ffi::OsString;
use std::fs::Metadata;
use std::path::Path;

use super::files::{Folder, Links, Lock, Tree, has_other_names};
use super::key::{ARTICLES, StoreKey};
use super::objects::ObjectError;
use super::open::{ASIDE, ArchiveError, CATALOG, CATALOG_FILES, SEARCH, TMP};
use super::sqlite::BESIDE;
use super::{identity, open};
use crate::model::{SourceName, ThumbnailName};
use crate::staging;

/// How deep folders may lie in each other. Articles lie in the deepest.
const DEEPEST: usize = 64;

/// What the folder is, for people.
const README: &str = "README.md";

/// Something in an archive's folder that offprint does not put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Where it is, below the archive's folder.
    pub place: String,
    /// What is wrong with it.
    pub why: &'static str,
    /// Something of the archive belongs there, and cannot be there before it is moved away.
    pub is_in_the_way: bool,
}

/// What an archive's folder holds that does not belong there, in the order of its places.
///
/// # Errors
/// [`ArchiveError::Missing`] where there is no folder, [`ArchiveError::Object`] where it cannot be listed.
pub fn survey(store: &Path) -> Result<Vec<Stray>, ArchiveError> {
    if !store.is_dir() {
        return Err(ArchiveError::Missing { place: store.display().to_string() });
    }
    let tree = Tree::open(store, Links::Refused).map_err(ObjectError::io("read the archive", &store.display()))?;
    let (mut found, mut folders) = (Survey::default(), vec![String::new()]);
    while let Some(path) = folders.pop() {
        let Some(folder) = tree.folder(&path)? else { continue };
        for name in folder.entries().map_err(tree.failed("list", &path))? {
            found.look_at(&folder, &path, name, &mut folders);
        }
    }
    found.strays.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(found.strays)
}

/// A look at one folder after the other.
#[derive(Default)]
struct Survey {
    strays: Vec<Stray>,
}

impl Survey {
    fn look_at(&mut self, folder: &Folder, path: &str, name: OsString, folders: &mut Vec<String>) {
        let Ok(name) = name.into_string() else {
            return self.stray(join(path, "?"), "its name is not Unicode", false);
        };
        let place = join(path, &name);
        let facts = folder.look(&name);
        match facts.as_ref().map(Option::as_ref) {
            Err(_) => self.stray(place, "nothing can be known of it", false),
            // It was removed meanwhile.
            Ok(None) => {}
            Ok(Some(facts)) => match wrong(&place, facts) {
                Some(why) => {
                    let is_in_the_way = is_in_the_way(&place, facts);
                    self.stray(place, why, is_in_the_way);
                }
                None if facts.is_dir() => folders.push(place),
                None => {}
            },
        }
    }

    fn stray(&mut self, place: String, why: &'static str, is_in_the_way: bool) {
        self.strays.push(Stray { place, why, is_in_the_way });
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// What is wrong with an entry.
fn wrong(place: &str, facts: &Metadata) -> Option<&'static str> {
    let (is_dir, is_file) = (facts.is_dir(), facts.is_file());
    match (may_be_folder(place), may_be_file(place)) {
        _ if facts.is_symlink() => Some("it is a link"),
        _ if !is_dir && !is_file => Some("it is neither a folder nor a regular file"),
        (false, false) => Some("no archive holds anything of this name"),
        (false, true) if is_dir => Some("it is a folder, where a file should be"),
        (true, false) if is_file => Some("it is a file, where a folder should be"),
        _ if is_dir && place.split('/').count() > DEEPEST => Some("it lies too deep"),
        _ if has_other_names(facts) => Some("it has another name, which may lie outside of the archive"),
        _ => None,
    }
}

/// Whether an entry takes the place of something else. That of an article may be a folder, too, and what takes the place of
/// the catalog is for a rebuild to put aside.
fn is_in_the_way(place: &str, facts: &Metadata) -> bool {
    let is_of_catalog = CATALOG_FILES.contains(&place) || place.starts_with(ASIDE);
    let is_below_articles = place.split_once('/').is_some_and(|(folder, _)| folder == ARTICLES);
    let is_left_out = is_of_catalog || is_below_articles || place == README;
    let (folder, file) = (may_be_folder(place), may_be_file(place));
    !is_left_out
        && match (facts.is_dir(), facts.is_file()) {
            (true, _) => file && !folder,
            (_, true) => folder && !file,
            _ => folder || file || StoreKey::is_linked_path(place),
        }
}

fn may_be_folder(place: &str) -> bool {
    let is_shard = |name: &str| name.len() == 2 && name.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let parts: Vec<&str> = place.split('/').collect();
    match parts.as_slice() {
        ["articles" | "index"] | ["index", ..] => true,
        ["articles", source, ..] => SourceName::new(*source).is_ok(),
        ["blobs", "sha256", shard] => is_shard(shard),
        ["thumbnails", name] => ThumbnailName::new(*name).is_ok(),
        ["thumbnails", name, shard] => ThumbnailName::new(*name).is_ok() && is_shard(shard),
        _ => open::folders().any(|folder| folder == place || folder.split('/').next() == Some(place)),
    }
}

pub(super) fn may_be_file(place: &str) -> bool {
    if let Some(name) = place.strip_prefix(TMP).and_then(|rest| rest.strip_prefix('/')) {
        return staging::is_ours(name) && !name.contains('/');
    }
    StoreKey::parse(place).is_some()
        || [identity::FILE, Lock::FILE, README].contains(&place)
        || place.strip_prefix(CATALOG).is_some_and(may_follow_catalog)
        || place.strip_prefix(SEARCH).is_some_and(|rest| rest.is_empty() || BESIDE.contains(&rest))
}

/// What the names of the catalog's file and of those beside it end in: its log, its checksum, and copies from before it
/// was changed.
fn may_follow_catalog(rest: &str) -> bool {
    let is_version = |version: &str| !version.is_empty() && version.bytes().all(|digit| digit.is_ascii_digit());
    ["", "-wal", "-shm", ".sha256"].contains(&rest)
        || rest.strip_prefix(".v").is_some_and(is_version)
        || rest.starts_with(".damaged-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_the_place_of_something_else_is_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let [a_folder, a_file] =
            [folder.path().to_owned(), folder.path().join("file")].map(|at| at.metadata().unwrap());
        let hex = crate::model::Digest::of(b"offprint").to_string();
        let blob = format!("blobs/sha256/{}/{hex}.jpg", &hex[..2]);
        for place in [&blob, "archive.json", "lock", "runs/20260101T000000Z.json", "tmp/stage-a"] {
            assert!(is_in_the_way(place, &a_folder) && !is_in_the_way(place, &a_file), "{place}");
        }
        for place in
            ["blobs", "blobs/sha256", "blobs/sha256/ab", "thumbnails/small", "articles", "runs", "quarantine", "tmp"]
        {
            assert!(is_in_the_way(place, &a_file) && !is_in_the_way(place, &a_folder), "{place}");
        }
        for place in
            ["catalog.db", "catalog.db-wal", "articles/posts", "articles/posts/a.md", "index/a", "README.md", ".git"]
        {
            assert!(!is_in_the_way(place, &a_file) && !is_in_the_way(place, &a_folder), "{place}");
        }
    }

    #[test]
    fn every_place_of_an_archive_is_known_and_no_other() {
        let hex = crate::model::Digest::of(b"offprint").to_string();
        let blob = format!("blobs/sha256/{}/{hex}.jpg", &hex[..2]);
        for file in [
            "catalog.db",
            "catalog.db-wal",
            "catalog.db.v3",
            "search.db",
            "search.db-wal",
            "archive.json",
            "lock",
            "tmp/stage-a",
            "runs/20260101T000000Z.json",
            "articles/posts/a/b.md",
            &blob,
        ] {
            assert!(may_be_file(file), "{file}");
        }
        for folder in
            ["tmp", "blobs", "blobs/sha256", "blobs/sha256/ab", "thumbnails/small/ab", "articles/posts/a", "index/a"]
        {
            assert!(may_be_folder(folder), "{folder}");
        }
        for neither in [
            "tmp/notes.txt",
            "catalog.db-journal",
            "search.db.v1",
            "catalog.db.vx",
            "blobs/sha256/zz",
            "blobs/md5",
            ".git",
            "runs/a/b",
        ] {
            assert!(!may_be_file(neither) && !may_be_folder(neither), "{neither}");
        }
    }
}
