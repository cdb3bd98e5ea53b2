//! Bytes on disk → UTF-8 text, and back from places in the text to bytes.
//!
//! A UTF-8 file is borrowed unchanged. For any other encoding the text is kept beside a table of its runs: stretches in
//! which every character takes the same number of bytes in both.

mod decoder;
mod detect;
mod run;

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8};

pub(crate) use self::detect::{depends_on_encoding, early_declarations, ends_early};
use self::run::Run;
use crate::model::{Format, Span};

/// The byte that ISO-2022-JP changes its state with, and what follows it where ASCII begins.
const ESCAPE: u8 = 0x1B;
const TO_ASCII: &[u8] = b"(B";

/// A file's text.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    /// As UTF-8; what cannot be decoded is U+FFFD.
    pub(super) text: Cow<'a, str>,
    /// What it is written in.
    pub(super) encoding: &'static Encoding,
    map: Map,
}

/// Where characters of the text stand in the file.
#[derive(Debug)]
enum Map {
    /// At the same offset, after this many bytes of byte order mark.
    Same(usize),
    /// In these runs, in order.
    Runs(Vec<Run>),
}

/// Decodes a file. `charset` is the encoding that the response named, if there was one.
pub(super) fn decode<'a>(bytes: &'a [u8], format: Format, charset: Option<&'static Encoding>) -> Decoded<'a> {
    let (encoding, mark) = detect::encoding_of(bytes, format, charset);
    match str::from_utf8(&bytes[mark..]) {
        Ok(text) if encoding == UTF_8 => Decoded { text: Cow::Borrowed(text), encoding, map: Map::Same(mark) },
        _ => {
            let (text, runs) = decoder::decode(bytes, mark, encoding);
            Decoded { text: Cow::Owned(text), encoding, map: Map::Runs(runs) }
        }
    }
}

impl Decoded<'_> {
    /// The bytes that spell a part of the text. `None` if they alone would not decode to that part: in the middle of a
    /// character, next to invalid bytes, or where ISO-2022-JP is not in its state of ASCII before and after.
    pub(super) fn span(&self, bytes: &[u8], part: Range<usize>) -> Option<Span> {
        if let Map::Same(mark) = self.map {
            return Some(Span::new(part.start + mark, part.end + mark));
        }
        let span = self.place(&part).filter(|span| self.encoding != ISO_2022_JP || keeps_state(bytes, *span))?;
        let text = self.text.get(part)?;
        let same = self.encoding.decode_without_bom_handling(span.of(bytes));
        (same == (Cow::Borrowed(text), false)).then_some(span)
    }

    /// The bytes at which a part of the text stands, whatever they are.
    pub(super) fn place(&self, part: &Range<usize>) -> Option<Span> {
        match &self.map {
            Map::Same(mark) => Some(Span::new(part.start + mark, part.end + mark)),
            Map::Runs(runs) => {
                let start = offset(runs, part.start, false)?;
                let end = if part.is_empty() { start } else { offset(runs, part.end, true)? };
                (start <= end).then_some(Span::new(start, end))
            }
        }
    }
}

/// Whether ISO-2022-JP has the same state before and after a span, so that ASCII can take its place: an escape to ASCII
/// may follow the span.
fn keeps_state(bytes: &[u8], span: Span) -> bool {
    if !span.of(bytes).contains(&ESCAPE) {
        return true;
    }
    let after =
        |text: &[u8]| text.iter().rposition(|byte| *byte == ESCAPE).map(|at| text[at + 1..].starts_with(TO_ASCII));
    let follows = bytes[span.end..].strip_prefix(&[ESCAPE]).is_some_and(|rest| rest.starts_with(TO_ASCII));
    after(&bytes[..span.start]).unwrap_or(true) && (follows || after(span.of(bytes)).unwrap_or(true))
}

