//! How much memory reading an article takes, estimated before it is read.

use super::encoding;
use super::front_matter;
use super::sink::MAX_REFERENCES;
use crate::model::Format;

/// Bytes for each byte of an article that is in memory in any case: the file, the decoded text, the copy with HTML
/// blanked out, and the mirror.
const PER_BYTE: u64 = 8;
/// For each byte of front matter: the parsers build a tree, and `- - - -` is a list in a list for every two bytes.
const PER_FRONT_MATTER_BYTE: u64 = 160;
/// For each character that may begin something in Markdown: the parser keeps a node for it.
const PER_MARK: u64 = 120;
/// For each tag or attribute of HTML.
const PER_TAG: u64 = 120;

/// For each comma: in `srcset`, it separates candidates.
const PER_COMMA: u64 = 280;
/// For each reference.
const PER_REFERENCE: u64 = 800;
/// The fewest bytes that a reference takes in an article.
const LEAST_REFERENCE: u64 = 5;

/// The characters that the Markdown parser makes nodes of.
const MARKS: &[u8] = b"*_`[]!<>~|$\\&\n:'\"-+#";

/// How many bytes of memory reading this article takes, at most. It depends on what is in the article: markup costs more
/// than text.
pub fn memory_estimate(bytes: &[u8], format: Format) -> u64 {
    let length = bytes.len() as u64;
    let front_matter = match format {
        Format::Css => 0,
        _ if begins_with_a_tag(bytes) => 0,
        _ => front_matter::length(&encoding::decode(bytes, format, None).text) as u64,
    };
    let tags = memchr::memchr2_iter(b'<', b'=', bytes).count() as u64;
    let marks = match format {
        Format::Markdown | Format::Mdx => count(bytes, MARKS) + numbers_of_items(bytes),
        Format::Css => count(bytes, b"(;,"),
        Format::Html | Format::Xhtml => 0,
    };
    let commas = memchr::memchr_iter(b',', bytes).count() as u64;
    let references = (length / LEAST_REFERENCE).min(MAX_REFERENCES as u64);
    references * PER_REFERENCE
        + length * PER_BYTE
        + front_matter * PER_FRONT_MATTER_BYTE
        + tags * PER_TAG
        + marks * PER_MARK
        + commas * PER_COMMA
}

/// Whether a tag is the first thing that is not blank, as in a page: then there is no front matter, and the page need
/// not be decoded to find that out. In UTF-16 every other byte is zero.
fn begins_with_a_tag(bytes: &[u8]) -> bool {
    let is_before = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 0xEF | 0xBB | 0xBF | 0xFE | 0xFF);
    bytes.iter().find(|byte| !is_before(byte)) == Some(&b'<')
}

/// The digits with a dot or a parenthesis after them: each may begin an item of a list in Markdown.
fn numbers_of_items(bytes: &[u8]) -> u64 {
    let ends_number = |pair: &&[u8]| pair[0].is_ascii_digit() && matches!(pair[1], b'.' | b')');
    bytes.windows(2).filter(ends_number).count() as u64
}

fn count(bytes: &[u8], wanted: &[u8]) -> u64 {
    let mut is_wanted = [false; 256];
    for byte in wanted {
        is_wanted[usize::from(*byte)] = true;
    }
    bytes.iter().filter(|byte| is_wanted[usize::from(**byte)]).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_a_tag_has_no_front_matter() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let front_matter = "---\ntitle: a\n---\n<p>";
        for (bytes, expected) in [
            (b"<!DOCTYPE html>".to_vec(), true),
            (b"\xef\xbb\xbf \r\n<p>title: a\n---\n".to_vec(), true),
            (wide("\u{feff}\n<p>"), true),
            (wide(&format!("\u{feff}{front_matter}")), false),
            (front_matter.into(), false),
            (b"title: a\n---\n<p>".to_vec(), false),
            (b"{\"title\": \"<a>\"}\n".to_vec(), false),
            (Vec::new(), false),
        ] {
            assert_eq!(begins_with_a_tag(&bytes), expected, "{bytes:?}");
            let length = front_matter::length(&encoding::decode(&bytes, Format::Html, None).text);
            assert_eq!(length == 0, expected || bytes.is_empty(), "{bytes:?}");
        }
    }

    #[test]
    fn markup_costs_more_than_text() {
        let of = |text: &str, format| memory_estimate(text.as_bytes(), format) / 1000;
        let text = "word ".repeat(200);
        let honest = of(&text, Format::Markdown);
        assert_eq!(honest, of(&text, Format::Html));
        assert!(of(&"[".repeat(1000), Format::Markdown) > honest + 100);
        assert!(of(&"1. ".repeat(333), Format::Markdown) > honest + 30);
        assert!(of(&"<a ".repeat(333), Format::Html) > honest + 30);
        let front_matter = format!("---\nkey: {}\n---\n", "- ".repeat(500));
        assert!(of(&front_matter, Format::Html) > honest + 150);
    }
}
