//! How much drawing an SVG asks for.
//!
//! A few lines that use each other can stand for billions of shapes. Drawing cannot be interrupted, so the work of a
//! drawing is counted before it begins.

use std::cell::RefCell;
use std::collections::HashMap;

use resvg::usvg::roxmltree::{Document, Node, NodeId};

use super::letters::{self, Extent};
use super::{rings, styles};
use crate::media::decode::limits::check;
use crate::media::error::MediaError;

/// How many nodes a document may have. The largest drawings in articles, maps, have tens of thousands.
pub(super) const MAX_NODES: u32 = 1_000_000;

/// How many elements may be drawn once everything that is used many times is counted as often.
const MAX_DRAWN: u64 = 200_000;

/// How deep elements may be nested, and used by each other. Drawing needs stack for each level.
const MAX_DEPTH: u32 = 200;

/// The attributes that lengths and coordinates are in.
const LENGTHS: [&str; 11] = ["d", "points", "x", "y", "width", "height", "r", "rx", "ry", "cx", "cy"];

/// How many digits a length may have before its point. An arc is cut into pieces by the sixth root of its radius, so that
/// one of a hundred digits would take all memory there is.
const MAX_DIGITS: u64 = 12;

/// How many layers of noise one filter may add up. More than about ten cannot be seen.
const MAX_OCTAVES: f64 = 32.0;

/// What drawing one embedded image counts as, in elements.
const IMAGE: u64 = 500;

/// How often a letter may be shaped: a few seconds.
const MAX_SHAPED: u64 = 400_000;

/// What drawing an element takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// How many elements are drawn.
    elements: u64,
    /// How many canvases are held at once, besides the one that is drawn on.
    pub(super) layers: u64,
    /// How many letters are drawn.
    pub(super) letters: u64,
    /// How often a letter is shaped.
    shaped: u64,
}

impl Cost {
    /// Adds what is in an element or used by it, so many times.
    fn add(&mut self, part: Self, times: u64) {
        let sum = |own: u64, part: u64| own.saturating_add(part.saturating_mul(times));
        self.elements = sum(self.elements, part.elements);
        self.letters = sum(self.letters, part.letters);
        self.shaped = sum(self.shaped, part.shaped);
        self.layers = self.layers.max(part.layers);
    }
}

/// Refuses a document that takes too much drawing, and returns how many layers it needs.
pub(super) fn of(document: &Document<'_>) -> Result<Cost, MediaError> {
    let mut ids = HashMap::new();
    let sheets = styles::sheets(document);
    for node in document.descendants() {
        if let Some(id) = node.attribute("id") {
            ids.entry(id).or_insert(node);
        }
        for attribute in node.attributes() {
            check_attribute(attribute.name(), attribute.value())?;
        }
        let written = node.attribute("numOctaves").unwrap_or_default().trim();
        if written.parse::<f64>().is_ok_and(|octaves| octaves > MAX_OCTAVES) {
            return Err(MediaError::over("octaves of noise", written.parse().unwrap_or(u64::MAX), 32));
        }
    }
    rings::check(document)?;
    styles::check_declarations(&sheets)?;
    let root = document.root_element();
    let (styled, hides) = (!sheets.is_empty(), letters::style_may_hide(&sheets));
    let mut costs = Costs { ids, styled, hides, known: HashMap::new(), extents: RefCell::default() };
    let mut cost = costs.of(root, 0)?;
    if sheets.contains("marker") {
        cost.add(costs.of_all_markers(document)?, points(root));
    }
    check("elements drawn", cost.elements, MAX_DRAWN)?;
    check("letters shaped", cost.shaped, MAX_SHAPED)?;
    styles::check(&sheets, cost.elements.max(root.descendants().count() as u64))?;
    Ok(cost)
}

/// Refuses attributes whose values alone take too much work.
fn check_attribute(name: &str, value: &str) -> Result<(), MediaError> {
    match name {
        name if LENGTHS.contains(&name) => check_lengths(value),
        "style" => styles::check_declarations(value),
        name if name.starts_with("font") => styles::check_font(value),
        _ => Ok(()),
    }
}

