//! Character references outside the attributes of HTML, where the tokenizer decodes them.

use std::borrow::Cow;

/// The names that every document of XML has (XML 1.0, section 4.6).
pub(super) const XML: &[(&str, char)] = &[("amp", '&'), ("apos", '\''), ("gt", '>'), ("lt", '<'), ("quot", '"')];

/// The longest reference, in bytes.
const MAX_LENGTH: usize = 10;

/// A text with its references decoded: numbers and the given names. Only references that end in `;` are decoded, as a
/// bare `&copy=1` belongs to a query.
pub(super) fn decoded<'t>(text: &'t str, names: &[(&str, char)]) -> Cow<'t, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let (letter, length) = reference(rest, names).unwrap_or(('&', 1));
        decoded.push(letter);
        rest = &rest[length..];
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// The character that `&#123;`, `&#x7b;` or `&amp;` stands for, and the length of the reference.
fn reference(text: &str, names: &[(&str, char)]) -> Option<(char, usize)> {
    let end = text.bytes().take(MAX_LENGTH).position(|byte| byte == b';')?;
    let name = &text[1..end];
    if let Some((_, letter)) = names.iter().find(|(known, _)| *known == name) {
        return Some((*letter, end + 1));
    }
    let number = name.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    let letter = char::from_u32(code).filter(|letter| !letter.is_control())?;
    Some((letter, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_references_are_decoded() {
        let cases = [
            ("a&#123;b&#x7D;c", "a{b}c"),
            ("?a=1&amp;b=2&c=3", "?a=1&b=2&c=3"),
            ("&copy=1&amp", "&copy=1&amp"),
            ("&#0;&#xD800;&#99999999;&;&", "&#0;&#xD800;&#99999999;&;&"),
            ("&quot;&lt;&nbsp;", "\"<&nbsp;"),
        ];
        for (text, expected) in cases {
            assert_eq!(decoded(text, XML), expected);
        }
        assert_eq!(decoded("&quot;&amp;", &[("amp", '&')]), "&quot;&");
    }
}
