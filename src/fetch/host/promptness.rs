//! How promptly a host has answered in this run, and how long a request to it may keep its slot without a sign of it.

use std::time::Duration;

use crate::locks::Mutex;

/// A host is slow that needs longer for the head of a response or for the next piece of a body.
pub(crate) const SLOW: Duration = Duration::from_secs(1);
/// How long a request keeps its slot at least while nothing arrives.
const LEAST_PATIENCE: Duration = Duration::from_millis(50);
/// A request keeps its slot for so many times the time after which the host answered last.
const TIMES_ITS_USUAL: u32 = 4;

/// How a host has answered in this run, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Standing {
    /// Its last response came in time.
    Quick,
    /// It has sent no response yet.
    #[default]
    New,
    /// It sent no response within its time, or one that came slowly.
    Slow,
}

/// What is known of one host's answers.
#[derive(Debug, Default)]
pub(crate) struct Promptness(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    standing: Standing,
    /// After which time the head of its last response came.
    head: Option<Duration>,
}

impl Promptness {
    /// Which of all requests those to this host are among.
    pub(crate) fn standing(&self) -> Standing {
        self.0.lock().standing
    }

    /// How long a request keeps its slot while nothing arrives. A host that usually takes a while has a while.
    pub(crate) fn patience(&self) -> Duration {
        let usual = self.0.lock().head.unwrap_or_default();
        (usual * TIMES_ITS_USUAL).clamp(LEAST_PATIENCE, SLOW)
    }

    /// The head of a response came after this time.
    pub(crate) fn record_head(&self, after: Duration) {
        self.0.lock().head = Some(after);
    }

    /// A response came, the whole of it in time.
    pub(crate) fn record_prompt(&self) {
        self.0.lock().standing = Standing::Quick;
    }

    /// No response came in time, or it came slowly.
    pub(crate) fn record_slow(&self) {
        self.0.lock().standing = Standing::Slow;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_four_times_as_long_as_it_took_last_within_bounds() {
        let promptness = Promptness::default();
        let patience = |head: u64| {
            promptness.record_head(Duration::from_millis(head));
            promptness.patience().as_millis()
        };
        assert_eq!(promptness.patience(), LEAST_PATIENCE, "a host that has never answered");
        assert_eq!([0, 10, 100, 240, 251, 60_000].map(patience), [50, 50, 400, 960, 1000, 1000]);
    }

    #[test]
    fn a_host_is_what_its_last_response_was() {
        let promptness = Promptness::default();
        assert_eq!(promptness.standing(), Standing::New);
        promptness.record_slow();
        assert_eq!(promptness.standing(), Standing::Slow);
        promptness.record_prompt();
        assert_eq!(promptness.standing(), Standing::Quick);
    }
}
