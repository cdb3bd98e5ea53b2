//! Whether markup is inside `svg` or `math`, where `<style>` and `<title>` are elements like any other.
//!
//! A tree builder does this exactly; this follows its rules as far as tags alone allow (HTML, "the rules for parsing
//! tokens in foreign content").

/// What the innermost open element is, as far as this decides how its content is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    /// `svg` and what is in it.
    Svg,
    /// `math` and what is in it.
    Math,
    /// An element of theirs that holds HTML again (HTML, "HTML integration point").
    Html(&'static str),
}

/// Elements of `svg` whose content is HTML.
const IN_SVG: &[&str] = &["desc", "foreignobject", "title"];
/// Elements of `math` whose content is HTML.
const IN_MATH: &[&str] = &["annotation-xml", "mi", "mn", "mo", "ms", "mtext"];
/// HTML elements that end `svg` and `math` around them.
const BREAKING_OUT: &[&str] = &[
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "i",
    "img",
    "li",
    "listing",
    "menu",
    "meta",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
    "var",
];

/// The number of nested elements that are tracked: as many as browsers track, so that an end tag costs little.
const MAX_DEPTH: usize = 512;

/// The open elements that matter, outermost first.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    open: Vec<Scope>,
}

impl Foreign {
    /// Whether an element here is an HTML element.
    pub(super) fn is_html(&self) -> bool {
        matches!(self.open.last(), None | Some(Scope::Html(_)))
    }

    /// Handles a start tag. Returns whether its element is an HTML element.
    pub(super) fn start(&mut self, name: &str, self_closing: bool) -> bool {
        if self.open.is_empty() && !matches!(name, "svg" | "math") {
            return true;
        }
        if !self.is_html() && BREAKING_OUT.binary_search(&name).is_ok() {
            self.break_out();
        }
        let html = self.is_html() && !matches!(name, "svg" | "math");
        if !self_closing && self.open.len() < MAX_DEPTH {
            self.open.extend(self.scope(name));
        }
        html
    }

    /// The scope that an element opens here.
    fn scope(&self, name: &str) -> Option<Scope> {
        let html = |names: &[&'static str]| names.iter().find(|known| **known == name).map(|known| Scope::Html(known));
        match (self.open.last(), name) {
            (None | Some(Scope::Html(_) | Scope::Svg), "svg") => Some(Scope::Svg),
            (None | Some(Scope::Html(_)), "math") => Some(Scope::Math),
            (Some(Scope::Svg), _) => html(IN_SVG),
            (Some(Scope::Math), _) => html(IN_MATH),
            _ => None,
        }
    }

    fn break_out(&mut self) {
        while !self.is_html() {
            self.open.pop();
        }
    }

    /// Takes note of an end tag.
    pub(super) fn end(&mut self, name: &str) {
        if self.open.is_empty() {
            return;
        }
        let closes = |scope: &Scope| match scope {
            Scope::Svg => name == "svg",
            Scope::Math => name == "math",
            Scope::Html(open) => *open == name,
        };
        if let Some(at) = self.open.iter().rposition(closes) {
            self.open.truncate(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tags: &str, html: bool) {
        let mut foreign = Foreign::default();
        for tag in tags.split_whitespace() {
            match tag.strip_prefix('/') {
                Some(name) => foreign.end(name),
                None => drop(foreign.start(tag.trim_end_matches('/'), tag.ends_with('/'))),
            }
        }
        assert_eq!(foreign.is_html(), html, "{tags}");
    }

    #[test]
    fn svg_and_math_are_left_as_a_tree_builder_leaves_them() {
        check("p style", true);
        check("svg g", false);
        check("svg/ style", true);
        check("svg g /g /svg", true);
        check("svg foreignobject p", true);
        check("svg foreignobject p /foreignobject", false);
        check("svg title /svg", true);
        check("svg g div", true);
        check("math mi", true);
        check("math mi /mi mrow", false);
        check("math annotation-xml svg", false);
    }

    #[test]
    fn the_names_can_be_searched() {
        assert!(BREAKING_OUT.is_sorted());
    }
}
