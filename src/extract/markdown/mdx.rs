//! MDX: Markdown with JSX and without indented code (mdxjs.com, "MDX syntax").
//!
//! Makes a copy of the article with tags that HTML knows: of a string in braces only the quoted string stays, and any
//! other expression is removed. The images that expressions name are reported from there.

use std::ops::Range;

use super::dialects::{Copy, Line, is_alone};
use crate::extract::address::{has_image_path, is_image_url};
use crate::extract::options::ExtractOptions;
use crate::extract::sink::{RawReference, Sink};
use crate::extract::{attributes, css, shortcode};
use crate::model::ReferenceKind;

/// The longest expression, in bytes. A brace that never closes must not cost a pass over the article.
const MAX_LENGTH: usize = 4096;

/// How many times the length of the article may be searched in vain for the ends of expressions. Beyond that, what
/// begins like a tag is text.
const MAX_IN_VAIN: usize = 16;

/// The replacement of an expression: the name of an attribute without a meaning. A blank line would end the tag.
const FILLING: u8 = b'x';

/// An expression of a tag that is more than a string: its property, and its braces with all that is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expression {
    /// The name of the tag; none in a module.
    pub(super) element: Range<usize>,
    pub(super) property: Range<usize>,
    pub(super) range: Range<usize>,
}

/// What an article in MDX has besides Markdown, in order.
pub(super) struct Jsx {
    /// The expressions that its tags lose.
    pub(super) expressions: Vec<Expression>,
    /// The tags; of `style` and `script`, all up to the end tag.
    pub(super) tags: Vec<Range<usize>>,
}

/// Turns the tags of MDX into tags of HTML, and removes the indentation of their lines.
pub(super) fn normalise(copy: &mut Copy<'_>) -> Jsx {
    let text = copy.text();
    let MdxParts { mut blanks, mut expressions, mut tags } = outside_of_markdown(text, copy.range.start);
    let lines = copy.lines();
    expressions.extend(modules(text, &lines));
    let is_fence = |from: usize| ["```", "~~~"].iter().any(|fence| text[from..].starts_with(fence));
    let indented = lines.iter().filter(|line| line.columns > 0 && (!line.fenced || is_fence(line.text)));
    let moves: Vec<_> = indented.filter(|line| !line.is_blank()).map(|line| (*line, line.columns)).collect();
    let in_code = |at: usize| {
        let line = lines.partition_point(|line| line.start <= at).checked_sub(1);
        line.is_some_and(|line| lines[line].fenced)
    };
    blanks.retain(|(blank, _)| !in_code(blank.start));
    expressions.retain(|expression| !in_code(expression.range.start));
    tags.retain(|tag| !in_code(tag.start));
    copy.fill(blanks);
    // No line is before the first, so that its indentation becomes text.
    let first = moves.first().filter(|(line, columns)| line.start == copy.range.start && *columns > 3);
    copy.fill(first.filter(|(line, _)| !line.fenced).map(|(line, _)| (line.start..line.text, FILLING)));
    copy.unindent(&moves);
    Jsx { expressions, tags }
}

/// Removes the tags: the text between them is Markdown.
pub(super) fn open(copy: &mut Copy<'_>, tags: &[Range<usize>]) {
    let text = copy.text();
    let filling = |tag: &Range<usize>| if is_alone(text, tag) { b' ' } else { FILLING };
    let blanks: Vec<_> = tags.iter().map(|tag| (tag.clone(), filling(tag))).collect();
    copy.fill(blanks);
}

/// The lines that import or export something, such as `export const meta = {image: '…'}`, up to a blank one.
fn modules(text: &str, lines: &[Line]) -> Vec<Expression> {
    let blocks = lines.split(Line::is_blank).filter_map(|block| {
        let (first, last) = (block.first()?, block.last()?);
        let word = ["import", "export"].into_iter().find(|word| {
            text[first.start..].strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '{', '\'', '"']))
        })?;
        let element = first.start..first.start;
        Some(Expression { element, property: first.start..first.start + word.len(), range: first.start..last.end })
    });
    blocks.collect()
}

/// What stands in an article besides Markdown.
#[derive(Default)]
struct MdxParts {
    /// The replacement of comments, and of what is not HTML in tags.
    blanks: Vec<(Range<usize>, u8)>,
    expressions: Vec<Expression>,
    tags: Vec<Range<usize>>,
}

fn outside_of_markdown(text: &str, mut at: usize) -> MdxParts {
    let MdxParts { mut blanks, mut expressions, mut tags } = MdxParts::default();
    let mut comments_end = true;
    let mut scan_budget = text.len().saturating_mul(MAX_IN_VAIN);
    while let Some(length) = memchr::memchr2(b'<', b'{', &text.as_bytes()[at..]) {
        let start = at + length;
        at = start + 1;
        if comments_end && text[start..].starts_with("{/*") {
            let end = text[start..].find("*/}").map(|length| start + length + 3);
            comments_end = end.is_some();
            blanks.extend(end.map(|end| (start..end, b' ')));
            at = end.unwrap_or(at);
        } else if let Some(end) = end_tag(text, start) {
            tags.push(start..end);
            at = end;
        } else if scan_budget > 0 && text[start..].starts_with('<') {
            let mut tag = Tag { text, at, name: at..at, in_vain: 0, blanks: Vec::new(), expressions: Vec::new() };
            let read = tag.read();
            scan_budget = scan_budget.saturating_sub(tag.in_vain);
            if read.is_some() {
                at = end_of_raw_text(text, start, &mut scan_budget).unwrap_or(tag.at + 1);
                tags.push(start..at);
                blanks.append(&mut tag.blanks);
                expressions.append(&mut tag.expressions);
            }
        }
    }
    MdxParts { blanks, expressions, tags }
}

