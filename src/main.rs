//! The `offprint` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    offprint::cli_main(std::env::args_os())
}
