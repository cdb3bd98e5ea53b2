//! The main text of a page: what readers came for, without navigation, advertisements and comments.

use std::collections::HashMap;

use dom_smoothie::Readability;
use encoding_rs::Encoding;
use html5gum::Token;
use url::Url;

use super::encoding;
use super::markup_tokens::{RawText, markup_tokens};
use crate::model::Format;

/// Elements without an end (HTML, section 13.1.2).
const VOID: [&[u8]; 14] = [
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"param", b"source",
    b"track", b"wbr",
];
/// Elements that the next of their kind ends (HTML, section 13.1.2.4): they lie in each other only within others.
const SELF_ENDING: [&[u8]; 15] = [
    b"p",
    b"li",
    b"dt",
    b"dd",
    b"td",
    b"th",
    b"tr",
    b"tbody",
    b"thead",
    b"tfoot",
    b"option",
    b"optgroup",
    b"rp",
    b"rt",
    b"body",
];
/// Elements that are made anew in every block that begins before they end (HTML, section 13.2.4.3).
const FORMATTING: [&[u8]; 14] =
    [b"a", b"b", b"big", b"code", b"em", b"font", b"i", b"nobr", b"s", b"small", b"strike", b"strong", b"tt", b"u"];

/// The main text of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MainText {
    /// The title of the page.
    pub(crate) title: String,
    /// The text, as HTML.
    pub(crate) html: String,
}

/// How large pages may be whose main text is looked for: the tree of a page takes many times the memory of its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageLimits {
    /// Elements in all.
    pub(crate) nodes: usize,
    /// Elements within each other.
    pub(crate) depth: usize,
}

/// Why a page gives no main text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MainTextError {
    /// It has too many elements.
    #[error("it has more than feed.max_page_nodes ({0}) elements; raise that to read it")]
    TooManyNodes(usize),
    /// They are nested too deeply.
    #[error("its elements are nested more than feed.max_page_depth ({0}) deep; raise that to read it")]
    TooDeep(usize),
    /// There is none.
    #[error("no main text is found in it")]
    None,
}

/// Finds the main text of the page that came from `url`, and of which the response said that it is written in `charset`.
/// Addresses in it are absolute.
///
/// # Errors
/// A page that is beyond the limits, or has no main text.
pub(crate) fn main_text(
    bytes: &[u8],
    url: &Url,
    charset: Option<&'static Encoding>,
    limits: PageLimits,
) -> Result<MainText, MainTextError> {
    let decoded = encoding::decode(bytes, Format::Html, charset);
    weigh(&decoded.text, limits)?;
    let mut page = Readability::new(&*decoded.text, Some(url.as_str()), None).map_err(|_| MainTextError::None)?;
    let found = page.parse().map_err(|_| MainTextError::None)?;
    if found.text_content.trim().is_empty() && !found.content.contains("<img") {
        return Err(MainTextError::None);
    }
    Ok(MainText { title: found.title, html: found.content.to_string() })
}

/// What a parser would make of a page, without its tree.
#[derive(Default)]
struct Weight {
    nodes: usize,
    depth: usize,
    /// How many elements are open, by their names.
    open: HashMap<Vec<u8>, usize>,
    /// Formatting elements that are open.
    formatting: usize,
}

/// Refuses a page whose tree would be larger than the limits: what is counted is at least what a parser makes.
fn weigh(text: &str, limits: PageLimits) -> Result<(), MainTextError> {
    let mut weight = Weight::default();
    for token in markup_tokens::<()>(text, RawText::IsText) {
        match token {
            Token::StartTag(tag) => weight.start(&tag.name),
            Token::EndTag(tag) => weight.end(&tag.name),
            _ => continue,
        }
        if weight.nodes > limits.nodes {
            return Err(MainTextError::TooManyNodes(limits.nodes));
        }
        if weight.depth > limits.depth {
            return Err(MainTextError::TooDeep(limits.depth));
        }
    }
    Ok(())
}

impl Weight {
    fn is_foreign(&self) -> bool {
        ["svg", "math"].iter().any(|name| self.open.get(name.as_bytes()).is_some_and(|open| *open > 0))
    }

    fn start(&mut self, name: &[u8]) {
        self.nodes += 1 + self.formatting;
        let is_counted = !VOID.contains(&name) && (self.is_foreign() || !SELF_ENDING.contains(&name));
        let is_ended_by_next = matches!(name, b"a" | b"nobr" | b"button");
        let open = self.open.entry(name.to_vec()).or_default();
        if is_counted && !(is_ended_by_next && *open > 0) {
            *open += 1;
            self.depth += 1;
            self.formatting += usize::from(FORMATTING.contains(&name));
        }
    }

    fn end(&mut self, name: &[u8]) {
        self.nodes += 1 + self.formatting;
        if let Some(open) = self.open.get_mut(name).filter(|open| **open > 0) {
            *open -= 1;
            self.depth -= 1;
            self.formatting -= usize::from(FORMATTING.contains(&name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PageLimits = PageLimits { nodes: 200_000, depth: 256 };

    fn page(body: &str) -> String {
        format!("<!doctype html><title>A title</title><nav><a href=/>Home</a></nav><article>{body}</article>")
    }

    fn found(html: &[u8], charset: Option<&'static Encoding>) -> Result<MainText, MainTextError> {
        main_text(html, &Url::parse("https://a.example/b/c").unwrap(), charset, LIMITS)
    }

    #[test]
    fn the_main_text_of_a_page_is_found_in_any_encoding() {
        let text = "新闻的正文，".repeat(40);
        let html = page(&format!("<p>{text}</p><p>{text}<img src=../1.png></p>"));
        let gbk = Encoding::for_label(b"gbk").unwrap();
        for (bytes, charset) in [(html.as_bytes().to_vec(), None), (gbk.encode(&html).0.into_owned(), Some(gbk))] {
            let found = found(&bytes, charset).unwrap();
            assert_eq!(found.title, "A title");
            assert!(found.html.contains(&text) && !found.html.contains("Home"), "{}", found.html);
            assert!(found.html.contains("https://a.example/1.png"), "{}", found.html);
        }
    }

    #[test]
    fn a_page_without_text_has_none() {
        for html in
            ["", "<!doctype html><title>x</title>", "<script>a()</script><style>b{}</style>", "<frameset><frame src=a>"]
        {
            assert_eq!(found(html.as_bytes(), None), Err(MainTextError::None), "{html}");
        }
    }

    #[test]
    fn a_page_whose_tree_would_be_too_large_is_refused_before_there_is_one() {
        let formatting = (0..200).map(|at| format!("<b x={at}>")).collect::<Vec<_>>().concat();
        for (html, expected) in [
            ("<div>".repeat(300), MainTextError::TooDeep(256)),
            ("<div></span>".repeat(300), MainTextError::TooDeep(256)),
            (format!("<svg>{}", "<td>".repeat(300)), MainTextError::TooDeep(256)),
            ("<p>".repeat(200_001), MainTextError::TooManyNodes(200_000)),
            (formatting + &"<p>x".repeat(1000), MainTextError::TooManyNodes(200_000)),
        ] {
            assert_eq!(found(page(&html).as_bytes(), None), Err(expected), "{}", &html[..40]);
        }
        let sloppy = "<li><a href=x>x<p>".repeat(1000) + "<br><img src=x>";
        assert!(weigh(&sloppy, LIMITS).is_ok(), "what ends by itself is not deep");
    }
}
