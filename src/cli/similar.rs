//! `offprint status --similar`.

use super::exit::Exit;
use super::output::{Label, Output};
use super::words::count;
use crate::archive::{self, Mode};
use crate::config::{Config, Size};
use crate::status::{self, Match, Similar, Suggestion};

/// How many groups, and suggestions, are listed without -v.
const LISTED: usize = 20;

/// Lists which images look alike.
pub(crate) async fn similar(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let archive = archive::open(&config.store, Mode::Read)?;
    let similar = status::similar(&archive).await?;
    if output.json {
        output.value(&similar)?;
    } else {
        print(&similar, output);
    }
    Ok(Exit::Done)
}

fn print(similar: &Similar, output: &Output) {
    let Similar { images, groups_found, copies_found, groups, suggestions } = similar;
    output.line(&format!(
        "{} compared: {} that look alike, with {}",
        count(*images, "image"),
        count(*groups_found, "group"),
        if *copies_found == 1 { "1 copy".to_owned() } else { format!("{copies_found} copies") },
    ));
    let listed = if output.lists_all() { usize::MAX } else { LISTED };
    for group in groups.iter().take(listed) {
        output.line(&format!("group of {}: {}", group.others.len() + 1, words(&group.best)));
        for other in &group.others {
            output.line(&format!("  {} ({} bits apart)", words(other), other.distance));
        }
    }
    print_rest(groups.len(), listed, output);
    suggestions.iter().take(listed).for_each(|suggestion| print_suggestion(suggestion, output));
    print_rest(suggestions.len(), listed, output);
}

fn print_suggestion(suggestion: &Suggestion, output: &Output) {
    let Suggestion { url, articles, best, .. } = suggestion;
    output.labelled(Label::Warning("gone"), &format!("{url} in {}; best copy: {}", articles.join(", "), words(best)));
}

fn print_rest(all: usize, listed: usize, output: &Output) {
    if all > listed {
        output.line(&format!("  … and {} more; -v lists them", all - listed));
    }
}

fn words(image: &Match) -> String {
    let Match { width, height, bytes, file, urls, .. } = image;
    let from = urls.first().map(|url| format!(", from {url}")).unwrap_or_default();
    format!("{width}x{height}, {}, {file}{from}", Size(*bytes))
}
