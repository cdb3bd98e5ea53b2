//! Progress on a terminal: articles, images, bytes, rate, time left.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use super::output::Output;
use crate::mirror::Tally;

/// How often the display is brought up to date.
const BEAT: Duration = Duration::from_millis(100);

/// A display that goes on until it is ended.
pub(crate) struct Shown {
    task: Option<(JoinHandle<()>, ProgressBar)>,
}

impl Shown {
    /// Takes the display away.
    pub(crate) fn end(self) {
        if let Some((task, bar)) = self.task {
            task.abort();
            bar.finish_and_clear();
        }
    }
}

/// Shows how a run goes on, where a person can see it.
pub(crate) fn show(tally: Arc<Tally>, output: &Output) -> Shown {
    if !output.shows_progress() {
        return Shown { task: None };
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} [{elapsed}] {wide_bar:.cyan/blue} {msg}");
    bar.set_style(style.expect("the template is well formed: the display shows it at every run"));
    let (drawn, began) = (bar.clone(), Instant::now());
    let task = tokio::spawn(async move {
        let mut beat = tokio::time::interval(BEAT);
        loop {
            beat.tick().await;
            drawn.set_length(total(&tally));
            drawn.set_position(tally.settled());
            drawn.set_message(message(&tally, began.elapsed()));
            drawn.tick();
        }
    });
    Shown { task: Some((task, bar)) }
}

/// What is known of the whole job; it grows while articles are still being read.
fn total(tally: &Tally) -> u64 {
    tally.queued.get().max(tally.settled())
}

fn message(tally: &Tally, elapsed: Duration) -> String {
    let rate = |count: u64| count as f64 / elapsed.as_secs_f64().max(0.001);
    let (done, total) = (tally.settled(), total(tally));
    let left = Duration::try_from_secs_f64((total - done) as f64 / rate(done).max(0.001)).unwrap_or(Duration::MAX);
    let left = if done == 0 || done == total { String::new() } else { format!(" · {} left", HumanDuration(left)) };
    format!(
        "{} articles read, {} written · {done}/{total} images, {} failed · {} at {}/s · {} thumbnails{left}",
        tally.seen.get(),
        tally.written.get(),
        tally.failed.get(),
        HumanBytes(tally.bytes.get()),
        HumanBytes(
            tally.bytes.get().saturating_mul(1000) / u64::try_from(elapsed.as_millis().max(1)).unwrap_or(u64::MAX)
        ),
        tally.thumbnails.get(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_tells_every_stage_and_the_time_left() {
        let tally = Tally::default();
        tally.seen.add(7);
        tally.queued.add(40);
        tally.fetched.add(10);
        tally.bytes.add(1 << 20);
        let message = message(&tally, Duration::from_secs(10));
        assert!(message.starts_with("7 articles read, 0 written · 10/40 images, 0 failed"), "{message}");
        assert!(message.contains("1.00 MiB at 102.40 KiB/s"), "{message}");
        assert!(message.ends_with("30 seconds left"), "{message}");
    }
}
