//! Which part of an attribute's raw text spells which part of its decoded value.

use std::ops::Range;

/// An attribute's value, decoded, and where it stands.
#[derive(Debug)]
pub(super) struct Value<'a> {
    raw: &'a str,
    start: usize,
    decoded: &'a str,
    /// Where the distance between decoded and raw offsets changes: (decoded offset, raw offset), after the change.
    /// Empty if the two texts are equal.
    steps: Vec<(usize, usize)>,
}

impl<'a> Value<'a> {
    /// The value that stands at `span` of `text` and decodes to `decoded`.
    pub(super) fn new(text: &'a str, span: Range<usize>, decoded: &'a str) -> Self {
        let start = span.start;
        let raw = &text[span];
        let steps = if raw == decoded { Vec::new() } else { steps(raw, decoded) };
        Self { raw, start, decoded, steps }
    }

    /// What it decodes to.
    pub(super) fn decoded(&self) -> &'a str {
        self.decoded
    }

    /// Where a part of the decoded value stands in the text.
    pub(super) fn span(&self, part: Range<usize>) -> Range<usize> {
        self.start + self.raw_offset(part.start)..self.start + self.raw_end(part.end)
    }

    /// Where the character at an offset of the decoded value starts.
    fn raw_offset(&self, at: usize) -> usize {
        let step = self.steps.partition_point(|(decoded, _)| *decoded <= at).checked_sub(1);
        let (decoded, raw) = step.map_or((0, 0), |step| self.steps[step]);
        (raw + (at - decoded)).min(self.raw.len())
    }

    /// Where the character before an offset of the decoded value ends. A character reference ends where the next
    /// character starts, so its own end is needed only at the end of the value.
    fn raw_end(&self, at: usize) -> usize {
        if at == self.decoded.len() { self.raw.len() } else { self.raw_offset(at) }
    }
}

/// Walks over both texts together. How many characters a reference consumes follows without its name: all letters and
/// digits and the semicolon, or, in an attribute, none (HTML, "named character reference state").
fn steps(raw: &str, decoded: &str) -> Vec<(usize, usize)> {
    let mut steps = Vec::new();
    let (mut at, mut to) = (0, 0);
    while at < raw.len() && to < decoded.len() {
        let (consumed, produced) = step(&raw[at..], &decoded[to..]);
        at += consumed;
        to += produced;
        if consumed != produced {
            steps.push((to, at));
        }
    }
    steps
}

/// The number of raw bytes that spell the next characters of the decoded text.
fn step(raw: &str, decoded: &str) -> (usize, usize) {
    let next = |text: &str| text.chars().next().map_or(0, char::len_utf8);
    let produced = next(decoded);
    match raw.as_bytes()[0] {
        b'&' => match reference_length(raw, decoded) {
            Some(length) => (length, produced + second_character(&raw[length..], &decoded[produced..])),
            None => (1, produced),
        },
        b'\r' => (1 + usize::from(raw[1..].starts_with('\n')), produced),
        _ => (next(raw), produced),
    }
}

/// The length of the character reference at the start of the text; `None` if its `&` is a plain character.
fn reference_length(raw: &str, decoded: &str) -> Option<usize> {
    let count = |from: usize, of_sort: fn(&u8) -> bool| raw.bytes().skip(from).take_while(of_sort).count();
    let (prefix, digits) = match raw.as_bytes() {
        [_, b'#', b'x' | b'X', ..] => (3, count(3, u8::is_ascii_hexdigit)),
        [_, b'#', ..] => (2, count(2, u8::is_ascii_digit)),
        _ => (1, count(1, u8::is_ascii_alphanumeric)),
    };
    let end = prefix + digits;
    let semicolon = raw[end..].starts_with(';');
    let ampersand = matches!(&raw[1..end], "amp" | "AMP") && (semicolon || !raw[end..].starts_with('='));
    let consumed = digits > 0 && (prefix > 1 || ampersand || !decoded.starts_with('&'));
    consumed.then_some(end + usize::from(semicolon))
}

/// The length of the second character that a few named references stand for.
fn second_character(raw: &str, decoded: &str) -> usize {
    let Some(c) = decoded.chars().next() else { return 0 };
    let combining = matches!(c, '\u{338}' | '\u{20d2}' | '\u{20e5}' | '\u{fe00}' | '\u{333}' | '\u{200a}' | '\u{331}');
    if combining && !raw.starts_with(c) && !raw.starts_with("&#") { c.len_utf8() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each part of the decoded value must come from the given part of the raw one.
    fn check(parts: &[(&str, &str)]) {
        let raw: String = parts.iter().map(|(raw, _)| *raw).collect();
        let decoded: String = parts.iter().map(|(_, decoded)| *decoded).collect();
        let text = format!("<a b={raw}>");
        let value = Value::new(&text, 5..5 + raw.len(), &decoded);
        let mut at = 0;
        for (raw, decoded) in parts {
            let span = value.span(at..at + decoded.len());
            assert_eq!(&text[span], *raw, "{decoded:?} of {text:?}");
            at += decoded.len();
        }
    }

    #[test]
    fn parts_are_found_again() {
        check(&[("a", "a"), ("b", "b")]);
        check(&[("a", "a"), ("&amp;", "&"), ("amp;", "amp;"), ("&#038;", "&"), ("x", "x")]);
        check(&[("&AMP", "&"), ("ü", "ü"), ("&uuml;", "ü"), ("&copy", "©"), (" ", " ")]);
        check(&[("&copy=1", "&copy=1"), ("&unknown;", "&unknown;"), ("&", "&"), ("&#;", "&#;"), ("&lt;", "<")]);
        check(&[("&#38x", "&x"), ("&#x2cg", ",g"), ("\r\n", "\n"), ("\r", "\n"), ("\0", "\u{fffd}"), ("z", "z")]);
        check(&[
            ("&NotEqualTilde;", "≂̸"),
            ("&amp;", "&"),
            (",", ","),
            ("&NotEqualTilde;", "≂̸"),
            (",", ","),
            ("&quot;", "\""),
        ]);
    }
}
