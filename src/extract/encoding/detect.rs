//! Which encoding a file is written in.

use chardetng::EncodingDetector;
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, REPLACEMENT, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
    X_USER_DEFINED,
};

use crate::model::{Format, Span};

/// How far into a file a declaration of its encoding is searched for. The standard prescans 1024 bytes, but also lets a
/// parser that finds a declaration later start again (HTML, "changing the encoding while parsing").
const PRESCAN: usize = 64 * 1024;
/// What a browser looks at before it begins to show a page (HTML, "determining the character encoding").
const FIRST: usize = 1024;
/// What a tag begins with that declares it.
const META: &[u8] = b"<meta";
/// How far such a tag is read.
const LONGEST_META: usize = 4096;

/// Where each tag of a page is that may declare its encoding and begins in the first 1,024 bytes. It counts wherever it
/// stands, since browsers disagree on what is text there.
pub(crate) fn early_declarations(page: &[u8]) -> Vec<Span> {
    if Encoding::for_bom(page).is_some() {
        return Vec::new();
    }
    let tags = memchr::memchr_iter(b'<', &page[..page.len().min(FIRST)]).filter(|at| is_meta(&page[*at..]));
    tags.filter_map(|at| Some(Span::new(at, at + length_of_declaration(&page[at..])?))).collect()
}

/// Whether a span ends in the first 1,024 bytes of a page.
pub(crate) const fn ends_early(span: Span) -> bool {
    span.end <= FIRST
}

/// How long a `<meta>` is, if it may declare an encoding. A character reference may stand for a part of what does, and one
/// that is too long to be read may be any.
fn length_of_declaration(tag: &[u8]) -> Option<usize> {
    let tag = &tag[..tag.len().min(LONGEST_META)];
    let mut attributes = Attributes(&tag[META.len()..]);
    let mut declares = false;
    for (name, value) in attributes.by_ref() {
        declares |= match name.as_slice() {
            b"charset" => true,
            b"http-equiv" => value == b"content-type" || value.contains(&b'&'),
            _ => false,
        };
    }
    let is_closed = attributes.0.starts_with(b">");
    let length = tag.len() - attributes.0.len() + 1;
    if is_closed { declares.then_some(length) } else { (tag.len() == LONGEST_META).then_some(tag.len()) }
}

/// Whether a text has another meaning in another encoding, so that what was text may run: by what changes the state of
/// ISO-2022-JP, by a label of which nothing is shown, or by a backslash that may be the end of a character.
pub(crate) fn depends_on_encoding(page: &[u8]) -> bool {
    let lower = page[..page.len().min(PRESCAN)].to_ascii_lowercase();
    let has_label = ["iso-2022-kr", "iso-2022-cn", "csiso2022kr", "hz-gb", "replacement"]
        .iter()
        .any(|label| memchr::memmem::find(&lower, label.as_bytes()).is_some());
    let is_end = |at: usize| at > 0 && page[at - 1] >= 0x80;
    has_label || memchr::memchr3(0x1B, 0x0E, 0x0F, page).is_some() || memchr::memchr_iter(b'\\', page).any(is_end)
}

/// The encoding, and how many bytes of byte order mark come first.
///
/// In this order: the byte order mark; UTF-8, if the bytes are valid and not by chance, since pages are saved as UTF-8
/// whatever they declare; the `charset` of the response; the declaration in the file; a guess from the bytes.
pub(super) fn encoding_of(
    bytes: &[u8],
    format: Format,
    charset: Option<&'static Encoding>,
) -> (&'static Encoding, usize) {
    if let Some(marked) = Encoding::for_bom(bytes) {
        return marked;
    }
    // A style sheet is short and hand-written: its bytes can look like UTF-8 by chance, and every browser obeys its
    // declaration.
    let sheet = Some(bytes).filter(|_| format == Format::Css).and_then(|bytes| declared(bytes, format));
    let utf8 = || unmistakable(bytes).filter(|_| !is_chance(bytes, format));
    let encoding = wide(bytes).or(sheet).or_else(utf8).or_else(|| charset.map(readable));
    let encoding = encoding.or_else(|| declared(bytes, format));
    (encoding.unwrap_or_else(|| guess(bytes)), 0)
}

