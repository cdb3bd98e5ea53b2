//! XML as the web has it: read within limits, and leniently, into a small tree.
//!
//! Nothing outside of the document is ever read: an external entity or DTD is not fetched, and an entity that the
//! document declares itself is refused unless it is plain text, so that expansion multiplies no text.

mod entities;
mod error;
mod namespace;
mod tree;

pub(super) use self::entities::unescape;
pub(super) use self::error::{XmlError, XmlLimits};
pub(super) use self::namespace::Namespace;
pub(super) use self::tree::{Element, Node, escape};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use self::entities::Entities;
use self::namespace::Scopes;
use self::tree::{Attribute, Builder};

/// Bytes of text that the entities of one document stand for in all, far beyond what a document needs.
const EXPANDED: usize = 1 << 20;

/// Reads a document. What is not well-formed is read as far as possible: end tags without a start are skipped, elements
/// without an end end with their parent, an unknown entity stays as it is written.
pub(super) fn parse(text: &str, limits: XmlLimits) -> Result<Element, XmlError> {
    let mut children = Vec::new();
    let root = parse_each(text, limits, &mut |child| children.push(child))?;
    Ok(root.with_children(children))
}

/// Reads a document in the same way, and passes the children of its root on one by one, so that a long document takes
/// no more memory than its text. Returns the root without them.
pub(super) fn parse_each(text: &str, limits: XmlLimits, take: &mut dyn FnMut(Node)) -> Result<Element, XmlError> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    (config.allow_dangling_amp, config.allow_unmatched_ends, config.check_end_names) = (true, true, false);
    let mut reading =
        Reading { limits, nodes: 0, entities: Entities::default(), scopes: Scopes::default(), tree: Builder::new() };
    loop {
        match reader.read_event() {
            // Where the syntax breaks, what was read before still counts.
            Ok(Event::Eof) | Err(_) => {
                let mut root = reading.tree.finish().ok_or(XmlError::NoElement)?;
                std::mem::take(&mut root.children).into_iter().for_each(take);
                return Ok(root);
            }
            Ok(event) => reading.event(event)?,
        }
        if reading.entities.expanded() > EXPANDED {
            return Err(XmlError::Grows(EXPANDED));
        }
        // Text may go on with the next event.
        reading.tree.take_elements().into_iter().for_each(&mut *take);
    }
}

struct Reading {
    limits: XmlLimits,
    nodes: usize,
    entities: Entities,
    scopes: Scopes,
    tree: Builder,
}

impl Reading {
    fn event(&mut self, event: Event<'_>) -> Result<(), XmlError> {
        match event {
            Event::Start(tag) => self.start(&tag)?,
            Event::Empty(tag) => {
                self.start(&tag)?;
                self.end(tag.name().as_ref());
            }
            Event::End(tag) => self.end(tag.name().as_ref()),
            Event::Text(text) => self.tree.text(&text.xml10_content()),
            Event::CData(text) => self.tree.text(&text.xml10_content()),
            Event::GeneralRef(name) => {
                let text = self.entities.resolve(&name);
                self.tree.text(&text);
            }
            Event::DocType(text) => self.entities.declare(&text)?,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), XmlError> {
        if tag.len() > self.limits.tag {
            return Err(XmlError::LongTag(self.limits.tag));
        }
        if self.tree.depth() >= self.limits.depth {
            return Err(XmlError::TooDeep(self.limits.depth));
        }
        let mut written = Vec::new();
        self.count()?;
        for attribute in tag.html_attributes().with_checks(false).flatten() {
            self.count()?;
            written.push((attribute.key.as_ref().to_owned(), self.entities.unescape(&attribute.value)));
        }
        self.scopes.enter(&written);
        let attributes = written.into_iter().filter_map(|(name, value)| {
            let (prefix, local) = name.split_once(':').unwrap_or(("", &name));
            let namespace = if prefix.is_empty() { Namespace::Core } else { self.scopes.of_prefix(prefix) };
            let is_declaration = prefix == "xmlns" || name == "xmlns";
            (!is_declaration).then(|| Attribute { namespace, name: local.to_owned(), value })
        });
        let written_name = tag.name();
        let (prefix, local) = split(written_name.as_ref());
        let namespace = self.scopes.of_element(prefix);
        let element = Element::new(namespace, local, attributes.collect());
        self.tree.open(written_name.as_ref(), element);
        Ok(())
    }

    /// Counts an element or an attribute.
    fn count(&mut self) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes { Err(XmlError::TooMany(self.limits.nodes)) } else { Ok(()) }
    }

