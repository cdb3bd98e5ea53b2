//! Text, and what kind of it: SVG, HTML, a style sheet, other text.

use crate::model::MediaType;

/// The number of bytes that are searched for bytes that no text has.
const BINARY_WINDOW: usize = 4096;

/// The number of bytes that are searched for the first element.
const MARKUP_WINDOW: usize = 1 << 20;

/// The type of text.
pub(super) fn sniff(bytes: &[u8]) -> MediaType {
    let head = &bytes[..bytes.len().min(MARKUP_WINDOW)];
    if is_utf16(head) {
        return sniff_markup(&ascii_of_utf16(head));
    }
    if head.is_empty() || head.iter().take(BINARY_WINDOW).any(|&byte| is_binary(byte)) {
        return MediaType::Unknown;
    }
    sniff_markup(head)
}

/// Whether bytes begin with the byte order mark of UTF-16.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xfe\xff") || bytes.starts_with(b"\xff\xfe")
}

/// The bytes that text does not have (WHATWG MIME Sniffing, section 3, "binary data byte").
fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}

/// The ASCII characters of UTF-16 text, which suffice to find tags.
pub(super) fn ascii_of_utf16(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| byte.is_ascii() && *byte != 0).collect()
}

/// The type of text, by its doctype and its first element.
fn sniff_markup(head: &[u8]) -> MediaType {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let Prologue { doctype, rest } = prologue(body);
    let has_doctype = |name: &[u8]| doctype.is_some_and(|doctype| doctype.eq_ignore_ascii_case(name));
    if has_doctype(b"html") {
        return MediaType::Html;
    }
    if has_doctype(b"svg") || is_tag(rest, b"svg") || is_prefixed_svg(rest) {
        return MediaType::Svg;
    }
    if HTML_TAGS.iter().any(|name| is_tag(rest, name)) || body.starts_with(b"<!--") {
        return MediaType::Html;
    }
    if body.starts_with(b"@charset ") || body.starts_with(b"@import ") { MediaType::Css } else { MediaType::Text }
}

/// The tags that begin an HTML document (WHATWG MIME Sniffing, section 7.1, step 1).
const HTML_TAGS: [&[u8]; 17] = [
    b"html", b"head", b"script", b"iframe", b"h1", b"div", b"font", b"table", b"a", b"style", b"title", b"b", b"body",
    b"br", b"p", b"meta", b"link",
];

/// What precedes the first element of a document.
pub(super) struct Prologue<'a> {
    /// The name in the doctype.
    doctype: Option<&'a [u8]>,
    /// The document from its first element on; empty if the prologue does not end.
    pub(super) rest: &'a [u8],
}

/// Skips XML declarations, processing instructions, comments, doctypes and white space.
pub(super) fn prologue(mut rest: &[u8]) -> Prologue<'_> {
    let mut doctype = None;
    loop {
        rest = rest.trim_ascii_start();
        let end = match rest {
            [b'<', b'?', ..] => find(rest, b"?>").map(|at| at + 2),
            [b'<', b'!', b'-', b'-', ..] => find(rest, b"-->").map(|at| at + 3),
            [b'<', b'!', declaration @ ..] => {
                doctype = doctype.or(doctype_name(declaration));
                doctype_end(rest)
            }
            _ => return Prologue { doctype, rest },
        };
        match end {
            Some(end) => rest = &rest[end..],
            None => return Prologue { doctype, rest: &[] },
        }
    }
}

/// The name that follows the keyword `DOCTYPE`.
fn doctype_name(declaration: &[u8]) -> Option<&[u8]> {
    let (keyword, name) = declaration.split_at_checked(7)?;
    let name = name.trim_ascii_start().split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'['));
    keyword.eq_ignore_ascii_case(b"doctype").then(|| name.into_iter().next()).flatten()
}

/// The offset of the end of a doctype, its internal subset included. Brackets in comments and quotes do not count.
fn doctype_end(rest: &[u8]) -> Option<usize> {
    let (mut at, mut in_subset) = (0, false);
    loop {
        let skip_to: &[u8] = match rest.get(at..)? {
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [quote @ (b'"' | b'\''), ..] => {
                at += 1;
                std::slice::from_ref(quote)
            }
            [b'>', ..] if !in_subset => return Some(at + 1),
            [byte, ..] => {
                in_subset = (in_subset || *byte == b'[') && *byte != b']';
                at += 1;
                continue;
            }
            [] => return None,
        };
        at += find(&rest[at..], skip_to)? + skip_to.len();
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

/// Whether `text` begins with a tag of this name.
fn is_tag(text: &[u8], name: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"<") else { return false };
    let named = rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    named && rest.get(name.len()).is_none_or(|&byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
}

/// Whether `text` begins with an `svg` tag under a namespace prefix: `<ns0:svg xmlns:ns0="…">`.
fn is_prefixed_svg(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"<") else { return false };
    let name = rest.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')).next();
    name.and_then(|name| name.strip_suffix(b":svg")).is_some_and(|prefix| prefix.iter().all(u8::is_ascii_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: MediaType, texts: &[&[u8]]) {
        for text in texts {
            assert_eq!(sniff(text), expected, "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn svg_and_html_are_distinguished() {
        check(
            MediaType::Svg,
            &[
                b"<svg xmlns='http://www.w3.org/2000/svg'/>",
                b"\xef\xbb\xbf\n <?xml version='1.0'?>\n<!-- a drawing -->\n<svg>",
                b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x'>\n<svg>",
                b"<?xml version='1.0'?><!DOCTYPE svg [ <!ENTITY ns 'http://a'> ]><svg xmlns='&ns;'>",
                b"<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>",
                b"\xff\xfe<\0s\0v\0g\0>\0",
            ],
        );
        check(
            MediaType::Html,
            &[
                b"<!DOCTYPE html><svg>",
                b"\n\n<!doctype HTML>",
                b"<!-- saved from --><!DOCTYPE html>",
                b"<html lang=en>",
                b"<HEAD>",
                b"<p>Hotlinking is not allowed",
                b"<body><svg></svg>",
                b"<?xml version='1.0'?><!DOCTYPE html><html>",
                b"<!-- nothing else -->",
            ],
        );
        check(MediaType::Text, &[b"<svgish>", b"<?xml version='1.0'?><rss>", b"text about <svg>", b"{\"a\":1}"]);
        check(MediaType::Css, &[b"@charset \"utf-8\";", b"@import url(a.css);"]);
    }

    #[test]
    fn the_end_of_what_is_given_changes_nothing_before_it() {
        let head = b"<?xml version='1.0'?><!-- long comment that is cut";
        assert_eq!(sniff(head), MediaType::Text);
        assert_eq!(sniff(b"<svg"), MediaType::Svg);
    }

    #[test]
    fn a_root_after_a_long_comment_or_doctype_is_found() {
        let comment = format!("<?xml version='1.0'?><!--{}--><svg>", "x".repeat(300_000));
        let doctype = format!("<!DOCTYPE x [<!-- ]>{} --><!ENTITY a ']>'>]><svg>", "y".repeat(300_000));
        check(MediaType::Svg, &[comment.as_bytes(), doctype.as_bytes()]);
        check(MediaType::Html, &[comment.replace("<svg>", "<html>").as_bytes()]);
    }
}
