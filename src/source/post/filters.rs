//! What templates write values with.

use super::super::xml::escape;

/// A text as a YAML scalar in single quotes (YAML 1.2, section 7.3.2).
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", one_line(text).replace('\'', "''"))
}

/// A text as a plain YAML scalar if possible, else in quotes (YAML 1.2, section 7.3.3).
pub(super) fn plain(text: &str) -> String {
    let text = one_line(text);
    let indicates = |c: char| "-?:,[]{}#&*!|>'\"%@` ".contains(c);
    let is_word = |word: &str| ["", "~", "null", "true", "false", "yes", "no", "on", "off"].contains(&word);
    let is_number = text.parse::<f64>().is_ok() || text.starts_with(|c: char| c.is_ascii_digit() || "+.".contains(c));
    let breaks = text.contains(": ") || text.contains(" #") || text.ends_with(':') || text.ends_with(' ');
    let is_plain = !text.starts_with(indicates) && !is_word(&text.to_lowercase()) && !is_number && !breaks;
    if is_plain { text } else { quoted(&text) }
}

/// A text as a TOML basic string.
pub(super) fn toml(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text as HTML that shows it.
pub(super) fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    escape(text, &mut html);
    html
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// HTML in which a static-site generator finds nothing to execute: braces are written as references, `{` as `&#123;` and
/// `}` as `&#125;`. A reference that stands there already gets one more zero, so that the text can be restored.
pub(super) fn neutralised(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['{', '}', '&']) {
        text.push_str(&rest[..at]);
        match &rest[at..=at] {
            "{" => text.push_str("&#123;"),
            "}" => text.push_str("&#125;"),
            _ if is_reference(&rest[at..], &BRACES) => {
                text.push_str("&#0");
                rest = &rest[at + 2..];
                continue;
            }
            _ => text.push('&'),
        }
        rest = &rest[at + 1..];
    }
    text.push_str(rest);
    text
}

/// The ends of references to braces.
const BRACES: [&str; 2] = ["123;", "125;"];

/// Whether a text begins with a reference that ends so, with any number of zeros.
pub(super) fn is_reference(text: &str, ends: &[&str]) -> bool {
    let digits = text.strip_prefix("&#").unwrap_or_default().trim_start_matches('0');
    ends.iter().any(|end| digits.starts_with(end))
}

/// What [`neutralised`] was made of.
#[cfg(test)]
fn restored(text: &str) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("&#") {
        html.push_str(&rest[..at]);
        rest = &rest[at..];
        let (written, length) = match rest {
            _ if rest.starts_with("&#123;") => ("{", 6),
            _ if rest.starts_with("&#125;") => ("}", 6),
            _ if rest.starts_with("&#0") && is_reference(rest, &BRACES) => ("&#", 3),
            _ => ("&#", 2),
        };
        html.push_str(written);
        rest = &rest[length..];
    }
    html.push_str(rest);
    html
}

/// What the form puts before and after a body.
const BEFORE: &str = "   \n";
const AFTER: &str = "  \n";

/// A body without the blanks that the form of Hexo puts around it: if it has them already, they are not put there
/// twice.
pub(super) fn bare(body: &str) -> String {
    let body = body.strip_prefix(BEFORE).unwrap_or(body);
    body.strip_suffix(AFTER).unwrap_or(body).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scalars_are_what_yaml_and_toml_read_as_the_text() {
        assert_eq!(quoted("it's\n\"x\""), "'it''s \"x\"'");
        for text in ["观察者网", "IT 之家", "— 分类", "a:b", "a#b", "快科技（原驱动之家）"] {
            assert_eq!(plain(text), text);
        }
        for text in ["", "true", "No", "36", "3.6kr", "- a", "a: b", "a #b", "[x]", "@x", "a:", "null", "'x"] {
            assert_eq!(plain(text), quoted(text));
        }
        assert_eq!(toml("a\\\"b\n"), "\"a\\\\\\\"b \"");
    }

    #[test]
    fn nothing_is_left_for_a_generator_to_execute() {
        assert_eq!(
            neutralised("{{ x }} {% y %} {} &#123; &amp;"),
            "&#123;&#123; x &#125;&#125; &#123;% y %&#125; &#123;&#125; &#0123; &amp;"
        );
    }

    #[test]
    fn blanks_of_the_form_are_not_put_there_twice() {
        assert_eq!(bare("   \n<p>\n  \n"), "<p>\n");
        assert_eq!(bare(" <p> "), " <p> ");
    }

    proptest! {
        #[test]
        fn what_is_neutralised_can_be_restored(text in "([{}&#;0123456x%é]|&#0{0,3}12[35];){0,30}") {
            let neutral = neutralised(&text);
            let has_braces = neutral.contains(['{', '}']);
            prop_assert!(!has_braces);
            prop_assert_eq!(restored(&neutral), text);
        }
    }
}
