//! The body of a post.

use std::collections::HashSet;
use std::ops::Range;

use html5gum::Token;
use url::Url;

use super::super::feed::{Media, MediaKind};
use super::super::xml::{escape, unescape};
use crate::config::MediaKind as Wanted;
use crate::extract::{self, ExtractOptions, RawText, markup_tokens};
use crate::model::{Format, Reference, ReferenceKind};

/// Characters of a title that is made of a body.
const TITLE: usize = 60;

/// Attributes that lead somewhere and show nothing.
const LINKS: [(&[u8], &[u8]); 4] = [(b"a", b"href"), (b"area", b"href"), (b"iframe", b"src"), (b"embed", b"src")];

fn references(html: &str, base: Option<&Url>) -> Vec<Reference> {
    let media = vec![Wanted::Image, Wanted::Poster, Wanted::Video, Wanted::Audio, Wanted::Track];
    let options = ExtractOptions { base_url: base.cloned(), media, ..ExtractOptions::default() };
    extract::extract(html.as_bytes(), Format::Html, &options).references
}

/// The same HTML with every relative URL made absolute: a post has another place than its feed. Nothing else changes.
pub(super) fn absolute(html: &str, base: &Url) -> String {
    let media = references(html, Some(base)).into_iter().filter_map(|reference| {
        let url = reference.url.ok()?;
        Some((reference.span.start..reference.span.end, url))
    });
    let mut edits: Vec<_> =
        media.chain(links(html, base)).filter(|(part, _)| is_relative(&html[part.clone()])).collect();
    edits.sort_by_key(|(part, _)| part.start);
    edits.dedup_by_key(|(part, _)| part.start);
    let mut text = String::with_capacity(html.len());
    let mut end = 0;
    for (part, url) in edits {
        text.push_str(&html[end..part.start]);
        escape(url.as_str(), &mut text);
        end = part.end;
    }
    text.push_str(&html[end..]);
    text
}

fn is_relative(raw: &str) -> bool {
    let value = unescape(raw.trim());
    !value.starts_with('#') && matches!(Url::parse(&value), Err(url::ParseError::RelativeUrlWithoutBase))
}

/// Links of the body, with where they lead.
fn links(html: &str, base: &Url) -> Vec<(Range<usize>, Url)> {
    let mut found = Vec::new();
    for token in markup_tokens::<usize>(html, RawText::IsMarkup) {
        let Token::StartTag(tag) = token else { continue };
        for (element, attribute) in LINKS {
            let value = tag.attributes.get(attribute).filter(|_| *tag.name == element);
            let Some(value) = value else { continue };
            let address = String::from_utf8_lossy(&value.value).trim().to_owned();
            let part = value_in(html, value.span.start..value.span.end);
            found.extend(part.and_then(|part| Some((part, base.join(&address).ok()?))));
        }
    }
    found
}

/// Where the value of an attribute stands, in quotes or without.
fn value_in(html: &str, attribute: Range<usize>) -> Option<Range<usize>> {
    let raw = html.get(attribute.clone())?;
    let after = raw.find('=')? + 1;
    let value = raw[after..].trim_start();
    let start = attribute.start + raw.len() - value.len();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(quote) => Some(start + 1..start + 1 + value[1..].find(quote)?),
        None => Some(start..start + value.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(value.len())),
    }
}

/// The HTML with the media that it does not show itself: images as images, audio and video as players.
pub(super) fn with_media(mut html: String, media: &[Media]) -> String {
    let mut shown: HashSet<Url> =
        references(&html, None).into_iter().filter_map(|reference| reference.url.ok()).collect();
    for Media { url, kind, is_thumbnail } in media {
        if *is_thumbnail || shown.contains(url) {
            continue;
        }
        let (open, close) = match kind {
            MediaKind::Image => ("<img src=\"", "\">"),
            MediaKind::Video => ("<video controls src=\"", "\"></video>"),
            MediaKind::Audio => ("<audio controls src=\"", "\"></audio>"),
            MediaKind::Other => continue,
        };
        shown.insert(url.clone());
        html.push_str("\n<p>");
        html.push_str(open);
        escape(url.as_str(), &mut html);
        html.push_str(close);
        html.push_str("</p>");
    }
    html
}

