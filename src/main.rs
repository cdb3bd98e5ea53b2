//! The `offprint` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    share_arenas();
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
