//! What bytes are, by their first bytes.
//!
//! Follows the WHATWG MIME Sniffing Standard (section 6, matching a media type pattern; section 7.1, identifying a
//! resource with an unknown MIME type), and goes beyond it where browsers show more than it names: the brands of ISO
//! base media files (ISO/IEC 14496-12, section 4.3), JPEG XL, JPEG 2000, TIFF, and SVG told apart from HTML.

use super::fields::Fields;
use crate::model::MediaType;

/// How many bytes [`sniff`] looks at, at most. Giving it more changes nothing.
const WINDOW: usize = 4096;

/// Tells what bytes are by their first bytes; 512 are enough for everything but an SVG that begins with a long comment.
pub fn sniff(head: &[u8]) -> MediaType {
    let head = &head[..head.len().min(WINDOW)];
    signature(head).or_else(|| container(Fields(head))).unwrap_or_else(|| text(head))
}

/// The formats that begin with fixed bytes.
fn signature(head: &[u8]) -> Option<MediaType> {
    const SIGNATURES: [(&[u8], MediaType); 17] = [
        (b"\xff\xd8\xff", MediaType::Jpeg),
        (b"\x89PNG\r\n\x1a\n", MediaType::Png),
        (b"GIF87a", MediaType::Gif),
        (b"GIF89a", MediaType::Gif),
        (b"\xff\x0a", MediaType::Jxl),
        (b"\0\0\0\x0cJXL \r\n\x87\n", MediaType::Jxl),
        (b"\0\0\0\x0cjP  \r\n\x87\n", MediaType::Jp2),
        (b"\xff\x4f\xff\x51", MediaType::Jp2),
        (b"II*\0", MediaType::Tiff),
        (b"MM\0*", MediaType::Tiff),
        (b"II+\0\x08\0\0\0", MediaType::Tiff),
        (b"MM\0+\0\x08\0\0", MediaType::Tiff),
        (b"\x1aE\xdf\xa3", MediaType::WebM),
        (b"OggS\0", MediaType::Ogg),
        (b"ID3", MediaType::Mp3),
        (b"%PDF-", MediaType::Pdf),
        (b"WEBVTT", MediaType::Vtt),
    ];
    SIGNATURES.iter().find(|(start, _)| head.starts_with(start)).map(|&(_, found)| found)
}

/// The formats that need more than a prefix to be told.
fn container(head: Fields<'_>) -> Option<MediaType> {
    riff(head).or_else(|| brand(head)).or_else(|| windows(head)).or_else(|| mpeg_audio(head))
}

/// RIFF containers: WebP (RFC 9649, section 2.4) and WAVE.
fn riff(head: Fields<'_>) -> Option<MediaType> {
    if !head.has(0, b"RIFF") {
        return None;
    }
    match head.slice(8, 4)? {
        b"WEBP" => Some(MediaType::WebP),
        b"WAVE" => Some(MediaType::Wav),
        _ => None,
    }
}

/// ISO base media files, by the brands of their `ftyp` box. An image's own brand counts wherever it stands, because
/// the major brand is often the general `mif1` or `msf1`.
fn brand(head: Fields<'_>) -> Option<MediaType> {
    if !head.has(4, b"ftyp") {
        return None;
    }
    let end = (head.be32(0)? as usize).clamp(16, 256);
    let brands = std::iter::once(8).chain((16..end).step_by(4)).map_while(|at| head.slice(at, 4));
    let mut general = MediaType::Mp4;
    for brand in brands {
        match brand {
            b"avif" | b"avis" => return Some(MediaType::Avif),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => return Some(MediaType::Heic),
            b"mif1" | b"msf1" => general = MediaType::Heic,
            _ => {}
        }
    }
    Some(general)
}

