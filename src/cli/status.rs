//! `offprint status`.

use std::collections::BTreeMap;

use super::exit::Exit;
use super::open_to_read;
use super::output::{self, Output, Told, printable};
use crate::config::{Config, Size};
use crate::status::{self, Status};

/// Missing URLs told one by one without -v.
const TOLD: usize = 20;
/// Days of next tries that are told.
const DAYS: usize = 7;

/// Tells what the archive holds.
pub(crate) async fn status(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let archive = open_to_read(config)?;
    let status = status::status(&archive).await?;
    if output.json {
        output::value(&status)?;
    } else {
        tell(&status, output);
    }
    Ok(Exit::Done)
}

fn tell(status: &Status, output: &Output) {
    output::line(&format!("{} articles, {} of them no longer in their source", status.articles, status.vanished));
    output::line(&format!("{} references, {} of them local", status.references, status.local));
    output::line(&format!("{} URLs, {} of them with a good capture", status.urls, status.urls_good));
    let bytes = Size(status.bytes);
    let ratio = status.dedup_ratio;
    output::line(&format!("{} images in {bytes}; a copy for each URL would take {ratio:.2} times that", status.images));
    output::line(&format!("{} thumbnails", status.thumbnails));
    tell_missing(status, output);
    tell_changed(status, output);
    for host in &status.hosts {
        let open = host.open_until.as_ref().map(|at| format!(", left alone until {at}")).unwrap_or_default();
        output::line(&format!("host {}: Referer {}, {} failures{open}", host.host, host.referer, host.failures));
    }
    for run in &status.runs {
        let ended = run.ended.as_ref().map_or("cut off, or under way", |_| "ended");
        let text = |pointer: &str| {
            let value = run.report.as_ref().and_then(|report| report.pointer(pointer));
            value.map_or_else(|| "?".to_owned(), ToString::to_string)
        };
        let (seen, fetched, failed) = (text("/articles/seen"), text("/urls/fetched"), text("/urls/failed"));
        output::line(&format!("run {}: {ended}, {seen} articles, {fetched} fetched, {failed} failed", run.began));
    }
}

fn tell_changed(status: &Status, output: &Output) {
    if status.changed_images.is_empty() {
        return;
    }
    output::line(&format!("{} images changed at their origin; both versions are kept", status.changed_images.len()));
    if output.told == Told::Everything {
        for image in &status.changed_images {
            output::line(&printable(&format!("  {}", image["url"].as_str().unwrap_or_default())));
        }
    }
}

fn tell_missing(status: &Status, output: &Output) {
    if status.missing.is_empty() && status.rot == 0 {
        output::line("nothing is missing");
        return;
    }
    let list = |counts: &BTreeMap<String, u64>| {
        counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    };
    output::line(&format!("missing by reason: {}", list(&status.missing_by_reason)));
    output::line(&printable(&format!("missing by host: {}", list(&status.missing_by_host))));
    output::line(&format!("{} kept images can no longer be had from their origin", status.rot));
    if status.rot > 0 {
        output::line(&printable(&format!("the same by host: {}", list(&status.rot_by_host))));
    }
    let next: Vec<_> = status.retries.iter().take(DAYS).map(|(day, count)| format!("{count} on {day}")).collect();
    let next = if next.is_empty() { "none".to_owned() } else { next.join(", ") };
    output::line(&format!("next tries: {next}; {} given up", status.retired));
    let told = if output.told == Told::Everything { usize::MAX } else { TOLD };
    for missing in status.missing.iter().take(told) {
        let code = missing.status.map(|status| format!(" {status}")).unwrap_or_default();
        let next = missing.next_attempt.as_deref().unwrap_or("never");
        let reason = missing.reason.unwrap_or("not tried yet");
        let line = format!("  {} ({reason}{code}, next try {next}) in {}", missing.url, missing.articles.join(", "));
        output::line(&printable(&line));
    }
    if status.missing.len() > told {
        output::line(&format!("  … and {} more; -v lists them", status.missing.len() - told));
    }
}
