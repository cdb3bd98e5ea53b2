//! Lets tasks record what they did together, so that one commit serves many of them.
//!
//! Each commit waits for the disk and writes every page that changed. Tasks that record one by one would have a commit each.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Mutex;

/// How long a task waits for others at most.
const WINDOW: Duration = Duration::from_millis(200);

/// So many do not wait for more: one commit of the catalog takes no more.
const MOST: usize = 128;

/// Where tasks wait for each other.
#[derive(Debug)]
pub(crate) struct Rounds {
    counts: Mutex<Counts>,
    /// The number of the round that waits.
    round: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Tasks that may have something to record.
    under_way: usize,
    /// Those of them that wait.
    waiting: usize,
}

impl Counts {
    /// Whether nobody is left to wait for.
    const fn is_complete(&self) -> bool {
        self.waiting >= self.under_way || self.waiting >= MOST
    }
}

/// A task that may have something to record, until this is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Rounds>);

impl Default for Rounds {
    fn default() -> Self {
        Self { counts: Mutex::default(), round: watch::Sender::new(0) }
    }
}

impl Rounds {
    /// Others wait for a task, until what this gives is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        self.counts.lock().under_way += 1;
        UnderWay(Arc::clone(self))
    }

    /// Waits until all tasks under way wait, or for a fifth of a second.
    pub(crate) async fn turn(&self) {
        let mut round = self.round.subscribe();
        let is_complete = {
            let mut counts = self.counts.lock();
            counts.waiting += 1;
            round.borrow_and_update();
            counts.is_complete()
        };
        if is_complete || tokio::time::timeout(WINDOW, round.changed()).await.is_err() {
            self.open();
        }
    }

    /// Lets all that wait go on.
    fn open(&self) {
        let mut counts = self.counts.lock();
        counts.waiting = 0;
        self.round.send_modify(|round| *round += 1);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let is_complete = {
            let mut counts = self.0.counts.lock();
            counts.under_way -= 1;
            counts.waiting > 0 && counts.is_complete()
        };
        if is_complete {
            self.0.open();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_alone_does_not_wait() {
        let (rounds, begun) = (Arc::new(Rounds::default()), Instant::now());
        rounds.turn().await;
        let _task = rounds.begin();
        rounds.turn().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_go_on_when_all_of_them_wait_or_have_ended() {
        let (rounds, begun) = (Arc::new(Rounds::default()), Instant::now());
        let [_first, _second, third] = [(); 3].map(|()| rounds.begin());
        let (mut one, mut two) = (Box::pin(rounds.turn()), Box::pin(rounds.turn()));
        assert!((&mut one).now_or_never().is_none() && (&mut two).now_or_never().is_none());
        drop(third);
        one.await;
        two.await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_slow_holds_nobody_up_for_long() {
        let (rounds, begun) = (Arc::new(Rounds::default()), Instant::now());
        let _slow = [(); 9].map(|()| rounds.begin());
        tokio::join!(rounds.turn(), rounds.turn());
        assert_eq!(begun.elapsed(), WINDOW);
        rounds.turn().await;
        assert_eq!(begun.elapsed(), WINDOW * 2, "who comes later waits as long");
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_as_a_commit_takes_do_not_wait_for_more() {
        let (rounds, begun) = (Arc::new(Rounds::default()), Instant::now());
        let _tasks: Vec<_> = (0..=MOST).map(|_| rounds.begin()).collect();
        futures_util::future::join_all((0..MOST).map(|_| rounds.turn())).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
