//! Text from outside, such that a terminal shows it and does not obey it.
//!
//! Names, URLs and titles are written by strangers. A control character in them can move the cursor, set the window's
//! title or answer for the user; a bidirectional control shows a name in another order than it has.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with escapes, such as `\u{202e}`, for characters that control a terminal or are invisible.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden, |c, out| out.extend(c.escape_default()))
}

/// The same for text of several lines: line ends and tabs stay.
pub(crate) fn harmless_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_hidden(c) && !matches!(c, '\n' | '\t'), |c, out| out.extend(c.escape_default()))
}

/// The same JSON, with escapes for such characters within its strings (RFC 8259, section 7).
pub(crate) fn harmless_json(json: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && c != '\n';
    escaped(json, hidden, |c, out| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

fn escaped(text: &str, hidden: impl Fn(char) -> bool, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) { escape(c, &mut out) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Whether a character controls a terminal or is invisible. The joiners U+200C and U+200D are not among them: Persian,
/// the scripts of India and emoji need them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_not_printed() {
        assert_eq!(harmless("a\u{1b}]0;title\u{7}b\n"), "a\\u{1b}]0;title\\u{7}b\\n");
        assert_eq!(harmless("\u{9b}31m \u{7f}"), "\\u{9b}31m \\u{7f}");
    }

    #[test]
    fn what_nobody_can_see_is_shown() {
        for c in ['\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{2028}', '\u{2029}', '\u{200b}', '\u{feff}'] {
            assert_eq!(harmless(&format!("a{c}b")), format!("a\\u{{{:x}}}b", u32::from(c)));
        }
    }

    #[test]
    fn text_of_every_script_stays_as_it_is() {
        for text in ["Zoë’s café", "雨後的集市.md", "می‌خواهم", "क्ष", "שלום", "👩‍🚀❤️", "a\u{a0}b"]
        {
            assert!(matches!(harmless(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(harmless_lines("a\tb\nc\r\n"), "a\tb\nc\\r\n");
    }

    #[test]
    fn json_says_the_same_with_escapes() {
        let value = serde_json::json!({"a\u{202e}": ["x\u{7f}\u{2028}", "\u{e0041}", "雨"]});
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let shown = harmless_json(&pretty);
        assert!(!shown.chars().any(|c| is_hidden(c) && c != '\n'), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        assert!(shown.contains("\\udb40\\udc41") && shown.contains('雨'), "{shown}");
    }

    proptest! {
        /// No text of a stranger controls a terminal, and harmless text stays unchanged.
        #[test]
        fn no_text_is_obeyed(text in any::<String>(), hidden in prop::sample::select(vec!['\u{1b}', '\u{202e}', '\0', '\r'])) {
            let text = format!("{text}{hidden}{text}");
            let shown = harmless(&text);
            prop_assert!(!shown.contains(is_hidden), "{shown:?}");
            let plain: String = text.chars().filter(|c| !is_hidden(*c)).collect();
            prop_assert_eq!(harmless(&plain), plain.as_str());
            let lines = harmless_lines(&text);
            prop_assert!(!lines.contains(|c| is_hidden(c) && !matches!(c, '\n' | '\t')), "{lines:?}");
        }

        /// JSON has the same value with escapes as without.
        #[test]
        fn json_keeps_its_value(texts in prop::collection::vec(any::<String>(), 0..5)) {
            let value = serde_json::json!({"list": texts});
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            let shown = harmless_json(&pretty);
            prop_assert!(!shown.contains(|c| is_hidden(c) && c != '\n'), "{shown:?}");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }
}
