//! The robots.txt of each origin, for a day.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::rules::Robots;
use crate::locks::Mutex;
use crate::model::Failure;

/// How long a file is cached (RFC 9309, section 2.4).
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a failed request for robots.txt is cached.
const FAILURE_KEPT: Duration = Duration::from_secs(5 * 60);
/// The most origins in the cache.
const MOST: usize = 1024;

type RobotsResult = Result<Arc<Robots>, Failure>;

/// The files, by origin.
#[derive(Default)]
pub(crate) struct RobotsCache {
    entries: Mutex<HashMap<String, Arc<Entry>>>,
}

struct Entry {
    since: Instant,
    found: OnceCell<RobotsResult>,
}

impl Entry {
    fn is_fresh(&self) -> bool {
        let kept = if self.found.get().is_some_and(Result::is_err) { FAILURE_KEPT } else { KEPT };
        self.since.elapsed() < kept
    }
}

impl RobotsCache {
    /// The file of an origin. If it is not cached, `ask` fetches it, once for all that wait for it meanwhile.
    pub(crate) async fn get(&self, origin: String, ask: impl Future<Output = RobotsResult>) -> RobotsResult {
        let entry = self.entry(origin);
        entry.found.get_or_init(|| ask).await.clone()
    }

    fn entry(&self, origin: String) -> Arc<Entry> {
        let mut entries = self.entries.lock();
        if let Some(entry) = entries.get(&origin).filter(|entry| entry.is_fresh()) {
            return Arc::clone(entry);
        }
        if entries.len() >= MOST {
            entries.retain(|_, entry| entry.is_fresh() && Arc::strong_count(entry) > 1);
        }
        let entry = Arc::new(Entry { since: Instant::now(), found: OnceCell::new() });
        entries.insert(origin, Arc::clone(&entry));
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;

    #[tokio::test(start_paused = true)]
    async fn a_file_is_kept_for_a_day_and_a_failure_for_minutes() {
        let cache = RobotsCache::default();
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let get = async |origin: &str, found: RobotsResult| {
            let ask = async {
                asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                found
            };
            cache.get(origin.to_owned(), ask).await
        };
        let failure = || Err(Failure::new(Reason::Timeout, ""));
        assert!(get("http://a.example", Ok(Arc::default())).await.is_ok());
        assert!(get("http://b.example", failure()).await.is_err());
        tokio::time::advance(Duration::from_secs(301)).await;
        assert!(get("http://a.example", failure()).await.is_ok(), "it is cached");
        assert!(get("http://b.example", Ok(Arc::default())).await.is_ok(), "it is asked for again");
        tokio::time::advance(KEPT).await;
        assert!(get("http://a.example", failure()).await.is_err());
        assert_eq!(asked.into_inner(), 4);
    }

    #[tokio::test]
    async fn only_so_many_origins_are_cached() {
        let cache = RobotsCache::default();
        for number in 0..=MOST {
            let found = cache.get(format!("http://{number}.example"), async { Ok(Arc::default()) }).await;
            assert!(found.is_ok());
        }
        assert!(cache.entries.lock().len() <= MOST);
    }
}
