//! How much work it is to place the letters of a text.
//!
//! A run of letters, from one position that is given to the next, is shaped once for each piece of it that may have
//! another style, and where its letters stand is looked up letter by letter. So the work grows with the square of what
//! somebody writes, and is counted before it begins.

use std::collections::HashMap;

use resvg::usvg::roxmltree::Node;

use super::styles::declarations;

/// The elements that are part of a text (SVG 2, section 11.2); others within it are not drawn.
const PARTS: [&str; 4] = ["tspan", "a", "tref", "textPath"];

/// So many letters of a run are looked up in the time that one is shaped: measured, a run of 9,000 takes a fifth of a
/// second, and one of 27,000 two seconds.
const LOOKUPS: u64 = 2048;

/// So many points of a path are gone along in the time that a letter is shaped.
const POINTS: u64 = 256;

/// What finding the place of a letter on a path takes, in letters shaped.
const ON_PATH: u64 = 100;

/// What preparing to shape takes, in letters shaped.
const PIECE: u64 = 20;

/// What a text takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Letters {
    /// How many letters are drawn.
    pub(super) drawn: u64,
    /// How often a letter is shaped.
    pub(super) shaped: u64,
}

/// How much is in an element that a part of a text links to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// The points of the path that the text follows.
    pub(super) points: u64,
    /// The letters that the text repeats.
    pub(super) letters: u64,
}

/// What one `text` takes. `extent` measures what its parts link to.
pub(super) fn of<'a, 'input>(
    text: Node<'a, 'input>,
    ids: &HashMap<&str, Node<'a, 'input>>,
    hides: bool,
    extent: impl Fn(Node<'a, 'input>) -> Extent,
) -> Letters {
    let mut count = Count { ids, hides, extent, run: Run::default(), sum: Letters::default() };
    count.part(text);
    count.end_run();
    count.sum
}

/// Letters that are shaped together.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    letters: u64,
    pieces: u64,
    /// Those of the path that it follows.
    points: u64,
}

impl Run {
    fn shaped(self) -> u64 {
        let Self { letters, pieces, points } = self;
        let lookups = letters.saturating_mul(letters) / LOOKUPS;
        let on_path = if points == 0 { 0 } else { letters.saturating_mul(ON_PATH) };
        let along = points.saturating_mul(letters / POINTS + 10);
        let shaped = letters.saturating_add(PIECE).saturating_mul(pieces);
        shaped.saturating_add(lookups).saturating_add(on_path).saturating_add(along)
    }
}

struct Count<'m, 'a, 'input, F> {
    ids: &'m HashMap<&'m str, Node<'a, 'input>>,
    /// Whether a style sheet may hide parts.
    hides: bool,
    extent: F,
    run: Run,
    sum: Letters,
}

impl<'a, 'input, F: Fn(Node<'a, 'input>) -> Extent> Count<'_, 'a, 'input, F> {
    fn part(&mut self, element: Node<'a, 'input>) {
        let name = element.tag_name().name();
        let path = if name == "textPath" { self.path_points(element) } else { 0 };
        if path > 0 || self.begins_run(element) {
            self.end_run();
        }
        self.run.points = self.run.points.max(path);
        if name == "tref" {
            self.piece(self.linked_letters(element));
        }
        for child in element.children() {
            if let Some(text) = child.text().filter(|_| child.is_text()) {
                self.piece(text.chars().count() as u64);
            } else if PARTS.contains(&child.tag_name().name()) {
                self.part(child);
            }
        }
        if path > 0 {
            self.end_run();
        }
    }

    fn piece(&mut self, letters: u64) {
        self.run.letters += letters;
        self.run.pieces += u64::from(letters > 0);
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        self.sum.drawn += run.letters;
        self.sum.shaped = self.sum.shaped.saturating_add(run.shaped());
    }

    /// Whether a run begins with the first letter of an element: that has a position, and is surely drawn.
    fn begins_run(&self, element: Node<'a, 'input>) -> bool {
        let is_placed = ["x", "y"].iter().any(|name| element.attribute(*name).is_some_and(is_list));
        let first = element.first_child().filter(Node::is_text).and_then(|first| first.text());
        let may_be_hidden = || self.hides || may_be_hidden(element) || element.ancestors().any(may_have_no_size);
        is_placed && first.is_some_and(|text| !text.trim().is_empty()) && !may_be_hidden()
    }

    fn linked(&self, element: Node<'a, 'input>) -> Option<Node<'a, 'input>> {
        let mut hrefs = element.attributes().filter(|attribute| attribute.name() == "href");
        hrefs.find_map(|href| self.ids.get(href.value().trim().strip_prefix('#')?).copied())
    }

    fn path_points(&self, element: Node<'a, 'input>) -> u64 {
        self.linked(element).map_or(1, |path| (self.extent)(path).points)
    }

    fn linked_letters(&self, element: Node<'a, 'input>) -> u64 {
        self.linked(element).map_or(0, |linked| (self.extent)(linked).letters)
    }
}

