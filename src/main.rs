//! The `offprint` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        share_arenas();
        // The hidden command of a process that decodes.
        if std::env::args_os().nth(1).is_some_and(|command| command == "decode") {
            keep_what_is_freed();
        }
    }
    offprint::cli_main(std::env::args_os())
}

/// Has all threads take memory from two arenas of the C library (mallopt(3)). By default there are up to eight for each
/// core, and each holds what was freed of the largest article that its thread read: a run over large articles took 300 MiB
/// where 180 are enough.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library's setting has no safe interface")]
fn share_arenas() {
    // SAFETY: the call takes two numbers, and no other thread runs yet. Where it fails, more memory is held.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 2) };
}

/// Has a process that decodes one image after another use the same memory for each. By default large buffers go back to
/// the system, which clears each page of the next one anew: about 250 pages for a photograph of a web page.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library's setting has no safe interface")]
fn keep_what_is_freed() {
    const LARGEST_IN_HEAP: i32 = 32 << 20;
    const KEPT: i32 = 64 << 20;
    // SAFETY: as above.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST_IN_HEAP);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}
