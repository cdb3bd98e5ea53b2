//! Decoding in a process of its own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use super::arguments::DECODE;
use super::output;
use crate::render;

/// Where Linux shows a process its own program, also after somebody has replaced the file.
const ITSELF: &str = "/proc/self/exe";

/// The command that starts such a process; an empty one, which is an error where it is used, if the program does not
/// know its own file.
pub(super) fn command() -> Vec<OsString> {
    let itself = Some(PathBuf::from(ITSELF)).filter(|itself| itself.exists());
    let program = itself.or_else(|| std::env::current_exe().ok());
    program.map_or_else(Vec::new, |program| vec![program.into(), DECODE.into()])
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
