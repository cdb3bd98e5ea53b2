//! Articles by source, host and month.

use askama::Template;
use jiff::civil::Date;
use serde::Serialize;

use super::super::address::with_query;
use super::super::error::PageError;
use super::super::links::Links;
use super::super::query::Query;
use super::super::response::Response;
use super::frame::{Frame, ROWS, moments_of, month, respond};
use super::item::ArticleItem;
use crate::archive::{Archive, ArticleFilter};
use crate::model::{HostKey, SourceName};

const PATH: &str = "/articles";

#[derive(Debug, Template, Serialize)]
#[template(path = "articles.html")]
struct Articles {
    #[serde(flatten)]
    frame: Frame,
    articles: Vec<ArticleItem>,
    sources: Vec<String>,
    years: Vec<Year>,
    #[serde(skip)]
    source: String,
    #[serde(skip)]
    host: String,
    #[serde(skip)]
    month: String,
    #[serde(skip)]
    missing: bool,
}

/// A year with its months, from January on.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in super::super) struct Year {
    pub(in super::super) year: i16,
    pub(in super::super) months: Vec<Month>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in super::super) struct Month {
    pub(in super::super) name: String,
    /// `None` where no article is dated in it.
    pub(in super::super) href: Option<String>,
    #[serde(skip)]
    pub(in super::super) is_shown: bool,
}

impl Month {
    /// Its number in the year.
    pub(in super::super) fn number(&self) -> &str {
        self.name.rsplit('-').next().unwrap_or_default()
    }
}

pub(in super::super) async fn page(archive: &Archive, query: &Query) -> Result<Response, PageError> {
    let shown = query.read("month", month)?;
    let filter = ArticleFilter {
        source: query.value::<SourceName>("source")?,
        host: query.text("host").map(|host| HostKey::from_stored(host.to_owned())),
        dates: shown.map(moments_of),
        missing: query.text("missing").is_some(),
    };
    let page = archive.catalog.list_articles(&filter, query.after()?, ROWS).await?;
    let months = archive.catalog.article_months(filter.source.as_ref()).await?;
    let text = |name: &str| query.text(name).unwrap_or_default().to_owned();
    let mut frame = Frame::new("articles", "Articles", query);
    (frame.previous, frame.next) = (query.first(PATH), query.next(PATH, page.next.as_ref()));
    frame.unreadable = page.unreadable;
    let articles = Articles {
        frame,
        articles: page.rows.iter().map(|row| ArticleItem::new(row, Links::Served)).collect(),
        sources: archive.catalog.sources().await?.iter().map(ToString::to_string).collect(),
        years: years(&months, shown, |month| with_query(PATH, &[("source", &text("source")), ("month", month)])),
        source: text("source"),
        host: text("host"),
        month: text("month"),
        missing: filter.missing,
    };
    respond(query, &articles)
}

/// The calendar of these months, newest year first.
pub(in super::super) fn years(months: &[Date], shown: Option<Date>, link: impl Fn(&str) -> String) -> Vec<Year> {
    let mut years: Vec<i16> = months.iter().map(|month| month.year()).collect();
    years.dedup();
    let year = |year: i16| {
        let month = |number: i8| {
            let first = Date::new(year, number, 1).ok();
            let name = format!("{year:04}-{number:02}");
            let is_there = first.is_some_and(|first| months.contains(&first));
            let href = is_there.then(|| link(&name));
            Month { name, href, is_shown: shown.is_some() && shown == first }
        };
        Year { year, months: (1..=12).map(month).collect() }
    };
    years.into_iter().map(year).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_has_a_link_for_each_month_with_articles() {
        let months = ["2026-11", "2026-02", "2024-12"].map(|text| month(text).unwrap());
        let years = years(&months, month("2026-02"), |month| format!("/{month}"));
        assert_eq!(
            years.iter().map(|year| (year.year, year.months.len())).collect::<Vec<_>>(),
            [(2026, 12), (2024, 12)]
        );
        let links: Vec<_> =
            years.iter().flat_map(|year| &year.months).filter_map(|month| month.href.as_deref()).collect();
        assert_eq!(links, ["/2026-02", "/2026-11", "/2024-12"]);
        let shown: Vec<_> = years.iter().flat_map(|year| &year.months).filter(|month| month.is_shown).collect();
        assert_eq!(shown.iter().map(|month| month.name.as_str()).collect::<Vec<_>>(), ["2026-02"]);
    }
}
