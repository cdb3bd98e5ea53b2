//! The articles of a month of a source, in pages.

use askama::Template;

use super::super::links::Links;
use super::super::pages::frame::Frame;
use super::super::pages::item::ArticleItem;
use super::error::{IndexError, passed_over};
use super::group::{Group, LISTS};
use super::marks::{ARTICLES, Entry, Month};
use super::writer::Writer;
use crate::archive::Prefix;

#[derive(Debug, Template)]
#[template(path = "index_articles.html")]
struct ListPage {
    frame: Frame,
    articles: Vec<ArticleItem>,
}

impl Writer<'_> {
    /// The pages of all months.
    pub(super) async fn lists(&self, months: &[Month<'_>]) -> Result<(), IndexError> {
        let mut group = Group::open(self.archive, Prefix::ListPages, LISTS).await?;
        for month in months {
            for (number, entries) in (1..).zip(month.entries.chunks(ARTICLES)) {
                let has_newer = number < month.pages();
                let mark = self.mark(entries.iter().map(|entry| entry.entry).chain([u64::from(has_newer)]));
                let page = self.list(month, number, entries);
                if let Some((key, made)) = self.page(&group, month.page(number), mark, page).await? {
                    group.want(&key, made);
                }
            }
        }
        self.finish(group).await
    }

    async fn list(&self, month: &Month<'_>, number: usize, entries: &[Entry]) -> Result<String, IndexError> {
        let links = Links::from_file(&month.page(number));
        let mut articles = Vec::new();
        for entry in entries.iter().rev() {
            let row = passed_over(self.archive.catalog.article_by_id(entry.id).await)?;
            articles.extend(row.map(|row| ArticleItem::new(&row, links)));
        }
        let title = format!("{}, {}", month.source, month.name);
        let link = |number: usize| links.object(&month.page(number));
        let newer = (number < month.pages()).then(|| link(number + 1));
        let older = (number > 1).then(|| link(number - 1));
        let frame = Frame::of_file("articles", title, 1).among(Some(links.source(month.source)), newer, older);
        Ok(ListPage { frame, articles }.render()?)
    }
}