/// UTF-16 without a mark: a file that starts with a tag whose every other byte is zero (XML 1.0, appendix F).
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<', 0, second, 0, ..] if *second != 0 => Some(UTF_16LE),
        [0, b'<', 0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-8, if the file has characters beyond ASCII and (almost) no invalid bytes.
fn unmistakable(bytes: &[u8]) -> Option<&'static Encoding> {
    const MUCH: usize = 16;
    let start = Encoding::ascii_valid_up_to(bytes);
    let rest = &bytes[start..];
    if rest.is_empty() {
        return None;
    }
    if str::from_utf8(rest).is_ok() {
        return Some(UTF_8);
    }
    let (mut valid, mut invalid) = (0, 0);
    for chunk in rest.utf8_chunks() {
        valid += chunk.valid().bytes().filter(|byte| *byte >= 0xC0).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    (valid >= MUCH * invalid).then_some(UTF_8)
}

/// Whether valid UTF-8 can be chance: two bytes of many East Asian characters are also one character of UTF-8, and if a
/// page declares such an encoding and has nothing else, every browser reads it so.
fn is_chance(bytes: &[u8], format: Format) -> bool {
    let two_bytes = || bytes.iter().all(|byte| *byte < 0xE0);
    let east_asian = |encoding| [GBK, GB18030, BIG5, EUC_KR, EUC_JP, SHIFT_JIS].contains(&encoding);
    two_bytes() && declared(bytes, format).is_some_and(east_asian)
}

/// The encoding that the file declares.
fn declared(bytes: &[u8], format: Format) -> Option<&'static Encoding> {
    let label = match format {
        Format::Css => css_label(bytes)?,
        Format::Html | Format::Xhtml => {
            return xml_label(bytes).and_then(Encoding::for_label).or_else(|| prescan(bytes));
        }
        Format::Markdown | Format::Mdx => return None,
    };
    Encoding::for_label(label).map(readable)
}

/// A declaration that was found byte by byte was not written in UTF-16 (HTML, the last steps of the prescan).
fn readable(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == UTF_16LE || encoding == UTF_16BE {
        UTF_8
    } else if encoding == X_USER_DEFINED {
        WINDOWS_1252
    } else {
        encoding
    }
}

/// CSS Syntax, "determine the fallback encoding": `@charset "label";` at the very start.
fn css_label(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"@charset \"")?;
    let end = memchr::memchr(b'"', &rest[..rest.len().min(PRESCAN)])?;
    rest[end + 1..].starts_with(b";").then(|| &rest[..end])
}

/// HTML, "get an XML encoding".
fn xml_label(bytes: &[u8]) -> Option<&[u8]> {
    let head = &bytes[..bytes.len().min(PRESCAN)];
    let head = &head[..memchr::memchr(b'>', head.strip_prefix(b"<?xml").map(|_| head)?)?];
    let rest = head[memchr::memmem::find(head, b"encoding")? + 8..].trim_ascii_start();
    let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
    let quote = *rest.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let end = memchr::memchr(quote, &rest[1..])?;
    Some(&rest[1..=end])
}

/// HTML, "prescan a byte stream to determine its encoding".
fn prescan(bytes: &[u8]) -> Option<&'static Encoding> {
    let mut rest = &bytes[..bytes.len().min(PRESCAN)];
    while let Some(at) = memchr::memchr(b'<', rest) {
        rest = &rest[at..];
        if rest.starts_with(b"<!--") {
            // The two dashes that open the comment can be the ones that close it.
            rest = &rest[memchr::memmem::find(&rest[2..], b"-->")? + 5..];
        } else if is_meta(rest) {
            let mut attributes = Attributes(&rest[META.len()..]);
            if let Some(encoding) = meta_encoding(&mut attributes) {
                return Some(encoding);
            }
            rest = attributes.0;
        } else if is_tag(rest) {
            let name = rest.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>')?;
            let mut attributes = Attributes(&rest[name..]);
            while attributes.next().is_some() {}
            rest = attributes.0;
        } else if matches!(rest.get(1), Some(b'!' | b'/' | b'?')) {
            rest = &rest[memchr::memchr(b'>', rest)?..];
        } else {
            rest = &rest[1..];
        }
    }
    None
}

