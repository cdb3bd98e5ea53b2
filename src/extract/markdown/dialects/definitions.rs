//! Link definitions where CommonMark expects none: directly below a paragraph, or with attributes after the title
//! (python-markdown, kramdown).

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{BrokenLink, BrokenLinkCallback, CowStr};

use super::super::destination;
use super::lines::{Copy, Line};

/// The definitions that the parser may not recognise, by their labels.
#[derive(Debug, Default)]
pub(in crate::extract::markdown) struct Definitions(HashMap<String, (Range<usize>, String)>);

impl Definitions {
    /// The definitions of a body. Of several with one label the first counts.
    pub(in crate::extract::markdown) fn of(body: &str) -> Self {
        let copy = Copy::new(body, 0..body.len());
        let mut found = HashMap::new();
        if copy.has(&["]:"]) {
            for line in copy.lines().into_iter().filter(|line| !line.fenced && line.columns < 4) {
                if let Some((label, address)) = definition(body, &line) {
                    found.entry(label).or_insert_with(|| (address.clone(), destination::meaning(&body[address])));
                }
            }
        }
        Self(found)
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

/// A label as labels are compared (CommonMark 4.7).
fn normalised(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The label and the URL of a line that is a definition.
fn definition(body: &str, line: &Line) -> Option<(String, Range<usize>)> {
    let text = body[line.text..line.end].strip_prefix('[').filter(|text| !text.starts_with(['^', ']']))?;
    let (label, rest) = text.split_once("]:").filter(|(label, _)| label.len() < 1000 && !label.contains(['[', ']']))?;
    let address = rest.trim_start();
    let start = line.end - address.len();
    let (from, length) = match address.strip_prefix('<') {
        Some(pointed) => (start + 1, pointed.find('>')?),
        None => (start, address.find([' ', '\t']).unwrap_or(address.len())),
    };
    let rest = body[from + length..line.end].trim_start_matches('>').trim();
    let allowed = rest.is_empty() || rest.starts_with(['"', '\'', '(', '{']) || rest.contains('=');
    (allowed && length > 0).then(|| (normalised(label), from..from + length))
}
