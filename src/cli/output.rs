//! What the program prints: results on standard output, everything else on standard error.
//!
//! Only this file writes to them, so that all text from outside goes through [`terminal`].

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::panic::PanicHookInfo;

use clap::ColorChoice;
use serde::Serialize;

use super::arguments::Global;
use super::terminal::{self, harmless, harmless_lines};
use crate::locks::Mutex;

/// Prints with the verbosity that the user chose.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) verbosity: Verbosity,
    colors: Colors,
    /// The first error of standard output.
    failed: Mutex<Option<io::Error>>,
}

/// The verbosity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// `-q`: errors and damage.
    Quiet,
    /// The result, and what is newly missing.
    Normal,
    /// `-v`: everything there is, and the steps of the run.
    Verbose,
    /// `-vv`: each request as well.
    Debug,
}

/// Where colours are shown.
#[derive(Debug, Clone, Copy)]
struct Colors {
    stdout: bool,
    stderr: bool,
}

/// The first word of a line: its severity or kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Label {
    /// It needs attention.
    Warning(&'static str),
    /// It is damage, or an error.
    Damage(&'static str),
}

impl Label {
    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Warning(word) => ("\x1b[1;33m", word),
            Self::Damage(word) => ("\x1b[1;31m", word),
        }
    }

    fn before(self, text: &str, colors: bool) -> String {
        let (color, word) = self.parts();
        let text = harmless(text);
        if colors { format!("{color}{word}:\x1b[0m {text}") } else { format!("{word}: {text}") }
    }
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        let wanted = |is_terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none(),
        };
        let verbosity = match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Debug,
        };
        let colors = Colors { stdout: wanted(io::stdout().is_terminal()), stderr: wanted(io::stderr().is_terminal()) };
        Self { json: global.json, verbosity, colors, failed: Mutex::default() }
    }

    /// Whether everything is listed, and not only what is newly missing.
    pub(crate) fn lists_all(&self) -> bool {
        self.verbosity >= Verbosity::Verbose
    }

    /// A line of the result; nothing with `-q`.
    pub(crate) fn line(&self, line: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.to_stdout(format!("{}\n", harmless(line)).as_bytes());
        }
    }

    /// A line of the result that starts with a label. Damage is printed with `-q` as well.
    pub(crate) fn labelled(&self, label: Label, text: &str) {
        if self.verbosity > Verbosity::Quiet || matches!(label, Label::Damage(_)) {
            self.to_stdout(format!("{}\n", label.before(text, self.colors.stdout)).as_bytes());
        }
    }

    /// The result as JSON, also with `-q`.
    pub(crate) fn value(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let json = serde_json::to_string_pretty(value)?;
        self.to_stdout(format!("{}\n", terminal::harmless_json(&json)).as_bytes());
        Ok(())
    }

    /// Bytes that the user asked for, unchanged; for a terminal they are escaped.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        if io::stdout().is_terminal() {
            self.to_stdout(harmless_lines(&String::from_utf8_lossy(bytes)).as_bytes());
        } else {
            self.to_stdout(bytes);
        }
    }

    /// A line for the person who watches; nothing with `-q`.
    pub(crate) fn note(&self, line: &str) {
        if self.verbosity > Verbosity::Quiet {
            to_stderr(&harmless(line));
        }
    }

    /// Such a line that starts with a label.
    pub(crate) fn labelled_note(&self, label: Label, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            to_stderr(&label.before(text, self.colors.stderr));
        }
    }

    /// A line about what could not be done, with `-q` as well.
    #[expect(clippy::unused_self, reason = "all that is printed goes through the output")]
    pub(crate) fn warn(&self, line: &str) {
        to_stderr(&harmless(line));
    }

    /// An error with its causes, on one line.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        to_stderr(&Label::Damage("offprint").before(&format!("{error:#}"), self.colors.stderr));
    }

    /// Whether progress can be shown: standard error is a terminal, and the steps of the run are not logged.
    pub(crate) fn shows_progress(&self) -> bool {
        self.verbosity == Verbosity::Normal && io::stderr().is_terminal()
    }

    /// What standard output failed with, unless its reader has gone.
    pub(crate) fn finish(&self) -> io::Result<()> {
        self.failed.lock().take().map_or(Ok(()), Err)
    }

    fn to_stdout(&self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(bytes).and_then(|()| stdout.flush())
            && error.kind() != ErrorKind::BrokenPipe
        {
            self.failed.lock().get_or_insert(error);
        }
    }
}

/// Prints the messages of clap: help unchanged, and errors, which quote arguments, escaped.
pub(crate) fn usage(error: &clap::Error) {
    if error.use_stderr() {
        let message = error.render().to_string();
        let _ = io::stderr().lock().write_all(harmless_lines(&message).as_bytes());
    } else {
        let _ = error.print();
    }
}

/// Prints a panic, with a backtrace where `RUST_BACKTRACE` asks for one.
pub(crate) fn panicked(info: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    to_stderr(&harmless_lines(&info.to_string()));
    if backtrace.status() == BacktraceStatus::Captured {
        to_stderr(&harmless_lines(&backtrace.to_string()));
    }
}

/// Says why a process that decodes ends.
pub(crate) fn decoding_ends(error: &io::Error) {
    to_stderr(&harmless_lines(&error.to_string()));
}

/// A log line on standard error.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(harmless_lines(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

/// Nothing can be done about an error of standard error.
fn to_stderr(line: &(impl fmt::Display + ?Sized)) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
