//! `offprint status --similar`.

use super::exit::Exit;
use super::open_to_read;
use super::output::{Label, Output};
use crate::config::{Config, Size};
use crate::status::{self, Likeness, Similar};

/// How many families, and best copies, are listed without -v.
const LISTED: usize = 20;

/// Lists which images look alike.
pub(crate) async fn similar(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let archive = open_to_read(config)?;
    let similar = status::similar(&archive).await?;
    if output.json {
        output.value(&similar)?;
    } else {
        print(&similar, output);
    }
    Ok(Exit::Done)
}

fn print(similar: &Similar, output: &Output) {
    let Similar { pictures, families_found, copies_found, families, best_copies } = similar;
    output.line(&format!(
        "pictures compared: {pictures}; families that look alike: {families_found}, with copies: {copies_found}"
    ));
    let listed = if output.lists_all() { usize::MAX } else { LISTED };
    for family in families.iter().take(listed) {
        output.line(&format!("family of {}: {}", family.others.len() + 1, words(&family.best)));
        for other in &family.others {
            output.line(&format!("  {} ({} bits apart)", words(other), other.distance));
        }
    }
    print_rest(families.len(), listed, output);
    for offer in best_copies.iter().take(listed) {
        let articles = offer.articles.join(", ");
        output.labelled(
            Label::Warning("gone"),
            &format!("{} in {articles}; best copy: {}", offer.url, words(&offer.best)),
        );
    }
    print_rest(best_copies.len(), listed, output);
}

fn print_rest(all: usize, listed: usize, output: &Output) {
    if all > listed {
        output.line(&format!("  … and {} more; -v lists them", all - listed));
    }
}

fn words(picture: &Likeness) -> String {
    let Likeness { width, height, bytes, file, urls, .. } = picture;
    let from = urls.first().map(|url| format!(", from {url}")).unwrap_or_default();
    format!("{width}x{height}, {}, {file}{from}", Size(*bytes))
}
