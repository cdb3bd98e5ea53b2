//! What is printed, and where: results on standard output, everything else on standard error.

use std::io::{IsTerminal, Write};

use clap::ColorChoice;
use serde::Serialize;

use super::arguments::Global;

/// Prints as the user asked.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) told: Told,
    color: bool,
}

/// How much is told besides the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Errors.
    Errors,
    /// What is news.
    News,
    /// Everything.
    Everything,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        let color = match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        let told = match (global.quiet, global.verbose) {
            (true, _) => Told::Errors,
            (false, true) => Told::Everything,
            (false, false) => Told::News,
        };
        Self { json: global.json, told, color }
    }

    /// A line for the person who watches.
    pub(crate) fn note(&self, line: &str) {
        if self.told != Told::Errors {
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }

    /// An error, with everything that led to it, on one line.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let (red, plain) = if self.color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let _ = writeln!(std::io::stderr().lock(), "{red}offprint:{plain} {}", printable(&format!("{error:#}")));
    }

    /// Whether progress can be shown.
    pub(crate) fn shows_progress(&self) -> bool {
        self.told != Told::Errors && std::io::stderr().is_terminal()
    }
}

/// A line of the result. A reader that has gone away is no error.
pub(crate) fn line(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Bytes of the result.
pub(crate) fn bytes(bytes: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// The result as JSON.
pub(crate) fn value(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// The text without control characters, which a terminal would obey: names and URLs come from outside.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_not_printed() {
        assert_eq!(printable("a\u{1b}]0;title\u{7}b\n"), "a\u{fffd}]0;title\u{fffd}b\u{fffd}");
    }
}
