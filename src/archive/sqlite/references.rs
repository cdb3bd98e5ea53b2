//! The references of articles.

use std::collections::HashMap;

use rusqlite::{Connection, Result, Row, params};
use url::Url;

use super::codec::{Text, url_if_any};
use super::error::{Damaged, in_row};
use super::{article_facts, assets, bounded, urls};
use crate::archive::catalog::{AssetRow, NewReference, ReferenceRow};
use crate::model::{ArticleId, LinkWrap, ReferencePlace, Reveal, Span, UrlId, UrlProblem};

/// References with the rows of what they show, which are made where there are none.
pub(super) fn with_urls(
    connection: &Connection,
    references: Vec<NewReference>,
) -> Result<Vec<(NewReference, Option<UrlId>)>> {
    let with_url = |reference: NewReference| {
        let url = reference.url.as_ref().map(|url| urls::ensure(connection, url)).transpose()?;
        Ok((reference, url))
    };
    references.into_iter().map(with_url).collect()
}

/// Puts references in place of an article's earlier ones.
pub(super) fn store(
    connection: &Connection,
    article: ArticleId,
    references: &[(NewReference, Option<UrlId>)],
) -> Result<()> {
    connection.prepare_cached("DELETE FROM reference WHERE article_id = ?1")?.execute([article])?;
    for (ord, (reference, url)) in references.iter().enumerate() {
        insert(connection, article, ord, reference, *url)?;
    }
    article_facts::recount_waiting(connection, article)
}

fn insert(
    connection: &Connection,
    article: ArticleId,
    ord: usize,
    reference: &NewReference,
    url: Option<UrlId>,
) -> Result<()> {
    let place = &reference.place;
    let reveal = RevealColumns::from(place.reveal);
    let wrap = WrapColumns::from(place.link_wrap);
    let unfetched = reference.unfetched.as_ref().filter(|_| url.is_none());
    connection
        .prepare_cached(
            "INSERT INTO reference (article_id, ord, start, \"end\", kind, name, image_group, url_id, unfetched,
                 problem, reveal_start, reveal_end, wrap, wrap_start, wrap_end, wrap_prefix_start, wrap_prefix_end)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            article,
            ord,
            place.span.start,
            place.span.end,
            place.kind,
            place.name,
            place.image_group,
            url,
            unfetched.and_then(|found| found.as_ref().ok()).map(Text),
            unfetched.and_then(|found| found.as_ref().err()),
            reveal.start,
            reveal.end,
            wrap.kind,
            wrap.around.map(|span| span.start),
            wrap.around.map(|span| span.end),
            wrap.prefix.map(|span| span.start),
            wrap.prefix.map(|span| span.end),
        ])?;
    Ok(())
}

fn unfetched(row: &Row<'_>) -> Result<Option<std::result::Result<Url, UrlProblem>>> {
    let url = url_if_any(row, "unfetched")?.map(Ok);
    Ok(url.or(row.get::<_, Option<UrlProblem>>("problem")?.map(Err)))
}

/// Where a revealed URL is written: it replaces `start..end`, or is inserted at `start` if there is no end.
#[derive(Default)]
struct RevealColumns {
    start: Option<usize>,
    end: Option<usize>,
}

impl From<Option<Reveal>> for RevealColumns {
    fn from(reveal: Option<Reveal>) -> Self {
        match reveal {
            None => Self::default(),
            Some(Reveal::Replace(span)) => Self { start: Some(span.start), end: Some(span.end) },
            Some(Reveal::Insert(at)) => Self { start: Some(at), end: None },
        }
    }
}

fn reveal(row: &Row<'_>) -> Result<Option<Reveal>> {
    let Some(start) = row.get("reveal_start")? else { return Ok(None) };
    let end = row.get::<_, Option<usize>>("reveal_end")?;
    Ok(Some(end.map_or(Reveal::Insert(start), |end| Reveal::Replace(Span::new(start, end)))))
}

const LINKED: &str = "linked";
const HTML: &str = "html";
const MARKDOWN: &str = "markdown";

/// What a link can enclose, and the bytes that its line must start with.
#[derive(Default)]
struct WrapColumns {
    kind: Option<&'static str>,
    around: Option<Span>,
    prefix: Option<Span>,
}

