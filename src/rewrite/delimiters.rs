//! What is written around a link that an edit inserts.

use encoding_rs::Encoding;
use memchr::memmem;

use super::ascii::written;
use super::surroundings::end_of_directive;
use crate::model::Span;

/// What stands before the link if a lazy image gets a `src`; a quote stands after it.
pub(super) const SRC: &str = " src=\"";

/// What stands before and after a link that was inserted.
const AROUND_LINKS: [(&str, &str); 3] = [(SRC, "\""), ("<a href=\"", "\""), ("](", ")")];

/// What is inserted with a link around an image, on the other side of it.
const CLOSING_DELIMITERS: [&str; 2] = ["[", "</a>"];

/// Where the link stands in what an edit wrote: all of it if it replaced a URL, and a part if it was `inserted` with an
/// attribute, a directive or a link of its own. `None` for the closing delimiter of such a link.
pub(crate) fn link_in(replacement: &[u8], inserted: bool, encoding: &'static Encoding) -> Option<Span> {
    let whole = Some(Span::new(0, replacement.len()));
    if !inserted {
        return end_of_directive(replacement, encoding).map(|end| Span::new(0, end)).or(whole);
    }
    if CLOSING_DELIMITERS.iter().any(|delimiter| replacement == written(delimiter, encoding)) {
        return None;
    }
    let within = |(before, after): &(&str, &str)| {
        let start = written(before, encoding);
        let rest = replacement.strip_prefix(start.as_slice())?;
        let length = memmem::find(rest, &written(after, encoding))?;
        Some(Span::new(start.len(), start.len() + length))
    };
    AROUND_LINKS.iter().find_map(within).or(whole)
}

/// The closing delimiter of a link that was put around an image, in an article that was edited since: `delimiter` is
/// where the side with the link still stands, and the closing one is the first that could belong to it.
pub fn closing_delimiter(edited: &[u8], delimiter: Span, encoding: &'static Encoding) -> Option<Span> {
    let text = |text: &str| written(text, encoding);
    let found = delimiter.of(edited);
    if found.starts_with(&text("<a href=\"")) {
        let (closing, rest) = (text("</a>"), &edited[delimiter.end..]);
        let at = memmem::find(rest, &closing).filter(|&at| memmem::find(&rest[..at], &text("<a ")).is_none())?;
        return Some(Span::new(delimiter.end + at, delimiter.end + at + closing.len()));
    }
    let opening = text("[![");
    let at = memmem::rfind(&edited[..delimiter.start], &opening).filter(|_| found.starts_with(&text("](")))?;
    Some(Span::new(at, at + text("[").len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_delimiter_of_a_link_is_found_again() {
        let closing = |text: &str, delimiter: &str| {
            let at = text.find(delimiter).unwrap();
            let span = closing_delimiter(text.as_bytes(), Span::new(at, at + delimiter.len()), encoding_rs::UTF_8);
            span.map(|span| (span.start, span.end))
        };
        assert_eq!(closing("x<a href=\"f.jpg\"><img></a>", "<a href=\"f.jpg\">"), Some((22, 26)));
        assert_eq!(closing("x<a href=\"f.jpg\"><img><a href=y></a>", "<a href=\"f.jpg\">"), None);
        assert_eq!(closing("[x [![y](s)](f.jpg)", "](f.jpg)"), Some((3, 4)));
        assert_eq!(closing("<img data-src=a src=\"f\"></a>", " src=\"f\""), None);
    }
}
