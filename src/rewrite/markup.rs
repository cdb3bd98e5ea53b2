//! Markup within addresses, and what a mirror would run without it.
//!
//! Readers differ: one reads `<noscript>`, a frameset or a broken page as markup where another reads text, and renderers of
//! Markdown differ more. Where one reads an address as markup, the address may begin or end an element, even a script; without
//! it another element would, and the mirror would run what the original does not. No check by one reading can exclude that.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

use html5gum::Token;
use memchr::memmem;
use pulldown_cmark::{Options, Parser, html};

use super::target::Article;
use crate::extract::{RawText, markup_tokens};
use crate::model::{Format, Span};

/// What begins or ends something that holds no markup, in any reading.
const BORDERS: [&str; 14] = [
    "<!--",
    "-->",
    "--!>",
    "<![cdata[",
    "]]>",
    "</iframe",
    "</noembed",
    "</noframes",
    "</noscript",
    "</script",
    "</style",
    "</textarea",
    "</title",
    "</xmp",
];

/// What else begins such a thing. In an address that is data it may be a part of a drawing.
const OPENINGS: [&str; 10] =
    ["<iframe", "<noembed", "<noframes", "<noscript", "<plaintext", "<script", "<style", "<textarea", "<title", "<xmp"];

/// How often an address can be encoded: a document in an attribute may hold such a document.
const DEEPEST: usize = 3;

/// What is asked of the text of an article for its addresses, once at most.
pub(super) struct TextAround<'a> {
    article: &'a Article<'a>,
    last_run: OnceCell<Option<usize>>,
    leaves_value_open: OnceCell<bool>,
}

impl<'a> TextAround<'a> {
    pub(super) fn new(article: &'a Article<'a>) -> Self {
        Self { article, last_run: OnceCell::new(), leaves_value_open: OnceCell::new() }
    }

    /// Whether what follows may be read otherwise without what a span holds.
    pub(super) fn depends_on(&self, span: Span) -> bool {
        let format = self.article.format;
        let raw = self.decoded(span.of(self.article.bytes));
        let in_markdown = matches!(format, Format::Markdown | Format::Mdx);
        (is_markup(&raw, format) && self.does_harm(span))
            || (in_markdown && has_single_quote(&raw) && self.leaves_value_open())
    }

    /// What is wrong with XML ends it: without that, what runs after it would do harm.
    fn does_harm(&self, span: Span) -> bool {
        let last_run = || last_that_runs(self.article.bytes);
        self.article.format != Format::Xhtml || *self.last_run.get_or_init(last_run) > Some(span.start)
    }

    fn leaves_value_open(&self) -> bool {
        *self.leaves_value_open.get_or_init(|| leaves_value_open(&self.decoded(self.article.bytes)))
    }

    fn decoded<'b>(&self, bytes: &'b [u8]) -> Cow<'b, str> {
        self.article.encoding.decode_without_bom_handling(bytes).0
    }
}

/// Whether an address, as it is written, may be read as markup that changes how the text after it is read.
fn is_markup(raw: &str, format: Format) -> bool {
    match format {
        Format::Markdown | Format::Mdx if raw.contains(['<', '>']) => true,
        Format::Xhtml if raw.contains('<') || has_bare_ampersand(raw) => true,
        Format::Css => false,
        _ => holds_markup(raw),
    }
}

/// What may run in a text of Markdown, besides handlers.
const RUNNING: [&str; 5] = ["<script", "script:", "<iframe", "<object", "<embed"];

/// Whether an address may end a value in single quotes: renderers of Markdown leave them in addresses as they are.
fn has_single_quote(raw: &str) -> bool {
    raw.contains(['\'', '&']) && decoded(raw).contains('\'')
}

/// Whether a text of Markdown may begin a value in single quotes, and something may run after the next such quote.
fn leaves_value_open(text: &str) -> bool {
    let element = text.match_indices('<').find(|(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()));
    let after_value = element.and_then(|(at, _)| after_single_quotes(&text.as_bytes()[at..]));
    after_value.is_some_and(|rest| last_of(rest, &RUNNING).is_some())
}