impl From<Option<LinkWrap>> for WrapColumns {
    fn from(wrap: Option<LinkWrap>) -> Self {
        let (kind, around, prefix) = match wrap {
            None => return Self::default(),
            Some(LinkWrap::Linked) => (LINKED, None, None),
            Some(LinkWrap::Html(around, prefix)) => (HTML, Some(around), prefix),
            Some(LinkWrap::Markdown(around)) => (MARKDOWN, Some(around), None),
        };
        Self { kind: Some(kind), around, prefix }
    }
}

fn link_wrap(row: &Row<'_>) -> Result<Option<LinkWrap>> {
    let kind: Option<String> = row.get("wrap")?;
    let around = span(row, "wrap_start", "wrap_end")?;
    Ok(Some(match (kind.as_deref(), around) {
        (None, _) => return Ok(None),
        (Some(LINKED), _) => LinkWrap::Linked,
        (Some(HTML), Some(around)) => LinkWrap::Html(around, span(row, "wrap_prefix_start", "wrap_prefix_end")?),
        (Some(MARKDOWN), Some(around)) => LinkWrap::Markdown(around),
        (Some(other), _) => return Err(Damaged::in_column("link wrap", other)),
    }))
}

fn span(row: &Row<'_>, start: &str, end: &str) -> Result<Option<Span>> {
    let bounds = row.get::<_, Option<usize>>(start)?.zip(row.get(end)?);
    Ok(bounds.map(|(start, end)| Span::new(start, end)))
}

/// The URLs that an article shows.
pub(super) fn url_ids(connection: &Connection, article: ArticleId) -> Result<Vec<UrlId>> {
    connection
        .prepare_cached("SELECT DISTINCT url_id FROM reference WHERE article_id = ?1 AND url_id IS NOT NULL")?
        .query_map([article], |row| row.get(0))?
        .collect()
}

pub(super) fn of_article(connection: &Connection, article: ArticleId) -> Result<Vec<ReferenceRow>> {
    let shown_first = shown_first(connection, article)?;
    let reference = |row: &Row<'_>| {
        let url: Option<UrlId> = row.get("url_id")?;
        Ok(ReferenceRow {
            place: place(row)?,
            url: url.map(|_| urls::url(row)).transpose()?,
            unfetched: unfetched(row)?,
            shown_first: url.and_then(|url| shown_first.get(&url).cloned()),
        })
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT r.article_id, r.ord, r.start, r.\"end\", r.kind, r.name, r.image_group, r.unfetched, r.problem,
                 r.reveal_start,
                 r.reveal_end, r.wrap, r.wrap_start, r.wrap_end, r.wrap_prefix_start, r.wrap_prefix_end, {}
             FROM reference r LEFT JOIN url u ON u.id = r.url_id {} WHERE r.article_id = ?1 ORDER BY r.ord",
        urls::COLUMNS,
        urls::WITH_ASSET
    ))?;
    let rows = statement.query_map([article], in_row("reference", &["article_id", "ord"], reference))?;
    bounded::collect(rows, "list of references", |reference| reference.place.name.len())
}

fn place(row: &Row<'_>) -> Result<ReferencePlace> {
    Ok(ReferencePlace {
        span: Span::new(row.get("start")?, row.get("end")?),
        kind: row.get("kind")?,
        name: row.get("name")?,
        image_group: row.get("image_group")?,
        reveal: reveal(row)?,
        link_wrap: link_wrap(row)?,
    })
}

/// The versions that an article showed before their URLs' bytes changed.
fn shown_first(connection: &Connection, article: ArticleId) -> Result<HashMap<UrlId, AssetRow>> {
    let version = |row: &Row<'_>| {
        let shown = AssetRow { digest: row.get("digest")?, size: row.get("size")?, asset: assets::asset(row)? };
        Ok((row.get("url_id")?, shown))
    };
    connection
        .prepare_cached(
            "SELECT s.article_id, s.url_id, a.*, b.size FROM shown_version s JOIN asset a ON a.digest = s.digest
             JOIN blob b ON b.digest = a.digest AND b.media_type = a.media_type WHERE s.article_id = ?1",
        )?
        .query_map([article], in_row("shown_version", &["article_id", "url_id"], version))?
        .collect()
}
