//! How much drawing an SVG asks for.
//!
//! A few lines that use each other can stand for billions of shapes. Drawing cannot be interrupted, so what a drawing
//! amounts to is counted before it begins.

use std::collections::HashMap;

use resvg::usvg::roxmltree::{Document, Node, NodeId};

use super::super::super::error::MediaError;

/// How many nodes a document may have. The largest drawings in articles, maps, have tens of thousands.
pub(super) const MAX_NODES: u32 = 1_000_000;

/// How many elements may be drawn once everything that is used many times is counted as often.
const MAX_DRAWN: u64 = 1_000_000;

/// How deep elements may be nested, and used by each other. Drawing needs stack for each level.
const MAX_DEPTH: u32 = 200;

/// How many layers of noise one filter may add up. More than about ten cannot be seen.
const MAX_OCTAVES: f64 = 32.0;

/// What drawing one embedded picture counts as, in elements.
const PICTURE: u64 = 5_000;

/// Refuses a document that amounts to too much drawing.
pub(super) fn check(document: &Document<'_>) -> Result<(), MediaError> {
    let mut ids = HashMap::new();
    for node in document.descendants() {
        if let Some(id) = node.attribute("id") {
            ids.entry(id).or_insert(node);
        }
        let octaves = node.attribute("numOctaves").and_then(|value| value.trim().parse::<f64>().ok());
        if octaves.is_some_and(|octaves| octaves > MAX_OCTAVES) {
            return Err(over("octaves of noise", u64::MAX, 32));
        }
    }
    let drawn = Weights { ids, known: HashMap::new() }.of(document.root_element(), 0)?;
    if drawn > MAX_DRAWN { Err(over("elements drawn", drawn, MAX_DRAWN)) } else { Ok(()) }
}

fn over(what: &'static str, actual: u64, limit: u64) -> MediaError {
    MediaError::OverLimit { what, actual, limit }
}

/// How many elements each element stands for.
struct Weights<'a, 'input> {
    ids: HashMap<&'a str, Node<'a, 'input>>,
    known: HashMap<NodeId, u64>,
}

impl<'a, 'input> Weights<'a, 'input> {
    fn of(&mut self, node: Node<'a, 'input>, depth: u32) -> Result<u64, MediaError> {
        if depth > MAX_DEPTH {
            return Err(over("levels of elements", depth.into(), MAX_DEPTH.into()));
        }
        if let Some(&known) = self.known.get(&node.id()) {
            return Ok(known);
        }
        // An element that uses itself is drawn once at most.
        self.known.insert(node.id(), 0);
        let mut weight = if node.tag_name().name() == "image" { PICTURE } else { 1 };
        for child in node.children().filter(Node::is_element) {
            weight = weight.saturating_add(self.of(child, depth + 1)?);
        }
        for attribute in node.attributes() {
            for used in references(attribute.value()).filter_map(|id| self.ids.get(id).copied()).collect::<Vec<_>>() {
                weight = weight.saturating_add(self.of(used, depth + 1)?);
            }
        }
        self.known.insert(node.id(), weight);
        Ok(weight)
    }
}

/// The elements that an attribute names: `#id` and `url(#id)`.
fn references(value: &str) -> impl Iterator<Item = &str> {
    // Data has no references, and can be long.
    let value = if value.starts_with("data:") { "" } else { value };
    value.split('#').skip(1).filter_map(|rest| rest.split([')', '"', '\'', ' ', ';']).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(svg: &str) -> Result<(), MediaError> {
        check(&Document::parse(svg).unwrap())
    }

    #[test]
    fn what_is_used_many_times_counts_as_often() {
        let level = |n: u32| format!("<g id='l{n}'>{}</g>", format!("<use href='#l{}'/>", n - 1).repeat(10));
        let levels: String = (1..9).map(level).collect();
        let bomb = format!("<svg><path id='l0'/>{levels}</svg>");
        assert!(matches!(judge(&bomb), Err(MediaError::OverLimit { what: "elements drawn", .. })));
        let levels: String = (1..4).map(level).collect();
        assert_eq!(judge(&format!("<svg><path id='l0'/>{levels}</svg>")), Ok(()));
    }

    #[test]
    fn what_uses_itself_is_no_reason_to_refuse() {
        assert_eq!(judge("<svg><g id='a'><use href='#a'/></g></svg>"), Ok(()));
    }

    #[test]
    fn deep_nesting_and_endless_noise_are_refused() {
        let deep = format!("<svg>{}{}</svg>", "<g>".repeat(300), "</g>".repeat(300));
        assert!(matches!(judge(&deep), Err(MediaError::OverLimit { what: "levels of elements", .. })));
        let noise = "<svg><filter><feTurbulence numOctaves='1e9'/></filter></svg>";
        assert!(matches!(judge(noise), Err(MediaError::OverLimit { what: "octaves of noise", .. })));
    }
}