/// Windows bitmaps, icons and cursors. Their signatures are short, so that the fields behind them must make sense too.
fn windows(head: Fields<'_>) -> Option<MediaType> {
    if head.has(0, b"BM") && matches!(head.le32(14)?, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124) {
        return Some(MediaType::Bmp);
    }
    let entry_is_plausible = || Some(head.le16(4)? > 0 && head.u8(9)? == 0 && head.le32(18)? >= 22);
    match head.slice(0, 4)? {
        b"\0\0\x01\0" if entry_is_plausible()? => Some(MediaType::Ico),
        b"\0\0\x02\0" if entry_is_plausible()? => Some(MediaType::Cur),
        _ => None,
    }
}

/// An MPEG audio frame without an ID3 tag before it (WHATWG MIME Sniffing, section 6.2.4): sync, a layer, a bit rate
/// and a sampling rate that exist.
fn mpeg_audio(head: Fields<'_>) -> Option<MediaType> {
    let (first, second, third) = (head.u8(0)?, head.u8(1)?, head.u8(2)?);
    let synced = first == 0xff && second & 0xe0 == 0xe0 && second & 0x18 != 0x08 && second & 0x06 != 0;
    (synced && !matches!(third >> 4, 0 | 15) && third & 0x0c != 0x0c).then_some(MediaType::Mp3)
}

/// Text, and what kind of it.
fn text(head: &[u8]) -> MediaType {
    if head.starts_with(b"\xfe\xff") || head.starts_with(b"\xff\xfe") {
        return markup(&ascii_of_utf16(head));
    }
    if head.is_empty() || head.iter().any(|&byte| is_binary(byte)) {
        return MediaType::Unknown;
    }
    markup(head)
}

/// The bytes that text does not have (WHATWG MIME Sniffing, section 3, "binary data byte").
fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}

/// The ASCII of UTF-16 text; enough to find tags in it.
fn ascii_of_utf16(head: &[u8]) -> Vec<u8> {
    head.iter().copied().filter(|byte| byte.is_ascii() && *byte != 0).collect()
}

/// SVG, HTML, a style sheet or other text, by the doctype and the first element.
fn markup(head: &[u8]) -> MediaType {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let Prologue { doctype, rest } = prologue(body);
    let names = |name: &[u8]| doctype.is_some_and(|doctype| doctype.eq_ignore_ascii_case(name));
    if names(b"html") {
        return MediaType::Html;
    }
    if names(b"svg") || tag(rest, b"svg") || prefixed_svg(rest) {
        return MediaType::Svg;
    }
    if HTML_TAGS.iter().any(|name| tag(rest, name)) || body.starts_with(b"<!--") {
        return MediaType::Html;
    }
    if body.starts_with(b"@charset ") || body.starts_with(b"@import ") { MediaType::Css } else { MediaType::Text }
}

/// The tags that begin an HTML document (WHATWG MIME Sniffing, section 7.1, step 1).
const HTML_TAGS: [&[u8]; 17] = [
    b"html", b"head", b"script", b"iframe", b"h1", b"div", b"font", b"table", b"a", b"style", b"title", b"b", b"body",
    b"br", b"p", b"meta", b"link",
];

/// What stands before the first element.
pub(super) struct Prologue<'a> {
    /// The name in the doctype, where there is one.
    doctype: Option<&'a [u8]>,
    /// From the first element on; empty where the prologue does not end.
    pub(super) rest: &'a [u8],
}

/// Skips XML declarations, processing instructions, comments, doctypes and the space between them.
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

/// The name that follows the keyword.
fn doctype_name(declaration: &[u8]) -> Option<&[u8]> {
    let (keyword, name) = declaration.split_at_checked(7)?;
    let name = name.trim_ascii_start().split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'['));
    keyword.eq_ignore_ascii_case(b"doctype").then(|| name.into_iter().next()).flatten()
}