/// Whether a value is a list of plain numbers, which every reader takes for positions.
fn is_list(value: &str) -> bool {
    let mut numbers = value.split([' ', ',', '\n', '\t']).filter(|number| !number.is_empty()).peekable();
    numbers.peek().is_some() && numbers.all(|number| number.parse::<f32>().is_ok_and(f32::is_finite))
}

/// Whether an element itself may not be drawn, so that no run begins with it.
fn may_be_hidden(element: Node<'_, '_>) -> bool {
    const CONDITIONS: [&str; 5] = ["display", "transform", "requiredFeatures", "requiredExtensions", "systemLanguage"];
    CONDITIONS.iter().any(|name| element.has_attribute(*name)) || element.attribute("style").is_some_and(style_may_hide)
}

/// Whether letters within an element may have no size, so that they are not drawn.
fn may_have_no_size(element: Node<'_, '_>) -> bool {
    let size = element.attribute("font-size").is_some_and(|size| !is_size(size));
    size || element.has_attribute("font") || element.attribute("style").is_some_and(style_may_shrink)
}

/// Whether declarations or a style sheet may hide a part of a text.
pub(super) fn style_may_hide(style: &str) -> bool {
    let hides = |name: &str, value: &str| name == "transform" || name == "display" && value.contains("none");
    style_may_shrink(style) || declarations(style).any(|(name, value)| hides(name, value))
}

fn style_may_shrink(style: &str) -> bool {
    declarations(style).any(|(name, value)| match name {
        "font-size" => !is_size(value),
        // Escapes can spell any name (CSS Syntax 3, section 4.3.7), and comments can stand anywhere.
        name => name == "font" || name.contains(['\\', '*']),
    })
}

/// Whether a value is surely a size of letters above zero.
fn is_size(value: &str) -> bool {
    const UNITS: [&str; 6] = ["px", "pt", "pc", "mm", "cm", "in"];
    let value = value.trim();
    let number = UNITS.iter().find_map(|unit| value.strip_suffix(unit)).unwrap_or(value);
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && number.len() <= 12;
    is_plain && number.parse::<f32>().is_ok_and(|size| size > 0.0)
}

#[cfg(test)]
mod tests {
    use resvg::usvg::roxmltree::Document;

    use super::*;

    fn count(body: &str, sheet: &str) -> Letters {
        let svg = format!("<svg>{body}</svg>");
        let document = Document::parse(&svg).unwrap();
        let named = document.descendants().filter_map(|node| Some((node.attribute("id")?, node)));
        let text = document.descendants().find(|node| node.tag_name().name() == "text").unwrap();
        of(text, &named.collect(), style_may_hide(sheet), |_| Extent { points: 1000, letters: 100_000 })
    }

    #[test]
    fn letters_are_shaped_once_for_each_piece_of_their_run() {
        assert_eq!(
            count("<text>ab<tspan>cd</tspan>ef<title>no</title></text>", ""),
            Letters { drawn: 6, shaped: 3 * (6 + PIECE) }
        );
        let placed = "<text x='1 2'>ab<tspan x='3' style='font-size:9px'>cd</tspan><tspan y='1'>ef</tspan></text>";
        assert_eq!(count(placed, ".a{fill:red;font-size:3px}"), Letters { drawn: 6, shaped: 6 + 3 * PIECE });
    }

    #[test]
    fn a_position_counts_only_where_it_surely_begins_a_run() {
        for hidden in [
            "x='q'",
            "x=''",
            "x='1' display='none'",
            "x='1' systemLanguage='xx'",
            "x='1' font-size='0'",
            "x='1' font-size='1e-60'",
            "x='1' font-size='50%'",
            "x='1' style='font: 0 x'",
            "x='1' style='font-size:-1px'",
            "x='1' style='dis\\play:none'",
        ] {
            let text = format!("<text>ab<tspan {hidden}>cd</tspan></text>");
            assert_eq!(count(&text, ""), Letters { drawn: 4, shaped: 2 * (4 + PIECE) }, "{hidden}");
        }
        for shrunk in ["font-size='0'", "style='font-size:0'", "font='0 x'"] {
            let text = format!("<text {shrunk}>ab<tspan x='1'>cd</tspan></text>");
            assert_eq!(count(&text, "").shaped, 2 * (4 + PIECE), "{shrunk}");
        }
        assert_eq!(count("<text>ab<tspan x='1'> </tspan></text>", "").shaped, 2 * (3 + PIECE), "it has no letters");
        assert_eq!(count("<text>ab<tspan x='1'>cd</tspan></text>", ".a{display:none}").shaped, 2 * (4 + PIECE));
    }

    #[test]
    fn long_runs_paths_and_texts_of_others_are_counted() {
        let long = "x".repeat(100_000);
        assert!(count(&format!("<text>{long}</text>"), "").shaped > 4_000_000);
        let on_path = "<path id='p' d='M0 0h9'/><text><textPath href='#p'>abc</textPath></text>";
        assert!(count(on_path, "").shaped > 10_000);
        let other = format!("<g id='g'><desc>{long}</desc></g><text><tref href='#g'/><tref href='#g'/></text>");
        assert_eq!(count(&other, "").drawn, 200_000);
    }
}
