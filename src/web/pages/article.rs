//! One article: as its mirror shows it, as it was, what was changed, its images, its history.

use askama::Template;
use encoding_rs::{Encoding, UTF_8};
use serde::Serialize;

use super::super::address::{self, with_query};
use super::super::error::PageError;
use super::super::links::Links;
use super::super::query::Query;
use super::super::response::Response;
use super::super::shown::original;
use super::changes::{Change, Line, changes, lines};
use super::frame::{Frame, Moment, readable, respond};
use super::item::{ArticleItem, shown};
use super::preview::{Preview, previews};
use crate::archive::{Archive, ArticleFilter, ArticleRow, DatedArticle, ReferenceRow, StoreKey, VersionRow};
use crate::model::{ArticleKey, Reason};

/// Edits on a page.
const CHANGES: usize = 200;
/// The longest versions that are compared, in bytes.
const COMPARED: usize = 1 << 20;

#[derive(Debug, Template, Serialize)]
#[template(path = "article.html")]
struct Article {
    #[serde(flatten)]
    frame: Frame,
    #[serde(flatten)]
    heading: Heading,
    /// How many of its images are queued.
    waiting: u64,
    view: View,
    tabs: Vec<Tab>,
    mirror: String,
    original: String,
    #[serde(flatten)]
    content: Content,
}

/// What stands above it.
#[derive(Debug, Serialize)]
pub(in super::super) struct Heading {
    #[serde(skip)]
    pub(in super::super) title: String,
    pub(in super::super) source: String,
    /// The articles of its source.
    #[serde(skip)]
    pub(in super::super) list: String,
    pub(in super::super) path: String,
    pub(in super::super) date: Moment,
    /// Where it was published.
    pub(in super::super) url: Option<String>,
    pub(in super::super) gone: bool,
    pub(in super::super) lang: &'static str,
}

impl Heading {
    pub(in super::super) fn new(row: &ArticleRow, links: Links) -> Self {
        let ArticleItem { source, list, path, title, date, gone, .. } = ArticleItem::new(row, links);
        let url = row.version.url.as_ref().and_then(address::external);
        Self { lang: language(&title), title, source, list, path, date, url, gone }
    }
}

/// What is shown of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum View {
    Mirror,
    Original,
    Diff,
    Images,
    History,
}

impl View {
    const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Mirror, "mirror", "Mirror"),
        (Self::Original, "original", "Original"),
        (Self::Diff, "diff", "Changes"),
        (Self::Images, "images", "Images"),
        (Self::History, "history", "History"),
    ];

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(view, _, _)| *view)
    }
}

/// A link to another view.
#[derive(Debug, Serialize)]
struct Tab {
    name: &'static str,
    href: String,
    is_shown: bool,
}

/// What the view shows.
#[derive(Debug, Default, Serialize)]
struct Content {
    changes: Vec<Change>,
    /// The versions that are compared.
    compared: Option<(usize, usize)>,
    /// Whether they are too long to be compared.
    too_long: bool,
    lines: Vec<Line>,
    /// Whether further changes are on the next page.
    #[serde(skip)]
    goes_on: bool,
    images: Vec<ImageItem>,
    versions: Vec<VersionItem>,
}

/// An image of the article.
#[derive(Debug, Serialize)]
pub(in super::super) struct ImageItem {
    /// The image that is shown; none where it is missing.
    pub(in super::super) image: Option<Preview>,
    pub(in super::super) url: Option<String>,
    pub(in super::super) href: Option<String>,
    /// Why it is missing.
    pub(in super::super) reason: Option<Reason>,
    pub(in super::super) detail: Option<String>,
    pub(in super::super) next_attempt: Option<Moment>,
    /// The article shows an earlier version of it.
    pub(in super::super) older: bool,
}

impl ImageItem {
    /// Leaves out what changes with every attempt to get it.
    pub(in super::super) fn leave_out_attempts(&mut self) {
        (self.detail, self.next_attempt) = (None, None);
    }
}

#[derive(Debug, Serialize)]
struct VersionItem {
    /// From 1, the oldest.
    number: usize,
    title: Option<String>,
    read: Moment,
    sha256: String,
    href: String,
    /// What changed since the version before.
    diff: Option<String>,
}