/// Where a doctype ends, its internal subset included.
fn doctype_end(rest: &[u8]) -> Option<usize> {
    let close = find(rest, b">")?;
    match find(&rest[..close], b"[") {
        Some(_) => {
            let subset = find(rest, b"]")?;
            find(&rest[subset..], b">").map(|at| subset + at + 1)
        }
        None => Some(close + 1),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

/// Whether a tag of this name stands here: the name, then what ends a name.
fn tag(text: &[u8], name: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"<") else { return false };
    let named = rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    named && rest.get(name.len()).is_none_or(|&byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
}

/// Whether the first element is `svg` under a prefix: `<ns0:svg xmlns:ns0="…">`.
fn prefixed_svg(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"<") else { return false };
    let name = rest.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')).next();
    name.and_then(|name| name.strip_suffix(b":svg")).is_some_and(|prefix| prefix.iter().all(u8::is_ascii_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: MediaType, heads: &[&[u8]]) {
        for head in heads {
            assert_eq!(sniff(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn signatures_are_known() {
        check(MediaType::Jpeg, &[b"\xff\xd8\xff\xe0\0\x10JFIF", b"\xff\xd8\xff\xdb"]);
        check(MediaType::Png, &[b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"]);
        check(MediaType::Gif, &[b"GIF87a\x01\0\x01\0", b"GIF89a"]);
        check(MediaType::WebP, &[b"RIFF\x24\0\0\0WEBPVP8 "]);
        check(MediaType::Wav, &[b"RIFF\x24\0\0\0WAVEfmt "]);
        check(MediaType::Jxl, &[b"\xff\x0a\xfa\x7f", b"\0\0\0\x0cJXL \r\n\x87\n"]);
        check(MediaType::Jp2, &[b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51\0\x2f"]);
        check(MediaType::Tiff, &[b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10"]);
        check(MediaType::WebM, &[b"\x1aE\xdf\xa3\x01"]);
        check(MediaType::Ogg, &[b"OggS\0\x02"]);
        check(MediaType::Pdf, &[b"%PDF-1.7\n"]);
        check(MediaType::Vtt, &[b"WEBVTT\n\n00:00"]);
        check(MediaType::Mp3, &[b"ID3\x04\0", b"\xff\xfb\x90\x64\0\0"]);
        check(MediaType::Unknown, &[b"", b"\0", b"RIFF\x24\0\0\0ACON", b"PK\x03\x04\x14\0"]);
    }

    #[test]
    fn brands_tell_pictures_from_films() {
        check(MediaType::Avif, &[b"\0\0\0\x18ftypavif\0\0\0\0mif1", b"\0\0\0\x18ftypmif1\0\0\0\0miafavif"]);
        check(MediaType::Avif, &[b"\0\0\0\x18ftypavis\0\0\0\0msf1"]);
        check(MediaType::Heic, &[b"\0\0\0\x18ftypheic\0\0\0\0mif1", b"\0\0\0\x14ftypmif1\0\0\0\0miaf"]);
        check(MediaType::Mp4, &[b"\0\0\0\x18ftypisom\0\0\x02\0isomavc1", b"\0\0\0\x14ftypqt  \0\0\0\0qt  "]);
        // The brand of another box further on does not count.
        check(MediaType::Mp4, &[b"\0\0\0\x10ftypisom\0\0\0\0avif"]);
    }

    #[test]
    fn short_signatures_need_sensible_fields() {
        let bitmap = [&b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0"[..], &40_u32.to_le_bytes(), &[0; 36]].concat();
        check(MediaType::Bmp, &[&bitmap]);
        check(MediaType::Text, &[b"BMW has a new car, and this is the text about it."]);
        let icon = |kind: u8| [0, 0, kind, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0, 99, 0, 0, 0, 22, 0, 0, 0];
        check(MediaType::Ico, &[&icon(1)]);
        check(MediaType::Cur, &[&icon(2)]);
        check(MediaType::Unknown, &[&icon(3), &[0; 30]]);
    }

    #[test]
    fn svg_is_told_from_html() {
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
}
