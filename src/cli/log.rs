//! The log of the library's spans and events, on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use super::exit::UsageError;
use super::output::{LogWriter, Verbosity};

/// Filters the log by module and level, whatever `-v` says.
const VARIABLE: &str = "OFFPRINT_LOG";

/// Starts the log: `-v` shows the steps of a run, `-vv` each request as well, and `OFFPRINT_LOG` what it names, such as
/// `offprint::fetch=trace`.
pub(crate) fn start(verbosity: Verbosity) -> Result<(), UsageError> {
    let filter = match std::env::var(VARIABLE) {
        Ok(wanted) if !wanted.is_empty() => parse(&wanted)?,
        _ => Targets::new().with_target("offprint", level(verbosity)),
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| LogWriter);
    // Another one is there only where a test started it.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
    Ok(())
}

fn level(verbosity: Verbosity) -> LevelFilter {
    match verbosity {
        // Failures are in the report, and are printed from there.
        Verbosity::Quiet | Verbosity::Normal => LevelFilter::OFF,
        Verbosity::Verbose => LevelFilter::INFO,
        Verbosity::Debug => LevelFilter::DEBUG,
    }
}

fn parse(wanted: &str) -> Result<Targets, UsageError> {
    wanted.parse().map_err(|error| {
        UsageError(format!(
            "{VARIABLE}={wanted}: {error}; write a level, or module=level, such as offprint::fetch=debug"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_modules_are_understood() {
        for wanted in ["debug", "offprint=info", "offprint::fetch=trace,offprint::mirror=off"] {
            assert!(parse(wanted).is_ok(), "{wanted}");
        }
        let error = parse("offprint=loud").unwrap_err().to_string();
        assert!(error.starts_with("OFFPRINT_LOG=offprint=loud: ") && error.contains("module=level"), "{error}");
    }
}
