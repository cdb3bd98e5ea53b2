//! Rebuilds a lost catalog from what is kept: its newest copy, blobs, mirrors, the files of sources, reports.
//!
//! A mirror names the blobs that it shows, and its original names the URLs: compared with each other, they show which
//! URL gave which blob. Originals are found by the text that they share with their mirrors. What no file records is
//! lost, and [`Rebuilt`] says so.

mod articles;
mod blobs;
mod pairs;
mod progress;
mod rebuilt;
mod text;
mod urls;

use std::collections::HashSet;
use std::sync::Arc;

use tokio::io::AsyncReadExt;

use crate::archive::{self, Archive, Prefix};
use crate::clock;
use crate::config::Config;
use crate::forget::take_down_again;
use crate::model::Report;
use crate::source::Source;
use crate::verify::find_mirror;

use articles::Articles;
use blobs::Unrecorded;

pub use progress::RebuildProgress;
pub use rebuilt::{RebuildError, Rebuilt};

/// Rebuilds the catalog of an archive that is lost or damaged.
///
/// # Errors
/// [`RebuildError`]; the archive is as it was then.
pub async fn rebuild(
    config: &Config,
    sources: Vec<Source>,
    progress: Arc<RebuildProgress>,
) -> Result<Rebuilt, RebuildError> {
    let catalog = archive::rebuild_catalog(&config.store, clock::now()).await?;
    let rebuilt = fill(config, sources, &catalog.archive, catalog.copy.clone(), &progress).await?;
    let damaged_catalog = catalog.finish(clock::now())?;
    Ok(Rebuilt { damaged_catalog, ..rebuilt })
}

async fn fill(
    config: &Config,
    sources: Vec<Source>,
    archive: &Archive,
    copy: Option<String>,
    progress: &Arc<RebuildProgress>,
) -> Result<Rebuilt, RebuildError> {
    let archive = Arc::new(archive.clone());
    let mut rebuilt = Rebuilt { copy, ..Rebuilt::default() };
    let unrecorded = Unrecorded::find(&archive, &config.media, progress, &mut rebuilt).await?;
    rebuilt.reports = record_reports(&archive).await?;
    repeat_takedowns(&sources, &archive).await?;
    let now = clock::now();
    let run = archive.catalog.begin_run(now).await?;
    let mut articles = Articles::new(config, &archive, &unrecorded, Arc::clone(progress));
    articles.record_all(sources, &mut rebuilt).await?;
    let shown = articles.shown();
    rebuilt.images = urls::record(config, &archive, &unrecorded, &shown, run).await?;
    articles.record_mirrors_in_place().await?;
    (rebuilt.unplaced_originals, rebuilt.unplaced_images) = unrecorded.unplaced(&archive).await?;
    if rebuilt.unplaced_originals == 0 {
        rebuilt.unseen.clear();
    } else {
        rebuilt.unseen.extend(unlisted_sources(config, &archive).await?);
    }
    let json = serde_json::to_string(&rebuilt).expect("what was rebuilt is plain data");
    archive.catalog.finish_run(run, clock::now(), &json).await?;
    Ok(rebuilt)
}

/// Whatever the copy says, what was taken down stays so.
async fn repeat_takedowns(sources: &[Source], archive: &Archive) -> Result<(), RebuildError> {
    let find = |key: &_| {
        let mirror = find_mirror(sources, archive, key);
        (mirror.output, mirror.in_place)
    };
    take_down_again(archive, &find, clock::now()).await?;
    Ok(())
}

/// Sources that the newest report names, and neither the settings nor any article on record.
async fn unlisted_sources(config: &Config, archive: &Archive) -> Result<Vec<String>, RebuildError> {
    let known = archive.catalog.sources().await?;
    let is_known = |name: &str| {
        known.iter().any(|source| source.as_str() == name)
            || config.source.iter().any(|source| source.name.as_str() == name)
    };
    let mut reports = archive.catalog.runs(2).await?.into_iter();
    let newest = reports.find_map(|run| serde_json::from_str::<Report>(&run.report).ok());
    let named = newest.into_iter().flat_map(|report| report.sources).map(|source| source.name);
    Ok(named.filter(|name| !is_known(name)).collect())
}

/// Records the reports that the catalog does not have: `status` lists their runs again.
async fn record_reports(archive: &Archive) -> Result<u64, RebuildError> {
    let known: HashSet<_> = archive.catalog.run_times().await?.iter().map(|(began, _)| began.as_second()).collect();
    let mut recorded = 0;
    for key in archive.objects.keys(Prefix::Reports).await? {
        // To the second, as its name is.
        let Some(began) = key.report_moment().filter(|began| !known.contains(&began.as_second())) else { continue };
        let Some(mut reader) = archive.objects.open(&key, None).await? else { continue };
        let mut text = Vec::new();
        // What cannot be read of it is left out: the run was there all the same.
        let _ = reader.read_to_end(&mut text).await;
        let run = archive.catalog.begin_run(began).await?;
        archive.catalog.finish_run(run, began, &String::from_utf8_lossy(&text)).await?;
        recorded += 1;
    }
    Ok(recorded)
}
