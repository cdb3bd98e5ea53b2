//! The rows of captures of documents.

use rusqlite::{Connection, OptionalExtension, Result};
use url::Url;

use super::codec::Text;
use super::{captures, takedown_rows, urls};
use crate::archive::catalog::{DocumentCapture, DocumentFacts, TakedownTarget, UrlState};
use crate::model::{Capture, CaptureId, CaptureKind, RunId, SourceName, UrlId};

/// What is on record of a document.
pub(super) fn facts(connection: &Connection, url: &Url, source: Option<&SourceName>) -> Result<DocumentFacts> {
    let of_source = source.map(|source| TakedownTarget::Source(source.clone()));
    let targets: Vec<_> = TakedownTarget::covering_url(url).into_iter().chain(of_source).collect();
    let is_taken_down = takedown_rows::have_any(connection, &targets)?;
    let lacks_articles = match source {
        None => false,
        Some(source) => connection
            .prepare_cached(
                "SELECT 1 FROM takedown WHERE kind = 'article' AND substr(target, 1, length(?1) + 1) = ?1 || '/'",
            )?
            .exists([source])?,
    };
    Ok(DocumentFacts { is_taken_down, lacks_articles, newest: newest(connection, url)? })
}

fn newest(connection: &Connection, url: &Url) -> Result<Option<Capture>> {
    let id: Option<CaptureId> = connection
        .prepare_cached(
            "SELECT max(id) FROM capture WHERE url_id = (SELECT id FROM url WHERE url = ?1) AND kind <> 'media'",
        )?
        .query_one([Text(url)], |row| row.get(0))?;
    id.map(|id| captures::by_id(connection, id)).transpose()
}

/// Appends a capture of a document.
pub(super) fn append(connection: &Connection, run: RunId, document: &DocumentCapture) -> Result<()> {
    let DocumentCapture { url, kind, source, exchanges } = document;
    let url = ensure_url(connection, url)?;
    captures::append(connection, captures::Made { url, run, kind: *kind, source: source.as_ref() }, None, exchanges)
}

/// The row of a URL, made as that of a document where there is none.
fn ensure_url(connection: &Connection, url: &Url) -> Result<UrlId> {
    let known =
        connection.prepare_cached("SELECT id FROM url WHERE url = ?1")?.query_row([Text(url)], |row| row.get(0));
    known.optional()?.map_or_else(|| urls::insert(connection, url, UrlState::Document), Ok)
}

/// The sources that requested a URL as a document, and as what.
pub(super) fn requested(connection: &Connection, url: UrlId) -> Result<Vec<(SourceName, CaptureKind)>> {
    connection
        .prepare_cached("SELECT DISTINCT source, kind FROM capture WHERE url_id = ?1 AND source NOT NULL")?
        .query_map([url], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
