//! Elements that refer to each other in a ring, as gradients that inherit from each other: an error (SVG 2, section 14.1.1).
//!
//! The parser ends where an element of a ring comes to itself, and where two of `use` name each other. It never ends where
//! something outside leads into another ring.

use std::collections::{HashMap, HashSet};

use resvg::usvg::roxmltree::{Document, Node};

use crate::media::error::MediaError;

/// The elements that inherit from the one that their `href` names.
const HEIRS: [&str; 4] = ["linearGradient", "radialGradient", "pattern", "filter"];

/// Refuses a document with another ring than one of elements that inherit, which nothing leads into, or two of `use`. An
/// element that refers only to itself is accepted.
pub(super) fn check(document: &Document<'_>) -> Result<(), MediaError> {
    // The parser takes such a name for that of the element, too, and the last element of several with one name for all.
    let has_foreign_id =
        |node: Node<'_, '_>| node.attributes().any(|other| other.name() == "id" && other.namespace().is_some());
    let references = References::of(document);
    if references.links.is_empty() || !document.descendants().any(has_foreign_id) && references.end() {
        return Ok(());
    }
    Err(MediaError::damaged("elements that refer to each other in a ring"))
}

/// Which elements name which others, all by their `id`.
#[derive(Default)]
struct References<'a> {
    /// What each element names.
    links: HashMap<&'a str, Vec<&'a str>>,
    /// How often each element is named by one of `links`.
    counts: HashMap<&'a str, usize>,
    /// What something outside of all rings names.
    entered: HashSet<&'a str>,
    /// What names itself. Of several with one name, one may so lead to another.
    to_themselves: HashSet<&'a str>,
    /// Of which types the elements of a name are.
    types: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> References<'a> {
    fn of(document: &'a Document<'_>) -> Self {
        let mut all = Self::default();
        // Links for readers are not followed.
        for node in document.descendants().filter(|node| node.tag_name().name() != "a") {
            let hrefs = node.attributes().filter(|attribute| attribute.name() == "href");
            let others = hrefs.filter_map(|attribute| linked(attribute.value()));
            let Some(id) = node.attribute("id") else {
                all.entered.extend(others);
                continue;
            };
            all.types.entry(id).or_default().push(node.tag_name().name());
            for other in others {
                if other == id {
                    all.to_themselves.insert(id);
                    continue;
                }
                all.links.entry(id).or_default().push(other);
                *all.counts.entry(other).or_default() += 1;
            }
        }
        all
    }

    /// Whether whoever follows the references comes to an end.
    fn end(mut self) -> bool {
        self.keep_rings();
        self.links.iter().all(|(id, others)| match others[..] {
            [other] => {
                self.inherits(id) && !self.entered.contains(id) && !self.to_themselves.contains(id)
                    || self.is_pair(id, other)
            }
            _ => false,
        })
    }

    fn inherits(&self, id: &str) -> bool {
        self.types.get(id).is_some_and(|types| types.iter().all(|found| HEIRS.contains(found)))
    }

    /// Whether these are two elements `use` that name each other.
    fn is_pair(&self, id: &str, other: &str) -> bool {
        let is_use = |id: &str| self.types.get(id).is_some_and(|types| types[..] == ["use"]);
        is_use(id) && is_use(other) && self.links.get(other).is_some_and(|back| back[..] == [id])
    }

    /// Leaves only links of rings. An element that nothing names is in none; when it is removed, the same holds for what it
    /// named, and so on.
    fn keep_rings(&mut self) {
        let mut outside: Vec<&str> = self.links.keys().copied().filter(|id| !self.counts.contains_key(id)).collect();
        while let Some(id) = outside.pop() {
            for other in self.links.remove(id).unwrap_or_default() {
                self.entered.insert(other);
                let left = self.counts.entry(other).or_default();
                *left = left.saturating_sub(1);
                if *left == 0 {
                    outside.push(other);
                }
            }
        }
    }
}

/// The element that an `href` names.
fn linked(href: &str) -> Option<&str> {
    href.trim_start().strip_prefix('#')?.split(' ').next()
}

#[cfg(test)]
mod tests {
    use resvg::usvg::{Options, Tree};

