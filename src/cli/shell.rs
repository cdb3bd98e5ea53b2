//! `offprint completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::arguments::Cli;
use super::exit::Exit;
use super::output::Output;

/// Prints the completion script of a shell.
pub(crate) fn completions(shell: Shell, output: &Output) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "offprint", &mut script);
    output.bytes(&script);
    Exit::Done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
