//! Panics of decoders: caught, and kept off standard error.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Whether this thread is at work on a picture.
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// Does some work and gives what it said if it panicked. Nothing of that is printed: it is the state of one picture,
/// recorded as such, and a backtrace for each of a thousand broken ones would bury what matters. Panics elsewhere are
/// printed as before.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !AT_WORK.get() {
                usual(info);
            }
        }));
    });
    let before = AT_WORK.replace(true);
    // What the closure touches is either shared and never written, or made inside and dropped by the unwinding: no
    // broken state can be seen after a panic, which is what unwind safety asks for.
    let outcome = catch_unwind(AssertUnwindSafe(work));
    AT_WORK.set(before);
    outcome.map_err(|panic| message(panic.as_ref()))
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it gave no reason".to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_a_panic_said_is_kept() {
        assert_eq!(caught(|| 7), Ok(7));
        assert_eq!(caught(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert_eq!(caught(|| panic!("{} bytes", 3)), Err::<(), _>("3 bytes".to_owned()));
    }

    #[test]
    fn only_panics_of_decoders_are_kept_off_standard_error() {
        let itself = std::env::current_exe().unwrap();
        let name = "media::quiet::tests::two_panics_in_its_own_process";
        let output = Command::new(itself).args(["--exact", name, "--ignored", "--nocapture"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("outside") && !said.contains("inside"), "{said}");
    }

    #[test]
    #[ignore = "in its own process: the test above runs it"]
    fn two_panics_in_its_own_process() {
        assert_eq!(caught(|| panic!("inside")), Err::<(), _>("inside".to_owned()));
        assert!(catch_unwind(|| panic!("outside")).is_err());
    }
}
