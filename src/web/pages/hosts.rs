//! Hosts: what articles show of them, what is missing, and what was learned of them.

use askama::Template;
use serde::Serialize;

use super::super::address::with_query;
use super::super::error::PageError;
use super::super::query::Query;
use super::super::response::Response;
use super::frame::{Frame, Moment, ROWS, respond};
use crate::archive::{Archive, HostRow, MOST_COUNTED};
use crate::model::{HostKey, RefererStrategy};

const PATH: &str = "/hosts";

#[derive(Debug, Template, Serialize)]
#[template(path = "hosts.html")]
struct Hosts {
    #[serde(flatten)]
    frame: Frame,
    hosts: Vec<HostItem>,
}

#[derive(Debug, Serialize)]
struct HostItem {
    host: String,
    /// Counted up to a thousand.
    urls: u64,
    /// Likewise.
    missing: u64,
    referer: RefererStrategy,
    failures: u32,
    open_until: Option<Moment>,
    #[serde(skip)]
    articles: String,
    #[serde(skip)]
    images: String,
    #[serde(skip)]
    lacking: String,
}

impl HostItem {
    fn new(row: &HostRow) -> Self {
        let host = row.host.as_str();
        let of_host = |path: &str| with_query(path, &[("host", host)]);
        Self {
            host: host.to_owned(),
            urls: row.urls,
            missing: row.missing,
            referer: row.state.referer,
            failures: row.state.failures,
            open_until: row.state.open_until.map(Moment),
            articles: of_host("/articles"),
            images: of_host("/images"),
            lacking: of_host("/missing"),
        }
    }

    fn urls_counted(&self) -> String {
        counted(self.urls)
    }

    fn missing_counted(&self) -> String {
        counted(self.missing)
    }
}

/// A number, with a sign where it was not counted to its end.
fn counted(number: u64) -> String {
    if number >= MOST_COUNTED { format!("{number}+") } else { number.to_string() }
}

pub(in super::super) async fn page(archive: &Archive, query: &Query) -> Result<Response, PageError> {
    let page = archive.catalog.list_hosts(query.after::<HostKey>()?.as_ref(), ROWS).await?;
    let mut frame = Frame::new("hosts", "Hosts", query);
    (frame.previous, frame.next) = (query.first(PATH), query.next(PATH, page.next.as_ref()));
    frame.unreadable = page.unreadable;
    respond(query, &Hosts { frame, hosts: page.rows.iter().map(HostItem::new).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_was_given_up_says_so() {
        assert_eq!([0, 7, MOST_COUNTED - 1, MOST_COUNTED].map(counted), ["0", "7", "999", "1000+"]);
    }
}
