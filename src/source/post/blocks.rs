//! HTML within Markdown.

use std::ops::Range;

use html5gum::Token;

use super::filters::is_reference;
use crate::extract::{RawText, markup_tokens};

/// Elements whose text has no references.
const RAW: [&[u8]; 7] = [b"script", b"style", b"iframe", b"noembed", b"noframes", b"noscript", b"xmp"];

/// HTML that Markdown reads as HTML to its end. A blank line would end its block (`CommonMark` 0.31, section 4.6), and
/// make code of indented lines, and lists of those that begin with a hyphen: their images would not be shown.
///
/// If text continues after a blank line, the end of that line is written as a reference, `&#10;`. Within tags and
/// scripts, where no reference can stand, the line is left out. A reference that is in the text already gets one more
/// zero, so that the text can be restored. Blank lines before a line that begins with a tag stay: it begins a block of
/// its own.
pub(super) fn unbroken(html: &str) -> String {
    let texts = texts(html);
    let is_text = |at: usize| {
        let next = texts.partition_point(|text| text.end <= at);
        texts.get(next).is_some_and(|text| text.start <= at)
    };
    let mut written = String::with_capacity(html.len());
    let mut start = 0;
    for line in html.split_inclusive('\n') {
        let end = start + line.len();
        if !line.trim().is_empty() || !line.ends_with('\n') || begins_with_tag(&html[end..]) {
            escape_references(line, &mut written);
        } else if is_text(end - 1) {
            written.push_str(&line[..line.len() - 1]);
            written.push_str("&#10;");
        }
        start = end;
    }
    written
}

/// Whether the next line that is not blank begins with a tag, or there is none.
fn begins_with_tag(rest: &str) -> bool {
    let Some(line) = rest.lines().find(|line| !line.trim().is_empty()) else { return true };
    let inner = line.trim_start_matches(' ');
    let is_tag = |c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?');
    line.len() - inner.len() < 4 && inner.strip_prefix('<').is_some_and(|rest| rest.starts_with(is_tag))
}

fn escape_references(line: &str, written: &mut String) {
    let mut rest = line;
    while let Some(at) = rest.find("&#") {
        let (before, reference) = rest.split_at(at);
        written.push_str(before);
        written.push_str(if is_reference(reference, &["10;"]) { "&#0" } else { "&#" });
        rest = &reference[2..];
    }
    written.push_str(rest);
}

/// Where references may stand between tags.
fn texts(html: &str) -> Vec<Range<usize>> {
    let mut texts = Vec::new();
    let mut is_raw = false;
    for token in markup_tokens::<usize>(html, RawText::IsMarkup) {
        match token {
            Token::StartTag(tag) => is_raw = RAW.contains(&tag.name.as_slice()),
            Token::EndTag(_) => is_raw = false,
            Token::String(text) if !is_raw => texts.push(text.span.start..text.span.end),
            _ => {}
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_goes_on_after_a_blank_line() {
        for (html, written) in [
            ("<p>a</p>\n\n    <img src=x>", "<p>a</p>\n&#10;    <img src=x>"),
            ("\n \t\n\t<p>", "&#10; \t&#10;\t<p>"),
            ("<pre>a\n\n\n- b</pre>", "<pre>a\n&#10;&#10;- b</pre>"),
            ("a\n\n<p>b\n\n  </p>\n\n<!-- -->", "a\n\n<p>b\n\n  </p>\n\n<!-- -->"),
            ("a\n\n< b", "a\n&#10;< b"),
            ("<p>a</p>\n \n", "<p>a</p>\n \n"),
            ("<img\n\n    src=x>", "<img\n    src=x>"),
            ("<img alt='a\n\nb'>", "<img alt='a\nb'>"),
            ("<!-- a\n\n b -->", "<!-- a\n b -->"),
            ("<script>a\n\nb</script>\n\nc", "<script>a\nb</script>\n&#10;c"),
            ("&#10; &#010;\n", "&#010; &#0010;\n"),
        ] {
            assert_eq!(unbroken(html), written, "{html:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_unbroken_can_be_restored(text in "([ \t\na-c0;&-]|&#0{0,2}10;|<p>|</p>){0,40}") {
            let restored = unbroken(&text).replace("&#10;", "\n").replace("&#0", "&#");
            prop_assert_eq!(restored, text);
        }
    }
}
