//! Rows of lists.

use std::collections::BTreeSet;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::super::address;
use super::super::error::PageError;
use super::super::links::Links;
use super::frame::{Moment, readable};
use super::preview::{Preview, previews};
use crate::archive::{Archive, ArticleRow, AssetRow, ReferenceRow, RunRow};
use crate::model::{ArticleCounts, ArticleKey, Report, RunOutcome, SourceReport, UrlCounts};

/// The least width of an image that stands beside an article, in pixels.
const LEAST_WIDTH: u32 = 100;

/// An article in a list.
#[derive(Debug, Clone, Serialize)]
pub(in super::super) struct ArticleItem {
    pub(in super::super) source: String,
    /// The articles of its source.
    #[serde(skip)]
    pub(in super::super) list: String,
    pub(in super::super) path: String,
    pub(in super::super) title: String,
    pub(in super::super) href: String,
    pub(in super::super) date: Moment,
    /// Its source no longer has it.
    pub(in super::super) gone: bool,
    /// Its first image.
    pub(in super::super) image: Option<Preview>,
}

impl ArticleItem {
    pub(in super::super) fn new(row: &ArticleRow, links: Links) -> Self {
        let key = &row.version.key;
        Self {
            source: key.source.to_string(),
            list: links.source(&key.source),
            path: key.path.to_string(),
            title: row.title(),
            href: links.article(key),
            date: Moment(row.date()),
            gone: row.is_gone,
            image: None,
        }
    }
}

/// Articles with their first images. Where one cannot be read, the article stands without it, and `unreadable` says why.
pub(in super::super) async fn with_images(
    archive: &Archive,
    rows: &[ArticleRow],
    links: Links,
    unreadable: &mut Vec<String>,
) -> Result<Vec<ArticleItem>, PageError> {
    let mut first: Vec<Option<AssetRow>> = Vec::new();
    for row in rows {
        first.push(first_image(archive, row, unreadable).await?);
    }
    let assets: Vec<_> = first.iter().flatten().cloned().collect();
    let images = previews(archive, &assets, links, unreadable).await?;
    let item = |(row, asset): (&ArticleRow, Option<AssetRow>)| {
        let image = asset.and_then(|asset| images.get(&asset.digest).cloned()).filter(|image| image.src.is_some());
        ArticleItem { image, ..ArticleItem::new(row, links) }
    };
    Ok(rows.iter().zip(first).map(item).collect())
}

/// The first image of an article that is no icon.
async fn first_image(
    archive: &Archive,
    row: &ArticleRow,
    unreadable: &mut Vec<String>,
) -> Result<Option<AssetRow>, PageError> {
    let references = readable(archive.catalog.references(row.id).await, unreadable)?;
    let is_image = |row: &AssetRow| row.asset.media_type.is_image() && row.asset.width >= LEAST_WIDTH;
    Ok(references.into_iter().filter_map(shown).find(is_image))
}

/// The asset that an article shows at a reference.
pub(super) fn shown(reference: ReferenceRow) -> Option<AssetRow> {
    reference.shown_first.or_else(|| reference.url?.asset)
}

/// A run in a list.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RunItem {
    pub(super) href: String,
    pub(super) began: Moment,
    pub(super) ended: Option<Moment>,
    /// How it went, in a few words.
    pub(super) outcome: String,
}

impl RunItem {
    pub(super) fn new(row: &RunRow) -> Self {
        let outcome = match (&row.ended, serde_json::from_str::<Summary>(&row.report)) {
            (None, _) => "under way, or cut off".to_owned(),
            (Some(_), Err(_)) => "without a report that can be read".to_owned(),
            (Some(_), Ok(summary)) => words(&summary),
        };
        Self { href: address::run(row.began), began: Moment(row.began), ended: row.ended.map(Moment), outcome }
    }
}

/// The report of a run, where it has one.
pub(super) fn report_of(row: &RunRow) -> Option<Report> {
    serde_json::from_str(&row.report).ok()
}

/// What a list says of a report. Of the lists in it only the lengths are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Summary {
    outcome: RunOutcome,
    articles: ArticleCounts,
    urls: UrlCounts,
    newly_missing: u64,
    changed_images: Vec<IgnoredAny>,
    sources: Vec<SourceReport>,
    error: Option<String>,
}

