//! Work that may have no end.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use super::error::MediaError;
use super::quiet::caught;

/// Drawings may be nested as deep as is checked for, and each level takes some of the stack.
const STACK: usize = 16 << 20;

/// Does work that cannot be interrupted on a thread of its own, and leaves that thread behind if it is not done in
/// time: it can take a processor until the program ends, which is less than a run that never ends. No time is no limit.
pub(super) fn within<T: Send + 'static>(
    time: Duration,
    work: impl FnOnce() -> Result<T, MediaError> + Send + 'static,
) -> Result<T, MediaError> {
    let (sender, receiver) = sync_channel(1);
    let done = move || {
        // Nobody waits for what comes too late.
        let _ = sender.send(caught(work).unwrap_or_else(|said| Err(MediaError::Panicked(said))));
    };
    let thread = thread::Builder::new().name("drawing".to_owned()).stack_size(STACK);
    thread.spawn(done).map_err(|error| MediaError::Variant(format!("no thread for it: {error}")))?;
    let time = if time.is_zero() { Duration::MAX } else { time };
    match receiver.recv_timeout(time) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => Err(MediaError::OutOfTime),
        Err(RecvTimeoutError::Disconnected) => Err(MediaError::Panicked("it gave no answer".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_in_time_is_handed_on() {
        assert_eq!(within(Duration::ZERO, || Ok(7)), Ok(7));
        assert_eq!(within(Duration::from_secs(60), || Ok(7)), Ok(7));
        assert_eq!(
            within::<u8>(Duration::from_secs(60), || Err(MediaError::damaged("x"))),
            Err(MediaError::damaged("x"))
        );
        let panics = within::<u8>(Duration::from_secs(60), || panic!("no"));
        assert_eq!(panics, Err(MediaError::Panicked("no".to_owned())));
    }

    #[test]
    fn what_never_ends_is_left_behind() {
        let (keep, never) = sync_channel::<()>(0);
        let endless = move || never.recv().map_err(MediaError::damaged);
        assert_eq!(within(Duration::from_millis(10), endless), Err(MediaError::OutOfTime));
        drop(keep);
    }
}
