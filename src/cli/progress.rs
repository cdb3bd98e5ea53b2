//! Progress on a terminal.

use std::time::Duration;

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use super::output::Output;
use super::words::count;
use crate::mirror::Tally;

/// How often the display is drawn.
const INTERVAL: Duration = Duration::from_millis(100);

/// The bar has a fixed width and the message is cut off at the right edge, so that a line never wraps.
const WITH_BAR: &str = "{spinner} [{elapsed}] {bar:16.cyan/blue} {wide_msg}";
const WITHOUT_BAR: &str = "{spinner} [{elapsed}] {wide_msg}";

/// A line on standard error that is drawn until it is ended. Without a terminal it is not drawn at all.
pub(crate) struct Display {
    bar: ProgressBar,
    task: Option<JoinHandle<()>>,
}

impl Display {
    /// Starts it; `update` sets what the bar shows.
    pub(crate) fn start(output: &Output, update: impl Fn(&ProgressBar) + Send + 'static) -> Self {
        if !output.shows_progress() {
            return Self { bar: ProgressBar::hidden(), task: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style(WITHOUT_BAR));
        let drawn = bar.clone();
        let task = tokio::spawn(async move {
            let mut interval = tokio::time::interval(INTERVAL);
            loop {
                interval.tick().await;
                update(&drawn);
                drawn.tick();
            }
        });
        Self { bar, task: Some(task) }
    }

    /// The bar, for who must remove it before the process ends.
    pub(crate) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Removes it.
    pub(crate) fn end(self) {
        if let Some(task) = self.task {
            task.abort();
        }
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well formed: a test draws it")
}

/// Shows the progress of a run. The bar appears once it is known how much there is to fetch.
pub(crate) fn show(bar: &ProgressBar, tally: &Tally, elapsed: Duration) {
    set(bar, tally.finished(), total(tally));
    bar.set_message(message(tally, elapsed));
}

/// Shows how much of a whole is done, once it is known how much that is.
pub(crate) fn set(bar: &ProgressBar, done: u64, total: u64) {
    if total == 0 {
        return;
    }
    if bar.length().is_none() {
        bar.set_style(style(WITH_BAR));
    }
    bar.set_length(total);
    bar.set_position(done);
}

/// A number of things, of those that there are where that is known.
pub(crate) fn of(done: u64, total: u64, noun: &str) -> String {
    if total == 0 { count(done, noun) } else { format!("{done}/{}", count(total.max(done), noun)) }
}

/// How many images there are to fetch, as far as is known; it grows while articles are still being read.
fn total(tally: &Tally) -> u64 {
    tally.queued.get().max(tally.finished())
}

/// The most important comes first, since a narrow terminal cuts off the rest.
fn message(tally: &Tally, elapsed: Duration) -> String {
    let (done, total) = (tally.finished(), total(tally));
    let mut parts = vec![format!("{done}/{} fetched", count(total, "image"))];
    parts.extend(left(done, total, elapsed));
    let per_second = tally.bytes.get().saturating_mul(1000) / u64::try_from(elapsed.as_millis()).unwrap_or(1).max(1);
    parts.push(format!("{} failed", tally.failed.get()));
    parts.push(format!("{} ({}/s)", HumanBytes(tally.bytes.get()), HumanBytes(per_second)));
    parts.push(format!("{} read, {} written", count(tally.seen.get(), "article"), tally.written.get()));
    parts.push(count(tally.thumbnails.get(), "thumbnail"));
    parts.join(" · ")
}

/// How long the rest takes at the pace so far.
pub(crate) fn left(done: u64, total: u64, elapsed: Duration) -> Option<String> {
    if done == 0 || done >= total {
        return None;
    }
    let seconds = elapsed.as_secs_f64() / done as f64 * (total - done) as f64;
    Some(format!("{} left", HumanDuration(Duration::try_from_secs_f64(seconds).ok()?)))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// A terminal that remembers what was written to it.
    #[derive(Debug, Clone)]
    struct Terminal(u16, Arc<Mutex<String>>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            self.0
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(&format!("{text}\n"))
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.1.lock().unwrap().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            self.1.lock().unwrap().clear();
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn busy() -> Tally {
        let tally = Tally::default();
        tally.seen.add(7);
        tally.queued.add(40);
        tally.fetched.add(10);
        tally.bytes.add(1 << 20);
        tally
    }

    #[test]
    fn the_message_names_every_stage_and_the_time_left() {
        let message = message(&busy(), Duration::from_secs(10));
        assert!(message.starts_with("10/40 images fetched · 30 seconds left · 0 failed"), "{message}");
        assert!(message.contains("1.00 MiB (102.40 KiB/s) · 7 articles read, 0 written"), "{message}");
        assert!(message.ends_with("0 thumbnails"), "{message}");
    }

    fn drawn(columns: u16, tally: &Tally) -> String {
        let terminal = Terminal(columns, Arc::default());
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(style(WITHOUT_BAR));
        show(&bar, tally, Duration::from_secs(10));
        bar.tick();
        let written = terminal.1.lock().unwrap();
        written.clone()
    }

    #[test]
    fn bar_total_and_time_left_fit_into_one_line_at_every_width() {
        for columns in [80, 100, 120, 200] {
            let line = drawn(columns, &busy());
            assert_eq!(line.lines().count(), 1, "{line}");
            assert!(line.contains('█') && line.contains('░'), "{line}");
            assert!(line.contains("10/40 images fetched · 30 seconds left"), "{line}");
        }
    }

    #[test]
    fn a_total_stands_where_it_is_known() {
        assert_eq!(of(3, 0, "blob"), "3 blobs");
        assert_eq!(of(3, 40, "blob"), "3/40 blobs");
        assert_eq!(of(3, 2, "blob"), "3/3 blobs", "more were kept meanwhile");
    }

    #[test]
    fn nothing_looks_finished_before_anything_is_known() {
        let line = drawn(80, &Tally::default());
        assert!(!line.contains('█') && line.contains("0/0 images fetched"), "{line}");
    }
}
