//! The text of an article as its reader sees it: without markup, with what images and tables are called apart from it.

mod markdown;

use encoding_rs::Encoding;
use html5gum::{StartTag, Token};

use super::markup_tokens::{RawText, markup_tokens};
use super::{encoding, front_matter};
use crate::model::Format;

/// The most that is taken of an article, in bytes.
const LONGEST: usize = 1 << 20;

/// The text of an article as its reader sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PlainText {
    /// Its body, a line for each block.
    pub(crate) body: String,
    /// What stands for images, below them, and over tables and characters.
    pub(crate) alt: String,
}

/// The text of an article of which the response said that it is written in `charset`: at most 1 MiB of it. Its title is
/// not in it, where front matter or the head of a page has that.
pub(crate) fn plain_text(bytes: &[u8], format: Format, charset: Option<&'static Encoding>) -> PlainText {
    let decoded = encoding::decode(bytes, format, charset);
    let body = &decoded.text[front_matter::length(&decoded.text)..];
    match format {
        Format::Css => PlainText::default(),
        Format::Markdown | Format::Mdx => of_html(&markdown::as_html(body), false),
        Format::Html => of_html(body, false),
        Format::Xhtml => of_html(body, true),
    }
}

fn of_html(html: &str, is_xml: bool) -> PlainText {
    let mut reader = Reader { is_xml, ..Reader::default() };
    read(html, &mut reader, false);
    reader.finish()
}

/// Reads a page, or what stands in it for readers without scripts, which the tokenizer takes for text.
fn read(html: &str, reader: &mut Reader, is_within: bool) {
    let raw = if reader.is_xml { RawText::IsMarkup } else { RawText::IsText };
    for token in markup_tokens(html, raw) {
        match token {
            Token::StartTag(tag) => reader.start(&tag),
            Token::EndTag(tag) => reader.end(&tag.name),
            Token::String(text) => match std::mem::take(&mut reader.is_raw) {
                false => reader.text(&text),
                true if is_within => {}
                true => read(&String::from_utf8_lossy(&text), reader, true),
            },
            _ => {}
        }
        if reader.body.len() + reader.alt.len() > LONGEST {
            break;
        }
    }
}

/// Elements whose text no reader sees.
const HIDDEN: [&[u8]; 13] = [
    b"datalist",
    b"iframe",
    b"noembed",
    b"noframes",
    b"object",
    b"option",
    b"rp",
    b"script",
    b"style",
    b"svg",
    b"template",
    b"textarea",
    b"title",
];
/// Elements that say what others are called, or how they are read aloud.
const CAPTIONS: [&[u8]; 3] = [b"caption", b"figcaption", b"rt"];

/// Whether an element whose end may be left out ends before this one begins (HTML, section 13.1.2.4).
fn is_ended_by_start(open: &[u8], name: &[u8]) -> bool {
    match open {
        b"option" => matches!(name, b"option" | b"optgroup" | b"hr"),
        b"rp" | b"rt" => matches!(name, b"rb" | b"rp" | b"rt" | b"rtc"),
        b"caption" => {
            matches!(name, b"caption" | b"col" | b"colgroup" | b"tbody" | b"td" | b"tfoot" | b"th" | b"thead" | b"tr")
        }
        _ => false,
    }
}

/// Whether it ends with the element around it.
fn is_ended_by_end(open: &[u8], name: &[u8]) -> bool {
    match open {
        b"option" => matches!(name, b"select" | b"optgroup"),
        b"rp" | b"rt" => name == b"ruby",
        b"caption" => name == b"table",
        _ => false,
    }
}

/// Elements within a line: the text around them goes on (HTML, section 15.3.3 ff.).
const INLINE: [&[u8]; 38] = [
    b"a", b"abbr", b"acronym", b"b", b"bdi", b"bdo", b"big", b"cite", b"code", b"data", b"del", b"dfn", b"em", b"font",
    b"i", b"ins", b"kbd", b"label", b"mark", b"nobr", b"output", b"q", b"rb", b"rt", b"ruby", b"s", b"samp", b"slot",
    b"small", b"span", b"strike", b"strong", b"sub", b"sup", b"time", b"u", b"var", b"wbr",
];

