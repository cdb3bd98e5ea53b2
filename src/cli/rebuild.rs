//! `offprint verify --rebuild`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::exit::Exit;
use super::output::{Label, Output};
use super::progress::{self, Display};
use super::words::count;
use crate::config::Config;
use crate::rebuild::{self, RebuildProgress, Rebuilt};
use crate::source;

/// Rebuilds a lost catalog, and prints what could not be recovered.
pub(super) async fn rebuild(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let progress = Arc::new(RebuildProgress::default());
    let (shown, began) = (Arc::clone(&progress), Instant::now());
    let display = Display::start(output, move |bar| show(bar, shown.files(), shown.articles(), began.elapsed()));
    let rebuilt = rebuild::rebuild(config, source::configured(config)?, progress).await;
    display.end();
    let rebuilt = rebuilt?;
    if output.json {
        output.value(&rebuilt)?;
    } else {
        print(&rebuilt, output);
    }
    let is_whole = rebuilt.lost.is_empty() && rebuilt.damaged.is_empty() && rebuilt.without_original.is_empty();
    Ok(match (is_whole, rebuilt.unseen.is_empty()) {
        (false, _) => Exit::Damaged,
        (true, false) => Exit::Missing,
        (true, true) => Exit::Done,
    })
}

/// Each with how many there are.
fn show(bar: &ProgressBar, files: (u64, u64), articles: (u64, u64), elapsed: Duration) {
    let (done, all) = (files.0 + articles.0, files.1 + articles.1);
    progress::set(bar, done, all);
    let counts = [progress::of(files.0, files.1, "file"), progress::of(articles.0, articles.1, "article")];
    let message = counts.into_iter().chain(progress::left(done, all, elapsed)).collect::<Vec<_>>().join(" · ");
    bar.set_message(message);
}

fn print(rebuilt: &Rebuilt, output: &Output) {
    for (label, places) in
        [("lost", &rebuilt.lost), ("damaged", &rebuilt.damaged), ("without its original", &rebuilt.without_original)]
    {
        for place in places {
            output.labelled(Label::Damage(label), place);
        }
    }
    for source in &rebuilt.unseen {
        let why = "none of its articles is there: mount its folder, or name the settings that have it (`--config`); the next \
                   run reads it, and until then gc leaves the texts that may be its originals";
        output.labelled(Label::Warning("not seen"), &format!("the source {source}: {why}"));
    }
    if let Some(old) = &rebuilt.damaged_catalog {
        output.note(&format!("the damaged catalog is {} now", old.display()));
    }
    output.line(&format!(
        "made a new catalog{}: {} and {} from mirrors, {}",
        rebuilt.copy.as_ref().map(|copy| format!(" from the copy {copy}, and added to it")).unwrap_or_default(),
        count(rebuilt.articles, "article"),
        count(rebuilt.images, "image URL"),
        count(rebuilt.reports, "run report"),
    ));
    let since = if rebuilt.copy.is_some() { "since that copy" } else { "so far" };
    output.line(&format!(
        "lost, because only the catalog had them: captures and failures {since}, and what was learned about hosts; the next \
         run asks for missing images again"
    ));
    let (originals, images) = (rebuilt.unplaced_originals, rebuilt.unplaced_images);
    if originals + images > 0 {
        output.line(&format!(
            "{} and {} belong to nothing that is known; gc leaves them for run.grace",
            count(originals, "text"),
            count(images, "image"),
        ));
    }
}
