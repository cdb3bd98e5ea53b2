//! What is missing: by host and reason, with the next attempt.

use askama::Template;
use serde::Serialize;

use super::super::address;
use super::super::error::PageError;
use super::super::query::Query;
use super::super::response::Response;
use super::frame::{Frame, Moment, ROWS, respond};
use super::item::{Link, links};
use crate::archive::{Archive, MissingFilter, UrlRow};
use crate::model::{HostKey, Reason};

const PATH: &str = "/missing";

/// Articles that are named beside a URL.
const ARTICLES: usize = 3;

#[derive(Debug, Template, Serialize)]
#[template(path = "missing.html")]
struct Missing {
    #[serde(flatten)]
    frame: Frame,
    urls: Vec<MissingItem>,
    #[serde(skip)]
    reasons: Vec<&'static str>,
    #[serde(skip)]
    host: String,
    #[serde(skip)]
    reason: String,
}

/// A URL without a good capture.
#[derive(Debug, Serialize)]
struct MissingItem {
    url: String,
    /// The same, where it can be followed.
    href: Option<String>,
    host: String,
    /// Why; none before the first request.
    reason: Option<Reason>,
    detail: Option<String>,
    status: Option<u16>,
    attempts: u32,
    next_attempt: Option<Moment>,
    articles: Vec<Link>,
}

pub(in super::super) async fn page(archive: &Archive, query: &Query) -> Result<Response, PageError> {
    let filter = MissingFilter {
        host: query.text("host").map(|host| HostKey::from_stored(host.to_owned())),
        reason: query.read("reason", Reason::from_name)?,
    };
    let page = archive.catalog.list_missing(&filter, query.after()?, ROWS).await?;
    let mut urls = Vec::new();
    for row in page.rows {
        urls.push(item(archive, row).await?);
    }
    let text = |name: &str| query.text(name).unwrap_or_default().to_owned();
    let mut frame = Frame::new("missing", "Missing images", query);
    (frame.previous, frame.next) = (query.first(PATH), query.next(PATH, page.next.as_ref()));
    let reasons = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    respond(query, &Missing { frame, urls, reasons, host: text("host"), reason: text("reason") })
}

async fn item(archive: &Archive, row: UrlRow) -> Result<MissingItem, PageError> {
    Ok(MissingItem {
        url: row.url.to_string(),
        href: address::external(&row.url),
        host: HostKey::of(&row.url).map_or_else(String::new, |host| host.to_string()),
        reason: row.facts.reason,
        detail: row.facts.detail,
        status: row.facts.status,
        attempts: row.facts.attempts,
        next_attempt: row.facts.next_attempt.map(Moment),
        articles: links(archive.catalog.articles_of(row.id, ARTICLES).await?),
    })
}
