//! `offprint verify`.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget};
use jiff::Timestamp;
use serde_json::json;

use super::arguments::VerifyArguments;
use super::exit::Exit;
use super::open_to_read;
use super::output::{self, Output, printable};
use crate::archive::{self, Mode};
use crate::config::{Config, Size};
use crate::source::Source;
use crate::verify::{self, Finding, Options, Progress, Repair, Settings, Verification, find_mirror};

/// How often the display is brought up to date.
const BEAT: Duration = Duration::from_millis(200);

/// Looks for damage, and repairs what can be.
pub(crate) async fn verify(arguments: &VerifyArguments, config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let sources: Vec<_> =
        config.source.iter().map(|source| Source::new(source.clone(), &config.store)).collect::<Result<_, _>>()?;
    let found = look(arguments, config, &sources, output).await?;
    let repairs = if arguments.repair && !found.findings.is_empty() {
        repair(config, sources, &found.findings).await?
    } else {
        Vec::new()
    };
    if output.json {
        output::value(&as_json(arguments, &found, &repairs))?;
    } else {
        tell(&found, &repairs);
    }
    let repaired = repairs.iter().filter(|repair| matches!(repair, Repair::Healed | Repair::Remade)).count();
    Ok(if repaired == found.findings.len() { Exit::Done } else { Exit::Damaged })
}

/// Reads beside any run.
async fn look(
    arguments: &VerifyArguments,
    config: &Config,
    sources: &[Source],
    output: &Output,
) -> anyhow::Result<Verification> {
    let archive = Arc::new(open_to_read(config)?);
    let (sources, articles) = (sources.to_vec(), archive.articles());
    let options = Options {
        subset: arguments.subset,
        rate: arguments.rate.map(|Size(rate)| rate),
        find_mirror: Box::new(move |key| find_mirror(&sources, &articles, key)),
    };
    let progress = Arc::new(Progress::default());
    let shown = output.shows_progress().then(|| show(Arc::clone(&progress)));
    let found = verify::verify(archive, options, progress).await;
    if let Some((task, bar)) = shown {
        task.abort();
        bar.finish_and_clear();
    }
    Ok(found?)
}

fn show(progress: Arc<Progress>) -> (tokio::task::JoinHandle<()>, ProgressBar) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let drawn = bar.clone();
    let task = tokio::spawn(async move {
        let mut beat = tokio::time::interval(BEAT);
        loop {
            beat.tick().await;
            let counts = progress.counts();
            drawn.set_message(format!(
                "{} blobs, {}, {} thumbnails, {} articles, {} damaged",
                counts.blobs,
                HumanBytes(counts.bytes),
                counts.thumbnails,
                counts.articles,
                counts.findings
            ));
        }
    });
    (task, bar)
}

/// Repairs under the archive's lock.
async fn repair(config: &Config, sources: Vec<Source>, findings: &[Finding]) -> anyhow::Result<Vec<Repair>> {
    let archive = Arc::new(archive::open(&config.store, Mode::Write)?);
    let origin = Settings::new(config, Arc::clone(&archive), sources.clone())?;
    let articles = archive.articles();
    let find = move |key: &_| find_mirror(&sources, &articles, key);
    Ok(verify::repair(&archive, findings, &origin, &find, Timestamp::now()).await?)
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
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn tell(found: &Verification, repairs: &[Repair]) {
    for (at, finding) in found.findings.iter().enumerate() {
        let repair = match repairs.get(at) {
            None => "",
            Some(Repair::Healed) => "; the same bytes are back",
            Some(Repair::Remade) => "; it is made again, at the latest by the next run",
            Some(Repair::Lost) => "; what is left is in quarantine, and the next run asks for the image again",
            Some(Repair::Beyond) => "; it cannot be repaired",
        };
        output::line(&printable(&format!("damaged: {finding}{repair}")));
    }
    let counts = found.counts;
    output::line(&format!(
        "{} blobs ({}), {} thumbnails and {} articles verified, {} damaged, {} blobs on no record",
        counts.blobs,
        Size(counts.bytes),
        counts.thumbnails,
        counts.articles,
        found.findings.len(),
        found.orphans
    ));
}
