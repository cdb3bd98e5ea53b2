//! Link definitions where CommonMark expects none: directly below a paragraph, with attributes after the title, or with
//! spaces in the URL (python-markdown, kramdown, pandoc).

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{BrokenLink, BrokenLinkCallback, CowStr};

use super::super::destination;
use super::lines::{Copy, Line};
use super::spaces::without_title;
use crate::extract::address::is_spaced_image;

/// The definitions that the parser may not recognise, by their labels.
#[derive(Debug, Default)]
pub(in crate::extract::markdown) struct Definitions(HashMap<String, (Range<usize>, String)>);

impl Definitions {
    /// The definitions of a body. Of several with one label the first counts.
    pub(in crate::extract::markdown) fn of(body: &str) -> Self {
        let copy = Copy::new(body, 0..body.len());
        let mut found = HashMap::new();
        if copy.has(&["]:"]) {
            let lines = copy.quoted_lines();
            let last = last_of_paragraphs(body, &lines);
            for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.fenced && line.columns < 4) {
                if let Some((label, address)) = definition(body, line, lines.get(at + 1))
                    && (last[at] || is_sound(body, &address))
                {
                    found.entry(label).or_insert_with(|| (address.clone(), destination::meaning(&body[address])));
                }
            }
        }
        Self(found)
    }

    /// Whether a label has a definition.
    pub(super) fn has(&self, label: &str) -> bool {
        self.0.contains_key(&normalised(label))
    }

    /// Where the URL of a label stands in the body.
    pub(in crate::extract::markdown) fn place(&self, label: &str) -> Option<Range<usize>> {
        self.0.get(&normalised(label)).map(|(place, _)| place.clone())
    }
}

impl<'input> BrokenLinkCallback<'input> for &Definitions {
    fn handle_broken_link(&mut self, link: BrokenLink<'input>) -> Option<(CowStr<'input>, CowStr<'input>)> {
        let (_, address) = self.0.get(&normalised(&link.reference))?;
        Some((address.clone().into(), "".into()))
    }
}

/// Whether every renderer takes an address for one, where it takes the line for a definition.
fn is_sound(body: &str, address: &Range<usize>) -> bool {
    body[..address.start].ends_with('<') || destination::is_plain(&body[address.clone()])
}

/// Whether a line and those below it, up to the end of their paragraph, can only be definitions.
///
/// An address with spaces makes a paragraph of what a local link makes a definition. What follows it in the paragraph
/// would then be read anew, HTML among it.
fn last_of_paragraphs(body: &str, lines: &[Line]) -> Vec<bool> {
    let mut last = vec![true; lines.len()];
    let mut is_below = true;
    for (at, line) in lines.iter().enumerate().rev() {
        let text = &body[line.text..line.end];
        // The URL may stand on the next line.
        let is_definition = text.starts_with('[') && text.contains("]:");
        let is_address = || at > 0 && body[lines[at - 1].text..lines[at - 1].end].trim_end().ends_with("]:");
        is_below = line.is_blank() || is_below && (is_definition || is_address());
        last[at] = is_below;
    }
    last
}

/// A label as labels are compared (CommonMark 4.7).
fn normalised(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The label and the URL of a line that is a definition. The URL may stand on the next line.
fn definition(body: &str, line: &Line, next: Option<&Line>) -> Option<(String, Range<usize>)> {
    let text = body[line.text..line.end].strip_prefix('[').filter(|text| !text.starts_with(['^', ']']))?;
    let (label, rest) = text.split_once("]:").filter(|(label, _)| label.len() < 1000 && !label.contains(['[', ']']))?;
    let place = if rest.trim().is_empty() {
        let next = next.filter(|next| !next.is_blank() && !next.fenced && next.quotes == line.quotes)?;
        next.text..next.end
    } else {
        line.end - rest.len()..line.end
    };
    Some((normalised(label), address(body, place)?))
}

/// The URL at the start of what follows a label.
fn address(body: &str, place: Range<usize>) -> Option<Range<usize>> {
    let address = body[place.clone()].trim_start();
    let start = place.end - address.len();
    let (from, length) = match address.strip_prefix('<') {
        Some(pointed) => (start + 1, pointed.find('>')?),
        None => (start, address.find([' ', '\t']).unwrap_or(address.len())),
    };
    let rest = body[from + length..place.end].trim_start_matches('>').trim();
    let allowed = rest.is_empty() || rest.starts_with(['"', '\'', '(', '{']) || rest.contains('=');
    let spaced = without_title(address.trim());
    match (allowed, length) {
        (true, 1..) => Some(from..from + length),
        (false, _) if is_spaced_image(spaced) => Some(start..start + spaced.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Definitions;

    fn has(body: &str) -> bool {
        Definitions::of(body).place("x").is_some()
    }

    #[test]
    fn what_only_some_renderers_take_for_a_definition_is_none_where_more_of_its_paragraph_follows() {
        for address in ["a b.jpg", "a(b.jpg", "<a b.jpg"] {
            for below in ["<math>\n", "text\n", "> text\n", "[y]: c.jpg\n<math>\n", "[y]: c d.jpg\ntext"] {
                assert!(!has(&format!("[x]: {address}\n{below}")), "{address} {below}");
            }
        }
        for below in ["", "\n", "\n<math>\n", "[y]: c.jpg\n", "[y]: c d.jpg\n[z]:\ne f.jpg\n\ntext"] {
            assert!(has(&format!("[x]: a b.jpg\n{below}")), "{below}");
            assert!(has(&format!("[x]:\na b.jpg\n{below}")), "{below}");
        }
        for address in ["a.jpg", "<a b.jpg>", "a(b).jpg 'c'"] {
            assert!(has(&format!("text\n[x]: {address}\n<math>\n")), "{address}");
        }
    }
}
