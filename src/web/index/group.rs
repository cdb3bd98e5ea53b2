//! Pages that are written and removed together, with what they were made from.

use std::collections::BTreeMap;

use super::error::IndexError;
use crate::archive::{Archive, Prefix, StoreKey};
use crate::model::{Fingerprint, SourceName};

/// The names of the groups that are not of articles.
pub(super) const LISTS: &str = "lists";
pub(super) const MISSING: &str = "missing";

/// The name of the page that lists the hosts of which something is missing.
pub(super) const HOSTS: &str = "hosts";

/// A group of articles by the first byte of their pages' names.
pub(super) fn shard_name(shard: u8) -> String {
    format!("{shard:02x}")
}

/// Where it is kept what the pages of a group were made from.
pub(super) fn marks_of(group: &str) -> StoreKey {
    StoreKey::index(&format!("marks/{group}.json"))
}

/// What a page was made from, in short, and the file that was written then: its size, when it was modified, and its inode,
/// which nobody who hands an archive over can choose. In a copy of an archive, all pages are made anew once.
pub(super) type Made = (u64, u64, i64, u64);

/// By their paths.
type Pages = BTreeMap<String, Made>;

/// Pages of one kind: those that were made, those that are there, and those that are to be.
pub(super) struct Group {
    marks: StoreKey,
    made: Pages,
    there: BTreeMap<StoreKey, Fingerprint>,
    wanted: Pages,
}

impl Group {
    /// A group as it is on the disk. Where nothing says what its pages were made from, all are made anew.
    pub(super) async fn open(archive: &Archive, prefix: Prefix, name: &str) -> Result<Self, IndexError> {
        let marks = marks_of(name);
        // What cannot be read says nothing of them either.
        let bytes = archive.objects.read(&marks).await.ok().flatten().unwrap_or_default();
        let made = serde_json::from_slice(&bytes).unwrap_or_default();
        let there = archive.objects.list(prefix).await?.into_iter().filter(|(key, _)| is_page(prefix, key)).collect();
        Ok(Self { marks, made, there, wanted: Pages::new() })
    }

    /// A page that was made from this and is as it was written.
    pub(super) fn unchanged(&self, key: &StoreKey, mark: u64) -> Option<Made> {
        let made = self.made.get(&key.path()).copied().filter(|(of, ..)| *of == mark)?;
        let found = self.there.get(key)?;
        (made == of(mark, *found)).then_some(made)
    }

    /// Whether all pages that were made are there, and all of them were made from this.
    pub(super) fn is_unchanged(&self, mark: u64) -> bool {
        let all = self.there.keys().all(|key| self.unchanged(key, mark).is_some());
        all && self.made.len() == self.there.len() && !self.made.is_empty()
    }

    /// A page that is to be there.
    pub(super) fn want(&mut self, key: &StoreKey, made: Made) {
        self.wanted.insert(key.path(), made);
    }

    /// The pages that are there and are not to be.
    pub(super) fn unwanted(&self) -> impl Iterator<Item = &StoreKey> {
        self.there.keys().filter(|key| !self.wanted.contains_key(&key.path()))
    }

    /// What its pages are made from now, where that is to be written: `None` where nothing is left.
    pub(super) fn marks(&self) -> Option<(&StoreKey, Option<Vec<u8>>)> {
        let json = || serde_json::to_vec(&self.wanted).expect("numbers by names are plain data");
        let is_changed = self.wanted != self.made;
        is_changed.then(|| (&self.marks, (!self.wanted.is_empty()).then(json)))
    }
}

/// Whether a file has the name of a page: others in the same folder are somebody else's.
fn is_page(prefix: Prefix, key: &StoreKey) -> bool {
    let path = key.path();
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some(name) = name.strip_suffix(".html") else { return false };
    let is_hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match (prefix, name.split('.').collect::<Vec<_>>().as_slice()) {
        (Prefix::ArticlePages(_), [name]) => is_hex(name, 32),
        (Prefix::ListPages, [source, month, number]) => {
            SourceName::new(*source).is_ok() && month.contains('-') && is_number(number)
        }
        (Prefix::MissingPages, [name]) => *name == HOSTS,
        (Prefix::MissingPages, [host, number]) => is_hex(host, 16) && is_number(number),
        _ => false,
    }
}

