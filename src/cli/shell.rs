//! Help for the shell: completions and the manual page.

use clap::CommandFactory;
use clap_complete::Shell;

use super::arguments::Cli;
use super::exit::Exit;
use super::output::Output;

/// The completion script of a shell.
pub(crate) fn completions(shell: Shell, output: &Output) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "offprint", &mut script);
    output.bytes(&script);
    Exit::Done
}

/// The manual page, with every command below the program.
pub(crate) fn man(output: &Output) -> anyhow::Result<Exit> {
    let mut page = Vec::new();
    let mut program = Cli::command();
    program.build();
    clap_mangen::Man::new(program.clone()).render(&mut page)?;
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        clap_mangen::Man::new(command.clone()).render_description_section(&mut page)?;
        clap_mangen::Man::new(command.clone()).render_options_section(&mut page)?;
    }
    output.bytes(&page);
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
