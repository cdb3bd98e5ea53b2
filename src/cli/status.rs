//! `offprint status`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::exit::Exit;
use super::output::Output;
use super::words::{count, count_of, moment};
use crate::archive::{self, Mode};
use crate::config::{Config, MediaConfig, Size};
use crate::model::{Reason, Report, RunOutcome};
use crate::render::{Cage, Confinement};
use crate::status::{self, MissingUrl, PastRun, Status};

/// How many missing URLs are listed without -v.
const LISTED: usize = 20;
/// How many days with next tries are listed.
const DAYS: usize = 7;
/// From this ratio on, the savings by deduplication are printed.
const WORTH_A_WORD: f64 = 1.05;

/// Prints what the archive holds.
pub(crate) async fn status(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let archive = archive::open(&config.store, Mode::Read)?;
    let status = status::status(&archive).await?;
    let decoding = Decoding::of(&config.media).await;
    if output.json {
        output.value(&WithDecoding { status, decoding })?;
    } else {
        print(&status, &decoding, output);
    }
    archive.refuse_without_blobs::<anyhow::Error>().await?;
    Ok(Exit::Done)
}

/// What is kept, and how images are decoded.
#[derive(Serialize)]
struct WithDecoding {
    #[serde(flatten)]
    status: Status,
    decoding: Decoding,
}

/// Where images are decoded, and what keeps a decoder from doing anything else.
#[derive(Debug, Serialize)]
struct Decoding {
    sandbox: &'static str,
    #[serde(flatten)]
    confinement: Confinement,
}

impl Decoding {
    /// Starts a process that decodes, and asks it.
    async fn of(limits: &MediaConfig) -> Self {
        let Some(cage) = Cage::new(limits, Duration::MAX) else {
            return Self { sandbox: "off", confinement: Confinement::default() };
        };
        let confinement = match cage.confinement().await {
            Ok(confinement) => confinement.clone(),
            Err(error) => Confinement { in_force: Vec::new(), lacking: vec![error.to_string()] },
        };
        Self { sandbox: "process", confinement }
    }

    fn text(&self) -> &'static str {
        match self.sandbox {
            "off" => "images are decoded in the program itself (`sandbox` in [media])",
            _ if self.confinement.in_force.is_empty() => {
                "no process can be started that decodes images (--json says why)"
            }
            _ if self.confinement.lacks_seccomp() => {
                "images are decoded in processes of their own, without seccomp (--json says why)"
            }
            _ => "images are decoded in processes of their own",
        }
    }
}

fn print(status: &Status, decoding: &Decoding, output: &Output) {
    print_totals(status, output);
    output.line(decoding.text());
    print_missing(status, output);
    print_changed(status, output);
    for host in &status.hosts {
        let open = host.open_until.as_ref().map(|at| format!(", no requests until {}", moment(at))).unwrap_or_default();
        let failures = count(host.failures.into(), "failure");
        output.line(&format!("host {}: Referer {}, {failures}{open}", host.host, host.referer));
    }
    status.runs.iter().for_each(|run| print_run(run, output));
}

fn print_totals(status: &Status, output: &Output) {
    let gone =
        if status.vanished > 0 { format!(", {} no longer in the source", status.vanished) } else { String::new() };
    output.line(&format!("{}{gone}", count(status.articles, "article")));
    let remote = status.references.saturating_sub(status.local);
    output.line(&format!("{}: {} local, {remote} remote", count(status.references, "reference"), status.local));
    let missing = status.urls.saturating_sub(status.urls_good);
    output.line(&format!("{}: {} saved, {missing} missing", count(status.urls, "image URL"), status.urls_good));
    let images = count(status.images, "image");
    let saved = if status.dedup_ratio > WORTH_A_WORD {
        format!(" ({:.2} times that without deduplication)", status.dedup_ratio)
    } else {
        String::new()
    };
    output.line(&format!("{images}, {} on disk{saved}", Size(status.bytes)));
    output.line(&count(status.thumbnails, "thumbnail"));
}

fn print_run(run: &PastRun, output: &Output) {
    let what = match (&run.report, run.ended.is_some()) {
        (_, false) => "did not finish, or is not finished yet".to_owned(),
        (None, true) => "the catalog was made anew, or another version of offprint wrote its report".to_owned(),
        (Some(Report { error: Some(error), .. }), true) => format!("failed: {error}"),
        (Some(report), true) => run_text(report),
    };
    output.line(&format!("run {}: {what}", moment(&run.began)));
}

/// What a run did, and what of its work it did not.
fn run_text(report: &Report) -> String {
    let articles = count(report.articles.seen, "article");
    let mut did = vec![articles, format!("{} fetched", count(report.urls.fetched, "image"))];
    let counts = [(report.urls.failed, "failed"), (report.newly_missing, "newly missing")];
    did.extend(counts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")));
    let failed = report.failed_sources().count() as u64;
    did.extend((failed > 0).then(|| format!("{} could not be read", count(failed, "source"))));
    did.extend(report.stopped_by.map(|budget| format!("stopped by run.{}", budget.as_str())));
    did.extend((report.outcome == RunOutcome::Interrupted).then(|| "interrupted".to_owned()));
    did.extend(report.offline.then(|| "no host answered".to_owned()));
    did.join(", ")
}

fn print_changed(status: &Status, output: &Output) {
    if status.changed_images.is_empty() {
        return;
    }
    let images = count_of(&status.changed_images, "image");
    output.line(&format!("{images} changed at the origin; both versions are kept"));
    if output.lists_all() {
        for image in &status.changed_images {
            output.line(&format!("  {}", image.url));
        }
    }
}

fn print_missing(status: &Status, output: &Output) {
    if status.rot > 0 {
        let kept = count(status.rot, "kept image");
        output.line(&format!("{kept} no longer there at the origin: {}", list(&status.rot_by_host)));
    }
    if status.missing.is_empty() {
        return output.line("nothing is missing");
    }
    output.line(&format!("missing by reason: {}", list(&status.missing_by_reason)));
    output.line(&format!("missing by host: {}", list(&status.missing_by_host)));
    let next: Vec<_> = status.retries.iter().take(DAYS).map(|(day, count)| format!("{count} on {day}")).collect();
    let next = if next.is_empty() { "none".to_owned() } else { next.join(", ") };
    let given_up = if status.retired > 0 { format!("; {} given up", status.retired) } else { String::new() };
    output.line(&format!("next tries: {next}{given_up}"));
    let listed = if output.lists_all() { usize::MAX } else { LISTED };
    status.missing.iter().take(listed).for_each(|missing| print_missing_url(missing, output));
    if status.missing.len() > listed {
        output.line(&format!("  … and {} more; -v lists them", status.missing.len() - listed));
    }
}

/// Counts with their names, the largest first. Files beside articles have no host.
fn list(counts: &BTreeMap<String, u64>) -> String {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let name = |name: &str| if name == "file:" { "beside articles".to_owned() } else { name.to_owned() };
    counts.iter().map(|(host, count)| format!("{count} {}", name(host))).collect::<Vec<_>>().join(", ")
}

fn print_missing_url(missing: &MissingUrl, output: &Output) {
    let code = missing.status.map(|status| format!(" {status}")).unwrap_or_default();
    let next = missing.next_attempt.as_deref().map_or_else(|| "never".to_owned(), moment);
    let reason = missing.reason.map_or("not tried yet", Reason::as_str);
    let articles = missing.articles.join(", ");
    let detail = missing.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    output.line(&format!("  {} ({reason}{code}, next try {next}) in {articles}{detail}", missing.url));
}