fn is_meta(rest: &[u8]) -> bool {
    let name = rest.get(..META.len()).is_some_and(|start| start.eq_ignore_ascii_case(META));
    name && rest.get(META.len()).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'/')
}

fn is_tag(rest: &[u8]) -> bool {
    let rest = rest[1..].strip_prefix(b"/").unwrap_or(&rest[1..]);
    rest.first().is_some_and(u8::is_ascii_alphabetic)
}

/// What one `meta` declares.
fn meta_encoding(attributes: &mut Attributes<'_>) -> Option<&'static Encoding> {
    let mut seen = Vec::new();
    let (mut pragma, mut needs_pragma, mut encoding) = (false, None, None);
    for (name, value) in &mut *attributes {
        if seen.contains(&name) {
            continue;
        }
        match name.as_slice() {
            b"http-equiv" => pragma = value == b"content-type",
            b"content" if encoding.is_none() => {
                encoding = content_label(&value).and_then(Encoding::for_label);
                needs_pragma = encoding.map(|_| true);
            }
            b"charset" => {
                encoding = Encoding::for_label(&value);
                needs_pragma = Some(false);
            }
            _ => {}
        }
        seen.push(name);
    }
    let closed = attributes.0.starts_with(b">");
    let counts = closed && needs_pragma.is_some_and(|needed| pragma || !needed);
    encoding.filter(|encoding| counts && *encoding != REPLACEMENT).map(readable)
}

/// HTML, "extracting a character encoding from a meta element".
fn content_label(content: &[u8]) -> Option<&[u8]> {
    let mut rest = content;
    loop {
        rest = &rest[memchr::memmem::find(rest, b"charset")? + 7..];
        if let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") {
            rest = value.trim_ascii_start();
            break;
        }
    }
    match rest.first()? {
        quote @ (b'"' | b'\'') => Some(&rest[1..=memchr::memchr(*quote, &rest[1..])?]),
        _ => rest.split(|byte| byte.is_ascii_whitespace() || *byte == b';').next(),
    }
}

/// HTML, "get an attribute" of the prescan: names and values in lower case, up to the end of the tag.
struct Attributes<'a>(&'a [u8]);

impl Iterator for Attributes<'_> {
    type Item = (Vec<u8>, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let skipped = self.0.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != b'/')?;
        self.0 = &self.0[skipped..];
        if self.0[0] == b'>' {
            return None;
        }
        let ends =
            |at: usize, byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>') || (byte == b'=' && at > 0);
        let end = self.0.iter().enumerate().position(|(at, byte)| ends(at, *byte))?;
        let name = self.0[..end].to_ascii_lowercase();
        self.0 = &self.0[end..];
        let rest = self.0.trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b"=") else { return Some((name, Vec::new())) };
        self.0 = rest.trim_ascii_start();
        Some((name, self.value()?))
    }
}

impl Attributes<'_> {
    fn value(&mut self) -> Option<Vec<u8>> {
        let quote = self.0.first().filter(|byte| matches!(byte, b'"' | b'\''));
        let (start, end) = match quote {
            Some(quote) => (1, 1 + memchr::memchr(*quote, &self.0[1..])?),
            None => (0, self.0.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>')?),
        };
        let value = self.0[start..end].to_ascii_lowercase();
        self.0 = &self.0[end + start..];
        Some(value)
    }
}

