//! The page to start from.

use askama::Template;
use jiff::civil::Date;

use super::super::links::Links;
use super::super::pages::articles::{Year, years};
use super::super::pages::frame::{Frame, month};
use super::super::pages::item::{ArticleItem, with_images};
use super::error::IndexError;
use super::marks::Month;
use super::writer::Writer;
use crate::archive::{ArticleFilter, StoreKey};
use crate::config::Size;

/// How many articles it shows.
const NEWEST: usize = 12;

#[derive(Debug, Template)]
#[template(path = "index_home.html")]
struct Home {
    frame: Frame,
    articles: u64,
    images: u64,
    size: Size,
    missing: u64,
    newest: Vec<ArticleItem>,
    sources: Vec<SourceItem>,
}

/// A source with the months of its articles.
#[derive(Debug)]
struct SourceItem {
    name: String,
    years: Vec<Year>,
}

impl SourceItem {
    fn new(months: &[Month<'_>], links: Links) -> Self {
        let dates: Vec<Date> = months.iter().filter_map(|shown| month(&shown.name)).collect();
        let link = |name: &str| {
            let month = months.iter().find(|month| month.name == name);
            month.map_or_else(String::new, |month| links.object(&month.page(month.pages())))
        };
        let name = months.first().map_or_else(String::new, |month| month.source.to_string());
        Self { name, years: years(&dates, None, link) }
    }
}

impl Writer<'_> {
    /// The page to start from. It is cheap to make.
    pub(super) async fn home(&self, months: &[Month<'_>]) -> Result<(), IndexError> {
        let (key, catalog) = (StoreKey::start_page(), &self.archive.catalog);
        let links = Links::from_file(&key);
        let totals = catalog.totals().await?;
        let newest = catalog.list_articles(&ArticleFilter::default(), None, NEWEST).await?;
        let mut unreadable = newest.unreadable;
        let shown = with_images(self.archive, &newest.rows, links, &mut unreadable).await?;
        let sources = months.chunk_by(|one, other| one.source == other.source);
        let home = Home {
            frame: Frame { unreadable, ..Frame::of_file("home", "Archive", 0) },
            articles: totals.articles,
            images: totals.blobs,
            size: Size(totals.bytes),
            missing: totals.urls.saturating_sub(totals.urls_good),
            newest: shown,
            sources: sources.map(|months| SourceItem::new(months, links)).collect(),
        };
        self.put(&key, home.render()?.into_bytes()).await?;
        Ok(())
    }
}
