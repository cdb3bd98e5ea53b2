//! What fonts the text of a drawing asks for.
//!
//! This looks at letters alone and parses nothing, because it runs in the program, and drawings come from strangers. It
//! may find more than is drawn, such as names in comments.

use std::collections::BTreeSet;

use memchr::memmem;

use crate::media::svg_text::svg_text;
use crate::media::svgz;

/// The longest value of a property of fonts, in bytes. Longer ones are no list of families that somebody wrote.
const LONGEST_VALUE: usize = 256;
/// The most values that are looked at, each other than those before it.
const MOST_VALUES: usize = 200;
/// The most characters that fonts are looked for.
const MOST_CHARACTERS: usize = 1000;
/// The most words that may stand before the first family of a shorthand (CSS Fonts 4, section 2.9).
const MOST_WORDS: usize = 8;
/// The longest number of a character reference.
const LONGEST_NUMBER: usize = 8;

/// What the text of a drawing may be drawn with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Names of families, in the order in which they are named.
    pub families: Vec<String>,
    /// Whether some text may be bold.
    pub bold: bool,
    /// Whether some text may be italic.
    pub italic: bool,
    /// The letters, digits and other characters, spaces left out.
    pub characters: BTreeSet<char>,
}

/// What the text of an SVG, packed or not, asks for; `None` if it has no text.
pub fn wanted(bytes: &[u8]) -> Option<Wanted> {
    if svgz::is_packed(bytes) {
        return of_document(&svg_text(&svgz::unpacked(bytes, svgz::LARGEST).0));
    }
    of_document(&svg_text(bytes))
}

fn of_document(document: &str) -> Option<Wanted> {
    let has = |tag: &str| memmem::find(document.as_bytes(), tag.as_bytes()).is_some();
    if !has("<text") && !has(":text") {
        return None;
    }
    let values = font_values(document);
    let any = |words: &[&str]| values.iter().any(|value| words.iter().any(|word| value.contains(word)));
    Some(Wanted {
        families: families(&values),
        bold: any(&["bold", "600", "700", "800", "900"]),
        italic: any(&["italic", "oblique"]),
        characters: characters(document),
    })
}

/// What follows each `font`, up to where a value ends at the latest.
fn font_values(document: &str) -> Vec<&str> {
    let (mut seen, mut values) = (BTreeSet::new(), Vec::new());
    for at in memmem::find_iter(document.as_bytes(), "font") {
        let value = document[at..].split([';', '{', '}', '<', '>']).next().unwrap_or_default();
        let value = cut(value, LONGEST_VALUE);
        if seen.insert(value) {
            values.push(value);
        }
        if values.len() == MOST_VALUES {
            break;
        }
    }
    values
}

/// No more than so many bytes of a text.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// The families that values may name. A shorthand has other words before the first, and in an attribute others follow.
fn families(values: &[&str]) -> Vec<String> {
    let (mut seen, mut families) = (BTreeSet::new(), Vec::new());
    for value in values.iter().filter_map(|value| value.split_once([':', '='])) {
        for part in value.1.split([',', '"', '\'']) {
            let words = part.trim();
            let tails = words.match_indices(' ').take(MOST_WORDS).map(|(at, _)| words[at..].trim());
            for name in std::iter::once(words).chain(tails).filter(|name| !name.is_empty()) {
                if seen.insert(name) {
                    families.push(name.to_owned());
                }
            }
        }
    }
    families
}

/// The characters between tags, references to characters included (XML 1.0, section 4.1).
fn characters(document: &str) -> BTreeSet<char> {
    let mut found = BTreeSet::new();
    for part in document.split('<') {
        let text = part.split_once('>').map_or(part, |(_, text)| text);
        let written = text.chars().filter(|one| !one.is_whitespace() && !one.is_control());
        for one in written.chain(referenced(text)) {
            found.insert(one);
            if found.len() == MOST_CHARACTERS {
                return found;
            }
        }
    }
    found
}

/// The characters that a text refers to by number.
fn referenced(text: &str) -> impl Iterator<Item = char> {
    text.split("&#").skip(1).filter_map(|rest| {
        let (number, _) = cut(rest, LONGEST_NUMBER + 1).split_once(';')?;
        let code = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        code.ok().and_then(char::from_u32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(svg: &str) -> Wanted {
        wanted(svg.as_bytes()).unwrap()
    }

    #[test]
    fn a_drawing_without_text_wants_nothing() {
        assert_eq!(wanted(b"<svg font-family='Arial'><path d='M0 0h9'/></svg>"), None);
        assert!(wanted(b"<s:svg><s:text>a</s:text></s:svg>").is_some());
        let utf16: Vec<u8> = "\u{feff}<svg><text>a</text></svg>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(wanted(&utf16).unwrap().characters.contains(&'a'));
    }

    #[test]
    fn families_are_found_in_attributes_styles_and_sheets() {
        for svg in [
            "<text font-family='Open Sans, Times'>",
            "<text font-family=\"'Open Sans', Times\" x='1'>",
            "<text style='fill:red;font-family:\"Open Sans\",Times;x:y'>",
            "<style>a{font:italic 12px Open Sans, Times}</style><text>",
        ] {
            let families = of(svg).families;
            for name in ["Open Sans", "Times"] {
                assert!(families.iter().any(|family| family == name), "{svg}: {families:?}");
            }
        }
    }

    #[test]
    fn weight_and_style_are_those_of_fonts() {
        let plain = of("<text stroke-width='700' x='600'>bold and italic</text>");
        assert_eq!((plain.bold, plain.italic), (false, false));
        let both = of("<text font-weight='bold'><tspan style='font-style:italic'>a");
        assert_eq!((both.bold, both.italic), (true, true));
        assert!(of("<style>a{font-weight:600}</style><text>").bold);
    }

    #[test]
    fn characters_are_those_between_tags_and_those_of_references() {
        let characters = of("<text fill='\u{e9}'>a \u{4e2d}&#x6587;&#128512;&#xD800;&#x99999999999;</text>").characters;
        let has = |one| characters.contains(&one);
        assert!(has('a') && has('\u{4e2d}') && has('\u{6587}') && has('\u{1f600}'));
        assert!(!has('\u{e9}') && !has(' '));
    }

    #[test]
    fn what_a_hostile_drawing_names_is_bounded() {
        let names =
            (0..100_000).map(|n| format!("<text font-family='f{n}{}'>", "x".repeat(500))).collect::<Vec<_>>().concat();
        let letters: String = ('\u{4e00}'..'\u{9fff}').collect();
        let wanted = of(&(names + &letters));
        assert!(
            wanted.families.iter().map(String::len).sum::<usize>() <= MOST_VALUES * LONGEST_VALUE * (MOST_WORDS + 1)
        );
        assert_eq!(wanted.characters.len(), MOST_CHARACTERS);
        assert!(of(&"<text font-family='a a a a a'>".repeat(10_000)).families.len() < 20);
    }
}
