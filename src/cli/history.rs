//! `offprint status --history`.

use std::path::Path;

use anyhow::Context;
use url::Url;

use super::exit::Exit;
use super::named::article_named;
use super::output::Output;
use super::words::{count_of, moment};
use crate::archive::{self, Mode};
use crate::config::{Config, Size};
use crate::history::{self, ArticleHistory, UrlHistory};

/// Prints the history of a URL or of an article.
pub(crate) async fn history(of: &str, config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let archive = archive::open(&config.store, Mode::Read)?;
    if let Some(url) = Url::parse(of).ok().filter(Url::has_host) {
        let found = history::of_url(&archive, &url).await?;
        let found = found.with_context(|| format!("the archive has no URL {url}"))?;
        if output.json { output.value(&found)? } else { print_url(&found, output) }
    } else {
        let key = article_named(Path::new(of), config, &archive).await?;
        let found = history::of_article(&archive, &key).await?;
        let found = found.with_context(|| format!("the archive has no article {key}"))?;
        if output.json { output.value(&found)? } else { print_article(&found, output) }
    }
    Ok(Exit::Done)
}

fn print_url(history: &UrlHistory, output: &Output) {
    for capture in &history.captures {
        let status = capture.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let outcome = match (capture.reason, &capture.digest) {
            (Some(reason), _) => match &capture.kept {
                Some(file) => format!("{reason}, what came is kept as {file}"),
                None => reason.to_owned(),
            },
            (None, Some(digest)) => format!("{} sha256 {digest}", Size(capture.size)),
            (None, None) => "no body kept".to_owned(),
        };
        let of = if capture.url == history.url { String::new() } else { format!(" from {}", capture.url) };
        output.line(&format!("{}: {status}, {outcome}{of}", moment(&capture.at)));
    }
    let newest = history.newest.as_deref().unwrap_or("none");
    let next = history.next_attempt.as_deref().map_or_else(|| "never".to_owned(), moment);
    output.line(&format!("{}; kept: {newest}; next try: {next}", count_of(&history.captures, "capture")));
}

fn print_article(history: &ArticleHistory, output: &Output) {
    for version in &history.versions {
        let title = version.title.as_ref().map(|title| format!(" \"{title}\"")).unwrap_or_default();
        output.line(&format!("{}: sha256 {}{title}", moment(&version.read), version.original));
    }
    let vanished = if history.vanished { "; it is no longer in its source" } else { "" };
    for image in &history.older_images {
        output.line(&format!("shows the first version of {}: {}", image.url, image.shown));
    }
    output.line(&format!("{}{vanished}", count_of(&history.versions, "version")));
}
