//! Decoding in a process of its own.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use super::arguments::DECODE;
use super::output;
use crate::render;

/// Where Linux shows a process its own program, also after somebody has replaced the file.
const ITSELF: &str = "/proc/self/exe";

/// The command that starts such a process; `None` where the program does not know its own file.
pub(super) fn command() -> Option<Vec<OsString>> {
    let itself = Path::new(ITSELF);
    let program = if itself.exists() { itself.to_owned() } else { std::env::current_exe().ok()? };
    Some(vec![program.into(), DECODE.into()])
}

/// Decodes until the program that started this one ends.
pub(super) fn decode() -> ExitCode {
    match render::cage::work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::decoding_ends(&error);
            ExitCode::FAILURE
        }
    }
}