/// Collects the text on the way through a page.
#[derive(Default)]
struct Reader {
    is_xml: bool,
    body: String,
    alt: String,
    /// The element that hides its text, and how many of its name are open.
    hidden: Option<(Vec<u8>, usize)>,
    /// The open element of [`CAPTIONS`].
    caption: Option<Vec<u8>>,
    /// What follows is markup that the tokenizer takes for text.
    is_raw: bool,
}

impl Reader {
    fn start(&mut self, tag: &StartTag<()>) {
        let is_closed = self.is_xml && tag.self_closing;
        let name: &[u8] = &tag.name;
        self.end_others(|open| is_ended_by_start(open, name));
        match &mut self.hidden {
            Some((hidden, depth)) => *depth += usize::from(hidden == name && !is_closed),
            None if HIDDEN.contains(&name) && !is_closed => self.hidden = Some((name.to_vec(), 1)),
            None => self.shown(tag, is_closed),
        }
        self.is_raw = name == b"noscript" && self.hidden.is_none() && !self.is_xml;
    }

    /// Ends the open elements whose own end may be left out. XML has none.
    fn end_others(&mut self, is_ended: impl Fn(&[u8]) -> bool) {
        if !self.is_xml {
            self.hidden.take_if(|(hidden, _)| is_ended(hidden));
            self.caption.take_if(|caption| is_ended(caption));
        }
    }

    fn shown(&mut self, tag: &StartTag<()>, is_closed: bool) {
        let name: &[u8] = &tag.name;
        if let Some(alt) = tag.attributes.iter().find(|(name, _)| name.as_slice() == b"alt") {
            line(&mut self.alt);
            append(&mut self.alt, &String::from_utf8_lossy(alt.1));
        }
        if CAPTIONS.contains(&name) && !is_closed {
            line(&mut self.alt);
            self.caption = Some(name.to_vec());
        }
        self.block(name);
    }

    fn end(&mut self, name: &[u8]) {
        self.is_raw = false;
        self.end_others(|open| is_ended_by_end(open, name));
        if let Some((hidden, depth)) = &mut self.hidden {
            *depth -= usize::from(hidden == name);
            self.hidden.take_if(|(_, depth)| *depth == 0);
        } else {
            self.caption.take_if(|caption| caption == name);
            self.block(name);
        }
    }

    /// Begins a line, unless the element is within one.
    fn block(&mut self, name: &[u8]) {
        if name != b"img" && !INLINE.contains(&name) {
            line(if self.caption.is_some() { &mut self.alt } else { &mut self.body });
        }
    }

    fn text(&mut self, text: &[u8]) {
        if self.hidden.is_none() {
            append(if self.caption.is_some() { &mut self.alt } else { &mut self.body }, &String::from_utf8_lossy(text));
        }
    }

    fn finish(self) -> PlainText {
        let shortened = |mut text: String, most: usize| {
            let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or_default());
            text.truncate(text.trim_end().len());
            text
        };
        let body = shortened(self.body, LONGEST);
        let alt = shortened(self.alt, LONGEST - body.len());
        PlainText { body, alt }
    }
}

