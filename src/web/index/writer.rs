//! How pages get into the archive.

use std::sync::atomic::{AtomicU64, Ordering};

use super::error::IndexError;
use super::group::{Group, Made, of};
use super::places::Places;
use crate::archive::{Archive, Body, StoreKey};
use crate::model::{Digest, Fingerprint};

/// Pages that are made at a time.
pub(super) const AT_ONCE: usize = 8;

/// The templates of all pages: those of another look are made anew.
const LOOK: [&str; 8] = [
    include_str!("../templates/base.html"),
    include_str!("../templates/static.html"),
    include_str!("../templates/parts.html"),
    include_str!("../templates/index_article.html"),
    include_str!("../templates/index_articles.html"),
    include_str!("../templates/index_home.html"),
    include_str!("../templates/index_hosts.html"),
    include_str!("../templates/index_missing.html"),
];

/// Differs where the templates or the program do.
pub(super) fn look() -> u64 {
    Digest::of([&LOOK.concat(), env!("CARGO_PKG_VERSION")].concat().as_bytes()).short()
}

/// What was done to the files of the static pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexCounts {
    /// Files that were written.
    pub written: u64,
    /// Files that were removed.
    pub removed: u64,
    /// Pages whose place something else takes: `offprint verify` names it.
    pub obstructed: u64,
}

/// Writes pages.
pub(super) struct Writer<'a> {
    pub(super) archive: &'a Archive,
    pub(super) places: Places,
    look: u64,
    written: AtomicU64,
    removed: AtomicU64,
    obstructed: AtomicU64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(archive: &'a Archive, places: Places) -> Self {
        let look = look();
        let [written, removed, obstructed] = [0; 3].map(AtomicU64::new);
        Self { archive, places, look, written, removed, obstructed }
    }

    pub(super) fn counts(&self) -> IndexCounts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        IndexCounts { written: of(&self.written), removed: of(&self.removed), obstructed: of(&self.obstructed) }
    }

    /// The mark of a page that shows all of this.
    pub(super) fn mark(&self, parts: impl IntoIterator<Item = u64>) -> u64 {
        let all: Vec<u8> = [self.look].into_iter().chain(parts).flat_map(u64::to_be_bytes).collect();
        Digest::of(&all).short()
    }

    /// A page of a group: made where it is not as it was made from this already. `None` where something is in its place.
    pub(super) async fn page(
        &self,
        group: &Group,
        key: StoreKey,
        mark: u64,
        make: impl Future<Output = Result<String, IndexError>>,
    ) -> Result<Option<(StoreKey, Made)>, IndexError> {
        if let Some(made) = group.unchanged(&key, mark) {
            return Ok(Some((key, made)));
        }
        let page = make.await?;
        Ok(self.put(&key, page.into_bytes()).await?.map(|found| (key, of(mark, found))))
    }

    /// Writes a file, unless it has these bytes already.
    pub(super) async fn put(&self, key: &StoreKey, bytes: Vec<u8>) -> Result<Option<Fingerprint>, IndexError> {
        match self.put_changed(key, bytes).await {
            Err(IndexError::Object(error)) if error.is_of_one_place() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a static page cannot be written");
                self.obstructed.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            put => put.map(Some),
        }
    }

    async fn put_changed(&self, key: &StoreKey, bytes: Vec<u8>) -> Result<Fingerprint, IndexError> {
        let objects = &self.archive.objects;
        if let Some(found) = objects.stat(key).await?.filter(|found| found.size == bytes.len() as u64)
            && objects.read(key).await?.is_some_and(|there| there == bytes)
        {
            return Ok(found);
        }
        self.written.fetch_add(1, Ordering::Relaxed);
        Ok(objects.put(key, Body::Bytes(bytes)).await?.fingerprint)
    }

    /// Removes a file.
    pub(super) async fn remove(&self, key: &StoreKey) -> Result<(), IndexError> {
        let is_removed = self.archive.objects.delete(key).await?;
        self.removed.fetch_add(u64::from(is_removed), Ordering::Relaxed);
        Ok(())
    }

    /// Removes the pages of a group that are not wanted, then notes what the others are made from.
    pub(super) async fn finish(&self, group: Group) -> Result<(), IndexError> {
        for key in group.unwanted() {
            self.remove(key).await?;
        }
        match group.marks() {
            None => {}
            Some((key, Some(marks))) => {
                self.put(key, marks).await?;
            }
            Some((key, None)) => self.remove(key).await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn the_look_has_every_template_of_a_static_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/templates");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let is_static = |file: &std::path::PathBuf| {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("index_") || ["base.html", "static.html", "parts.html"].contains(&name.as_str())
        };
        let texts: Vec<_> = files.filter(is_static).map(|file| std::fs::read_to_string(file).unwrap()).collect();
        assert_eq!(texts.len(), LOOK.len());
        assert!(texts.iter().all(|text| LOOK.contains(&text.as_str())));
    }

    #[tokio::test]
    async fn a_file_with_the_same_bytes_is_not_written_again() {
        let archive = fixtures::archive();
        let writer = Writer::new(&archive, Places::default());
        let key = StoreKey::start_page();
        let first = writer.put(&key, b"page".to_vec()).await.unwrap().unwrap();
        assert_eq!(writer.put(&key, b"page".to_vec()).await.unwrap(), Some(first));
        assert_ne!(writer.put(&key, b"past".to_vec()).await.unwrap(), Some(first), "as long, and another");
        writer.remove(&key).await.unwrap();
        writer.remove(&key).await.unwrap();
        let counts = writer.counts();
        assert_eq!((counts.written, counts.removed, counts.obstructed), (2, 1, 0));
        assert_ne!(writer.mark([1, 2]), writer.mark([2, 1]));
    }
}
