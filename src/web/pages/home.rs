//! The start page: the latest run in one line, the newest articles, counts.

use askama::Template;
use serde::Serialize;

use super::super::error::PageError;
use super::super::links::Links;
use super::super::query::Query;
use super::super::response::Response;
use super::frame::{Frame, respond};
use super::item::{ArticleItem, RunItem, with_images};
use crate::archive::{Archive, ArticleFilter};
use crate::config::Size;

/// How many articles it shows.
const NEWEST: usize = 12;

#[derive(Debug, Template, Serialize)]
#[template(path = "home.html")]
struct Home {
    #[serde(flatten)]
    frame: Frame,
    run: Option<RunItem>,
    counts: Counts,
    articles: Vec<ArticleItem>,
}

impl Home {
    /// The size of all images, as people write it.
    fn size(&self) -> Size {
        Size(self.counts.bytes)
    }
}

#[derive(Debug, Serialize)]
struct Counts {
    articles: u64,
    references: u64,
    local: u64,
    urls: u64,
    missing: u64,
    images: u64,
    bytes: u64,
    thumbnails: u64,
}

pub(in super::super) async fn page(archive: &Archive, query: &Query) -> Result<Response, PageError> {
    let totals = archive.catalog.totals().await?;
    let counts = Counts {
        articles: totals.articles,
        references: totals.references,
        local: totals.local,
        urls: totals.urls,
        missing: totals.urls.saturating_sub(totals.urls_good),
        images: totals.blobs,
        bytes: totals.bytes,
        thumbnails: totals.thumbnails,
    };
    let runs = archive.catalog.list_runs(None, 1).await?;
    let newest = archive.catalog.list_articles(&ArticleFilter::default(), None, NEWEST).await?;
    // No older run is shown as the latest, where that one cannot be read.
    let run = runs.rows.first().filter(|_| runs.unreadable.is_empty()).map(RunItem::new);
    let mut unreadable = [runs.unreadable, newest.unreadable].concat();
    let articles = with_images(archive, &newest.rows, Links::Served, &mut unreadable).await?;
    let frame = Frame { unreadable, ..Frame::new("home", "Archive", query) };
    respond(query, &Home { frame, run, counts, articles })
}
