//! How shortcodes and tags are written.

use std::ops::Range;

/// The longest shortcode that is read, in bytes: a brace that is never closed must not cost a pass over the article.
const MAX_LENGTH: usize = 4096;

/// The longest name and label of a directive, in bytes.
const MAX_LABEL: usize = 256;

/// A shortcode or tag.
#[derive(Debug)]
pub(super) struct Shortcode<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: Vec<Argument<'a>>,
    /// Whether it is a tag or an output, and no shortcode of Hugo.
    pub(super) tag: bool,
    /// Whether it is an output, such as `{{ image(src="…") }}`.
    pub(super) output: bool,
    pub(super) end: usize,
}

/// An argument, with or without a name.
#[derive(Debug)]
pub(super) struct Argument<'a> {
    /// The parameter's name; empty if only its position counts.
    pub(super) key: &'a str,
    /// The bytes inside its quotes.
    pub(super) span: Range<usize>,
}

/// The shortcode whose `{` is at `start`.
pub(super) fn shortcode(text: &str, start: usize) -> Option<Shortcode<'_>> {
    let rest = &text[start..];
    let delimiters = [("{{<", ">}}"), ("{{%", "%}}"), ("{%", "%}"), ("{{", "}}")];
    let Some((open, close)) = delimiters.into_iter().find(|(open, _)| rest.starts_with(open)) else {
        return directive(text, start);
    };
    let inside = start + open.len();
    let inside = inside + usize::from(text[inside..].starts_with('-'));
    // A comment of Hugo's templates, and what Zola shows as it stands.
    let is_comment = text[inside..].starts_with("/*");
    let called = if open == "{%" { call(text, inside) } else { None };
    let (mut arguments, end) = arguments(text, called.as_ref().map_or(inside, |name| name.end + 1), close)?;
    arguments.splice(0..0, called.map(|span| Argument { key: "", span }));
    // All that an output has is arguments.
    let (name, arguments) = if open == "{{" { ("output", arguments) } else { split_name(text, arguments)? };
    // `{{</* figure */>}}` shows the shortcode itself.
    let shown = !name.starts_with(['/', '*']) && !is_comment;
    shown.then_some(Shortcode { name, arguments, tag: open.len() == 2, output: open == "{{", end })
}

/// The name of what is called with arguments in brackets, as Zola has it: `{% figure(src="…") %}`.
fn call(text: &str, start: usize) -> Option<Range<usize>> {
    let start = start + (text[start..].len() - text[start..].trim_start().len());
    let length = text[start..].bytes().take_while(|byte| is_key(*byte)).count();
    (length > 0 && text[start + length..].starts_with('(')).then_some(start..start + length)
}

/// The attributes of a directive, such as `::image{src="…"}` (remark-directive), whose `{` is at `start`.
fn directive(text: &str, start: usize) -> Option<Shortcode<'_>> {
    let from = (start.saturating_sub(MAX_LABEL)..=start).find(|at| text.is_char_boundary(*at))?;
    let line = text[from..start].rsplit('\n').next()?;
    let before = line.rfind(':').map(|colon| &line[colon + 1..])?;
    let name = before.split('[').next().filter(|name| !name.is_empty() && name.bytes().all(is_key))?;
    let labelled = name.len() == before.len() || before.ends_with(']');
    let (arguments, end) = arguments(text, start + 1, "}").filter(|_| labelled)?;
    Some(Shortcode { name, arguments, tag: true, output: false, end })
}

/// A shortcode of `WordPress`, such as `[image src="…"]`, whose `[` is at `start`.
pub(super) fn bracketed(text: &str, start: usize) -> Option<Shortcode<'_>> {
    let inside = &text[start + 1..];
    let length = inside.bytes().take_while(|byte| is_key(*byte)).count();
    let named = length > 0 && inside[length..].starts_with([' ', '\n']) && !text[..start].ends_with(['!', ']', '\\']);
    let (mut arguments, end) = named.then(|| arguments(text, start + 1 + length, "]")).flatten()?;
    // `[image src="…" /]` has no end.
    arguments.pop_if(|last| last.key.is_empty() && &text[last.span.clone()] == "/");
    let closed = text[end..].starts_with("[/") || !text[end..].starts_with(['(', '[', ':']);
    let all_named = arguments.iter().all(|argument| !argument.key.is_empty());
    let name = &inside[..length];
    (closed && all_named).then_some(Shortcode { name, arguments, tag: true, output: false, end })
}

fn split_name<'a>(text: &'a str, mut arguments: Vec<Argument<'a>>) -> Option<(&'a str, Vec<Argument<'a>>)> {
    let name = arguments.first().filter(|first| first.key.is_empty()).map(|first| &text[first.span.clone()])?;
    arguments.remove(0);
    Some((name, arguments))
}

/// What stands between `start` and `close`, and where that ends.
fn arguments<'a>(text: &'a str, start: usize, close: &str) -> Option<(Vec<Argument<'a>>, usize)> {
    let bytes = text.as_bytes();
    let limit = text.len().min(start + MAX_LENGTH);
    let mut arguments = Vec::new();
    let mut at = start;
    loop {
        while at < limit && bytes[at].is_ascii_whitespace() {
            at += 1;
        }
        if at >= limit {
            return None;
        }
        if bytes[at..].starts_with(close.as_bytes()) {
            return Some((arguments, at + close.len()));
        }
        let (argument, end) = argument(text, at, limit, close)?;
        arguments.push(argument);
        at = end;
    }
}

/// `key=value`, `key="value"` or a value alone.
fn argument<'a>(text: &'a str, start: usize, limit: usize, close: &str) -> Option<(Argument<'a>, usize)> {
    let bytes = text.as_bytes();
    let key_end = (start..limit).find(|at| !is_key(bytes[*at])).unwrap_or(limit);
    let named = key_end > start && bytes.get(key_end) == Some(&b'=');
    let (key, at) = if named { (&text[start..key_end], key_end + 1) } else { ("", start) };
    let quote = bytes.get(at).copied().filter(|first| matches!(first, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote {
        let end = closing_quote(bytes, at + 1, limit, quote)?;
        return Some((Argument { key, span: at + 1..end }, end + 1));
    }
    let end = bare_end(bytes, at, limit, close.as_bytes())?;
    let comma = end > at && bytes[end - 1] == b',';
    // Text that is neither a key nor a value, such as a lone `=`, must be skipped, too.
    Some((Argument { key, span: at..end - usize::from(comma) }, end.max(start + 1)))
}

/// Where a value without quotes ends; `None` if another shortcode starts or ends first, as they do not nest.
fn bare_end(bytes: &[u8], start: usize, limit: usize, close: &[u8]) -> Option<usize> {
    for at in start..limit {
        let rest = &bytes[at..];
        if rest[0].is_ascii_whitespace() || rest.starts_with(close) {
            return Some(at);
        }
        if rest.starts_with(b"{{") || rest.starts_with(b"{%") || rest.starts_with(b"}}") {
            return None;
        }
    }
    None
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Where a quoted value ends. Only the raw ones, in backticks, may go on after the end of a line.
fn closing_quote(bytes: &[u8], mut at: usize, limit: usize, quote: u8) -> Option<usize> {
    while at < limit {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 1,
            b'\n' | b'\r' if quote != b'`' => return None,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}