/// The byte at which the character at an offset of the text starts, or, for the `end` of a part, at which the
/// character before it ends.
fn offset(runs: &[Run], at: usize, end: bool) -> Option<usize> {
    let after = runs.partition_point(|run| if end { run.text < at } else { run.text <= at });
    let Some(run) = after.checked_sub(1).map(|index| runs[index]) else {
        return (at == 0).then(|| runs.first().map_or(0, |run| run.bytes));
    };
    let into = at - run.text;
    (into.is_multiple_of(run.text_size) && into / run.text_size <= run.count)
        .then(|| run.bytes + into / run.text_size * run.byte_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character of the text must be found at the bytes that spell it.
    fn check(bytes: &[u8], encoding: &str, text: &str) {
        let decoded = decode(bytes, Format::Html, None);
        assert_eq!((decoded.encoding.name(), &*decoded.text), (encoding, text));
        for (at, c) in text.char_indices().filter(|(_, c)| *c != char::REPLACEMENT_CHARACTER) {
            let part = at..at + c.len_utf8();
            let span = decoded.span(bytes, part.clone()).unwrap_or_else(|| panic!("{c} at {at}"));
            let spelt = decoded.encoding.decode_without_bom_handling(span.of(bytes)).0;
            assert_eq!(spelt, text[part], "{c} at {at}");
        }
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let units = text.encode_utf16();
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    fn written_in(label: &str, text: &str) -> Vec<u8> {
        let encoding = Encoding::for_label(label.as_bytes()).expect("a known label");
        encoding.encode(text).0.into_owned()
    }

    #[test]
    fn utf8_is_borrowed() {
        let decoded = decode("<p>ü".as_bytes(), Format::Html, None);
        assert!(matches!(decoded.text, Cow::Borrowed("<p>ü")));
        let marked = decode(b"\xef\xbb\xbfa", Format::Html, None);
        assert_eq!(&*marked.text, "a");
        assert_eq!(marked.span(b"\xef\xbb\xbfa", 0..1), Some(Span::new(3, 4)));
    }

    #[test]
    fn every_character_is_found_in_every_encoding() {
        let text = "<meta charset=LABEL><p>下载 ü.png — 中文，“引”";
        for label in ["gb18030", "gbk"] {
            let text = text.replace("LABEL", label).replace("ü", "u");
            let name = if label == "gbk" { "GBK" } else { label };
            check(&written_in(label, &text), name, &text);
        }
        for (label, name, text) in [
            ("shift_jis", "Shift_JIS", "日本語ｶﾅ表示ソ.jpg"),
            ("euc-kr", "EUC-KR", "한국어 이미지.jpg"),
            ("big5", "Big5", "繁體中文功.jpg"),
            ("euc-jp", "EUC-JP", "日本語.jpg"),
            ("windows-1252", "windows-1252", "Übergröße–x.jpg"),
            ("windows-1251", "windows-1251", "картинка.jpg"),
        ] {
            let text = format!("<meta charset={label}><img src=\"{text}\">");
            check(&written_in(label, &text), name, &text);
        }
    }

    #[test]
    fn gb18030_has_characters_of_four_bytes() {
        let text = "<meta charset=gb18030>a\u{1f600}b𠀀𠀁ü中c";
        check(&written_in("gb18030", text), "gb18030", text);
    }

    #[test]
    fn utf16_is_read_either_way_round_with_and_without_a_mark() {
        let text = "<html><img src='ü\u{1f600}下.png'>";
        for (big, name) in [(false, "UTF-16LE"), (true, "UTF-16BE")] {
            check(&utf16(text, big), name, text);
            let mark: &[u8] = if big { b"\xfe\xff" } else { b"\xff\xfe" };
            check(&[mark, &utf16(text, big)].concat(), name, text);
        }
    }

    #[test]
    fn bytes_that_are_no_text_leave_the_rest_where_it_is() {
        check(
            b"<meta charset=utf-8>\xff\xfea\xe4\xb8b\xe4\xb8\x8bc",
            "UTF-8",
            "<meta charset=utf-8>\u{fffd}\u{fffd}a\u{fffd}b下c",
        );
        check(b"<meta charset=gbk>\x81\x20a\xffb\xc4\xe3", "GBK", "<meta charset=gbk>\u{fffd} a\u{fffd}b你");
        check(b"<meta charset=gb18030>\x81\x30\x81a.\x81", "gb18030", "<meta charset=gb18030>\u{fffd}0乤.\u{fffd}");
        check(b"\xff\xfea\0\0\xd8b\0\x00\xdcc", "UTF-16LE", "a\u{fffd}b\u{fffd}\u{fffd}");
    }

    #[test]
    fn shifted_text_has_no_span_of_its_own() {
        let bytes = b"<meta charset=iso-2022-jp>a.jpg \x1b$B$\"$$\x1b(B b.jpg";
        let decoded = decode(bytes, Format::Html, None);
        assert_eq!(&*decoded.text, "<meta charset=iso-2022-jp>a.jpg あい b.jpg");
        let place = |part: &str| decoded.text.find(part).map(|at| at..at + part.len()).expect("it is there");
        assert_eq!(decoded.span(bytes, place("あ")), None);
        assert_eq!(decoded.span(bytes, place("い")), None);
        let span = decoded.span(bytes, place("b.jpg")).expect("it is plain");
        assert_eq!(span.of(bytes), b"b.jpg");
    }

    #[test]
    fn a_span_that_leaves_ascii_and_comes_back_can_be_replaced() {
        for (bytes, part, expected) in [
            (&b"<img src='a\x1b$B$\"\x1b(B.jpg'>"[..], "a\u{3042}.jpg", Some(&b"a\x1b$B$\"\x1b(B.jpg"[..])),
            (b"<img src='\x1b$B$\"\x1b(B.jpg'>", "\u{3042}.jpg", Some(b"\x1b$B$\"\x1b(B.jpg")),
            (b"<img src='a\x1b$B$\"\x1b(B'>", "a\u{3042}", Some(b"a\x1b$B$\"")),
            (b"<img src='a\x1b$B$\"\x1b(J.jpg'>", "a\u{3042}.jpg", None),
            (b"\x1b(J<img src='a\x1b$B$\"\x1b(B.jpg'>", "a\u{3042}.jpg", None),
            (b"\x1b$B$\"$$\x1b(B", "\u{3044}", None),
        ] {
            let bytes = [b"<meta charset=iso-2022-jp>", bytes].concat();
            let decoded = decode(&bytes, Format::Html, None);
            let at = decoded.text.find(part).expect("it is there");
            let span = decoded.span(&bytes, at..at + part.len());
            assert_eq!(span.map(|span| span.of(&bytes)), expected, "{}", bytes.escape_ascii());
        }
    }
}
