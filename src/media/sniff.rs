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

/// SVG, HTML, a style sheet or other text, by the first element that is not prologue.
fn markup(head: &[u8]) -> MediaType {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let start = after_prologue(body);
    if tag(start, b"svg") || doctype(body, b"svg") {
        return MediaType::Svg;
    }
    if doctype(body, b"html") || HTML_TAGS.iter().any(|name| tag(start, name)) || body.starts_with(b"<!--") {
        return MediaType::Html;
    }
    // An XML document may declare a prefix for SVG's elements: `<ns0:svg xmlns:ns0="…">`.
    if start.starts_with(b"<") && prefixed_svg(start) {
        return MediaType::Svg;
    }
    if body.starts_with(b"@charset ") || body.starts_with(b"@import ") { MediaType::Css } else { MediaType::Text }
}

/// The tags that begin an HTML document (WHATWG MIME Sniffing, section 7.1, step 1).
const HTML_TAGS: [&[u8]; 17] = [
    b"html", b"head", b"script", b"iframe", b"h1", b"div", b"font", b"table", b"a", b"style", b"title", b"b", b"body",
    b"br", b"p", b"meta", b"link",
];

/// Skips XML declarations, processing instructions, comments, doctypes and the space between them.
fn after_prologue(mut rest: &[u8]) -> &[u8] {
    loop {
        rest = rest.trim_ascii_start();
        let end = match rest {
            [b'<', b'?', ..] => find(rest, b"?>").map(|at| at + 2),
            [b'<', b'!', b'-', b'-', ..] => find(rest, b"-->").map(|at| at + 3),
            [b'<', b'!', ..] => doctype_end(rest),
            _ => return rest,
        };
        match end {
            Some(end) => rest = &rest[end..],
            None => return &[],
        }
    }
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

/// Whether the first thing after any XML declaration and comments is a doctype of this name.
fn doctype(body: &[u8], name: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(body, b"<!").map(|at| at + 2) else { return false };
    // Only prologue may stand before it: otherwise it is text that talks about doctypes.
    let before = body[..at - 2].trim_ascii_start();
    let rest = &body[at..];
    if rest.starts_with(b"--") && before.is_empty() {
        let Some(end) = find(rest, b"-->") else { return false };
        return doctype(rest[end + 3..].trim_ascii_start(), name);
    }
    let keyword = rest.get(..7).is_some_and(|word| word.eq_ignore_ascii_case(b"doctype"));
    let prologue = before.is_empty() || before.starts_with(b"<?");
    keyword && prologue && rest[7..].trim_ascii_start().get(..name.len()).is_some_and(|x| x.eq_ignore_ascii_case(name))
}

/// Whether the first element is `svg` under a prefix.
fn prefixed_svg(start: &[u8]) -> bool {
    let name = start[1..].split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')).next();
    name.and_then(|name| name.strip_suffix(b":svg")).is_some_and(|prefix| prefix.iter().all(u8::is_ascii_alphanumeric))
}
