//! How much work the style sheets of a drawing are: each rule is compared with each element.

use resvg::usvg::roxmltree::Document;

use crate::media::decode::limits::check as check_limit;
use crate::media::error::MediaError;

/// The most comparisons of rules and declarations with elements.
const MAX_COMPARISONS: u64 = 20_000_000;

/// The most compounds of one selector: for each of them, matching may try every ancestor.
const MAX_COMPOUNDS: u64 = 5;

/// The most declarations of one rule: each is compared with all before it. Drawings have a few dozen.
const MAX_DECLARATIONS: u64 = 1000;

/// The most bytes of a value that names fonts: each of its families is looked for.
const MAX_FONT: u64 = 500;

/// The names and values of declarations, in a style sheet as well.
pub(super) fn declarations(style: &str) -> impl Iterator<Item = (&str, &str)> {
    let declarations = style.split([';', '{', '}']).filter_map(|declaration| declaration.split_once(':'));
    declarations.map(|(name, value)| (name.trim(), value))
}

/// Refuses a style or a style sheet with a rule of too many declarations, or with fonts that take too long to look for.
pub(super) fn check_declarations(style: &str) -> Result<(), MediaError> {
    for rule in style.split(['{', '}']) {
        let count = memchr::memchr_iter(b';', rule.as_bytes()).count() as u64;
        check_limit("declarations of a style", count, MAX_DECLARATIONS)?;
    }
    // Escapes can spell any name (CSS Syntax 3, section 4.3.7), and comments can stand anywhere.
    let of_fonts = |name: &str| name.contains("font") || name.contains(['\\', '*']);
    declarations(style).filter(|(name, _)| of_fonts(name)).try_for_each(|(_, value)| check_font(value))
}

/// Refuses a list of fonts that takes too long to look for.
pub(super) fn check_font(value: &str) -> Result<(), MediaError> {
    check_limit("bytes of a list of fonts", value.len() as u64, MAX_FONT)
}

/// The style sheets of a document, without comments.
pub(super) fn sheets(document: &Document<'_>) -> String {
    let sheets = document.descendants().filter(|node| node.tag_name().name() == "style");
    let texts = sheets.flat_map(|sheet| sheet.children()).filter_map(|node| node.text());
    texts.map(without_comments).collect()
}

/// Refuses style sheets that take too long to apply to so many elements.
pub(super) fn check(sheets: &str, elements: u64) -> Result<(), MediaError> {
    let mut rules = 0_u64;
    for part in sheets.split('{') {
        let selectors = part.rsplit(['}', ';']).next().unwrap_or_default();
        for selector in selectors.split(',') {
            rules += 1;
            let compounds = selector.split([' ', '\t', '\n', '\r', '\u{c}', '>', '+', '~']).filter(|it| !it.is_empty());
            let compounds = compounds.count() as u64;
            if compounds > MAX_COMPOUNDS {
                return Err(MediaError::over("parts of a selector", compounds, MAX_COMPOUNDS));
            }
        }
    }
    let declarations = sheets.matches(':').count() as u64;
    let comparisons = elements.saturating_mul(rules.saturating_add(declarations));
    if comparisons > MAX_COMPARISONS {
        Err(MediaError::over("comparisons of styles", comparisons, MAX_COMPARISONS))
    } else {
        Ok(())
    }
}

fn without_comments(sheet: &str) -> String {
    let mut parts = sheet.split("/*");
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once("*/").map_or("", |(_, after)| after));
    std::iter::once(first).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_declarations_of_its_own() {
        assert_eq!(check_declarations(&"a{b:c;d:e}".repeat(2000)), Ok(()));
        assert_eq!(check_declarations(&"b:c;".repeat(1000)), Ok(()));
        for no in ["b:c;".repeat(1001), format!("a{{}}b{{{}}}", "c:d;".repeat(1001))] {
            assert!(matches!(check_declarations(&no), Err(MediaError::OverLimit { .. })));
        }
    }

    #[test]
    fn comments_are_no_selectors() {
        let document =
            Document::parse("<svg><style>/* a b c d e f g */ .a, .b > c { fill: red }</style></svg>").unwrap();
        assert_eq!(sheets(&document).trim(), ".a, .b > c { fill: red }");
        assert_eq!(check(&sheets(&document), 100), Ok(()));
    }

    #[test]
    fn rules_times_elements_and_long_selectors_have_limits() {
        let rules = ".a{fill:red}".repeat(20_000);
        assert!(
            matches!(check(&rules, 20_000), Err(MediaError::OverLimit { what, .. }) if what == "comparisons of styles")
        );
        for selector in ["a b c d e f", "a>b>c>d>e>f", "a+b~c d>e f"] {
            let sheet = format!("x{{}} {selector}{{fill:red}}");
            assert!(
                matches!(check(&sheet, 1), Err(MediaError::OverLimit { what, .. }) if what == "parts of a selector"),
                "{sheet}"
            );
        }
    }
}
