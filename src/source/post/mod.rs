//! Entries of feeds → posts: the text of a file, and its name.

mod blocks;
mod body;
mod filters;
mod template;

pub(super) use self::template::{Form, FormError, extension};

use jiff::Timestamp;
use minijinja::context;
use url::Url;

use super::feed::{Entry, Feed, MediaKind};

/// How the form of Hexo writes a date: as HTTP does (RFC 9110, section 5.6.7).
const DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// What a post is made of besides its entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) feed: &'a Feed,
    /// The URL of the feed.
    pub(super) feed_url: &'a Url,
    pub(super) categories: &'a [String],
    /// Replaces the entry's own author; empty to keep it.
    pub(super) author: &'a str,
    /// When a feed first had the entry: its date, where it has none.
    pub(super) first_seen: Timestamp,
}

/// The post that is made of an entry.
///
/// # Errors
/// A template that does not work.
pub(super) fn render(form: &Form, entry: &Entry, around: &Around<'_>) -> Result<String, FormError> {
    let base = entry.base.as_ref().unwrap_or(around.feed_url);
    let content = body::with_media(body::absolute(&entry.content, base), &entry.media);
    let image = lead_image(entry).map(ToString::to_string).or_else(|| body::first_image(&content)).unwrap_or_default();
    let date = entry.moment().unwrap_or(around.first_seen);
    let text = |url: Option<&Url>| url.map(ToString::to_string).unwrap_or_default();
    form.render(context! {
        title => title(entry, &content),
        categories => around.categories.to_vec(),
        tags => entry.categories.clone(),
        image => image,
        author => author(entry, around),
        authors => entry.authors.clone(),
        date => date.strftime(DATE).to_string(),
        date_iso => date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        updated_iso => entry.updated.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default(),
        link => text(entry.link.as_ref()),
        id => entry.id.clone().unwrap_or_default(),
        content => content,
        media => entry.media.iter().map(|media| media.url.to_string()).collect::<Vec<_>>(),
        feed => context! {
            title => around.feed.title.clone(),
            link => text(around.feed.link.as_ref()),
            image => text(around.feed.image.as_ref()),
            url => around.feed_url.to_string(),
        },
    })
}

/// The image of an entry: a full one before a thumbnail.
fn lead_image(entry: &Entry) -> Option<&Url> {
    let images = || entry.media.iter().filter(|media| media.kind == MediaKind::Image);
    let full = images().find(|media| !media.is_thumbnail);
    full.or_else(|| images().next()).map(|media| &media.url)
}

/// The entry's title; one without has the first words of its content.
fn title(entry: &Entry, content: &str) -> String {
    if entry.title.is_empty() { body::first_words(content) } else { entry.title.clone() }
}

fn author(entry: &Entry, around: &Around<'_>) -> String {
    match (around.author, entry.authors.as_slice()) {
        ("", []) => around.feed.title.clone(),
        ("", authors) => authors.join(", "),
        (author, _) => author.to_owned(),
    }
}

/// How many characters of text HTML has, blanks left out.
pub(super) fn text_length(html: &str) -> usize {
    body::text_length(html)
}

/// The title that a post's file is named by.
pub(super) fn file_title(entry: &Entry) -> String {
    title(entry, &entry.content)
}
