//! Bytes that a host sent → text.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

/// How many letters beyond ASCII there must be for each invalid byte of UTF-8 after the first.
const FEW: usize = 4;
/// How far the XML declaration is searched for.
const HEAD: usize = 1024;

/// The text of a document, without a byte order mark, characters that XML forbids, and the text before its first `<` or
/// `{`.
///
/// A byte order mark decides (XML 1.0, appendix F). Bytes that are UTF-8 are read as UTF-8, whatever is declared: that
/// is right in all but contrived cases. Else the charset of `content_type` decides (RFC 7303, section 3), then the
/// document's own declaration, if the bytes are valid in it; else the encoding is guessed from the bytes.
pub(in crate::source) fn decode(bytes: &[u8], content_type: Option<&str>) -> String {
    let text = match utf_32(bytes) {
        Some(text) => text,
        None => decoded(bytes, content_type).into_owned(),
    };
    let start = text.find(['<', '{']).unwrap_or(0);
    text[start..].chars().filter(|c| is_allowed(*c)).collect()
}

/// Whether XML allows a character (XML 1.0, section 2.2).
fn is_allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn decoded<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    if let Some(encoding) = utf_16(bytes) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    let declared = [content_type.and_then(charset), declared(bytes)];
    let is_shifted = declared.contains(&Some(ISO_2022_JP));
    match str::from_utf8(bytes) {
        Ok(text) if !is_shifted => return Cow::Borrowed(text),
        _ => {}
    }
    if is_nearly_utf8(bytes) && !is_shifted {
        return UTF_8.decode_without_bom_handling(bytes).0;
    }
    for encoding in declared.into_iter().flatten() {
        let (text, has_errors) = encoding.decode_without_bom_handling(bytes);
        if !has_errors {
            return text;
        }
    }
    // A few invalid bytes do not change the encoding of a document that declares it.
    let encoding = declared.into_iter().flatten().find(|encoding| *encoding != UTF_8);
    encoding.unwrap_or_else(|| guess(bytes)).decode_without_bom_handling(bytes).0
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// Whether bytes are UTF-8 except for a few: letters beyond ASCII in other encodings are hardly ever valid UTF-8.
fn is_nearly_utf8(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let beyond = text.chars().filter(|c| !c.is_ascii());
    let (bad, good): (Vec<char>, Vec<char>) = beyond.partition(|c| *c == char::REPLACEMENT_CHARACTER);
    bad.len() < good.len() && bad.len() <= 1 + good.len() / FEW
}

/// The `charset` of a content type (RFC 9110, section 8.3.2).
pub(in crate::source) fn charset(content_type: &str) -> Option<&'static Encoding> {
    let parameters = content_type.split(';').filter_map(|parameter| parameter.split_once('='));
    let mut charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    charsets.find_map(|(_, value)| Encoding::for_label(value.trim().trim_matches(['"', '\'']).as_bytes()))
}

/// The encoding that the declaration of XML names.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]);
    let declaration = head.split_once("<?xml")?.1.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let encoding = Encoding::for_label(value[1..].split(quote).next()?.as_bytes())?;
    // A declaration that can be read byte by byte is not in UTF-16.
    Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<' | b'{', 0, next, 0, ..] if *next != 0 => Some(UTF_16LE),
        [0, b'<' | b'{', 0, next, ..] if *next != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-32, which the WHATWG's encodings leave out.
fn utf_32(bytes: &[u8]) -> Option<String> {
    let read: fn([u8; 4]) -> u32 = match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [b'<', 0, 0, 0, ..] => u32::from_le_bytes,
        [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, b'<', ..] => u32::from_be_bytes,
        _ => return None,
    };
    let (units, _) = bytes.as_chunks::<4>();
    let text: String =
        units.iter().map(|unit| char::from_u32(read(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_text_whatever_it_says_of_its_encoding() {
        let gbk = |text: &str| Encoding::for_label(b"gbk").unwrap().encode(text).0.into_owned();
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        let wider = |text: &str| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<_>>();
        let declared = "<?xml version='1.0' encoding='gbk'?><a>新闻</a>";
        for (bytes, content_type, expected) in [
            (gbk(declared), None, declared),
            (gbk("<a>新闻</a>"), Some("text/xml; charset=\"gb2312\""), "<a>新闻</a>"),
            (gbk(declared), Some("text/xml; charset=utf-8"), declared),
            (declared.as_bytes().to_vec(), None, declared),
            (wide("<a>新闻</a>"), None, "<a>新闻</a>"),
            (wider("<a>新闻</a>"), None, "<a>新闻</a>"),
            (b"\xef\xbb\xbf \r\n\t<a/>".to_vec(), None, "<a/>"),
            (b"junk <a>1\x002\x1b3\n</a>".to_vec(), None, "<a>123\n</a>"),
            (b" {\"a\":1}".to_vec(), None, "{\"a\":1}"),
            (b"<?xml encoding='utf-16'?><a/>".to_vec(), None, "<?xml encoding='utf-16'?><a/>"),
            (
                "<a>é, één ééé bad byte: ".bytes().chain(*b"\xff</a>").collect(),
                None,
                "<a>é, één ééé bad byte: \u{fffd}</a>",
            ),
            (Vec::new(), None, ""),
        ] {
            assert_eq!(decode(&bytes, content_type), expected, "{expected}");
        }
    }
}