/// The points of an element and all that is in it: a marker may be drawn at each. Every number counts as one, as it is
/// for lines along an axis.
fn points(node: Node<'_, '_>) -> u64 {
    let shapes = node.descendants().filter(Node::is_element);
    let of_one = |node: Node<'_, '_>| {
        let lists = ["d", "points"].into_iter().filter_map(|name| node.attribute(name));
        lists.map(numbers).sum::<u64>() + 4
    };
    shapes.map(of_one).sum()
}

/// How many numbers are written in a list of coordinates.
fn numbers(list: &str) -> u64 {
    let part_of_number = |it: char| it.is_ascii_digit();
    list.split(|it| !part_of_number(it)).filter(|digits| !digits.is_empty()).count() as u64
}

/// Refuses numbers of too many digits before their point, exponents included (SVG 2, section 9.3.9).
fn check_lengths(value: &str) -> Result<(), MediaError> {
    let mut rest = value;
    while let Some(start) = rest.find(|it: char| it.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let (digits, after) = leading_digits(number);
        // What stands behind a point adds nothing, but may have an exponent.
        let whole = if before.ends_with('.') { "" } else { digits.trim_start_matches('0') };
        let exponent = after.strip_prefix(['e', 'E']).map(|it| leading_digits(it.strip_prefix('+').unwrap_or(it)).0);
        let exponent = exponent.filter(|it| !it.is_empty()).map_or(0, |it| it.parse().unwrap_or(u64::MAX));
        let places = exponent.saturating_add(whole.len() as u64);
        if places > MAX_DIGITS {
            return Err(MediaError::over("digits of a length", places, MAX_DIGITS));
        }
        rest = after;
    }
    Ok(())
}

fn leading_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len()))
}

/// The work of each element, with all that is in it and used by it.
struct Costs<'a, 'input> {
    ids: HashMap<&'a str, Node<'a, 'input>>,
    /// Whether a style sheet may change more about elements than their attributes do.
    styled: bool,
    /// Whether a style sheet may hide parts of a text.
    hides: bool,
    known: HashMap<NodeId, Cost>,
    /// Of elements that texts link to: many may link to a long one.
    extents: RefCell<HashMap<NodeId, Extent>>,
}

impl<'a, 'input> Costs<'a, 'input> {
    fn of(&mut self, node: Node<'a, 'input>, depth: u32) -> Result<Cost, MediaError> {
        if depth > MAX_DEPTH {
            return Err(MediaError::over("levels of elements", depth.into(), MAX_DEPTH.into()));
        }
        if let Some(&known) = self.known.get(&node.id()) {
            return Ok(known);
        }
        // An element that uses itself is drawn once at most.
        self.known.insert(node.id(), Cost::default());
        let mut cost = Cost { elements: if node.tag_name().name() == "image" { IMAGE } else { 1 }, ..Cost::default() };
        for part in self.parts(node) {
            let times =
                if part.tag_name().name() == "marker" && part.parent() != Some(node) { points(node) } else { 1 };
            let part = self.of(part, depth + 1)?;
            cost.add(part, times);
        }
        cost.layers = cost.layers.saturating_add(self.own_layers(node));
        // After its parts, of which none is nested too deep.
        if node.tag_name().name() == "text" {
            let own = letters::of(node, &self.ids, self.hides, |linked| self.extent(linked));
            cost.add(Cost { letters: own.drawn, shaped: own.shaped, ..Cost::default() }, 1);
        }
        self.known.insert(node.id(), cost);
        Ok(cost)
    }

    /// The work of all markers, each once. A style sheet may put one at every point of the drawing.
    fn of_all_markers(&mut self, document: &'a Document<'input>) -> Result<Cost, MediaError> {
        let mut sum = Cost::default();
        for marker in document.descendants().filter(|node| node.tag_name().name() == "marker") {
            sum.add(self.of(marker, 0)?, 1);
        }
        Ok(sum)
    }

    fn extent(&self, node: Node<'a, 'input>) -> Extent {
        let letters =
            || node.descendants().filter(Node::is_text).filter_map(|node| node.text()).map(str::len).sum::<usize>();
        let measured = || Extent { points: points(node), letters: letters() as u64 };
        *self.extents.borrow_mut().entry(node.id()).or_insert_with(measured)
    }

