//! Texts of feeds: HTML to text and text to HTML.

use super::super::xml::{Element, escape, unescape};

/// The HTML that shows a text: its lines stay lines.
pub(super) fn to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    escape(text, &mut html);
    html.replace('\n', "<br>\n")
}

/// One line of a text.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One line of text from HTML: tags are left out, references are resolved.
pub(super) fn of_html(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let tag = &rest[1..];
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            text.push('<');
            rest = tag;
            continue;
        }
        // Without an end, no later tag has one either: the text is not searched again for each.
        let Some(end) = tag.find('>') else { break };
        rest = &tag[end + 1..];
    }
    text.push_str(rest);
    line(&unescape(&text))
}

/// The text of a title of unknown format: RSS has titles with and without markup.
pub(super) fn title(element: &Element) -> String {
    if element.has_elements() { line(&element.text()) } else { of_html(&element.text()) }
}

/// The HTML of an element that holds escaped HTML, or markup itself.
pub(super) fn html(element: &Element) -> String {
    if element.has_elements() { element.inner_html() } else { element.text() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_text_is_what_html_shows() {
        for (html, text) in [
            ("a <b>b</b>\n c", "a b c"),
            ("1 < 2 &amp;&lt; 3", "1 < 2 &< 3"),
            ("“引”&nbsp;x", "“引” x"),
            ("a<", "a<"),
            ("R&D", "R&D"),
        ] {
            assert_eq!(of_html(html), text);
        }
        assert_eq!(to_html("a < b\nc"), "a &lt; b<br>\nc");
    }
}