pub(in super::super) async fn page(archive: &Archive, key: &ArticleKey, query: &Query) -> Result<Response, PageError> {
    let row = archive.catalog.article(key).await?.ok_or(PageError::NotFound)?;
    let view = query.read("view", View::from_name)?.unwrap_or(View::Mirror);
    let mut content = Content::default();
    let mut frame = framed(archive, &row, query).await?;
    match view {
        View::Mirror | View::Original => {}
        View::Images => content.images = images(archive, &row, Links::Served, &mut frame.unreadable).await?,
        View::History => content.versions = history(archive, &row).await?,
        View::Diff => {
            if let Some(pair) = query.value::<usize>("from")?.zip(query.value::<usize>("to")?) {
                compare(archive, &row, pair, &mut content).await?;
            } else {
                let more = edits(archive, &row, query, &mut content).await?;
                content.goes_on = more.is_some();
                frame.next = more.or(frame.next);
            }
        }
    }
    let version = &row.version;
    let original = StoreKey::Blob { digest: version.original, media_type: version.format.blob_type() };
    let article = Article {
        frame,
        heading: Heading::new(&row, Links::Served),
        waiting: row.waiting,
        view,
        tabs: tabs(key, view),
        mirror: address::mirror(key),
        original: address::object(&original),
        content,
    };
    respond(query, &article)
}

/// The pages before and after it in its source, by date.
async fn framed(archive: &Archive, row: &ArticleRow, query: &Query) -> Result<Frame, PageError> {
    let source = &row.version.key.source;
    let place = DatedArticle { date: row.date(), id: row.id };
    let newer = archive.catalog.newer_article(source, place).await?;
    let filter = ArticleFilter { source: Some(source.clone()), ..ArticleFilter::default() };
    let older = archive.catalog.list_articles(&filter, Some(place), 1).await?.rows;
    let link = |row: &ArticleRow| address::article(&row.version.key);
    Ok(Frame {
        up: Some(with_query("/articles", &[("source", source.as_str())])),
        previous: newer.as_ref().map(link),
        next: older.first().map(link),
        ..Frame::new("articles", row.title(), query)
    })
}

fn tabs(key: &ArticleKey, shown: View) -> Vec<Tab> {
    let tab = |(view, word, name): (View, &str, &'static str)| {
        let word = if view == View::Mirror { "" } else { word };
        Tab { name, href: with_query(&address::article(key), &[("view", word)]), is_shown: view == shown }
    };
    View::ALL.map(tab).into_iter().collect()
}

/// The language of a title, as far as its script says: browsers choose glyphs by it.
fn language(title: &str) -> &'static str {
    const SCRIPTS: [(char, char, &str); 3] =
        [('\u{3040}', '\u{30ff}', "ja"), ('\u{ac00}', '\u{d7af}', "ko"), ('\u{4e00}', '\u{9fff}', "zh")];
    let has = |from: char, to: char| title.chars().any(|c| (from..=to).contains(&c));
    SCRIPTS.iter().find(|(from, to, _)| has(*from, *to)).map_or("", |(_, _, language)| language)
}

fn charset(row: &ArticleRow) -> &'static Encoding {
    row.version.charset().unwrap_or(UTF_8)
}

/// What the mirror changes, and the address of the next page of it.
async fn edits(
    archive: &Archive,
    row: &ArticleRow,
    query: &Query,
    content: &mut Content,
) -> Result<Option<String>, PageError> {
    let from = query.after::<usize>()?.unwrap_or_default();
    let original = original(archive, row.version.original, row.version.format).await?;
    let edits = archive.catalog.edits(row.id).await?;
    content.changes = changes(&original, &edits, charset(row), from, CHANGES);
    let next = from.saturating_add(CHANGES);
    Ok(query.next(&address::article(&row.version.key), Some(&next).filter(|next| **next < edits.len())))
}

