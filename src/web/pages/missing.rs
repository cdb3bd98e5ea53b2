//! What is missing: by host and reason, with the next attempt.

use askama::Template;
use serde::Serialize;

use super::super::address;
use super::super::error::PageError;
use super::super::links::Links;
use super::super::query::Query;
use super::super::response::Response;
use super::frame::{Frame, Moment, ROWS, respond};
use super::item::{Link, articles};
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
pub(in super::super) struct MissingItem {
    pub(in super::super) url: String,
    /// The same, where it can be followed.
    pub(in super::super) href: Option<String>,
    pub(in super::super) host: String,
    /// Why; none before the first request.
    pub(in super::super) reason: Option<Reason>,
    pub(in super::super) detail: Option<String>,
    pub(in super::super) status: Option<u16>,
    pub(in super::super) attempts: u32,
    pub(in super::super) next_attempt: Option<Moment>,
    pub(in super::super) articles: Vec<Link>,
    /// What is missing of its host, and for its reason, where there are such lists.
    #[serde(skip)]
    pub(in super::super) of_host: Option<String>,
    #[serde(skip)]
    pub(in super::super) of_reason: Option<String>,
}

pub(in super::super) async fn page(archive: &Archive, query: &Query) -> Result<Response, PageError> {
    let filter = MissingFilter {
        host: query.text("host").map(|host| HostKey::from_stored(host.to_owned())),
        reason: query.read("reason", Reason::from_name)?,
    };
    let page = archive.catalog.list_missing(&filter, query.after()?, ROWS).await?;
    let mut urls = Vec::new();
    for row in page.rows {
        urls.push(item(archive, row, Links::Served).await?);
    }
    let text = |name: &str| query.text(name).unwrap_or_default().to_owned();
    let mut frame = Frame::new("missing", "Missing images", query);
    (frame.previous, frame.next) = (query.first(PATH), query.next(PATH, page.next.as_ref()));
    frame.unreadable = page.unreadable;
    let reasons = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    respond(query, &Missing { frame, urls, reasons, host: text("host"), reason: text("reason") })
}

pub(in super::super) async fn item(archive: &Archive, row: UrlRow, links: Links) -> Result<MissingItem, PageError> {
    let keys = archive.catalog.articles_of(row.id, ARTICLES).await?;
    let host = HostKey::of(&row.url).map_or_else(String::new, |host| host.to_string());
    let mut item = MissingItem {
        url: row.url.to_string(),
        href: address::external(&row.url),
        reason: row.facts.reason,
        detail: row.facts.detail,
        status: row.facts.status,
        attempts: row.facts.attempts,
        next_attempt: row.facts.next_attempt.map(Moment),
        articles: articles(keys, links),
        of_host: None,
        of_reason: None,
        host,
    };
    if links == Links::Served {
        item.lead_to_lists();
    }
    Ok(item)
}

impl MissingItem {
    /// Lets it lead to the lists of the server.
    fn lead_to_lists(&mut self) {
        let list = |name: &str, value: &str| (!value.is_empty()).then(|| address::with_query(PATH, &[(name, value)]));
        self.of_host = list("host", &self.host);
        self.of_reason = self.reason.and_then(|reason| list("reason", reason.as_str()));
        for link in &mut self.articles {
            link.href += "?view=images";
        }
    }
}
