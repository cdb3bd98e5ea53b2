//! The bytes of a query, in the encoding of its page.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, Encoding};

use crate::model::Format;

/// The encoding that a browser writes the queries of an article's URLs in: the page's own, or UTF-8 where the page is in
/// UTF-16. Markdown becomes a page in UTF-8.
pub(super) fn encoding_of(format: Format, article: &'static Encoding) -> &'static Encoding {
    match format {
        Format::Html | Format::Xhtml | Format::Css => article.output_encoding(),
        _ => encoding_rs::UTF_8,
    }
}

/// A query in an encoding. A character that it lacks becomes a numeric reference, already percent-encoded (URL Standard,
/// "percent-encode after encoding").
pub(super) fn encode<'a>(query: &'a str, encoding: &'static Encoding) -> Cow<'a, [u8]> {
    if encoding == encoding_rs::UTF_8 || query.is_ascii() {
        return Cow::Borrowed(query.as_bytes());
    }
    let (mut encoder, mut bytes, mut from) = (encoding.new_encoder(), Vec::new(), 0);
    loop {
        bytes.reserve(4 * (query.len() - from) + 16);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(&query[from..], &mut bytes, true);
        from += read;
        match result {
            EncoderResult::InputEmpty => return Cow::Owned(bytes),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(lacking) => bytes.extend(format!("%26%23{}%3B", u32::from(lacking)).bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, GBK, ISO_2022_JP, SHIFT_JIS, UTF_16LE, WINDOWS_1251};

    use super::*;

    #[test]
    fn queries_are_in_the_encoding_of_the_page() {
        assert_eq!(&*encode("q=汉字", GBK), b"q=\xba\xba\xd7\xd6");
        assert_eq!(&*encode("q=日本", SHIFT_JIS), b"q=\x93\xfa\x96\x7b");
        assert_eq!(&*encode("q=繁", BIG5), b"q=\xc1\x63");
        assert_eq!(&*encode("q=日", ISO_2022_JP), b"q=\x1b$BF|\x1b(B");
        assert_eq!(&*encode("q=汉", encoding_of(Format::Html, UTF_16LE)), "q=汉".as_bytes());
        assert_eq!(&*encode("q=汉", encoding_of(Format::Markdown, GBK)), "q=汉".as_bytes());
    }

    #[test]
    fn a_character_that_the_encoding_lacks_is_a_numeric_reference() {
        assert_eq!(&*encode("a=漢&b=я", WINDOWS_1251), b"a=%26%2328450%3B&b=\xff");
        assert_eq!(&*encode("漢字", WINDOWS_1251), b"%26%2328450%3B%26%2323383%3B");
    }
}