/// The difference between two versions, by their numbers.
async fn compare(
    archive: &Archive,
    row: &ArticleRow,
    (from, to): (usize, usize),
    content: &mut Content,
) -> Result<(), PageError> {
    let versions = archive.catalog.versions(row.id).await?;
    let version = |number: usize| number.checked_sub(1).and_then(|at| versions.get(at)).ok_or(PageError::NotFound);
    let (old, new) = (text(archive, row, version(from)?).await?, text(archive, row, version(to)?).await?);
    content.compared = Some((from, to));
    content.too_long = old.len().max(new.len()) > COMPARED;
    if !content.too_long {
        // To compare takes the processor, and not the disk.
        let compared = tokio::task::spawn_blocking(move || lines(&old, &new)).await;
        content.lines = compared.map_err(|_| PageError::Failed)?;
    }
    Ok(())
}

async fn text(archive: &Archive, row: &ArticleRow, version: &VersionRow) -> Result<String, PageError> {
    let bytes = original(archive, version.original, version.format).await?;
    Ok(charset(row).decode(&bytes).0.into_owned())
}

async fn history(archive: &Archive, row: &ArticleRow) -> Result<Vec<VersionItem>, PageError> {
    let page = address::article(&row.version.key);
    let item = |(at, version): (usize, VersionRow)| {
        let key = StoreKey::Blob { digest: version.original, media_type: version.format.blob_type() };
        let (from, to) = (at.to_string(), (at + 1).to_string());
        VersionItem {
            number: at + 1,
            title: version.title,
            read: Moment(version.read_at),
            sha256: version.original.to_string(),
            href: address::object(&key),
            diff: (at > 0).then(|| with_query(&page, &[("view", "diff"), ("from", &from), ("to", &to)])),
        }
    };
    Ok(archive.catalog.versions(row.id).await?.into_iter().enumerate().map(item).collect())
}

/// The images of an article, each URL once. Where they cannot be read there are none, and `unreadable` says why.
pub(in super::super) async fn images(
    archive: &Archive,
    row: &ArticleRow,
    links: Links,
    unreadable: &mut Vec<String>,
) -> Result<Vec<ImageItem>, PageError> {
    let mut references = readable(archive.catalog.references(row.id).await, unreadable)?;
    let mut seen = std::collections::BTreeSet::new();
    references.retain(|reference| reference.url.as_ref().is_some_and(|url| seen.insert(url.id)));
    let assets: Vec<_> = references.iter().cloned().filter_map(shown).collect();
    let small = previews(archive, &assets, links, unreadable).await?;
    let article = row.version.key.to_string();
    let item = |reference: ReferenceRow| {
        let older = reference.shown_first.is_some();
        let url = reference.url.clone()?;
        let image = shown(reference).and_then(|asset| small.get(&asset.digest).cloned());
        let is_missing = image.is_none();
        Some(ImageItem {
            image: image.map(|image| image.called(&url.url)).map(|image| match links {
                Links::Served => image.within(&article),
                Links::Files { .. } => image,
            }),
            href: address::external(&url.url),
            reason: url.facts.reason.filter(|_| is_missing),
            detail: url.facts.detail.filter(|_| is_missing),
            next_attempt: url.facts.next_attempt.filter(|_| is_missing).map(Moment),
            url: Some(url.url.to_string()),
            older,
        })
    };
    Ok(references.into_iter().filter_map(item).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_a_title_says_its_language() {
        for (title, expected) in
            [("Rain", ""), ("雨", "zh"), ("雨の日", "ja"), ("비", "ko"), ("", ""), ("AI 公司", "zh")]
        {
            assert_eq!(language(title), expected, "{title}");
        }
    }

    #[test]
    fn every_view_has_a_tab_and_one_is_shown() {
        let key = crate::fixtures::key("a b.md");
        for (view, name, _) in View::ALL {
            assert_eq!(View::from_name(name), Some(view));
            let tabs = tabs(&key, view);
            assert_eq!(tabs.iter().filter(|tab| tab.is_shown).count(), 1);
            assert_eq!(tabs[0].href, "/article/posts/a%20b.md");
            assert_eq!(tabs[2].href, "/article/posts/a%20b.md?view=diff");
        }
        assert_eq!(View::from_name("source"), None);
    }
}
