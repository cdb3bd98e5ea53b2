//! What a host sent, by its content and not by its name.

use crate::media;
use crate::model::MediaType;
use crate::source::feed::decode;

/// How much of a body is examined.
pub(super) const LOOKED_AT: usize = 64 << 10;
/// The first bytes of gzip (RFC 1952, section 2.3.1).
pub(super) const GZIP: &[u8] = b"\x1f\x8b";
/// The types of pages.
const PAGES: &[&str] = &["text/html", "application/xhtml+xml"];
/// What JSON Feed says of itself.
const JSON_FEED: &str = "jsonfeed.org/version";

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// A page; of XHTML, where its host says so.
    Page,
    /// A style sheet.
    Sheet,
    /// A feed.
    Feed,
    /// A sitemap: in XML, or with a URL in each line.
    Sitemap,
    /// An image.
    Image,
    /// Packed with gzip: a sitemap may be.
    Packed,
    /// Something else.
    Other(MediaType),
}

/// What a body is that begins with these bytes. Its response claims `content_type`: that names the charset, and
/// distinguishes a style sheet and a page without markup from other text, and nothing else.
pub(super) fn content_of(head: &[u8], content_type: Option<&str>) -> Content {
    if head.starts_with(GZIP) {
        return Content::Packed;
    }
    let found = media::sniff(head);
    if found.is_image() && found != MediaType::Svg {
        return Content::Image;
    }
    let text =
        if found.is_audio_or_video() || found == MediaType::Pdf { String::new() } else { decode(head, content_type) };
    if let Some(content) = of_element(&text) {
        return content;
    }
    if text.starts_with('{') && text.contains(JSON_FEED) {
        return Content::Feed;
    }
    // Text of two bytes a character shows only once it is decoded.
    let is_page = claims(content_type, PAGES) && media::sniff(text.as_bytes()) == MediaType::Html;
    match found {
        MediaType::Svg => Content::Image,
        _ if is_page => Content::Page,
        MediaType::Html => Content::Page,
        MediaType::Css | MediaType::Text if claims(content_type, &["text/css"]) => Content::Sheet,
        MediaType::Css | MediaType::Text if claims(content_type, PAGES) => Content::Page,
        MediaType::Text if is_list(head) => Content::Sitemap,
        other => Content::Other(other),
    }
}

/// What the first element says that a document is.
fn of_element(text: &str) -> Option<Content> {
    match first_element(text)?.to_ascii_lowercase().as_str() {
        "rss" | "rdf" | "feed" => Some(Content::Feed),
        "urlset" | "sitemapindex" => Some(Content::Sitemap),
        "html" => Some(Content::Page),
        _ => None,
    }
}

/// The name of the first element, without its prefix.
fn first_element(text: &str) -> Option<&str> {
    let mut rest = text.trim_start();
    loop {
        let tag = rest.strip_prefix('<')?;
        let end = match tag.chars().next()? {
            '?' => tag.find("?>")? + 2,
            '!' if tag.starts_with("!--") => tag.find("-->")? + 3,
            // A subset of a document type stands in brackets.
            '!' if tag.find('[').is_some_and(|open| tag.find('>').is_some_and(|close| open < close)) => {
                let subset = tag.find(']')?;
                subset + tag[subset..].find('>')? + 1
            }
            '!' => tag.find('>')? + 1,
            _ => {
                let name = tag.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next()?;
                return Some(name.rsplit(':').next().unwrap_or(name));
            }
        };
        rest = tag[end..].trim_start();
    }
}

/// Whether the response claims one of these types.
pub(super) fn claims(content_type: Option<&str>, types: &[&str]) -> bool {
    let claimed = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    types.iter().any(|media_type| claimed.eq_ignore_ascii_case(media_type))
}

/// Whether each line is a URL, as a sitemap of plain text has it.
fn is_list(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let mut lines =
        text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    let is_address = |line: &str| line.starts_with("http://") || line.starts_with("https://");
    // The last line may be cut off.
    lines.peek().is_some_and(|line| is_address(line))
        && lines.all(|line| is_address(line) || "https://".starts_with(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_what_its_bytes_say() {
        for (body, content_type, expected) in [
            ("<!doctype html><p>", None, Content::Page),
            ("<p>a fragment", Some("text/plain"), Content::Page),
            ("plain", Some("text/html; charset=x"), Content::Page),
            ("<section>a fragment", Some("Text/HTML"), Content::Page),
            ("\u{feff}<?xml version='1.0'?><!-- <rss> --><rss>", Some("text/html"), Content::Feed),
            ("<!DOCTYPE rss [<!ENTITY a '>'>]><rdf:RDF>", None, Content::Feed),
            ("{\"version\": \"https://jsonfeed.org/version/1.1\"}", None, Content::Feed),
            ("{\"a\": 1}", Some("application/json"), Content::Other(MediaType::Text)),
            ("<?xml version='1.0'?>\n<s:sitemapindex xmlns:s='x'>", None, Content::Sitemap),
            ("<urlset>", Some("text/html"), Content::Sitemap),
            ("https://a.example/1\nhttps://a.example/2\nhtt", None, Content::Sitemap),
            ("https://a.example/1 is a page\nno", None, Content::Other(MediaType::Text)),
            ("GIF89a", Some("text/html"), Content::Image),
            ("<svg xmlns='http://www.w3.org/2000/svg'/>", None, Content::Image),
            ("a { color: red }", Some("text/css"), Content::Sheet),
            ("%PDF-1.7", Some("text/html"), Content::Other(MediaType::Pdf)),
        ] {
            assert_eq!(content_of(body.as_bytes(), content_type), expected, "{body}");
        }
        assert_eq!(content_of(b"\x1f\x8b\x08", None), Content::Packed);
        let wide: Vec<u8> = "<!doctype html><title>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(content_of(&wide, Some("text/html; charset=utf-16le")), Content::Page);
    }
}
