//! `offprint verify --rebuild`.

use super::exit::Exit;
use super::output::{Label, Output};
use super::words::count;
use crate::config::Config;
use crate::rebuild::{self, Rebuilt};
use crate::source;

/// Makes a lost catalog anew, and says what could not be known.
pub(super) async fn rebuild(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let rebuilt = rebuild::rebuild(config, source::configured(config)?).await?;
    if output.json {
        output.value(&rebuilt)?;
    } else {
        print(&rebuilt, output);
    }
    let is_whole = rebuilt.lost.is_empty() && rebuilt.damaged.is_empty() && rebuilt.without_original.is_empty();
    Ok(if is_whole { Exit::Done } else { Exit::Damaged })
}

fn print(rebuilt: &Rebuilt, output: &Output) {
    for (label, places) in
        [("lost", &rebuilt.lost), ("damaged", &rebuilt.damaged), ("without its original", &rebuilt.without_original)]
    {
        for place in places {
            output.labelled(Label::Damage(label), place);
        }
    }
    if let Some(old) = &rebuilt.damaged_catalog {
        output.note(&format!("the damaged catalog is {} now", old.display()));
    }
    output.line(&format!(
        "the catalog is made anew{}: {} and {} from mirrors, {}",
        rebuilt.copy.as_ref().map(|copy| format!(" from {copy}")).unwrap_or_default(),
        count(rebuilt.articles, "article"),
        count(rebuilt.images, "image URL"),
        count(rebuilt.reports, "run report"),
    ));
    let since = if rebuilt.copy.is_some() { " since that copy" } else { "" };
    output.line(&format!(
        "what no file records is lost{since}: earlier captures, failures, and what hosts were known for; missing images \
         are asked for again"
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
