//! `offprint status --similar`.

use super::exit::Exit;
use super::open_to_read;
use super::output::{self, Output, Told, printable};
use crate::config::{Config, Size};
use crate::status::{self, Likeness, Similar};

/// Families, and best copies, told one by one without -v.
const TOLD: usize = 20;

/// Tells which pictures look alike.
pub(crate) async fn similar(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let archive = open_to_read(config)?;
    let similar = status::similar(&archive).await?;
    if output.json {
        output::value(&similar)?;
    } else {
        tell(&similar, output);
    }
    Ok(Exit::Done)
}

fn tell(similar: &Similar, output: &Output) {
    let Similar { pictures, families_found, copies_found, families, best_copies } = similar;
    output::line(&format!(
        "pictures compared: {pictures}; families that look alike: {families_found}, with copies: {copies_found}"
    ));
    let told = if output.told == Told::Everything { usize::MAX } else { TOLD };
    for family in families.iter().take(told) {
        output::line(&printable(&format!("family of {}: {}", family.others.len() + 1, words(&family.best))));
        for other in &family.others {
            output::line(&printable(&format!("  {} ({} bits apart)", words(other), other.distance)));
        }
    }
    more(families.len(), told);
    for offer in best_copies.iter().take(told) {
        let articles = offer.articles.join(", ");
        output::line(&printable(&format!("gone: {} in {articles}; best copy: {}", offer.url, words(&offer.best))));
    }
    more(best_copies.len(), told);
}

fn more(all: usize, told: usize) {
    if all > told {
        output::line(&format!("  … and {} more; -v lists them", all - told));
    }
}

fn words(picture: &Likeness) -> String {
    let Likeness { width, height, bytes, file, urls, .. } = picture;
    let from = urls.first().map(|url| format!(", from {url}")).unwrap_or_default();
    format!("{width}x{height}, {}, {file}{from}", Size(*bytes))
}
