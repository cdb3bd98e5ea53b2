//! Pages that are sent in place of a feed: they may name it.

use html5gum::Token;
use url::Url;

use crate::extract::{RawText, markup_tokens};

/// Types of feeds in `<link rel=alternate>`.
const TYPES: [&str; 4] =
    ["application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"];

/// Whether a text begins as a page does.
pub(super) fn is_page(text: &str) -> bool {
    let head: String = text.chars().take(HEAD).collect::<String>().to_ascii_lowercase();
    let first = head.split('<').skip(1).find(|tag| !tag.starts_with(['?', '!']) || tag.starts_with("!doctype"));
    first.is_some_and(|tag| tag.starts_with("html") || tag.starts_with("!doctype html"))
}

/// How far the first element is searched for.
const HEAD: usize = 4096;

/// The first feed that a page names.
pub(super) fn feed_of(text: &str, url: &Url) -> Option<Url> {
    let mut base = url.clone();
    for token in markup_tokens::<()>(text, RawText::IsText) {
        let Token::StartTag(tag) = token else { continue };
        let value = |name: &str| {
            let value = tag.attributes.get(name.as_bytes())?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        match tag.name.as_slice() {
            b"base" => base = value("href").and_then(|href| url.join(href.trim()).ok()).unwrap_or(base),
            b"link" if is_feed(value("rel").as_deref(), value("type").as_deref()) => {
                let feed = value("href").and_then(|href| base.join(href.trim()).ok());
                if feed.as_ref().is_some_and(|feed| feed != url) {
                    return feed;
                }
            }
            _ => {}
        }
    }
    None
}

fn is_feed(rel: Option<&str>, media_type: Option<&str>) -> bool {
    let is_alternate = rel.is_some_and(|rel| rel.split_whitespace().any(|word| word.eq_ignore_ascii_case("alternate")));
    is_alternate && is_feed_type(media_type)
}

/// Whether a type is that of a feed.
pub(in crate::source) fn is_feed_type(media_type: Option<&str>) -> bool {
    let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    TYPES.contains(&media_type.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_feed() {
        let url = Url::parse("https://a.example/x/").unwrap();
        let feed = |html: &str| feed_of(html, &url).map(|url| url.to_string());
        let page =
            "<!doctype html><link rel=icon href=i><link rel='Alternate home' type='application/rss+xml' href=../f>";
        assert!(is_page(page) && is_page(" <!-- x --><HTML>") && !is_page("<?xml?><rss>"));
        assert_eq!(feed(page).as_deref(), Some("https://a.example/f"));
        assert_eq!(feed("<link rel=alternate hreflang=de href=/de>"), None);
        assert_eq!(feed("<link rel=alternate type=application/atom+xml href=.>"), None, "the page itself");
    }
}
