//! Which format an article is written in.

use super::encoding;
use crate::model::Format;

/// How much of a file is examined for its format, in bytes.
const LOOKED_AT: usize = 1024;

/// The format that a file's name promises, or else its content: a document that starts with a tag is HTML, anything
/// else Markdown.
pub fn format_of(name: &str, bytes: &[u8]) -> Format {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "html" | "htm" | "shtml" => Format::Html,
        "xhtml" | "xht" => Format::Xhtml,
        "md" | "markdown" | "mkd" | "mkdn" | "mkdown" | "mdown" | "mdwn" => Format::Markdown,
        "mdx" => Format::Mdx,
        "css" => Format::Css,
        _ if starts_with_tag(&bytes[..bytes.len().min(LOOKED_AT)]) => Format::Html,
        _ => Format::Markdown,
    }
}

fn starts_with_tag(bytes: &[u8]) -> bool {
    let start = encoding::decode(bytes, Format::Html, None);
    let tag = start.text.trim_start().strip_prefix('<');
    tag.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '!' | '?')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_the_format_and_else_the_content() {
        let names = [
            ("a.HTM", Format::Html),
            ("a.shtml", Format::Html),
            ("a.xhtml", Format::Xhtml),
            ("A.MD", Format::Markdown),
            ("a.mkd", Format::Markdown),
            ("a.mdown", Format::Markdown),
            ("a.mdx", Format::Mdx),
            ("a.css", Format::Css),
            ("a", Format::Markdown),
        ];
        for (name, expected) in names {
            assert_eq!(format_of(name, b"text"), expected, "{name}");
        }
        for (text, expected) in [("\n <!doctype html>", Format::Html), ("<p>", Format::Html), ("<3", Format::Markdown)]
        {
            assert_eq!(format_of("a.txt", text.as_bytes()), expected, "{text}");
        }
    }
}