    fn end(&mut self, name: &str) {
        let closed = self.tree.close(name);
        self.scopes.leave(closed);
    }
}

fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: XmlLimits = XmlLimits { depth: 20, tag: 1000, nodes: 300 };

    fn text_of(xml: &str) -> String {
        parse(xml, LIMITS).unwrap().text()
    }

    #[test]
    fn what_is_not_well_formed_is_read_as_far_as_it_can_be() {
        for (xml, expected) in [
            ("<a>1 &amp; 2</a>", "1 & 2"),
            ("<a>1 & 2 &nbsp;&eacute; &#233;&#xe9; &unknown;</a>", "1 & 2 \u{a0}é éé &unknown;"),
            ("<a>&#150;&beta;&phi;&circ;&hellip;&semi;&ltx;&notit;</a>", "–βφˆ…;&ltx;&notit;"),
            ("<a><b>1</a>", "1"),
            ("<a>1</b>2</a>", "12"),
            ("<a><![CDATA[<b>]]></a>", "<b>"),
            ("<!-- x --><a x=1 y>1</a>", "1"),
            ("<a>1<b", "1"),
        ] {
            assert_eq!(text_of(xml), expected, "{xml}");
        }
        assert_eq!(parse("no element", LIMITS).unwrap_err(), XmlError::NoElement);
    }

    #[test]
    fn entities_are_plain_text_or_refused() {
        let declared = |entities: &str| parse(&format!("<!DOCTYPE a [{entities}]><a>&x;</a>"), LIMITS);
        assert_eq!(declared("<!ENTITY x 'plain'>").unwrap().text(), "plain");
        for (entities, error) in [
            ("<!ENTITY y 'yy'><!ENTITY x '&y;&y;'>", XmlError::UnsafeEntity("x".to_owned())),
            ("<!ENTITY % x 'y'>", XmlError::UnsafeEntity("x".to_owned())),
            ("<!ENTITY x SYSTEM 'file:///etc/passwd'>", XmlError::ExternalEntity("x".to_owned())),
            ("<!ENTITY x PUBLIC 'a' 'http://a.example/'>", XmlError::ExternalEntity("x".to_owned())),
        ] {
            assert_eq!(declared(entities).unwrap_err(), error, "{entities}");
        }
        assert!(parse("<!DOCTYPE rss PUBLIC 'a' 'http://a.example/rss.dtd'><rss/>", LIMITS).is_ok());
    }

    #[test]
    fn a_document_is_read_within_limits() {
        assert_eq!(parse(&"<a>".repeat(21), LIMITS).unwrap_err(), XmlError::TooDeep(20));
        let long = format!("<a x='{}'/>", "y".repeat(1000));
        assert_eq!(parse(&long, LIMITS).unwrap_err(), XmlError::LongTag(1000));
        for many in
            ["<b/>".repeat(400), format!("<b {}/>", "a ".repeat(400)), "<b>".to_owned() + &"<c a=''/>".repeat(200)]
        {
            assert_eq!(parse(&format!("<a>{many}</a>"), LIMITS).unwrap_err(), XmlError::TooMany(300), "{many}");
        }
    }

    #[test]
    fn a_text_does_not_grow_by_its_entities() {
        let document = |part: &str, count: usize| {
            let entity = "x".repeat(256);
            format!("<!DOCTYPE a [<!ENTITY x '{entity}'>]><a>{}</a>", part.repeat(count))
        };
        assert_eq!(parse(&document("&x;", 4096), LIMITS).unwrap().text().len(), EXPANDED);
        assert_eq!(parse(&document("&x;", 4097), LIMITS).unwrap_err(), XmlError::Grows(EXPANDED));
        let tags = format!("<b c='{}'/>", "&x;".repeat(300));
        assert_eq!(parse(&document(&tags, 20), LIMITS).unwrap_err(), XmlError::Grows(EXPANDED));
    }

    #[test]
    fn namespaces_are_known_by_their_address_or_else_by_a_well_known_prefix() {
        let xml = "<rss xmlns:m='http://search.yahoo.com/mrss/'><m:content/><media:thumbnail/><content:encoded/></rss>";
        let root = parse(xml, LIMITS).unwrap();
        assert!(root.child(Namespace::Media, "content").is_some());
        assert!(root.child(Namespace::Media, "thumbnail").is_some());
        assert!(root.child(Namespace::Content, "encoded").is_some());
    }
}
