//! The panic hook of the program.

use std::panic;

use super::output;
use crate::media;

/// Keeps panics of image decoders off standard error. Such a panic is caught and recorded as the state of one image; a
/// backtrace for each of a thousand broken images would hide everything else. Other panics are printed like all other
/// output, because their messages may quote an article.
pub(super) fn install() {
    panic::set_hook(Box::new(|info| {
        if !media::is_decoding() {
            output::panicked(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::process::Command;

    use super::*;
    use crate::media::catch_panic;

    #[test]
    fn only_panics_of_decoders_are_kept_off_standard_error() {
        let itself = std::env::current_exe().unwrap();
        let name = "cli::panic_hook::tests::two_panics_in_its_own_process";
        let output = Command::new(itself).args(["--exact", name, "--ignored", "--nocapture"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("outside\\u{1b}[2J") && !said.contains("inside"), "{said}");
    }

    #[test]
    #[ignore = "in its own process: the test above runs it"]
    fn two_panics_in_its_own_process() {
        install();
        assert_eq!(catch_panic(|| panic!("inside")), Err::<(), _>("inside".to_owned()));
        assert!(catch_unwind(|| panic!("outside\u{1b}[2J")).is_err());
    }
}
