//! Runs, and the report of one.

use askama::Template;
use jiff::Timestamp;
use serde::Serialize;

use super::super::address;
use super::super::error::PageError;
use super::super::links::Links;
use super::super::query::Query;
use super::super::response::Response;
use super::frame::{Frame, respond};
use super::item::{Link, RunItem, report_of};
use crate::archive::{Archive, StoreKey};
use crate::model::{Digest, Report};

const PATH: &str = "/runs";

/// Runs of a page: each has its report with it.
const ROWS: usize = 30;

/// How many entries of each list of a report are shown. JSON has all.
const SHOWN: usize = 200;

#[derive(Debug, Template, Serialize)]
#[template(path = "runs.html")]
struct Runs {
    #[serde(flatten)]
    frame: Frame,
    runs: Vec<RunItem>,
}

pub(in super::super) async fn page(archive: &Archive, query: &Query) -> Result<Response, PageError> {
    let page = archive.catalog.list_runs(query.after()?, ROWS).await?;
    let mut frame = Frame::new("runs", "Runs", query);
    (frame.previous, frame.next) = (query.first(PATH), query.next(PATH, page.next.as_ref()));
    frame.unreadable = page.unreadable;
    respond(query, &Runs { frame, runs: page.rows.iter().map(RunItem::new).collect() })
}

#[derive(Debug, Template, Serialize)]
#[template(path = "run.html")]
struct Run {
    #[serde(skip)]
    frame: Frame,
    run: RunItem,
    report: Option<Report>,
}

impl Run {
    /// The first entries of a list.
    fn first<T>(list: &[T]) -> &[T] {
        &list[..list.len().min(SHOWN)]
    }

    /// How many entries of a list are not shown.
    fn others<T>(list: &[T]) -> usize {
        list.len().saturating_sub(SHOWN)
    }

    /// The link to an article that a report names.
    fn link(article: &str) -> Option<Link> {
        match StoreKey::parse(&format!("{}/{article}", StoreKey::mirrors())) {
            Some(StoreKey::Article(key)) => Some(Link::to(&key, Links::Served)),
            _ => None,
        }
    }

    /// The page of an image that a report names.
    fn image(digest: &Digest) -> String {
        address::image(*digest)
    }
}

/// The report of the run that began in this second.
pub(in super::super) async fn one(archive: &Archive, began: Timestamp, query: &Query) -> Result<Response, PageError> {
    let row = archive.catalog.run_at(began).await?.ok_or(PageError::NotFound)?;
    let run = RunItem::new(&row);
    let title = format!("Run of {}", row.began.strftime("%Y-%m-%d %H:%M UTC"));
    let mut frame = Frame::new("runs", title, query);
    frame.up = Some(PATH.to_owned());
    let before = archive.catalog.list_runs(Some(row.id), 1).await?;
    frame.next = before.rows.first().map(|row| address::run(row.began));
    respond(query, &Run { frame, run, report: report_of(&row) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_articles_and_images_that_have_pages() {
        assert_eq!(Run::link("posts/a b.md").unwrap().href, "/article/posts/a%20b.md");
        assert_eq!(Run::link("../a.md"), None);
        assert_eq!(Run::image(&Digest::of(b"x")), format!("/image/{}", Digest::of(b"x")));
        let long = [0; SHOWN + 3];
        assert_eq!((Run::first(&long).len(), Run::others(&long), Run::others(&long[..4])), (SHOWN, 3, 0));
    }
}
