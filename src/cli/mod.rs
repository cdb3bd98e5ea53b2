//! The command line: each command opens the archive, makes one library call, reports, and gives an exit status.

mod arguments;
mod check;
mod decode;
mod demo;
mod dry_run;
mod exit;
mod extract;
mod forget;
mod gc;
mod history;
mod import;
mod index;
mod init;
mod log;
mod man;
mod named;
mod notifications;
mod open_files;
mod output;
mod panic_hook;
mod progress;
mod rebuild;
mod report;
mod restore;
mod run;
mod search;
mod serve;
mod settings;
mod shell;
mod signals;
mod similar;
mod status;
mod terminal;
mod verify;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use arguments::{Cli, Command, Import};
use exit::Exit;
use output::Output;

/// Runs the program with these arguments and gives its exit status.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            output::usage(&error);
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    panic_hook::install();
    if matches!(cli.command, Command::Decode) {
        return decode::decode();
    }
    open_files::raise_limit();
    let output = Output::new(&cli.global);
    let result = run_command(&cli, &output);
    match result.and_then(|exit| output.finish().context("cannot write to standard output").map(|()| exit)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output.error(&error);
            Exit::of_error(&error).into()
        }
    }
}

fn run_command(cli: &Cli, output: &Output) -> anyhow::Result<Exit> {
    log::start(output.verbosity)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    let result = runtime.block_on(dispatch(cli, output));
    // A decoder that still runs must not delay the end of an interrupted run.
    runtime.shutdown_background();
    result
}

async fn dispatch(cli: &Cli, output: &Output) -> anyhow::Result<Exit> {
    let global = &cli.global;
    let config = || settings::read(global);
    match &cli.command {
        Command::Completions { shell } => Ok(shell::completions(*shell, output)),
        Command::Man { out } => man::man(out.as_deref(), output),
        Command::Extract(arguments) => extract::extract(arguments, &settings::read_or_default(global)?, output),
        Command::Demo { once, address } => demo::demo(global, *once, *address, output).await,
        Command::Init => init::init(&config()?, output).await,
        Command::Run { dry_run, retry, ignore_robots } => {
            let mut config = settings::read_with_sources(global)?;
            config.fetch.ignore_robots = *ignore_robots;
            run::run(&config, *dry_run, retry.clone(), output).await
        }
        Command::Import { from: Import::Opml { file } } => import::opml(file, &settings::to_write(global)?, output),
        Command::Mirror { places, html, base_url, dry_run, ignore_robots } => {
            let mut config = config()?;
            config.fetch.ignore_robots = *ignore_robots;
            if let Some((html, url)) = html.as_ref().zip(base_url.as_ref()) {
                return run::mirror_html(&config, html, url, output).await;
            }
            run::mirror(&config, places, *dry_run, output).await
        }
        Command::Status { similar: true, .. } => similar::similar(&config()?, output).await,
        Command::Status { history: None, .. } => status::status(&config()?, output).await,
        Command::Status { history: Some(of), .. } => history::history(of, &config()?, output).await,
        Command::Decode => anyhow::bail!("it decodes before anything else is done"),
        Command::Check => check::check(&config()?, output).await,
        Command::Verify(arguments) => verify::verify(arguments, &config()?, output).await,
        Command::Gc { dry_run } => gc::gc(&config()?, *dry_run, output).await,
        Command::Forget(arguments) => forget::forget(arguments, &config()?, output).await,
        Command::Search(arguments) => search::search(arguments, &config()?, output).await,
        Command::Serve(arguments) => serve::serve(arguments, &config()?, output).await,
        Command::Restore(arguments) => restore::restore(arguments, &config()?, output).await,
    }
}