/// What follows the quote after the first that may begin a value.
fn after_single_quotes(text: &[u8]) -> Option<&[u8]> {
    let opens = |at: &usize| text[..*at].trim_ascii_end().ends_with(b"=");
    let open = memchr::memchr_iter(b'\'', text).find(opens)?;
    let rest = &text[open + 1..];
    Some(&rest[memchr::memchr(b'\'', rest)?..])
}

/// Where the last of a text starts that may run: an element, an attribute or an address, in any spelling. `None` where nothing
/// does. In UTF-16 a zero stands between two letters.
fn last_that_runs(text: &[u8]) -> Option<usize> {
    last_of(text, &["script", "s\0c\0r\0i\0p\0t", "&#", "&\0#"])
}

/// Where the last handler or other of these parts starts.
fn last_of(text: &[u8], parts: &[&str]) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let is_border = |byte: &u8| byte.is_ascii_whitespace() || b"\"'/\0".contains(byte);
    let is_handler = |at: &usize| {
        let name = lower[at + 2..].iter().skip_while(|byte| byte.is_ascii_alphanumeric() || b"-\0".contains(byte));
        let mut after = name.skip_while(|byte| byte.is_ascii_whitespace() || **byte == 0);
        lower[..*at].last().is_some_and(is_border) && after.next() == Some(&b'=')
    };
    let handlers = ["on", "o\0n"].map(|on| memmem::find_iter(&lower, on).filter(is_handler).last());
    let others = parts.iter().map(|part| memmem::rfind(&lower, part.as_bytes()));
    handlers.into_iter().chain(others).flatten().max()
}

/// Whether markup is in an address of HTML, or in what its references stand for.
fn holds_markup(raw: &str) -> bool {
    let mut text = Cow::Borrowed(raw);
    for _ in 0..DEEPEST {
        if !text.contains(['<', '>', '&']) {
            return false;
        }
        if changes_reading(&text) {
            return true;
        }
        text = Cow::Owned(decoded(&text).into_owned());
    }
    false
}

fn changes_reading(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    let has = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    let is_data = lower.trim_start().starts_with("data:");
    has(&BORDERS) || (!is_data && (has(&OPENINGS) || opens_value(address)))
}

/// Whether an element may begin whose attribute holds the text after the address.
fn opens_value(address: &str) -> bool {
    let mut elements = address.match_indices('<').map(|(at, _)| &address[at + 1..]);
    elements.any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') && rest.contains(['"', '\'']))
}

/// What an attribute with this value means.
pub(super) fn decoded(raw: &str) -> Cow<'_, str> {
    // Nothing else is read otherwise than it is written.
    if !raw.contains(['&', '\0', '\r']) {
        return Cow::Borrowed(raw);
    }
    let element = format!("<a b=\"{}\">", raw.replace('"', "&quot;"));
    let value = markup_tokens::<()>(&element, RawText::IsText).find_map(|token| match token {
        Token::StartTag(tag) => tag.attributes.get(&b"b"[..]).map(|value| value.value.to_vec()),
        _ => None,
    });
    Cow::Owned(String::from_utf8_lossy(&value.unwrap_or_default()).into_owned())
}

/// Whether an ampersand begins no reference: XML ends there (XML 1.0, section 4.1).
fn has_bare_ampersand(raw: &str) -> bool {
    raw.split('&').skip(1).any(|rest| {
        let name = rest.split(';').next().filter(|name| name.len() < rest.len()).unwrap_or_default();
        let name = name.strip_prefix('#').unwrap_or(name);
        name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte))
    })
}

/// Whether a mirror of Markdown, rendered, runs what the original does not: what is inserted brings quotes of its own, which
/// end a value that some HTML before it left open.
pub(super) fn runs_more(original: &str, mirror: &str) -> bool {
    let found = handlers(mirror);
    !found.is_empty() && !found.is_subset(&handlers(original))
}

/// The elements of a rendered text that run something, each with what it runs.
fn handlers(markdown: &str) -> BTreeSet<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let mut rendered = String::new();
    html::push_html(&mut rendered, Parser::new_ext(markdown, Options::all()));
    let mut found = BTreeSet::new();
    for token in markup_tokens::<()>(&rendered, RawText::IsText) {
        let Token::StartTag(tag) = token else { continue };
        let runs = tag.attributes.iter().filter(|(name, value)| name.starts_with(b"on") || is_script(value));
        found.extend(runs.map(|(name, value)| (tag.name.to_vec(), name.to_vec(), value.value.to_vec())));
        if tag.name.as_slice() == b"script" {
            found.insert((tag.name.to_vec(), Vec::new(), Vec::new()));
        }
    }
    found
}

