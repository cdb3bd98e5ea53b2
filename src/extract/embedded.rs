//! URLs within a text of some other notation: the argument of a tag, a list, an object of JavaScript.

use std::ops::Range;

use super::address::is_http;

const DELIMITERS: [char; 16] = ['"', '\'', '`', ' ', '\t', '\n', '\r', '|', '[', ']', '{', '}', '<', '>', '(', ')'];

/// Where the URLs that count stand in a text.
pub(super) fn addresses(text: &str, counts: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in words(text) {
        let mut start = at;
        at += word.len();
        for part in parts(word.trim_end_matches(DELIMITERS)) {
            let address = value_of(part);
            let from = start + part.len() - address.len();
            if counts(address) {
                found.push(from..from + address.len());
            }
            start += part.len() + 1;
        }
    }
    found
}

/// The words of a text, each with the delimiter after it. Parentheses delimit words unless they are part of a URL.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut in_address = false;
    text.split_inclusive(move |c: char| {
        let parenthesis = matches!(c, '(' | ')');
        in_address = (in_address || c == '/') && (parenthesis || !DELIMITERS.contains(&c));
        DELIMITERS.contains(&c) && !(parenthesis && in_address)
    })
}

/// Whether a text is several URLs, with a mark between each and the next.
pub(super) fn is_list(text: &str) -> bool {
    text.match_indices([',', ';']).any(|(at, _)| is_http(&text[at + 1..]))
}

/// The parts of a list within a word. A comma within a URL ends no part.
fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = word;
    while let Some((at, _)) = rest.match_indices([',', ';']).find(|(at, _)| {
        let after = &rest[at + 1..];
        !is_http(&rest[..*at]) || is_http(after) || after.starts_with('.') || after.is_empty()
    }) {
        parts.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// The value of `key:value` or `key=value`, where it is a URL.
fn value_of(part: &str) -> &str {
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let split = part.split_once([':', '=']).filter(|(key, _)| key.bytes().all(is_key));
    split.map(|(_, value)| value).filter(|value| is_http(value)).unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::address::is_image_url;

    #[test]
    fn addresses_are_found_between_marks() {
        for (text, expected) in [
            ("[https://c.example/1.jpg, small], [https://c.example/2.jpg, large]", &["1", "2"][..]),
            ("{src:'https://c.example/1.jpg',w:3}", &["1"]),
            ("{'src': 'https://c.example/1.jpg'}", &["1"]),
            ("https://c.example/1.jpg,https://c.example/2.jpg", &["1", "2"]),
            ("https://c.example/1.jpg; https://c.example/2.jpg;", &["1", "2"]),
            ("url(https://c.example/1.jpg)", &["1"]),
            ("a=https://c.example/1.jpg b:https://c.example/2.jpg", &["1", "2"]),
            ("see https://c.example/page, or 3.jpg", &[]),
            ("", &[]),
        ] {
            let found: Vec<_> = addresses(text, is_image_url).into_iter().map(|part| &text[part]).collect();
            let expected: Vec<_> = expected.iter().map(|name| format!("https://c.example/{name}.jpg")).collect();
            assert_eq!(found, expected, "{text}");
        }
        let text = "https://c.example/a,b(c).jpg?x=1,2;3";
        let found = addresses(text, is_image_url);
        assert_eq!(found.iter().map(|part| &text[part.clone()]).collect::<Vec<_>>(), [text]);
    }
}
