//! The `offprint` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    offprint::cli::main(std::env::args_os())
}