    use super::*;

    fn document(inside: &str) -> String {
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg'>{inside}<path d='M0 0h9v9z' fill='url(#c)' filter='url(#c)'/></svg>"
        )
    }

    fn judge(inside: &str) -> Result<(), MediaError> {
        check(&Document::parse(&document(inside)).unwrap())
    }

    fn element(kind: &str, id: &str, other: &str) -> String {
        format!("<{kind} id='{id}' href=' #{other} '/>")
    }

    fn gradient(id: &str, other: &str) -> String {
        element("linearGradient", id, other)
    }

    #[test]
    fn chains_come_to_their_end() {
        for chain in
            ["", "<linearGradient id='a' href='#b'/><linearGradient id='b'/>", "<g id='a'><use href='#a'/></g>"]
        {
            assert_eq!(judge(chain), Ok(()), "{chain}");
        }
        assert_eq!(judge(&gradient("a", "a")), Ok(()));
        let links = "<a id='a' href='#b'>x</a><a id='b' href='#a'>y</a>";
        assert_eq!(judge(links), Ok(()), "links for readers");
    }

    /// The parser proves it: it would not come back.
    #[test]
    fn a_ring_that_nothing_leads_into_comes_to_its_end() {
        for kind in HEIRS {
            let ring = element(kind, "a", "b") + &element(kind, "b", "c") + &element(kind, "c", "a");
            assert_eq!(judge(&ring), Ok(()), "{kind}");
            assert!(Tree::from_str(&document(&ring), &Options::default()).is_ok(), "{kind}");
        }
        let twice = "<linearGradient id='c'/>".to_owned() + &gradient("c", "b") + &gradient("b", "c");
        assert_eq!(judge(&twice), Ok(()), "the earlier or the later of two with one name");
        assert!(Tree::from_str(&document(&twice), &Options::default()).is_ok());
    }

    #[test]
    fn a_ring_is_refused_wherever_it_is_entered() {
        let is_refused =
            |inside: &str| matches!(judge(inside), Err(MediaError::Damaged(reason)) if reason.contains("ring"));
        for names in [["a", "b"], ["a)", "b)"]] {
            let ring = gradient(names[0], names[1]) + &gradient(names[1], names[0]);
            assert!(is_refused(&(ring.clone() + &gradient("c", names[0]))));
            assert!(is_refused(&(ring.clone() + &gradient("d", "c") + &gradient("c", names[0]))), "by a chain");
            assert!(is_refused(&format!("{ring}<pattern href='#{}'/>", names[1])), "by what has no name");
        }
        assert!(is_refused(&[gradient("a", "b"), gradient("a", "b"), gradient("b", "a")].concat()), "one name for two");
        let ring = gradient("a", "b") + &gradient("b", "a");
        assert!(is_refused(&(gradient("a", "a") + &ring)), "by one of its own name");
        let other = "<linearGradient xml:id='s' id='a' href='#a'/>".to_owned();
        assert!(is_refused(&(other + &ring)), "by a name of another kind");
        assert!(is_refused(&(ring + "<path xml:id='p' d='M0 0h9v9z'/>")), "names of another kind are not followed");
    }

    #[test]
    fn two_that_use_each_other_come_to_their_end() {
        let pair = "<use href='#a'/><g><use id='a' href='#b'><use id='b' href='#a'/></use></g><use href='#b'/>";
        assert_eq!(judge(pair), Ok(()));
        assert!(Tree::from_str(&document(pair), &Options::default()).is_ok());
        assert!(judge(&format!("{pair}<g id='a'><use href='#b'/></g>")).is_err(), "one name for two");
        assert!(judge("<use id='a' href='#b'/><use id='b' href='#c'/><use id='c' href='#a'/>").is_err());
    }

    #[test]
    fn rings_of_what_does_not_inherit_are_refused() {
        assert!(judge("<g id='a' href='#b'/><g id='b' href='#a'/>").is_err());
        let two = "<linearGradient id='a' href='#b' xlink:href='#c' xmlns:xlink='x'/>".to_owned();
        assert!(judge(&(two + &gradient("b", "a") + &gradient("c", "a"))).is_err(), "two ways through it");
    }
}