/// The first image that the body shows, as it is written there.
pub(super) fn first_image(html: &str) -> Option<String> {
    let shows = |kind: ReferenceKind| {
        use ReferenceKind::{Embed, Image, Lazy, Poster, Srcset};
        matches!(kind, Image | Embed | Srcset | Lazy | Poster)
    };
    let found = references(html, None).into_iter().filter(|reference| shows(reference.kind));
    let mut found = found.filter(|reference| matches!(&reference.url, Ok(url) if url.has_host()));
    found.next().map(|reference| unescape(reference.raw.trim()))
}

/// The first words of what the body says.
pub(super) fn first_words(html: &str) -> String {
    let mut text = String::new();
    for token in markup_tokens::<()>(html, RawText::IsMarkup) {
        match token {
            Token::String(part) => text.push_str(&String::from_utf8_lossy(&part)),
            Token::StartTag(_) | Token::EndTag(_) => text.push(' '),
            _ => {}
        }
        if text.len() > TITLE * 8 {
            break;
        }
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TITLE) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// How many characters the body says, without blanks.
pub(super) fn text_length(html: &str) -> usize {
    let (mut length, mut is_code) = (0, false);
    for token in markup_tokens::<()>(html, RawText::IsText) {
        match token {
            Token::StartTag(tag) => is_code = matches!(tag.name.as_slice(), b"script" | b"style"),
            Token::EndTag(_) => is_code = false,
            Token::String(text) if !is_code => {
                length += String::from_utf8_lossy(&text).chars().filter(|c| !c.is_whitespace()).count();
            }
            _ => {}
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expected: &str) {
        let base = Url::parse("https://a.example/b/c").unwrap();
        assert_eq!(absolute(html, &base), expected);
    }

    #[test]
    fn relative_addresses_become_absolute_and_nothing_else_changes() {
        check("<IMG  src='d.jpg?x=1&amp;y' alt=\"a\">", "<IMG  src='https://a.example/b/d.jpg?x=1&amp;y' alt=\"a\">");
        check("<a href=/x>x</a> <a href=\"#y\">", "<a href=https://a.example/x>x</a> <a href=\"#y\">");
        check(
            "<a href='z'><img src=//h.example/i.png></a>",
            "<a href='https://a.example/b/z'><img src=https://h.example/i.png></a>",
        );
        let absolute = "<p>x < y & z</p><img src=\"https://h.example/a b.jpg\"><a href=\"mailto:x@y\">";
        check(absolute, absolute);
    }

    #[test]
    fn the_first_image_is_as_it_is_written() {
        let image = |html: &str| first_image(html).unwrap_or_default();
        assert_eq!(
            image("<img src='data:image/gif;base64,R0' data-src='https://a.example/1.jpg?a&amp;b'>"),
            "https://a.example/1.jpg?a&b"
        );
        assert_eq!(image("<object data='https://a.example/1.png'></object>"), "https://a.example/1.png");
        assert_eq!(image("<p>no</p>"), "");
    }

    #[test]
    fn media_beside_the_content_are_shown_once() {
        let media = |url: &str, kind, is_thumbnail| Media { url: Url::parse(url).unwrap(), kind, is_thumbnail };
        let media = [
            media("https://a.example/in.jpg", MediaKind::Image, false),
            media("https://a.example/out.jpg?a&b", MediaKind::Image, false),
            media("https://a.example/out.jpg?a&b", MediaKind::Image, false),
            media("https://a.example/small.jpg", MediaKind::Image, true),
            media("https://a.example/s.mp3", MediaKind::Audio, false),
        ];
        let html = with_media("<img src=https://a.example/in.jpg>".to_owned(), &media);
        let added = "\n<p><img src=\"https://a.example/out.jpg?a&amp;b\"></p>\n<p><audio controls src=\"https://a.example/s.mp3\"></audio></p>";
        assert_eq!(html, format!("<img src=https://a.example/in.jpg>{added}"));
    }

    #[test]
    fn an_entry_without_title_is_named_by_its_first_words() {
        assert_eq!(first_words("<p>One <b>two</b></p>three"), "One two three");
        assert_eq!(first_words(&"字".repeat(100)).chars().count(), TITLE + 1);
    }
}