/// Where an end tag ends, or the tag of a fragment.
fn end_tag(text: &str, start: usize) -> Option<usize> {
    let rest = text[start..].strip_prefix('<')?;
    let closing = rest.strip_prefix('/');
    let name = closing.unwrap_or(rest);
    let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b".-:_ ".contains(byte)).count();
    let is_tag = name[length..].starts_with('>') && (closing.is_some() || length == 0);
    is_tag.then(|| text.len() - name.len() + length + 1)
}

/// Where an element ends whose content is no Markdown. A search in vain costs its length.
fn end_of_raw_text(text: &str, start: usize, scan_budget: &mut usize) -> Option<usize> {
    [("<style", "</style>"), ("<script", "</script>")].into_iter().find_map(|(open, close)| {
        let rest = text[start..].strip_prefix(open).filter(|rest| rest.starts_with([' ', '>', '\n']))?;
        let end = rest.find(close).map(|length| text.len() - rest.len() + length + close.len());
        *scan_budget = scan_budget.saturating_sub(if end.is_some() { 0 } else { rest.len() });
        end
    })
}

/// A tag of JSX.
struct Tag<'a> {
    text: &'a str,
    at: usize,
    name: Range<usize>,
    /// Bytes that were searched for the end of an expression that has none.
    in_vain: usize,
    blanks: Vec<(Range<usize>, u8)>,
    expressions: Vec<Expression>,
}

impl Tag<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, of_sort: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        while self.peek().is_some_and(&of_sort) {
            self.at += 1;
        }
        start..self.at
    }

    /// Reads up to the end of the tag; `None` if there is none.
    fn read(&mut self) -> Option<()> {
        self.peek().filter(u8::is_ascii_alphabetic)?;
        let name = self.skip(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_'));
        let marks = self.text[name.clone()].match_indices(['.', ':', '_']);
        self.blanks.extend(marks.map(|(mark, _)| (name.start + mark..name.start + mark + 1, b'-')));
        self.name = name;
        loop {
            let blank = self.skip(|byte| byte.is_ascii_whitespace());
            if self.text[blank.clone()].matches('\n').count() > 1 {
                self.blanks.push((blank, b'\t'));
            }
            match self.peek()? {
                b'>' => return Some(()),
                b'/' => self.at += 1,
                b'{' => {
                    let spread = self.braces()?;
                    self.blanks.push((spread, FILLING));
                }
                _ => self.property()?,
            }
        }
    }

    /// Reads `name`, `name="value"` or `name={expression}`.
    fn property(&mut self) -> Option<()> {
        let name = self.skip(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'_' | b'.' | b'@'));
        self.skip(|byte| byte.is_ascii_whitespace());
        if name.is_empty() {
            return None;
        }
        if self.peek() != Some(b'=') {
            self.at = name.end;
            return Some(());
        }
        self.at += 1;
        self.skip(|byte| byte.is_ascii_whitespace());
        match self.peek()? {
            b'{' => {
                let braces = self.braces()?;
                self.expression(name, braces);
            }
            quote @ (b'"' | b'\'') => {
                self.at += 2 + memchr::memchr(quote, &self.text.as_bytes()[self.at + 1..])?;
            }
            _ => drop(self.skip(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'>' | b'<' | b'{'))),
        }
        Some(())
    }

    /// Moves over braces and all that is in them.
    fn braces(&mut self) -> Option<Range<usize>> {
        let (start, mut depth, mut quote) = (self.at, 0_usize, None);
        let bytes = &self.text.as_bytes()[..self.text.len().min(start + MAX_LENGTH)];
        let mut at = start;
        while let Some(byte) = bytes.get(at) {
            match (quote, byte) {
                (Some(_), b'\\') => at += 1,
                (Some(open), byte) if open == *byte => quote = None,
                (None, b'"' | b'\'' | b'`') => quote = Some(*byte),
                (None, b'{') => depth += 1,
                (None, b'}') => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 {
                self.at = at;
                return Some(start..at);
            }
        }
        self.in_vain += bytes.len() - start;
        None
    }

    /// Keeps a string in its quotes, and nothing of any other expression.
    fn expression(&mut self, property: Range<usize>, braces: Range<usize>) {
        let inside = &self.text[braces.start + 1..braces.end - 1];
        let from = braces.start + 1 + (inside.len() - inside.trim_start().len());
        let inside = inside.trim();
        let quote = inside.bytes().next().filter(|quote| matches!(quote, b'"' | b'\'' | b'`'));
        let inner =
            quote.and_then(|quote| inside.get(1..inside.len() - 1).filter(|_| inside.ends_with(char::from(quote))));
        let plain = |inner: &str| !inner.contains(['"', '\'', '`', '\\', '<', '>']) && !inner.contains("${");
        if inner.is_some_and(plain) {
            let end = from + inside.len();
            self.blanks.extend([(braces.start..from, b' '), (end..braces.end, b' ')]);
            self.blanks.extend([(from..from + 1, b'"'), (end - 1..end, b'"')]);
        } else {
            self.blanks.push((property.start..braces.end, FILLING));
            self.expressions.push(Expression { element: self.name.clone(), property, range: braces });
        }
    }
}

