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

/// Uses the memory of one image again for the next (mallopt(3)). By default the C library gives much of it back to the
/// system, which clears each page anew: about 250 pages for a photograph of 1000 by 667 pixels.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#[expect(unsafe_code, reason = "the C library's setting has no safe interface")]
fn keep_what_is_freed() {
    const LARGEST_IN_HEAP: i32 = 32 << 20;
    const KEPT: i32 = 64 << 20;
    // SAFETY: the calls take two numbers each, and no other thread runs yet. Where they fail, decoding takes longer.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST_IN_HEAP);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}

/// Decodes until the program that started this one ends.
pub(super) fn decode() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
    keep_what_is_freed();
    match render::cage::work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::decoding_ends(&error);
            ExitCode::FAILURE
        }
    }
}
