//! Panics of decoders, caught and turned into values.
//!
//! The library installs no panic hook: that is global state of the process. A program that does not want a backtrace for
//! each broken image installs its own hook and asks [`is_decoding`] in it.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is decoding an image at this moment. A panic in that state is caught and becomes
/// [`MediaError::Panicked`](super::MediaError::Panicked), so a panic hook need not print it.
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Runs `work`, and gives the panic message if it panicked.
pub(crate) fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = DECODING.replace(true);
    // The closure reads shared data and otherwise owns what it touches, so unwinding drops all state that a panic could
    // have left inconsistent.
    let outcome = catch_unwind(AssertUnwindSafe(work));
    DECODING.set(before);
    outcome.map_err(|panic| message(panic.as_ref()))
}

/// The message of a panic.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_panic_is_kept() {
        assert_eq!(catch_panic(|| 7), Ok(7));
        assert_eq!(catch_panic(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert_eq!(catch_panic(|| panic!("{} bytes", 3)), Err::<(), _>("3 bytes".to_owned()));
    }

    #[test]
    fn a_thread_knows_that_it_is_decoding_until_the_panic_is_caught() {
        assert!(!is_decoding());
        assert_eq!(catch_panic(|| (is_decoding(), catch_panic(is_decoding))), Ok((true, Ok(true))));
        let _ = catch_panic(|| panic!("inside"));
        assert!(!is_decoding());
    }
}