    /// What is in an element, and what its attributes name.
    fn parts(&self, node: Node<'a, 'input>) -> Vec<Node<'a, 'input>> {
        let values = node.attributes().map(|attribute| attribute.value());
        let used = values.flat_map(references).filter_map(|id| self.ids.get(id).copied());
        node.children().filter(Node::is_element).chain(used).collect()
    }

    /// How many canvases an element itself needs: one where it is drawn apart from what is below it, and for a filter
    /// one for each of its steps.
    fn own_layers(&self, node: Node<'a, 'input>) -> u64 {
        const APART: [&str; 6] = ["opacity", "filter", "mask", "clip-path", "mix-blend-mode", "isolation"];
        if node.tag_name().name() == "filter" {
            return node.children().filter(Node::is_element).count() as u64;
        }
        let style = node.attribute("style").unwrap_or_default();
        let by_sheet = self.styled && node.has_attribute("class");
        u64::from(by_sheet || APART.iter().any(|name| node.has_attribute(*name) || style.contains(name)))
    }
}

/// The elements that an attribute may name: `#id`, `url(#id)` and `url("#id")`. A name may contain any character, so
/// each end that it can have is tried.
fn references(value: &str) -> impl Iterator<Item = &str> + use<'_> {
    const ENDS: [&[char]; 3] = [&[' '], &[')', ' '], &['"', '\'']];
    // Data has no references, and can be long.
    let value = if value.starts_with("data:") { "" } else { value };
    value.match_indices('#').flat_map(move |(at, _)| {
        let rest = &value[at + 1..];
        let mut names: Vec<&str> = ENDS.iter().filter_map(|ends| rest.split(*ends).next()).map(str::trim_end).collect();
        names.sort_unstable();
        names.dedup();
        names
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(svg: &str) -> Result<(), MediaError> {
        of(&Document::parse(svg).unwrap()).map(|_| ())
    }

    fn layers(svg: &str) -> u64 {
        of(&Document::parse(svg).unwrap()).unwrap().layers
    }

    #[test]
    fn layers_are_those_held_at_once() {
        assert_eq!(layers("<svg><g><path/></g></svg>"), 0);
        assert_eq!(layers("<svg><g opacity='.5'><g style='opacity:.5'/></g><g mask='url(#none)'/></svg>"), 2);
        assert_eq!(layers("<svg><filter id='f'><feFlood/><feBlend/></filter><path filter='url(#f)'/></svg>"), 3);
        assert_eq!(layers("<svg><style>.a{opacity:.5}</style><g class='a'><g class='b'/></g></svg>"), 2);
    }

    #[test]
    fn what_is_used_many_times_counts_as_often() {
        let level = |n: u32| format!("<g id='l{n}'>{}</g>", format!("<use href='#l{}'/>", n - 1).repeat(10));
        let levels: String = (1..9).map(level).collect();
        let bomb = format!("<svg><path id='l0'/>{levels}</svg>");
        assert!(matches!(judge(&bomb), Err(MediaError::OverLimit { what, .. }) if what == "elements drawn"));
        let levels: String = (1..4).map(level).collect();
        assert_eq!(judge(&format!("<svg><path id='l0'/>{levels}</svg>")), Ok(()));
    }

    #[test]
    fn names_are_followed_whatever_is_in_them() {
        let of = |value| references(value).collect::<Vec<_>>();
        assert_eq!(of("#a"), ["a"]);
        assert_eq!(of("url( #a )"), ["a", "a )"]);
        assert_eq!(of("url(#a)"), ["a", "a)"]);
        assert!(of("url('#a)b' )").contains(&"a)b"));
        assert!(of("fill:url(#a);stroke:url(#b)").iter().filter(|name| ["a", "b"].contains(name)).count() == 2);
        assert_eq!(of("data:image/png;base64,#a").len(), 0);
    }

    #[test]
    fn a_marker_counts_at_each_point() {
        let marker = format!("<marker id='m'>{}</marker>", "<path d='M0 0h1'/>".repeat(100));
        let (long, short) = ("1 1 ".repeat(10_000), "1 1 ".repeat(10));
        for (points, refused) in [(&long, true), (&short, false)] {
            for user in [
                format!("<polyline marker-mid='url(#m)' points='{points}'/>"),
                format!("<g style='marker-mid:url(#m)'><path d='M{points}'/></g>"),
                format!("<style>path{{marker-mid:url(#m)}}</style><path d='M{points}'/>"),
            ] {
                let judged = judge(&format!("<svg>{marker}{user}</svg>"));
                assert_eq!(
                    matches!(judged, Err(MediaError::OverLimit { what, .. }) if what == "elements drawn"),
                    refused,
                    "{user}"
                );
            }
        }
    }

    #[test]
    fn what_uses_itself_is_no_reason_to_refuse() {
        assert_eq!(judge("<svg><g id='a'><use href='#a'/></g></svg>"), Ok(()));
    }

    #[test]
    fn lengths_beyond_all_drawings_are_refused() {
        let arc = |radius: &str| judge(&format!("<svg><path d='M0 0a{radius} 25 0 1125 25z'/></svg>"));
        for fine in ["25", "-25.000000000000000001", "999999999999", "000000000000000001", "1e11", ".1e-99", "3em"] {
            assert_eq!(arc(fine), Ok(()), "{fine}");
        }
        for huge in ["25".repeat(50).as_str(), "1e100", "1.5E+99", ".5e99", "1e99999999999999999999", "1 1e40"] {
            assert!(
                matches!(arc(huge), Err(MediaError::OverLimit { what, .. }) if what == "digits of a length"),
                "{huge}"
            );
        }
        assert!(judge("<svg><rect width='1e99' height='1e99' rx='1e98'/></svg>").is_err());
        assert_eq!(judge(&format!("<svg><path id='d{}'/></svg>", "1".repeat(40))), Ok(()));
    }

    #[test]
    fn letters_count_as_often_as_their_text_is_used() {
        let text = format!("<text id='t'>{}</text>", "<tspan>abcd</tspan>".repeat(100));
        let uses = "<use href='#t'/>".repeat(5);
        let cost = of(&Document::parse(&format!("<svg>{text}{uses}</svg>")).unwrap()).map(|cost| cost.letters);
        assert_eq!(cost, Ok(2400));
        let uses = "<use href='#t'/>".repeat(900);
        let judged = judge(&format!("<svg>{text}{uses}</svg>"));
        assert!(matches!(judged, Err(MediaError::OverLimit { what, .. }) if what == "letters shaped"));
    }

    #[test]
    fn one_run_may_have_a_chapter_of_letters_and_no_book() {
        let run = |letters: usize| judge(&format!("<svg><text>{}</text></svg>", "abc ".repeat(letters / 4)));
        assert_eq!(run(27_000), Ok(()));
        assert!(matches!(run(36_000), Err(MediaError::OverLimit { what, .. }) if what == "letters shaped"));
    }

    #[test]
    fn a_list_of_fonts_that_nobody_writes_is_refused() {
        let list = "Arial,".repeat(1000);
        for text in [
            format!("<text font-family='{list}'/>"),
            format!("<text style='fill:red; font-family:{list};x:y'/>"),
            format!("<style>a{{font-family:{list}}}</style>"),
        ] {
            assert!(matches!(judge(&format!("<svg>{text}</svg>")), Err(MediaError::OverLimit { what, .. })
                if what == "bytes of a list of fonts"));
        }
        let face = format!("<style>@font-face{{src:url(data:font/woff2;base64,{})}}</style>", "font".repeat(9000));
        assert_eq!(judge(&format!("<svg>{face}</svg>")), Ok(()));
    }

    #[test]
    fn deep_nesting_and_endless_noise_are_refused() {
        let deep = format!("<svg>{}{}</svg>", "<g>".repeat(300), "</g>".repeat(300));
        assert!(matches!(judge(&deep), Err(MediaError::OverLimit { what, .. }) if what == "levels of elements"));
        let noise = "<svg><filter><feTurbulence numOctaves='1e9'/></filter></svg>";
        assert!(matches!(judge(noise), Err(MediaError::OverLimit { what, .. }) if what == "octaves of noise"));
    }
}
