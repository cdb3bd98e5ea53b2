//! Namespaces, as far as feeds need them.

/// The vocabularies that are distinguished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Namespace {
    /// That of the format itself, or none: RSS of any version, OPML, sitemaps.
    Core,
    /// Atom.
    Atom,
    /// The content module of RSS.
    Content,
    /// Media RSS.
    Media,
    /// Apple's for podcasts.
    Itunes,
    /// Dublin Core.
    DublinCore,
    /// RDF.
    Rdf,
    /// What is built into XML, such as `xml:base`.
    Xml,
    /// XHTML.
    Xhtml,
    /// Google's for images in sitemaps.
    Image,
    /// Tombstones of Atom (RFC 6721).
    Tombstone,
    /// Any other.
    Other,
}

/// Beginnings of namespace URLs, in lower case and without scheme. Feeds vary in the rest.
const ADDRESSES: [(&str, Namespace); 23] = [
    ("www.w3.org/2005/atom", Namespace::Atom),
    ("purl.org/atom/ns", Namespace::Atom),
    ("purl.org/net/echo", Namespace::Atom),
    ("purl.org/pie", Namespace::Atom),
    ("purl.org/rss/1.0/modules/content", Namespace::Content),
    ("search.yahoo.com/mrss", Namespace::Media),
    ("www.rssboard.org/media-rss", Namespace::Media),
    ("www.itunes.com/dtds/podcast", Namespace::Itunes),
    ("purl.org/dc/", Namespace::DublinCore),
    ("www.w3.org/1999/02/22-rdf-syntax-ns", Namespace::Rdf),
    ("www.w3.org/xml/1998/namespace", Namespace::Xml),
    ("www.w3.org/1999/xhtml", Namespace::Xhtml),
    ("www.google.com/schemas/sitemap-image", Namespace::Image),
    ("purl.org/atompub/tombstones", Namespace::Tombstone),
    ("purl.org/rss/1.0/modules", Namespace::Other),
    ("purl.org/rss/1.0", Namespace::Core),
    ("my.netscape.com/rdf/simple/0.9", Namespace::Core),
    ("channel.netscape.com/rdf/simple/0.9", Namespace::Core),
    ("my.netscape.com/publish/formats/rss-0.9", Namespace::Core),
    ("backend.userland.com/rss", Namespace::Core),
    ("blogs.law.harvard.edu/tech/rss", Namespace::Core),
    ("cyber.law.harvard.edu/rss", Namespace::Core),
    ("www.sitemaps.org/schemas/sitemap", Namespace::Core),
];

/// Declarations in force that are used: each name is looked up among them.
const DECLARED: usize = 1000;

/// Prefixes that stand for a vocabulary if a feed does not declare them.
const PREFIXES: [(&str, Namespace); 11] = [
    ("xml", Namespace::Xml),
    ("atom", Namespace::Atom),
    ("content", Namespace::Content),
    ("media", Namespace::Media),
    ("itunes", Namespace::Itunes),
    ("dc", Namespace::DublinCore),
    ("dcterms", Namespace::DublinCore),
    ("rdf", Namespace::Rdf),
    ("xhtml", Namespace::Xhtml),
    ("image", Namespace::Image),
    ("at", Namespace::Tombstone),
];

fn of_address(address: &str) -> Namespace {
    let address = address.trim().to_ascii_lowercase();
    let address = address.trim_start_matches("http://").trim_start_matches("https://");
    let known = ADDRESSES.iter().find(|(start, _)| address.starts_with(start));
    known.map_or(if address.is_empty() { Namespace::Core } else { Namespace::Other }, |(_, namespace)| *namespace)
}

/// The declarations in force, those of the innermost element last.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    declared: Vec<(String, Namespace)>,
    /// How many were in force before each open element.
    before: Vec<usize>,
}

impl Scopes {
    /// Enters an element with these attributes.
    pub(super) fn enter(&mut self, attributes: &[(String, String)]) {
        self.before.push(self.declared.len());
        for (name, value) in attributes {
            let prefix = if name == "xmlns" { Some("") } else { name.strip_prefix("xmlns:") };
            let prefix = prefix.filter(|_| self.declared.len() < DECLARED);
            self.declared.extend(prefix.map(|prefix| (prefix.to_owned(), of_address(value))));
        }
    }

    /// Leaves the innermost elements.
    pub(super) fn leave(&mut self, count: usize) {
        for _ in 0..count {
            self.declared.truncate(self.before.pop().unwrap_or_default());
        }
    }

    /// The namespace of a prefix.
    pub(super) fn of_prefix(&self, prefix: &str) -> Namespace {
        let declared = self.declared.iter().rev().find(|(known, _)| known == prefix).map(|(_, namespace)| *namespace);
        let usual = || PREFIXES.iter().find(|(known, _)| *known == prefix).map(|(_, namespace)| *namespace);
        declared.or_else(usual).unwrap_or(Namespace::Other)
    }

    /// The namespace of an element with this prefix.
    pub(super) fn of_element(&self, prefix: &str) -> Namespace {
        match prefix {
            "" => self.declared.iter().rev().find(|(known, _)| known.is_empty()).map_or(Namespace::Core, |(_, of)| *of),
            prefix => self.of_prefix(prefix),
        }
    }
}
