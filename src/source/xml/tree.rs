//! The tree of a document.

use super::namespace::Namespace;

/// Elements of HTML that have no content.
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// An element.
#[derive(Debug)]
pub(in crate::source) struct Element {
    pub(in crate::source) namespace: Namespace,
    /// Its name without prefix.
    pub(in crate::source) name: String,
    attributes: Vec<Attribute>,
    pub(in crate::source) children: Vec<Node>,
    /// Whether its end was read, or that of an element around it.
    pub(in crate::source) is_whole: bool,
}

#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) namespace: Namespace,
    pub(super) name: String,
    pub(super) value: String,
}

/// What an element holds.
#[derive(Debug)]
pub(in crate::source) enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    pub(super) fn new(namespace: Namespace, name: &str, attributes: Vec<Attribute>) -> Self {
        Self { namespace, name: name.to_owned(), attributes, children: Vec::new(), is_whole: true }
    }

    /// The same element, which holds these.
    pub(super) fn with_children(self, children: Vec<Node>) -> Self {
        Self { children, ..self }
    }

    /// Whether it has this name, in any case.
    pub(in crate::source) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && self.name.eq_ignore_ascii_case(name)
    }

    /// Its elements, in order.
    pub(in crate::source) fn elements(&self) -> impl DoubleEndedIterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Its elements of this name.
    pub(in crate::source) fn all<'a>(
        &'a self,
        namespace: Namespace,
        name: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a Self> {
        self.elements().filter(move |element| element.is(namespace, name))
    }

    /// Its first element of this name.
    pub(in crate::source) fn child(&self, namespace: Namespace, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.is(namespace, name))
    }

    /// The trimmed text of its first element of this name that has any.
    pub(in crate::source) fn text_of(&self, namespace: Namespace, name: &str) -> Option<String> {
        self.all(namespace, name).map(|element| element.text().trim().to_owned()).find(|text| !text.is_empty())
    }

    /// The value of an attribute without prefix, trimmed; `None` if it is empty.
    pub(in crate::source) fn attribute(&self, name: &str) -> Option<&str> {
        self.attribute_in(Namespace::Core, name)
    }

    /// The value of an attribute, trimmed; `None` if it is empty.
    pub(in crate::source) fn attribute_in(&self, namespace: Namespace, name: &str) -> Option<&str> {
        let found = self
            .attributes
            .iter()
            .find(|attribute| attribute.namespace == namespace && attribute.name.eq_ignore_ascii_case(name));
        found.map(|attribute| attribute.value.trim()).filter(|value| !value.is_empty())
    }

    /// All text in it and in its elements.
    pub(in crate::source) fn text(&self) -> String {
        let mut text = String::new();
        self.add_text(&mut text);
        text
    }

    fn add_text(&self, text: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(part) => text.push_str(part),
                Node::Element(element) => element.add_text(text),
            }
        }
    }

    /// Whether there is an element in it.
    pub(in crate::source) fn has_elements(&self) -> bool {
        self.elements().next().is_some()
    }

    /// What it holds, as HTML.
    pub(in crate::source) fn inner_html(&self) -> String {
        let mut html = String::new();
        self.write_inner(&mut html);
        html
    }

    fn write_inner(&self, html: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(text) => escape(text, html),
                Node::Element(element) => element.write(html),
            }
        }
    }

    fn write(&self, html: &mut String) {
        html.extend(["<", &self.name]);
        for Attribute { namespace, name, value } in &self.attributes {
            html.push_str(if *namespace == Namespace::Xml { " xml:" } else { " " });
            html.extend([name, "=\""]);
            escape(value, html);
            html.push('"');
        }
        html.push('>');
        self.write_inner(html);
        if !VOID.contains(&self.name.as_str()) {
            html.extend(["</", &self.name, ">"]);
        }
    }
}

/// Writes a text so that HTML reads it as that text.
pub(in crate::source) fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

/// A tree that is being built.
#[derive(Debug)]
pub(super) struct Builder {
    open: Vec<(String, Element)>,
    root: Option<Element>,
}

impl Builder {
    pub(super) const fn new() -> Self {
        Self { open: Vec::new(), root: None }
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Opens an element, which is written with this name.
    pub(super) fn open(&mut self, name: &str, element: Element) {
        self.open.push((name.to_owned(), element));
    }

    /// Adds text to the innermost element.
    pub(super) fn text(&mut self, text: &str) {
        let Some((_, element)) = self.open.last_mut() else { return };
        match element.children.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => element.children.push(Node::Text(text.to_owned())),
        }
    }

    /// What the root holds so far, if that is a whole element and nothing in it is open.
    pub(super) fn take_elements(&mut self) -> Vec<Node> {
        match self.open.as_mut_slice() {
            [(_, root)] if self.root.is_none() && matches!(root.children.last(), Some(Node::Element(_))) => {
                std::mem::take(&mut root.children)
            }
            _ => Vec::new(),
        }
    }

    /// Closes the innermost element of this name and what is open within it. Returns how many were closed.
    pub(super) fn close(&mut self, name: &str) -> usize {
        let Some(at) = self.open.iter().rposition(|(open, _)| open.eq_ignore_ascii_case(name)) else { return 0 };
        let count = self.open.len() - at;
        (0..count).for_each(|_| self.close_one(true));
        count
    }

    fn close_one(&mut self, is_whole: bool) {
        let Some((_, mut element)) = self.open.pop() else { return };
        element.is_whole = is_whole;
        match self.open.last_mut() {
            Some((_, outer)) => outer.children.push(Node::Element(element)),
            None => {
                self.root.get_or_insert(element);
            }
        }
    }

    /// The root, with everything closed that is still open. What was open when the text ended early is not whole.
    pub(super) fn finish(mut self) -> Option<Element> {
        while !self.open.is_empty() {
            self.close_one(false);
        }
        self.root
    }
}
