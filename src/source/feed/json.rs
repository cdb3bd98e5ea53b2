//! JSON Feed 1 and 1.1.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::error::FeedError;
use super::media::{kind_of, web};
use super::model::{Entry, Feed, Media, MediaKind};
use super::text;
use crate::extract::timestamp;

#[derive(Deserialize)]
struct Document {
    version: String,
    #[serde(default)]
    title: Value,
    #[serde(default)]
    home_page_url: Value,
    #[serde(default)]
    icon: Value,
    #[serde(default)]
    favicon: Value,
    #[serde(default)]
    author: Value,
    #[serde(default)]
    authors: Value,
    #[serde(default)]
    items: Vec<Value>,
}

/// Reads a JSON Feed of no more than so many values.
pub(super) fn read(text: &str, url: &Url, most: usize) -> Result<Feed, FeedError> {
    if values(text) > most {
        return Err(FeedError::TooMany(most));
    }
    let document: Document = serde_json::from_str(text).map_err(|error| FeedError::Json(error.to_string()))?;
    if !document.version.contains("jsonfeed.org/version/") {
        return Err(FeedError::Json(format!("its version is \"{}\"", document.version)));
    }
    let authors = people(&document.author, &document.authors);
    let image = string(&document.icon).or_else(|| string(&document.favicon));
    let entries = document.items.iter().filter(|item| item.is_object()).map(|item| {
        let mut entry = entry(item, url);
        if entry.authors.is_empty() {
            entry.authors.clone_from(&authors);
        }
        entry
    });
    Ok(Feed {
        format: format!("json {}", document.version.rsplit('/').next().unwrap_or_default()),
        title: text::line(&string(&document.title).unwrap_or_default()),
        link: string(&document.home_page_url).and_then(|link| web(url, &link)),
        image: image.and_then(|image| web(url, &image)),
        entries: entries.collect(),
        ..Feed::default()
    })
}

/// How many values a text of JSON has: one, and one more for each comma and each opening bracket.
fn values(text: &str) -> usize {
    let (mut count, mut is_string, mut is_escaped) = (1, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b',' | b'{' | b'[' if !is_string => count += 1,
            _ => {}
        }
    }
    count
}

/// A text, or a number in place of one, as ids of some feeds are.
fn string(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn people(author: &Value, authors: &Value) -> Vec<String> {
    let all = authors.as_array().into_iter().flatten().chain(std::iter::once(author));
    all.filter_map(|person| string(&person["name"])).map(|name| text::line(&name)).collect()
}

fn entry(item: &Value, feed: &Url) -> Entry {
    let text = |key: &str| string(&item[key]);
    let link = text("url").or_else(|| text("external_url")).and_then(|link| web(feed, &link));
    let content = text("content_html").or_else(|| text("content_text").map(|content| text::to_html(&content)));
    let content = content.or_else(|| text("summary").map(|summary| text::to_html(&summary)));
    let tags = item["tags"].as_array().into_iter().flatten().filter_map(string);
    let published = text("date_published");
    let at = published.as_deref().and_then(timestamp);
    Entry {
        id: text("id"),
        title: text("title").map(|title| text::line(&title)).unwrap_or_default(),
        authors: people(&item["author"], &item["authors"]),
        published: at,
        updated: text("date_modified").as_deref().and_then(timestamp),
        date: published.filter(|_| at.is_none()),
        categories: tags.collect(),
        content: content.unwrap_or_default(),
        media: media(item, feed),
        base: link.clone().or_else(|| Some(feed.clone())),
        link,
    }
}

fn media(item: &Value, feed: &Url) -> Vec<Media> {
    let image = |key: &str| {
        let url = web(feed, &string(&item[key])?)?;
        Some(Media { url, kind: MediaKind::Image, is_thumbnail: false })
    };
    let attachments = item["attachments"].as_array().into_iter().flatten().filter_map(|attachment| {
        let url = web(feed, &string(&attachment["url"])?)?;
        let kind = kind_of(attachment["mime_type"].as_str(), None, &url);
        Some(Media { url, kind, is_thumbnail: false })
    });
    ["image", "banner_image"].into_iter().filter_map(image).chain(attachments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_before_they_are_read() {
        for (text, count) in [("1", 1), ("[1, 2]", 3), (r#"{"a": ",[{\"", "b": [{}]}"#, 5), (r#"["\\", "x"]"#, 3)] {
            assert_eq!(values(text), count, "{text}");
        }
        let url = Url::parse("https://a.example/").unwrap();
        let feed = r#"{"version": "https://jsonfeed.org/version/1.1", "items": [{}]}"#;
        assert!(read(feed, &url, 5).is_ok());
        assert_eq!(read(feed, &url, 4).unwrap_err(), FeedError::TooMany(4));
    }
}
