//! Files beside articles that changed, went or came back since they were kept.

use std::collections::HashSet;

use url::Url;

use super::error::MirrorError;
use super::sources::Sources;
use crate::archive::{Archive, UrlId, UrlRow, UrlState};
use crate::model::{ArticleKey, Reason};
use crate::source::file_tag;

/// URLs taken from the catalog at a time.
const PAGE: usize = 1000;
/// Articles that are read again for one file.
const SHOWING: usize = 1000;

/// What is to be done because of files beside articles.
#[derive(Debug, Default)]
pub(super) struct LocalChanges {
    /// URLs of files that are not as they were kept.
    pub(super) to_adopt: Vec<(UrlId, Url)>,
    /// Articles whose references may name other files by now: they are read again though they are as they were.
    pub(super) to_read: HashSet<ArticleKey>,
}

/// What a file is now, beside what is on record of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Nothing that matters.
    None,
    /// It is another, or back, or gone: whoever adopts it finds out.
    Adopt,
    /// It is not there and was not: another place may have it now.
    Look,
}

/// Looks at every file that some article shows.
pub(super) async fn local_changes(archive: &Archive, sources: &Sources) -> Result<LocalChanges, MirrorError> {
    let mut found = LocalChanges::default();
    let mut last = None;
    loop {
        let rows = archive.catalog.file_urls(last, PAGE).await?;
        let Some(end) = rows.last() else { return Ok(found) };
        last = Some(end.id);
        let sources = sources.clone();
        let changed = tokio::task::spawn_blocking(move || changes(&sources, &rows));
        let (adopt, look) = changed.await.expect("looking at files does not panic");
        found.to_adopt.extend(adopt);
        for url in look {
            found.to_read.extend(archive.catalog.articles_of(url, SHOWING).await?);
        }
    }
}

/// The URLs to adopt again, and those whose articles are to be read again.
fn changes(sources: &Sources, rows: &[UrlRow]) -> (Vec<(UrlId, Url)>, Vec<UrlId>) {
    let (mut adopt, mut look) = (Vec::new(), Vec::new());
    for row in rows {
        match change(sources, row) {
            Change::None => {}
            Change::Adopt => adopt.push((row.id, row.url.clone())),
            Change::Look => look.push(row.id),
        }
    }
    (adopt, look)
}

fn change(sources: &Sources, row: &UrlRow) -> Change {
    // Of a source that this run does not read nothing is known.
    let Some(source) = sources.holding(&row.url) else { return Change::None };
    let tag = source.local_file(&row.url).and_then(|file| file_tag(&file).ok());
    let was_missing = row.reason == Some(Reason::LocalFile);
    match tag {
        // Where files are left where they lie, the article no longer asks for it.
        Some(_) if !sources.adopts(source) => Change::Look,
        Some(tag) if was_missing || row.validators.etag.as_ref() != Some(&tag) => Change::Adopt,
        None if row.asset.is_none() => Change::Look,
        None if row.state == UrlState::Good => Change::Adopt,
        _ => Change::None,
    }
}
