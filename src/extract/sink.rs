//! What the formats report, before it is resolved.

use std::ops::Range;

use jiff::Timestamp;

use crate::model::ReferenceKind;

/// How many references of one article are kept. This bounds memory and the catalog. Further references stay unchanged,
/// and [`Sink::left_out`] counts them.
pub(super) const MAX_REFERENCES: usize = 20_000;

/// The name of a reference that is an embed of a wiki, `![[shot.png]]`: it names a file wherever that lies.
pub(crate) const EMBED: &str = "embed";

/// A reference as a format reports it: spans are of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawReference {
    /// Where its raw text stands.
    pub(super) span: Range<usize>,
    /// Its value: entities, escapes and the like decoded, white space stripped as a browser does; not yet resolved.
    pub(super) value: String,
    /// What kind of place it is.
    pub(super) kind: ReferenceKind,
    /// The attribute or key that holds it.
    pub(super) name: String,
    /// Which references show the same image: a number from [`Sink::image_group`].
    pub(super) image_group: u32,
    /// Where a lazy image's URL must also stand.
    pub(super) reveal: Option<RawReveal>,
    /// Where a link can go around the image.
    pub(super) link_wrap: Option<RawLinkWrap>,
}

impl RawReference {
    /// A reference of that span, value, kind, name and image group, which is not lazy.
    pub(super) fn new(span: Range<usize>, value: String, kind: ReferenceKind, name: &str, image_group: u32) -> Self {
        Self { span, value, kind, name: name.to_owned(), image_group, reveal: None, link_wrap: None }
    }
}

/// [`crate::model::Reveal`], in spans of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawReveal {
    /// Replace this value.
    Replace(Range<usize>),
    /// Insert an attribute here.
    Insert(usize),
}

/// [`crate::model::LinkWrap`], in spans of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawLinkWrap {
    /// It is in a link.
    Linked,
    /// An HTML element, and what its line starts with where it starts an HTML block of Markdown.
    Html(Range<usize>, Option<Range<usize>>),
    /// An image of Markdown.
    Markdown(Range<usize>),
}

/// Takes what the formats find.
#[derive(Debug, Default)]
pub(super) struct Sink {
    /// In any order.
    pub(super) found: Vec<RawReference>,
    /// The value of the first `<base href>` that counts.
    pub(super) base: Option<String>,
    /// The title.
    pub(super) title: Option<String>,
    /// When it was published.
    pub(super) published: Option<Timestamp>,
    /// Where a saved page came from.
    pub(super) saved_from: Option<String>,
    /// The canonical URL, not yet resolved.
    pub(super) canonical: Option<String>,
    /// Whether the page asks for its images over https, whatever their URLs say.
    pub(super) upgrade: bool,
    /// Elements and spans that take a link, and whether the link has a target: no other link can be put into them.
    pub(super) links: Vec<(Range<usize>, bool)>,
    /// How many references were found beyond [`MAX_REFERENCES`].
    pub(super) left_out: usize,
    image_groups: u32,
}

impl Sink {
    /// A number for references that show an image of their own.
    pub(super) fn image_group(&mut self) -> u32 {
        self.image_groups += 1;
        self.image_groups
    }

    /// Takes a reference.
    pub(super) fn push(&mut self, found: RawReference) {
        if self.found.len() < MAX_REFERENCES {
            self.found.push(found);
        } else {
            self.left_out += 1;
        }
    }

    /// Takes references.
    pub(super) fn extend(&mut self, found: impl IntoIterator<Item = RawReference>) {
        found.into_iter().for_each(|found| self.push(found));
    }
}
