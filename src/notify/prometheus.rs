//! The file for `node_exporter`'s textfile collector, in Prometheus' text exposition format.

use std::fmt::{Display, Write};
use std::io::Write as _;
use std::path::Path;

use jiff::Timestamp;

use super::NotifyError;
use crate::model::{Report, RunOutcome};
use crate::status::Status;

/// The outcomes of a run that has a report.
const OUTCOMES: [(&str, RunOutcome); 4] = [
    ("complete", RunOutcome::Complete),
    ("incomplete", RunOutcome::Incomplete),
    ("interrupted", RunOutcome::Interrupted),
    ("failed", RunOutcome::Failed),
];

/// The last run and the archive after it. `at` is when the run ended.
pub fn exposition(report: &Report, status: &Status, at: Timestamp) -> String {
    let mut page = Page::default();
    of_run(&mut page, report, at);
    of_archive(&mut page, status);
    page.0
}

fn of_run(page: &mut Page, report: &Report, at: Timestamp) {
    let seconds = std::time::Duration::from_millis(report.elapsed_ms).as_secs_f64();
    page.one("last_run_timestamp_seconds", "When the last run ended, in Unix time.", at.as_second());
    page.one("last_run_duration_seconds", "How long the last run took.", seconds);
    let outcomes = OUTCOMES.map(|(name, outcome)| (name, u8::from(outcome == report.outcome)));
    page.each("last_run_outcome", "How the last run ended: 1 for the outcome it had.", "outcome", outcomes);
    let articles = report.articles;
    let states = [
        ("new", articles.new),
        ("changed", articles.changed),
        ("unchanged", articles.unchanged),
        ("vanished", articles.vanished),
        ("failed", articles.failed),
    ];
    page.each("last_run_articles", "Articles of the last run.", "state", states);
    let urls = report.urls;
    let results = [
        ("fetched", urls.fetched),
        ("not_modified", urls.not_modified),
        ("failed", urls.failed),
        ("deferred", urls.deferred),
        ("left", urls.left),
    ];
    page.each("last_run_urls", "URLs asked for in the last run, or left for the next.", "result", results);
    let blobs = [("new", report.blobs.new), ("duplicate", report.blobs.duplicate)];
    page.each("last_run_blobs", "Blobs that the last run kept, or had already.", "result", blobs);
    page.one("last_run_new_bytes", "Bytes of the new blobs of the last run.", report.blobs.bytes_new);
    let newly_missing = "URLs that the last run found missing for the first time.";
    page.one("last_run_newly_missing_urls", newly_missing, report.newly_missing);
    let changed = "Images whose bytes changed at their origin.";
    page.one("last_run_changed_images", changed, report.changed_images.len());
}

fn of_archive(page: &mut Page, status: &Status) {
    page.one("articles", "Articles on record.", status.articles);
    page.one("vanished_articles", "Articles that are no longer in their source.", status.vanished);
    let remote = status.references.saturating_sub(status.local);
    page.each("references", "References of all articles.", "state", [("local", status.local), ("remote", remote)]);
    page.one("images", "Images kept.", status.images);
    page.one("images_bytes", "Bytes of the images kept.", status.bytes);
    let missing = status.missing_by_reason.iter().map(|(reason, count)| (reason.as_str(), *count));
    page.each("missing_urls", "URLs without a good capture, by reason.", "reason", missing);
    page.one("rotten_urls", "URLs that once answered and no longer do.", status.rot);
}

/// A text of gauges.
#[derive(Default)]
struct Page(String);

impl Page {
    fn one(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help);
        let _ = writeln!(self.0, "offprint_{name} {value}");
    }

    /// Label values are names of ours: letters, digits and `_`.
    fn each<'a, V: Display>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, V)>,
    ) {
        self.head(name, help);
        for (of, value) in values {
            let _ = writeln!(self.0, "offprint_{name}{{{label}=\"{of}\"}} {value}");
        }
    }

    fn head(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP offprint_{name} {help}\n# TYPE offprint_{name} gauge");
    }
}

/// Writes the file by rename, so that the collector never reads a half. It runs as another user, so all may read it;
/// the temporary file has a name that it passes over.
pub fn write(file: &Path, text: &str) -> Result<(), NotifyError> {
    let failed =
        |cause: std::io::Error| NotifyError { setting: "prometheus", cause: format!("{}: {cause}", file.display()) };
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut temporary = for_all_to_read().tempfile_in(folder).map_err(failed)?;
    temporary.write_all(text.as_bytes()).map_err(failed)?;
    temporary.persist(file).map_err(|error| failed(error.error))?;
    Ok(())
}

fn for_all_to_read() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".offprint-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder
}