/// Reports the images that the strings of expressions name. Those that do not start where `counts` are in code.
pub(super) fn find(
    text: &str,
    expressions: &[Expression],
    counts: impl Fn(usize) -> bool,
    options: &ExtractOptions,
    sink: &mut Sink,
) {
    for expression in expressions.iter().filter(|expression| counts(expression.range.start)) {
        let (element, name) = (&text[expression.element.clone()], &text[expression.property.clone()]);
        let kind = kind(element, name);
        for literal in literals(text, expression.range.clone()) {
            let value = &text[literal.clone()];
            let found = if is_image_url(value) || is_file(value) || options.local_links.contains(value) {
                vec![(literal, value.to_owned(), kind)]
            } else {
                let addresses = css::parse(value).into_iter();
                let place = |part: Range<usize>| literal.start + part.start..literal.start + part.end;
                addresses.map(|address| (place(address.span), address.value, ReferenceKind::Css)).collect()
            };
            for (span, value, kind) in found {
                let image_group = sink.image_group();
                sink.push(RawReference::new(span, value, kind, name, image_group));
            }
        }
    }
}

/// What a property of an element holds. A generator may make a component of a drawing that a module imports, and so a part
/// of the page.
fn kind(element: &str, property: &str) -> ReferenceKind {
    if attributes::shows_image(element) || property == "style" {
        ReferenceKind::Shortcode
    } else {
        shortcode::kind_by_name(element, property)
    }
}

/// Whether a string is the path of an image file, as modules are imported and assets required.
fn is_file(value: &str) -> bool {
    let starts = ["./", "../", "/"].iter().any(|start| value.starts_with(start)) && !value.starts_with("//");
    starts && has_image_path(value) && !value.contains(|c: char| c.is_whitespace() || matches!(c, '(' | '{' | ':'))
}

/// The strings of an expression, without those that have escapes or expressions of their own.
fn literals(text: &str, expression: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = expression.start;
    while let Some(start) = text[at..expression.end].find(['"', '\'', '`']).map(|length| at + length + 1) {
        let quote = char::from(text.as_bytes()[start - 1]);
        let Some(end) = text[start..expression.end].find(quote).map(|length| start + length) else { break };
        if !text[start..end].contains(['\\', '\n']) && !text[start..end].contains("${") {
            found.push(start..end);
        }
        at = end + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a tag, and the expressions that it loses.
    fn check(mdx: &str, markdown: &str, expected: &[&str]) {
        let mut copy = Copy::new(mdx, 0..mdx.len());
        let expressions = normalise(&mut copy).expressions;
        assert_eq!(copy.into_text(), markdown, "{mdx}");
        let found: Vec<_> = expressions.iter().map(|found| &mdx[found.range.clone()]).collect();
        assert_eq!(found, expected, "{mdx}");
    }

    #[test]
    fn tags_become_tags_of_html() {
        check("<A b={\"c\"} d='e' />", "<A b= \"c\"  d='e' />", &[]);
        check("<A b={ 'c' }/>", "<A b=  \"c\"  />", &[]);
        check("<A b={`c`} />", "<A b= \"c\"  />", &[]);
        check("<A b={{c: 1}} d />", "<A xxxxxxxxxx d />", &["{{c: 1}}"]);
        check("<A.B {...c} d=\"{e}\">", "<A-B xxxxxx d=\"{e}\">", &[]);
        check("<A b={`${c}`}>", "<A xxxxxxxxxx>", &["{`${c}`}"]);
        check("<A b\n\n c>", "<A b\t\t\tc>", &[]);
        check("<A b={{\n\n}} c>", "<A xxxxxxxx c>", &["{{\n\n}}"]);
        check("a {/* <img src=b> */} c", "a                     c", &[]);
        check("a\n\n      b\n```\n  <A b={c}>\n```", "a\n      \nb\n```\n  <A b={c}>\n```", &[]);
    }

    #[test]
    fn what_is_no_tag_stays() {
        for text in ["a < b {c} > d", "<A b={c", "<A b=\"c", "<1 a={b}>", "{/* a", "<A {b", "<A =", "<"] {
            check(text, text, &[]);
        }
    }

    #[test]
    fn braces_that_never_close_cost_little() {
        for piece in ["<a b={", "{/*", "<a b=\"", "<a {"] {
            let text = piece.repeat(20_000);
            let mut copy = Copy::new(&text, 0..text.len());
            normalise(&mut copy);
        }
    }
}
