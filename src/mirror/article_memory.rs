//! The memory for reading articles: each is admitted by its size, and then by what parsing it takes.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Size;
use crate::extract;
use crate::model::Format;

/// The memory for all articles that are parsed side by side, in bytes. With the articles themselves and the memory of the
/// rest of the program, a run stays below 300 MB.
const ROOM: u64 = 160 << 20;
/// The memory for the bytes of all articles that are read side by side.
const TEXTS: u64 = 64 << 20;
/// The unit in which memory is counted, because a semaphore gives out no more than 2³² permits at a time.
const KIB: u64 = 1024;

/// An article that takes more memory than there is for all articles.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its markup takes {} of memory to read, more than the {} that there is for articles: split it",
    Size(*.0),
    Size(ROOM)
)]
pub(super) struct TooMuchMarkup(u64);

/// Admits articles within the memory for them.
#[derive(Debug)]
pub(super) struct ArticleMemory {
    free: Arc<Semaphore>,
    texts: Arc<Semaphore>,
}

impl Default for ArticleMemory {
    fn default() -> Self {
        let semaphore = |bytes| Arc::new(Semaphore::new(kib(bytes) as usize));
        Self { free: semaphore(ROOM), texts: semaphore(TEXTS) }
    }
}

impl ArticleMemory {
    /// Waits until there is room for the bytes of an article, and holds it until the permit is dropped. One that takes more
    /// than there is for all waits until it is alone.
    pub(super) async fn admit_text(&self, bytes: u64) -> OwnedSemaphorePermit {
        held(&self.texts, bytes.min(TEXTS)).await
    }

    /// Waits until there is room to parse an article, and holds it until the permit is dropped.
    ///
    /// # Errors
    /// Where there never will be.
    pub(super) async fn admit(&self, bytes: &[u8], format: Format) -> Result<OwnedSemaphorePermit, TooMuchMarkup> {
        let wanted = extract::memory_estimate(bytes, format);
        if wanted > ROOM {
            return Err(TooMuchMarkup(wanted));
        }
        Ok(held(&self.free, wanted).await)
    }

    /// The same for the mirror of an article. It is never refused: the article was admitted when it was read. It takes twice
    /// as much: what the catalog holds of the original, and what is read of the mirror to prove it.
    pub(super) async fn admit_mirror(&self, bytes: &[u8], format: Format) -> OwnedSemaphorePermit {
        held(&self.free, extract::memory_estimate(bytes, format).saturating_mul(2).min(ROOM)).await
    }
}

async fn held(free: &Arc<Semaphore>, bytes: u64) -> OwnedSemaphorePermit {
    let permit = Arc::clone(free).acquire_many_owned(kib(bytes)).await;
    permit.expect("the semaphore is never closed")
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn texts_wait_for_each_other_whatever_parsing_them_takes() {
        let memory = ArticleMemory::default();
        let admit = |bytes| memory.admit_text(bytes).now_or_never();
        let held: Vec<_> = std::iter::from_fn(|| admit(8 << 20)).collect();
        assert_eq!(held.len(), 8);
        assert!(memory.admit(b"short", Format::Markdown).now_or_never().is_some_and(|admitted| admitted.is_ok()));
        assert!(admit(1).is_none());
        drop(held);
        let alone = admit(1 << 40);
        assert!(alone.is_some() && admit(1).is_none());
    }

    #[tokio::test]
    async fn articles_wait_for_each_other_and_one_that_never_fits_is_refused() {
        let memory = ArticleMemory::default();
        let article = "*a ".repeat(20_000);
        let wanted = extract::memory_estimate(article.as_bytes(), Format::Markdown);
        let admit = || memory.admit(article.as_bytes(), Format::Markdown);
        let mut admitted: Vec<_> = std::iter::from_fn(|| admit().now_or_never()).map(Result::unwrap).collect();
        assert_eq!(admitted.len() as u64, u64::from(kib(ROOM) / kib(wanted)));
        assert!(admitted.len() > 1 && admit().now_or_never().is_none());
        admitted.pop();
        assert!(admit().now_or_never().is_some());
        let huge = "[".repeat(2 << 20);
        let refused = memory.admit(huge.as_bytes(), Format::Markdown).await.unwrap_err().to_string();
        assert!(refused.contains("160 MiB that there is for articles"), "{refused}");
        drop(admitted);
        let _all = memory.admit_mirror(huge.as_bytes(), Format::Markdown).await;
        assert_eq!(memory.free.available_permits(), 0);
    }

    #[tokio::test]
    async fn a_mirror_takes_as_much_as_two_articles() {
        let memory = ArticleMemory::default();
        let article = "*a ".repeat(20_000);
        let wanted = kib(extract::memory_estimate(article.as_bytes(), Format::Markdown) * 2);
        let before = memory.free.available_permits();
        let held = memory.admit_mirror(article.as_bytes(), Format::Markdown).await;
        assert_eq!(before - memory.free.available_permits(), wanted as usize);
        drop(held);
        assert_eq!(memory.free.available_permits(), before);
    }
}
