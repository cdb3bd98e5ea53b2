//! `offprint verify`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar};
use serde_json::json;

use super::arguments::VerifyArguments;
use super::exit::Exit;
use super::output::{Label, Output};
use super::progress::{self, Display};
use super::words::count;
use crate::archive::{self, Archive, ArchiveError, Mode};
use crate::clock;
use crate::config::{Config, Size};
use crate::source::{self, Source};
use crate::verify::{
    self, ConfiguredRepairSource, Finding, Repair, Verification, VerifyCounts, VerifyOptions, VerifyProgress,
    find_mirror,
};

/// Looks for damage, and repairs what can be.
pub(crate) async fn verify(arguments: &VerifyArguments, config: &Config, output: &Output) -> anyhow::Result<Exit> {
    if arguments.rebuild {
        return super::rebuild::rebuild(config, output).await;
    }
    // The settings belong to the receiver, and their sources are not those of a received archive.
    let sources = if arguments.untrusted { Vec::new() } else { source::configured(config)? };
    // What lies in the way first: it may keep the archive from being opened.
    let moved = if arguments.repair { verify::move_misplaced(&config.store)? } else { Vec::new() };
    let mut found = look(arguments, config, &sources, output).await?;
    let repaired_now = arguments.repair && !found.findings.is_empty();
    let rest = if repaired_now { repair(config, sources, &found.findings).await? } else { Vec::new() };
    let (mut findings, mut repairs): (Vec<_>, Vec<_>) = moved.into_iter().unzip();
    findings.append(&mut found.findings);
    repairs.extend(rest);
    found.findings = findings;
    if output.json {
        output.value(&as_json(arguments, &found, &repairs))?;
    } else {
        print(arguments, &found, &repairs, output);
    }
    Ok(if repaired(&repairs) == found.findings.len() { Exit::Done } else { Exit::Damaged })
}

/// How many are as they were, or will be after the next run.
fn repaired(repairs: &[Repair]) -> usize {
    repairs.iter().filter(|repair| matches!(repair, Repair::Restored | Repair::Regenerated)).count()
}

/// Reads beside any run.
async fn look(
    arguments: &VerifyArguments,
    config: &Config,
    sources: &[Source],
    output: &Output,
) -> anyhow::Result<Verification> {
    let rate = arguments.rate.map(|Size(rate)| rate);
    let progress = Arc::new(VerifyProgress::default());
    let shown = Arc::clone(&progress);
    let began = Instant::now();
    let display = || Display::start(output, move |bar| show(bar, shown.counts(), shown.expected(), began.elapsed()));
    if arguments.untrusted {
        let display = display();
        let found = verify::verify_untrusted(&config.store, rate, progress).await;
        display.end();
        return Ok(found?);
    }
    let archive = match archive::open(&config.store, Mode::Read) {
        Err(ArchiveError::Obstructed { .. }) if !arguments.repair => {
            return Ok(Verification { findings: verify::misplaced(&config.store)?, ..Verification::default() });
        }
        opened => Arc::new(opened?),
    };
    let (sources, mirrored) = (sources.to_vec(), Archive::clone(&archive));
    let find_mirror = Box::new(move |key: &_| find_mirror(&sources, &mirrored, key));
    let display = display();
    let found = verify::verify(archive, VerifyOptions { subset: arguments.subset, rate, find_mirror }, progress).await;
    display.end();
    let mut found = found?;
    if !arguments.repair {
        found.findings.extend(verify::misplaced(&config.store)?);
    }
    Ok(found)
}

fn show(bar: &ProgressBar, done: VerifyCounts, all: VerifyCounts, elapsed: Duration) {
    let sum = |counts: VerifyCounts| counts.blobs + counts.thumbnails + counts.articles;
    progress::set(bar, sum(done), sum(all));
    bar.set_message(message(done, all, progress::left(sum(done), sum(all), elapsed)));
}

fn message(done: VerifyCounts, all: VerifyCounts, left: Option<String>) -> String {
    let damaged = format!("{} damaged", done.findings);
    let counts = [
        progress::of(done.blobs, all.blobs, "blob"),
        progress::of(done.thumbnails, all.thumbnails, "thumbnail"),
        progress::of(done.articles, all.articles, "article"),
        HumanBytes(done.bytes).to_string(),
    ];
    [damaged].into_iter().chain(left).chain(counts).collect::<Vec<_>>().join(" · ")
}