/// What is kept of a page that was made from this.
pub(super) fn of(mark: u64, found: Fingerprint) -> Made {
    (mark, found.size, found.modified, found.inode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Body;
    use crate::fixtures;

    fn page(name: &str) -> StoreKey {
        StoreKey::list_page(Prefix::ListPages, name)
    }

    async fn put(archive: &Archive, key: &StoreKey, text: &str) -> Fingerprint {
        archive.objects.put(key, Body::Bytes(text.into())).await.unwrap().fingerprint
    }

    async fn open(archive: &Archive) -> Group {
        Group::open(archive, Prefix::ListPages, LISTS).await.unwrap()
    }

    /// Notes what the pages of a group are made from.
    async fn note(archive: &Archive, group: &Group) {
        if let Some((key, Some(json))) = group.marks() {
            archive.objects.put(key, Body::Bytes(json)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_page_is_unchanged_while_its_mark_and_its_file_are() {
        let archive = fixtures::archive();
        let mut group = open(&archive).await;
        assert_eq!(group.unchanged(&page("posts.2026-11.1"), 7), None);
        assert!(!group.is_unchanged(7), "nothing was made yet");
        let found = put(&archive, &page("posts.2026-11.1"), "text").await;
        group.want(&page("posts.2026-11.1"), of(7, found));
        note(&archive, &group).await;
        let again = open(&archive).await;
        assert_eq!(again.unchanged(&page("posts.2026-11.1"), 7), Some(of(7, found)));
        assert_eq!(again.unchanged(&page("posts.2026-11.1"), 8), None);
        assert!(again.is_unchanged(7) && !again.is_unchanged(8));
        put(&archive, &page("posts.2026-11.1"), "another text").await;
        assert_eq!(open(&archive).await.unchanged(&page("posts.2026-11.1"), 7), None, "somebody edited it");
        archive.objects.delete(&page("posts.2026-11.1")).await.unwrap();
        assert!(!open(&archive).await.is_unchanged(7), "it is lost");
    }

    #[tokio::test]
    async fn marks_are_written_where_they_changed_and_nothing_is_made_of_damaged_ones() {
        let archive = fixtures::archive();
        let mut group = open(&archive).await;
        assert!(group.marks().is_none());
        let found = put(&archive, &page("posts.2026-11.1"), "text").await;
        group.want(&page("posts.2026-11.1"), of(7, found));
        assert_eq!(group.unwanted().count(), 0);
        note(&archive, &group).await;
        let mut again = open(&archive).await;
        assert!(matches!(again.marks(), Some((_, None))), "nothing is wanted");
        assert_eq!(again.unwanted().collect::<Vec<_>>(), [&page("posts.2026-11.1")]);
        again.want(&page("posts.2026-11.1"), of(7, found));
        assert!(again.marks().is_none());
        let marks = group.marks().unwrap().0.clone();
        put(&archive, &marks, "{\"index/lists/posts.2026-11.1.html\": 7}").await;
        assert_eq!(open(&archive).await.unchanged(&page("posts.2026-11.1"), 7), None);
    }

    #[test]
    fn only_files_with_the_names_of_pages_are_pages() {
        let hex = "0123456789abcdef";
        for (prefix, name, expected) in [
            (Prefix::ArticlePages(1), format!("articles/01/{hex}{hex}.html"), true),
            (Prefix::ArticlePages(1), format!("articles/01/{hex}.html"), false),
            (Prefix::ArticlePages(1), format!("articles/01/{hex}{hex}.txt"), false),
            (Prefix::ListPages, "lists/my-posts.2026-11.12.html".to_owned(), true),
            (Prefix::ListPages, "lists/notes.html".to_owned(), false),
            (Prefix::ListPages, "lists/My posts.2026-11.1.html".to_owned(), false),
            (Prefix::MissingPages, "missing/hosts.html".to_owned(), true),
            (Prefix::MissingPages, format!("missing/{hex}.3.html"), true),
            (Prefix::MissingPages, format!("missing/{hex}.html"), false),
            (Prefix::MissingPages, "missing/notes.txt".to_owned(), false),
        ] {
            assert_eq!(is_page(prefix, &StoreKey::index(&name)), expected, "{name}");
        }
    }
}
