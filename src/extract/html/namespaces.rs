//! Which elements of XML are those of HTML, SVG and `MathML` (Namespaces in XML 1.0).

/// How many declarations are followed: more would cost a search through all of them for every tag.
const MAX_DECLARATIONS: usize = 64;

/// A declaration of a namespace on an element that is open.
struct Declaration {
    prefix: Vec<u8>,
    known: bool,
    /// The element that declares it, as it is written, and how many of that name are open since.
    element: Vec<u8>,
    open: usize,
}

/// The declarations of the elements that are open, outermost first.
#[derive(Default)]
pub(super) struct Namespaces(Vec<Declaration>);

impl Namespaces {
    /// Enters an element with its declarations: each a prefix, empty for the default namespace, and a name.
    pub(super) fn start<'a>(&mut self, element: &[u8], declared: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        for declaration in self.0.iter_mut().filter(|declaration| declaration.element == element) {
            declaration.open += 1;
        }
        for (prefix, name) in declared {
            if self.0.len() < MAX_DECLARATIONS {
                let known = is_known(name);
                self.0.push(Declaration { prefix: prefix.to_vec(), known, element: element.to_vec(), open: 1 });
            }
        }
    }

    /// Whether an element of that name is one that is known here. One whose prefix has no declaration is.
    pub(super) fn knows(&self, element: &[u8]) -> bool {
        let prefix = element.iter().rposition(|byte| *byte == b':').map_or(&b""[..], |colon| &element[..colon]);
        self.0.iter().rfind(|declaration| declaration.prefix == prefix).is_none_or(|declaration| declaration.known)
    }

    /// Leaves an element.
    pub(super) fn end(&mut self, element: &[u8]) {
        for declaration in self.0.iter_mut().filter(|declaration| declaration.element == element) {
            declaration.open -= 1;
        }
        self.0.retain(|declaration| declaration.open > 0);
    }
}

/// Whether a namespace is one of the W3C's, as those of HTML, SVG and `MathML` are.
fn is_known(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"http://").or_else(|| name.strip_prefix(b"https://"));
    name.is_some_and(|name| name.starts_with(b"www.w3.org/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &[u8] = b"http://www.w3.org/1999/xhtml";

    #[test]
    fn a_declaration_holds_within_its_element() {
        let mut open = Namespaces::default();
        assert!(open.knows(b"img") && open.knows(b"h:img"));
        open.start(b"html", [(&b""[..], HTML), (b"x", b"urn:other")].into_iter());
        assert!(open.knows(b"img") && !open.knows(b"x:img"));
        open.start(b"div", [(&b""[..], &b"urn:other"[..])].into_iter());
        assert!(!open.knows(b"img"));
        open.start(b"div", std::iter::empty());
        open.start(b"p", [(&b""[..], HTML)].into_iter());
        assert!(open.knows(b"img"));
        open.end(b"p");
        open.end(b"div");
        assert!(!open.knows(b"img"));
        open.end(b"div");
        assert!(open.knows(b"img") && !open.knows(b"x:img"));
        open.end(b"html");
        assert!(open.knows(b"x:img"));
    }
}
