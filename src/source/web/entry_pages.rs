//! The pages of entries that one reading of a source asks for: each once, few at a time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use url::Url;

use super::no_text::NoText;
use crate::extract::MainText;
use crate::locks::Mutex;
use crate::model::RelativePath;

/// Pages that are in memory as a whole, at most.
const AT_ONCE: usize = 8;
/// Pages whose main text is looked for side by side: their trees take many times the memory of their text.
const PARSED_AT_ONCE: usize = 2;
/// How many searches that were given up may still be at work. They cannot be interrupted.
const MOST_GIVEN_UP: usize = 2;
/// The most bytes of main texts that are held for further entries that lead to the same pages.
const MOST_HELD: usize = 64 << 20;

/// The main text of a page, or why there is none.
pub(super) type PageText = Result<MainText, NoText>;

/// The text of one page, once it is known.
type Cell = Arc<OnceCell<Arc<PageText>>>;

/// The pages of entries that one reading of a source asks for.
#[derive(Debug)]
pub(super) struct EntryPages {
    /// The paths of pages and posts that were listed.
    listed: Mutex<HashSet<RelativePath>>,
    asked: Mutex<HashMap<Url, Cell>>,
    /// How many pages were asked for.
    count: AtomicUsize,
    /// Bytes of the texts that are held.
    held: AtomicUsize,
    at_once: Semaphore,
    parsing: Arc<Semaphore>,
    given_up: AtomicUsize,
}

impl EntryPages {
    pub(super) fn new() -> Self {
        Self {
            listed: Mutex::default(),
            asked: Mutex::default(),
            count: AtomicUsize::default(),
            held: AtomicUsize::default(),
            at_once: Semaphore::new(AT_ONCE),
            parsing: Arc::new(Semaphore::new(PARSED_AT_ONCE)),
            given_up: AtomicUsize::default(),
        }
    }

    /// Takes note of an article that is listed.
    pub(super) fn list(&self, path: RelativePath) {
        self.listed.lock().insert(path);
    }

    /// The articles that were listed.
    pub(super) fn into_listed(self) -> HashSet<RelativePath> {
        self.listed.into_inner()
    }

    /// Waits until a page may be in memory.
    pub(super) async fn permit(&self) -> SemaphorePermit<'_> {
        self.at_once.acquire().await.expect("the semaphore is never closed")
    }

    /// The text of the page at an address: `ask` finds it out, unless this reading did already.
    pub(super) async fn text<E>(
        &self,
        url: &Url,
        ask: impl Future<Output = Result<PageText, E>>,
    ) -> Result<Arc<PageText>, E> {
        let cell = Arc::clone(self.asked.lock().entry(url.clone()).or_default());
        let found = cell.get_or_try_init(async || {
            self.count.fetch_add(1, Ordering::Relaxed);
            let text = ask.await?;
            self.hold(&text);
            Ok(Arc::new(text))
        });
        found.await.cloned()
    }

    /// How many pages were asked for.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Makes room for a text. What is let go is asked for again, where a further entry leads there.
    fn hold(&self, text: &PageText) {
        let length = text.as_ref().map_or(0, |text| text.html.len());
        if self.held.fetch_add(length, Ordering::Relaxed) + length > MOST_HELD {
            self.held.store(0, Ordering::Relaxed);
            self.asked.lock().clear();
        }
    }

    /// Runs work on a blocking thread; `None` where it takes too long, or too much such work is still being done. No more
    /// than so many threads ever wait for such work.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        most: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let permit = Arc::clone(&self.parsing).acquire_owned().await.expect("the semaphore is never closed");
        if self.given_up.load(Ordering::Relaxed) >= MOST_GIVEN_UP {
            return None;
        }
        let working = tokio::task::spawn_blocking(work);
        let done = tokio::time::timeout(if most.is_zero() { Duration::MAX } else { most }, working).await;
        if done.is_err() {
            self.given_up.fetch_add(1, Ordering::Relaxed);
        }
        drop::<OwnedSemaphorePermit>(permit);
        done.ok().map(|done| done.expect("panics of the search are caught"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn text(length: usize) -> MainText {
        MainText { title: String::new(), html: "x".repeat(length) }
    }

    #[tokio::test]
    async fn a_page_is_asked_for_once_and_few_texts_are_held() {
        let pages = EntryPages::new();
        let url = |at: usize| Url::parse(&format!("https://a.example/{at}")).unwrap();
        for _ in 0..2 {
            let found = pages.text(&url(0), async { Ok::<_, ()>(Ok(text(1))) }).await.unwrap();
            assert_eq!(found.as_ref().as_ref().unwrap().html, "x");
        }
        assert_eq!(pages.count(), 1);
        assert!(pages.text(&url(1), async { Err("of the catalog") }).await.is_err());
        for at in 2..7 {
            pages.text(&url(at), async { Ok::<_, ()>(Ok(text(MOST_HELD / 4))) }).await.unwrap();
        }
        assert!(pages.asked.lock().len() < 4, "{}", pages.asked.lock().len());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_search_that_does_not_end_is_given_up_and_those_after_a_few_are_not_begun() {
        let pages = EntryPages::new();
        let mut at_work = Vec::new();
        for _ in 0..MOST_GIVEN_UP {
            let (let_go, waits) = mpsc::channel::<()>();
            at_work.push(let_go);
            assert_eq!(pages.run(Duration::from_millis(5), move || waits.recv().is_ok()).await, None);
        }
        assert_eq!(pages.run(Duration::from_secs(5), || 7).await, None, "no further thread is taken");
        assert_eq!(EntryPages::new().run(Duration::ZERO, || 7).await, Some(7), "zero stands for no limit");
    }
}