fn line(text: &mut String) {
    text.truncate(text.trim_end_matches(' ').len());
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// Appends a text with one space for what is white: between two characters of Chinese or Japanese, an end of a line is none.
fn append(text: &mut String, more: &str) {
    let mut rest = more;
    while let Some(start) = rest.find(char::is_whitespace) {
        text.push_str(&rest[..start]);
        let after = rest[start..].trim_start();
        let white = &rest[start..rest.len() - after.len()];
        let joins = white.contains('\n') && text.ends_with(is_unspaced) && after.starts_with(is_unspaced);
        if !joins && !text.is_empty() && !text.ends_with([' ', '\n']) {
            text.push(' ');
        }
        rest = after;
    }
    text.push_str(rest);
}

/// Whether a character is of a script that separates words by nothing.
const fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff60}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use encoding_rs::GBK;

    use super::*;

    fn read(text: &str, format: Format) -> (String, String) {
        let PlainText { body, alt } = plain_text(text.as_bytes(), format, None);
        (body, alt)
    }

    #[test]
    fn a_page_gives_what_its_reader_sees() {
        for (html, body, alt) in [
            ("<p>Rain <b>to</b>day</p><p>More", "Rain today\nMore", ""),
            ("<head><title>T</title><style>p{}</style><body>x<script>if (a<b) {}</script>y", "xy", ""),
            ("<title>T</title>x", "x", ""),
            ("a&amp;b &#x96e8; &copy;", "a&b 雨 ©", ""),
            ("我<b>们</b>\n你好\n\nRain", "我们你好 Rain", ""),
            ("<img src=x alt='A ship'>after", "after", "A ship"),
            ("<figure><img alt=one><figcaption>the <i>deck</i></figcaption></figure>end", "end", "one\nthe deck"),
            ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字</ruby>", "漢字", "かん"),
            ("<table><caption>Tides</caption><tr><td>1</td><td>2</td></tr></table>", "1\n2", "Tides"),
            ("<template>a<template>b</template>c</template>d", "d", ""),
            ("<!-- no --><pre>a\n  b</pre>", "a b", ""),
            ("x<svg><text>t</text></svg>y<object>z</object>", "xy", ""),
            ("<select><option>a<option>b<optgroup label=c><option>d</select>e", "e", ""),
            ("<table><caption>Tides<tr><td>1</table>2", "1\n2", "Tides"),
            ("<ruby>漢<rp>(<rt>かん<rp>)</ruby>字", "漢字", "かん"),
            ("<ruby><rb>漢<rt>かん<rb>字<rt>じ</ruby>", "漢字", "かん\nじ"),
            ("<table><caption>Tides<td>1</table>", "1", "Tides"),
            ("<head><title>T</title><link href=x><template><p>a</template><p>Rain<head>today", "Rain\ntoday", ""),
            ("<head><title>T</title>Rain", "Rain", ""),
            ("a<noscript><img src=x alt=A><p>b</noscript>c", "a\nb\nc", "A"),
            ("<template><noscript><p>a</noscript></template>b<noscript>c<noscript><p>d</noscript>e", "b\nc\ne", ""),
            ("", "", ""),
        ] {
            assert_eq!(read(html, Format::Html), (body.to_owned(), alt.to_owned()), "{html}");
        }
    }

    #[test]
    fn an_element_of_xml_may_be_closed_in_its_start() {
        let (body, _) =
            read("<html><head><script src=\"a.js\"/><title/></head><body>text</body></html>", Format::Xhtml);
        assert_eq!(body, "text");
        assert_eq!(read("<p><style/>still</p>", Format::Xhtml).0, "still");
    }

    #[test]
    fn a_post_gives_what_its_reader_sees() {
        for (text, body, alt) in [
            ("---\ntitle: T\n---\n# Ferry\n\nIt *rains*\non [deck](u).", "Ferry\nIt rains on deck.", ""),
            ("![the `deck` *at* night](d.jpg \"t\") then", "then", "the deck at night"),
            ("a <b>c</b> `x < y` &lt;\n\n<div>in <i>a</i> box</div>", "a c x < y <\nin a box", ""),
            ("```\nlet x = \"<p>\";\n```", "let x = \"<p>\";", ""),
            ("| a | b |\n|---|---|\n| 1 | 2 |", "a\nb\n1\n2", ""),
            ("雨\n天", "雨天", ""),
            ("- one\n- two\n\n> three\n\n---\n\nfour[^1]\n\n[^1]: five", "one\ntwo\nthree\nfour\nfive", ""),
        ] {
            assert_eq!(read(text, Format::Markdown), (body.to_owned(), alt.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_style_sheet_has_no_text_and_an_encoding_is_obeyed() {
        assert_eq!(read("p { content: \"x\" }", Format::Css), Default::default());
        let (bytes, ..) = GBK.encode("<p>雨天</p>");
        assert_eq!(plain_text(&bytes, Format::Html, Some(GBK)).body, "雨天");
    }

    #[test]
    fn at_most_a_mebibyte_is_taken() {
        let long = "雨".repeat(LONGEST);
        let PlainText { body, alt } = plain_text(format!("<img alt=a>{long}").as_bytes(), Format::Html, None);
        assert!(body.len() + alt.len() <= LONGEST && body.len() > LONGEST - 9, "{} {}", body.len(), alt.len());
        let alts = format!("<img alt='{long}'>");
        assert!(plain_text(alts.as_bytes(), Format::Html, None).alt.len() <= LONGEST);
        let deep = "<div>".repeat(200_000) + "end";
        assert_eq!(plain_text(deep.as_bytes(), Format::Html, None).body, "end");
    }
}
