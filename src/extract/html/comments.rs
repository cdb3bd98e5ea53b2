//! Text between comments. In `svg`, in `math` and in XML the text of a `<style>` is markup and not raw text, so a
//! comment in it is not part of the style.

use std::ops::Range;

use memchr::memmem;

/// The parts of a text without tags that are no comments, in order (HTML, "comment start state" and "bogus comment
/// state"). A CDATA section is text.
pub(super) fn outside_comments(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let (mut parts, mut start, mut at) = (Vec::new(), range.start, range.start);
    while let Some(found) = memchr::memchr(b'<', &text.as_bytes()[at..range.end]) {
        let open = at + found;
        let rest = &text[open..range.end];
        match markup_length(rest) {
            Markup::Text(length) => at = open + length,
            Markup::Comment(length) => {
                parts.push(start..open);
                at = open + length;
                start = at;
            }
        }
    }
    parts.push(start..range.end);
    parts.retain(|part| !part.is_empty());
    parts
}

/// What a `<` begins, and its length.
enum Markup {
    Text(usize),
    Comment(usize),
}

fn markup_length(text: &str) -> Markup {
    let upto = |end: &str| memmem::find(text.as_bytes(), end.as_bytes()).map_or(text.len(), |at| at + end.len());
    if text.starts_with("<![CDATA[") {
        return Markup::Text(upto("]]>"));
    }
    if text.starts_with("<!-->") || text.starts_with("<!--->") {
        return Markup::Comment(upto(">"));
    }
    if let Some(comment) = text.strip_prefix("<!--") {
        let ends =
            ["-->", "--!>"].map(|end| memmem::find(comment.as_bytes(), end.as_bytes()).map(|at| 4 + at + end.len()));
        return Markup::Comment(ends.into_iter().flatten().min().unwrap_or(text.len()));
    }
    let is_bogus = ["<!", "<?", "</"].iter().any(|start| text.starts_with(start));
    if is_bogus { Markup::Comment(upto(">")) } else { Markup::Text(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let parts = outside_comments(text, 0..text.len());
        assert_eq!(parts.into_iter().map(|part| &text[part]).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn comments_are_cut_out_as_browsers_read_them() {
        check("a", &["a"]);
        check("a<!-- b -->c", &["a", "c"]);
        check("a<!-->b-->c", &["a", "b-->c"]);
        check("a<!--->b", &["a", "b"]);
        check("a<!-- b --!>c", &["a", "c"]);
        check("a<!-- b", &["a"]);
        check("a<?b?>c<!d>e</ f>g", &["a", "c", "e", "g"]);
        check("a<![CDATA[<!-- b -->]]>c", &["a<![CDATA[<!-- b -->]]>c"]);
        check("a < b <!---->c", &["a < b ", "c"]);
        check("", &[]);
    }
}