/// Repairs under the archive's lock.
async fn repair(config: &Config, sources: Vec<Source>, findings: &[Finding]) -> anyhow::Result<Vec<Repair>> {
    let archive = Arc::new(archive::open(&config.store, Mode::Write)?);
    let source = ConfiguredRepairSource::new(config, Arc::clone(&archive), sources.clone())?;
    let mirrored = Archive::clone(&archive);
    let find = move |key: &_| find_mirror(&sources, &mirrored, key);
    Ok(verify::repair(&archive, findings, &source, &find, clock::now()).await?)
}

fn as_json(arguments: &VerifyArguments, found: &Verification, repairs: &[Repair]) -> serde_json::Value {
    let counts = found.counts;
    let findings = found.findings.iter().enumerate().map(|(at, finding)| {
        let repair = repairs.get(at).map(|repair| repair.as_str());
        json!({"kind": finding.kind(), "damage": finding.to_string(), "repair": repair})
    });
    json!({
        "subset": arguments.subset.to_string(),
        "blobs": counts.blobs,
        "bytes": counts.bytes,
        "thumbnails": counts.thumbnails,
        "articles": counts.articles,
        "orphans": found.orphans,
        "elsewhere": found.elsewhere,
        "findings": findings.collect::<Vec<_>>(),
    })
}

/// What mends it, where it does not say so itself.
fn way_out(finding: &Finding, repair: Option<&Repair>) -> &'static str {
    match (finding, repair) {
        (Finding::Catalog { detail }, _) if !detail.contains("--rebuild") => {
            "; `offprint verify --rebuild` makes the catalog anew"
        }
        (Finding::Misplaced { .. }, None) => "; `offprint verify --repair` moves it away",
        _ => "",
    }
}

/// What to do about what was found, where that is the same for all of it.
fn next_step(arguments: &VerifyArguments, found: &Verification) -> &'static str {
    let says_itself = |finding: &Finding| {
        matches!(finding, Finding::Catalog { .. } | Finding::Stray { .. } | Finding::Misplaced { .. })
    };
    let is_asked = !arguments.repair && !arguments.untrusted;
    let is_any = is_asked && !found.findings.iter().all(says_itself);
    if is_any { "; `offprint verify --repair` repairs what can be" } else { "" }
}

/// What became of it.
fn result(finding: &Finding, repair: Option<&Repair>) -> &'static str {
    match (repair, finding) {
        (None, _) => "",
        (Some(Repair::Regenerated), Finding::Misplaced { .. }) => "; it is in quarantine now",
        (Some(Repair::Restored), _) => "; restored with the same bytes",
        (Some(Repair::Regenerated), _) => "; the next run will recreate it",
        (Some(Repair::Quarantined), _) => "; what is left is in quarantine, and the next run asks for the image again",
        (Some(Repair::Unrepairable), _) => "; it cannot be repaired",
    }
}

fn print(arguments: &VerifyArguments, found: &Verification, repairs: &[Repair], output: &Output) {
    for (at, finding) in found.findings.iter().enumerate() {
        let (repair, way_out) = (result(finding, repairs.get(at)), way_out(finding, repairs.get(at)));
        output.labelled(Label::Damage("damaged"), &format!("{finding}{repair}{way_out}"));
    }
    let counts = found.counts;
    output.line(&format!(
        "{} ({}), {} and {} verified, {} damaged{}{}{}{}",
        count(counts.blobs, "blob"),
        Size(counts.bytes),
        count(counts.thumbnails, "thumbnail"),
        count(counts.articles, "article"),
        found.findings.len(),
        if repairs.is_empty() { String::new() } else { format!(", {} repaired", repaired(repairs)) },
        if found.orphans > 0 { format!(", {} unreferenced", count(found.orphans, "file")) } else { String::new() },
        match found.elsewhere {
            0 => String::new(),
            some => format!(", not looked at: {} of sources that the settings do not name", count(some, "mirror")),
        },
        next_step(arguments, found),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_totals_and_the_time_left_once_they_are_known() {
        let done = VerifyCounts { blobs: 2, bytes: 2048, thumbnails: 1, ..VerifyCounts::default() };
        let all = VerifyCounts { blobs: 20, thumbnails: 6, articles: 4, ..VerifyCounts::default() };
        let bar = ProgressBar::hidden();
        show(&bar, done, all, Duration::from_secs(9));
        assert_eq!((bar.position(), bar.length()), (3, Some(30)));
        assert_eq!(
            bar.message(),
            "0 damaged · 81 seconds left · 2/20 blobs · 1/6 thumbnails · 0/4 articles · 2.00 KiB"
        );
        show(&bar, done, VerifyCounts::default(), Duration::from_secs(9));
        assert_eq!(bar.message(), "0 damaged · 2 blobs · 1 thumbnail · 0 articles · 2.00 KiB");
    }
}