fn words(report: &Summary) -> String {
    let counted = |number: u64, what: &str| (number > 0).then(|| format!("{number} {what}"));
    let mut words = vec![format!("{} articles read", report.articles.seen)];
    words.extend(counted(report.articles.new, "new"));
    words.extend(counted(report.articles.changed, "changed"));
    words.extend(counted(report.urls.fetched, "images fetched"));
    words.extend(counted(report.urls.failed, "failed"));
    words.extend(counted(report.newly_missing, "newly missing"));
    words.extend(counted(report.changed_images.len() as u64, "images with new bytes"));
    words.extend(counted(report.sources.iter().filter(|source| source.is_failed()).count() as u64, "sources not read"));
    words.extend((report.outcome == RunOutcome::Interrupted).then(|| "interrupted".to_owned()));
    words.extend(report.error.as_ref().map(|error| format!("failed: {error}")));
    words.join(", ")
}

/// A link with its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(in super::super) struct Link {
    pub(in super::super) text: String,
    pub(in super::super) href: String,
}

impl Link {
    /// To the page of an article.
    pub(super) fn to(key: &ArticleKey, links: Links) -> Self {
        Self { text: key.to_string(), href: links.article(key) }
    }
}

/// The links to articles, each once.
pub(super) fn articles(keys: impl IntoIterator<Item = ArticleKey>, links: Links) -> Vec<Link> {
    keys.into_iter().map(|key| Link::to(&key, links)).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, at};
    use crate::model::RunId;

    #[tokio::test]
    async fn an_article_is_called_by_its_title_or_by_its_file() {
        let archive = fixtures::archive();
        for (path, title, expected) in
            [("a/b.c.md", None, "b.c"), ("c", Some("  "), "c"), ("d.md", Some(" Rain <b>"), "Rain <b>")]
        {
            let mut version = fixtures::version(path, "text", at(1));
            version.title = title.map(str::to_owned);
            archive.catalog.record_article(&version, 4, &[]).await.unwrap();
            let row = archive.catalog.article(&fixtures::key(path)).await.unwrap().unwrap();
            assert_eq!(ArticleItem::new(&row, Links::Served).title, expected);
        }
    }

    #[tokio::test]
    async fn an_article_stands_beside_its_first_image() {
        let archive = fixtures::archive();
        let id = fixtures::show(&archive, "a.md", &["http://a.example/1"]).await;
        let row = archive.catalog.article_by_id(id).await.unwrap().unwrap();
        assert!(
            with_images(&archive, std::slice::from_ref(&row), Links::Served, &mut Vec::new()).await.unwrap()[0]
                .image
                .is_none()
        );
        fixtures::complete(&archive, 2, |_| fixtures::kept("small")).await;
        assert!(
            with_images(&archive, &[row], Links::Served, &mut Vec::new()).await.unwrap()[0].image.is_none(),
            "a tiny one is none"
        );
    }

    #[test]
    fn a_run_says_how_it_went() {
        let run = |ended: Option<i64>, report: &str| {
            RunItem::new(&RunRow { id: RunId(1), began: at(0), ended: ended.map(at), report: report.to_owned() })
        };
        assert_eq!(run(None, "").outcome, "under way, or cut off");
        assert_eq!(run(Some(9), "{\"outcome\":\"unheard of\"}").outcome, "without a report that can be read");
        let report = r#"{"outcome":"interrupted","articles":{"seen":3,"new":1},"newly_missing":2,"error":"no room"}"#;
        let expected = "3 articles read, 1 new, 2 newly missing, interrupted, failed: no room";
        assert_eq!(run(Some(9), report).outcome, expected);
        assert_eq!(run(Some(9), "{}").href, "/runs/19700101T000000Z");
    }

    #[test]
    fn links_to_articles_stand_once_in_order() {
        let found = articles(["b.md", "a.md", "b.md"].map(fixtures::key), Links::Served);
        assert_eq!(found.iter().map(|link| link.text.as_str()).collect::<Vec<_>>(), ["posts/a.md", "posts/b.md"]);
    }
}