/// Whether a value is an address that runs.
fn is_script(value: &[u8]) -> bool {
    let plain: Vec<u8> = value.iter().copied().filter(|byte| *byte > b' ').take(11).collect();
    plain.eq_ignore_ascii_case(b"javascript:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_may_be_markup() {
        for raw in [
            "a?</noscript><xmp>",
            "a?<!--",
            "a?<b c=\"",
            "a?</b c='",
            "a?<xmp>",
            "a?&lt;/noscript&gt;",
            "a?&amp;lt;!--",
            "a?&lt/xmp",
            "a?&#60b c=&quot",
            "data:image/gif;base64,</noscript>",
            "data:,&lt;/XMP&gt;",
            "data:,]]>",
        ] {
            assert!(is_markup(raw, Format::Html), "{raw}");
        }
        for raw in [
            "a.jpg",
            "a?b&c",
            "a?b&amp;c=&quot;",
            "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><path d='M0'/></svg>",
            "data:image/svg+xml,&lt;svg>",
            "a<b>.jpg",
            "a'<2.jpg",
        ] {
            assert!(!is_markup(raw, Format::Html), "{raw}");
        }
        assert!(is_markup("data:image/svg+xml,<svg>", Format::Markdown));
    }

    #[test]
    fn texts_that_may_run_something() {
        for text in ["<SCRIPT>", " onload = 'x'>", "href=javascript:x", " ON-x=y", "&#106;"] {
            let wide: Vec<u8> = text.bytes().flat_map(|byte| [byte, 0]).collect();
            assert!(last_that_runs(text.as_bytes()).is_some() && last_that_runs(&wide).is_some(), "{text}");
        }
        for text in ["", "<p>on the one hand, a = b</p>", "<img src='a.jpg?version=1&x=on'>", "icon"] {
            assert_eq!(last_that_runs(text.as_bytes()), None, "{text}");
        }
        assert_eq!(last_that_runs(b"<script/><a onload=x><b>"), Some(12));
    }

    #[test]
    fn values_that_an_address_may_end() {
        for raw in ["a?'", "a?&apos;", "a?&#39", "a?&#x27;b"] {
            assert!(has_single_quote(raw), "{raw}");
        }
        assert!(!has_single_quote("a?b&amp;c&amp;apos;"));
        assert!(leaves_value_open("<b title = '\n\na?'<i onclick=x>") && leaves_value_open("<b a='\n'<script>"));
        for text in [
            "title = 'a'\ndescription = 'b'\n",
            "title = 'a'\n<b>description</b>",
            "<b>x</b> it's = <i onclick=x>",
            "<b title='a'>JavaScript is no transcript</b>",
        ] {
            assert!(!leaves_value_open(text), "{text}");
        }
    }

    #[test]
    fn what_xml_does_not_allow_in_an_address() {
        for (raw, expected) in [
            ("a?b=1&c=2", true),
            ("a?b&", true),
            ("a?<", true),
            ("a?b&c d;", true),
            ("a?b&amp;c", false),
            ("a?&#38;&#x26;&x-y.z;", false),
            ("a.jpg", false),
        ] {
            assert_eq!(is_markup(raw, Format::Xhtml), expected, "{raw}");
        }
    }

    #[test]
    fn a_quote_that_is_inserted_may_end_a_value() {
        let open = "x\n\n<div title=\"\n\n<img data-src=a onfocus=hit(1)>\n\ny\n";
        let filled = open.replace("data-src=a", "data-src=b src=\"b\"");
        assert!(runs_more(open, &filled));
        assert!(!runs_more(open, open));
        let whole = open.replace("title=\"", "title=\"\">");
        assert!(!runs_more(&whole, &whole.replace("data-src=a", "data-src=b src=\"b\"")));
        assert!(runs_more("<a b='", "<a b='' href=' javascript:x()'>"));
        assert!(runs_more("x", "<script>x</script>"));
    }
}
