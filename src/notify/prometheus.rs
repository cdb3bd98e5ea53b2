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

/// Writes the file by rename, so that the collector never reads half of it. The collector runs as another user, so
/// everybody may read it; it ignores the name of the temporary file. A device or pipe with that name is not replaced.
pub fn write(file: &Path, text: &str) -> Result<(), NotifyError> {
    let failed =
        |cause: std::io::Error| NotifyError { setting: "prometheus", cause: format!("{}: {cause}", file.display()) };
    if std::fs::metadata(file).is_ok_and(|found| !found.is_file()) {
        return Err(failed(std::io::Error::other("something that is no file has this name: name another file")));
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::model::Reason;

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_replaced() {
        let place = tempfile::tempdir().unwrap();
        let (folder, socket) = (place.path().join("folder"), place.path().join("socket"));
        std::fs::create_dir(&folder).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for taken in [&folder, &socket] {
            let error = write(taken, "offprint_a 1\n").unwrap_err();
            assert!(error.cause.ends_with("name another file"), "{}", error.cause);
            assert!(!std::fs::symlink_metadata(taken).unwrap().is_file());
        }
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2, "nor is anything left beside it");
    }

    /// The samples of a page by their names with labels, after checking the syntax that Prometheus reads: each name is
    /// declared once, before its samples, which are contiguous.
    fn samples(page: &str) -> BTreeMap<String, f64> {
        let (mut found, mut declared, mut current) = (BTreeMap::new(), Vec::new(), String::new());
        for line in page.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                current = help.split(' ').next().unwrap().to_owned();
                assert!(!declared.contains(&current), "{current} is declared twice");
                assert!(help.ends_with('.') && help.len() > current.len() + 5, "{help}");
                declared.push(current.clone());
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                assert_eq!(kind, format!("{current} gauge"));
            } else {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert_eq!(name.split('{').next(), Some(current.as_str()), "{line}");
                let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
                assert_eq!(found.insert(name.to_owned(), value), None, "{name} twice");
            }
        }
        assert!(page.ends_with('\n'));
        found
    }

    proptest! {
        #[test]
        fn every_number_of_a_run_and_its_archive_is_a_sample(
            seen in any::<[u32; 6]>(),
            urls in any::<[u32; 5]>(),
            elapsed in 0..9_000_000_u64,
            missing in prop::collection::btree_map(prop::sample::select(Reason::ALL.to_vec()), 1..99_u64, 0..5),
        ) {
            let mut report = Report { elapsed_ms: elapsed, ..Report::default() };
            let [new, changed, unchanged, vanished, failed, bytes] = seen.map(u64::from);
            (report.articles.new, report.articles.changed, report.articles.unchanged) = (new, changed, unchanged);
            (report.articles.vanished, report.articles.failed, report.blobs.bytes_new) = (vanished, failed, bytes);
            let [fetched, not_modified, lost, deferred, left] = urls.map(u64::from);
            (report.urls.fetched, report.urls.not_modified, report.urls.failed) = (fetched, not_modified, lost);
            (report.urls.deferred, report.urls.left) = (deferred, left);
            let missing_by_reason = missing.iter().map(|(reason, count)| (reason.to_string(), *count)).collect();
            let status = Status { missing_by_reason, ..Status::default() };
            let found = samples(&exposition(&report, &status, Timestamp::from_second(77).unwrap()));
            let of = |name: &str| found.get(&format!("offprint_{name}")).copied();
            prop_assert_eq!(of("last_run_timestamp_seconds"), Some(77.0));
            prop_assert_eq!(of("last_run_duration_seconds"), Some(Duration::from_millis(elapsed).as_secs_f64()));
            prop_assert_eq!(of("last_run_new_bytes"), Some(bytes as f64));
            for (state, count) in [("new", new), ("changed", changed), ("vanished", vanished), ("failed", failed)] {
                prop_assert_eq!(of(&format!("last_run_articles{{state=\"{state}\"}}")), Some(count as f64));
            }
            for (result, count) in [("fetched", fetched), ("not_modified", not_modified), ("failed", lost), ("left", left)] {
                prop_assert_eq!(of(&format!("last_run_urls{{result=\"{result}\"}}")), Some(count as f64));
            }
            for (reason, count) in &missing {
                prop_assert_eq!(of(&format!("missing_urls{{reason=\"{reason}\"}}")), Some(*count as f64));
            }
        }
    }

    #[test]
    fn exactly_one_outcome_is_that_of_the_run() {
        for (name, outcome) in OUTCOMES {
            let report = Report { outcome, ..Report::default() };
            let found = samples(&exposition(&report, &Status::default(), Timestamp::UNIX_EPOCH));
            let outcomes = found.iter().filter(|(sample, _)| sample.starts_with("offprint_last_run_outcome"));
            let named =
                outcomes.filter(|(_, value)| **value > 0.5).map(|(sample, _)| sample.clone()).collect::<Vec<_>>();
            assert_eq!(named, [format!("offprint_last_run_outcome{{outcome=\"{name}\"}}")]);
        }
    }

    #[test]
    fn the_file_is_replaced_as_a_whole_and_others_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("offprint.prom");
        for text in ["a long first text\n", "short\n"] {
            write(&file, text).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left there");
        let failed = write(&folder.path().join("none/offprint.prom"), "x").unwrap_err();
        assert!(failed.to_string().starts_with("cannot notify `report.prometheus`: "), "{failed}");
    }
}
