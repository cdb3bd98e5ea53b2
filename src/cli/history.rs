//! `offprint status --history`.

use std::path::Path;

use anyhow::Context;
use url::Url;

use super::exit::Exit;
use super::open_to_read;
use super::output::{self, Output, printable};
use super::restore::key_of;
use crate::config::{Config, Size};
use crate::history::{self, ArticleHistory, UrlHistory};

/// Tells the history of a URL or of an article.
pub(crate) async fn history(of: &str, config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let archive = open_to_read(config)?;
    if let Some(url) = Url::parse(of).ok().filter(Url::has_host) {
        let found = history::of_url(&archive, &url).await?;
        let found = found.with_context(|| format!("the archive has no URL {url}"))?;
        if output.json { output::value(&found)? } else { tell_url(&found) }
    } else {
        let key = key_of(Path::new(of), config, &archive).await?;
        let found = history::of_article(&archive, &key).await?;
        let found = found.with_context(|| format!("the archive has no article {key}"))?;
        if output.json { output::value(&found)? } else { tell_article(&found) }
    }
    Ok(Exit::Done)
}

fn tell_url(history: &UrlHistory) {
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
        output::line(&printable(&format!("{}: {status}, {outcome}{of}", capture.at)));
    }
    let newest = history.newest.as_deref().unwrap_or("none");
    let next = history.next_attempt.as_deref().unwrap_or("never");
    output::line(&format!("{} captures; kept: {newest}; next try: {next}", history.captures.len()));
}

fn tell_article(history: &ArticleHistory) {
    for version in &history.versions {
        let title = version.title.as_ref().map(|title| format!(" \"{title}\"")).unwrap_or_default();
        output::line(&printable(&format!("{}: sha256 {}{title}", version.read, version.original)));
    }
    let vanished = if history.vanished { "; it is no longer in its source" } else { "" };
    for image in &history.older_images {
        output::line(&printable(&format!("its first version of {}: {}", image.url, image.shown)));
    }
    output::line(&format!("{} versions{vanished}", history.versions.len()));
}