/// What the bytes look like.
fn guess(bytes: &[u8]) -> &'static Encoding {
    if str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, chardetng::Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], format: Format, expected: &str) {
        let (encoding, _) = encoding_of(bytes, format, None);
        assert_eq!(encoding.name(), expected, "{}", bytes.escape_ascii());
    }

    #[test]
    fn what_a_page_declares_counts() {
        for (page, expected) in [
            (&b"<meta charset=gb2312>"[..], "GBK"),
            (b"<META http-equiv='Content-Type' content='text/html; charset=EUC-KR'>", "EUC-KR"),
            (b"<meta content='text/html; charset=EUC-KR'>", "UTF-8"),
            (b"<!-- <meta charset=gbk> --><meta charset='Shift_JIS' >", "Shift_JIS"),
            (b"<p title='<meta charset=gbk>'><meta charset=big5 >", "Big5"),
            (b"<meta charset=utf-16le>", "UTF-8"),
            (b"<meta charset=x-user-defined>", "windows-1252"),
            (b"<meta charset=no-such><meta charset=koi8-r>", "KOI8-R"),
            (b"<?xml version='1.0' encoding=\"gb18030\"?><html>", "gb18030"),
            (b"<meta charset=gbk", "UTF-8"),
            (b"<meta charset=iso-2022-kr>", "UTF-8"),
            (b"<!--><meta charset=gbk>", "GBK"),
            (b"<a <meta charset=gbk>", "UTF-8"),
        ] {
            check(page, Format::Html, expected);
        }
        check(b"@charset \"shift_jis\";a{}", Format::Css, "Shift_JIS");
        check(b"@charset 'shift_jis';a{}", Format::Css, "UTF-8");
        check(b"<meta charset=gbk>", Format::Markdown, "UTF-8");
    }

    #[test]
    fn later_declarations_are_not_among_those_that_each_browser_sees() {
        let tag = "<meta charset=gbk>";
        let at = |start: usize| early_declarations(format!("{}{tag}<p>", "a".repeat(start)).as_bytes());
        let last = FIRST - tag.len();
        for start in [0, last, last + 1, FIRST - 1] {
            assert_eq!(at(start), [Span::new(start, start + tag.len())]);
            assert_eq!(ends_early(at(start)[0]), start <= last);
        }
        assert!(at(FIRST).is_empty());
        let long = format!("<meta {}", "a ".repeat(LONGEST_META));
        for (page, expected) in [
            ("<style>/*<meta charset=utf-8>*/</style><META/http-equiv=Content-Type content=x>", 2),
            ("<meta http-equiv='content&#45;type' content='text/html; char&#115;et=gbk'>", 1),
            ("<meta name=a content=b><meta http-equiv=refresh content=1><meta charset=gbk", 0),
            (&long, 1),
            ("\u{feff}<meta charset=gbk>", 0),
        ] {
            assert_eq!(early_declarations(page.as_bytes()).len(), expected, "{page}");
        }
    }

    #[test]
    fn few_texts_depend_on_the_encoding() {
        for page in [&b"\x1b$B"[..], b"a\x0ejavascript:", b"<meta charset=ISO-2022-kr>", b"'\x81\\'"] {
            assert!(depends_on_encoding(page), "{}", page.escape_ascii());
        }
        for page in ["<meta charset=iso-2022-jp>2022 \u{4e0b}\u{8f7d}", "'\\n'"] {
            assert!(!depends_on_encoding(page.as_bytes()), "{page}");
        }
    }

    #[test]
    fn text_that_can_only_be_utf8_is_utf8_whatever_it_declares() {
        check("<meta charset=gbk>下载".as_bytes(), Format::Html, "UTF-8");
        let mut page = "下载".repeat(40).into_bytes();
        page.push(0xFF);
        check(&page, Format::Markdown, "UTF-8");
    }

    #[test]
    fn without_a_declaration_the_bytes_decide() {
        let russian = encoding_rs::WINDOWS_1251.encode("Сегодня утром в Москве прошёл сильный дождь").0;
        check(&russian, Format::Markdown, "windows-1251");
        let chinese = encoding_rs::GBK.encode("今天上午，北京下了一场大雨，许多道路被淹").0;
        check(&chinese, Format::Markdown, "GBK");
    }
}
