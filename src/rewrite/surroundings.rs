//! What surrounds local links and would keep a browser from showing them, or would lead elsewhere after they are
//! written.
//!
//! Each edit keeps the bytes that it replaces and writes something before or after them. So extraction from the mirror
//! finds the same places again, and nothing left to do.

use std::collections::HashSet;

use encoding_rs::Encoding;
use memchr::memmem;

use super::ascii::{needs_no_escape, written};
use super::edits::edit;
use super::target::Target;
use crate::extract::has_scheme;
use crate::model::{Edit, ReferenceKind, Span};

/// The `<base>` of a mirrored document: the document itself. A fragment is no part of a base, so links to places in the
/// document stay in it.
const OWN_DOCUMENT: &str = "#";

/// What makes an attribute mean nothing to a browser.
const NO_MEANING: &str = "data-";

/// The sources that let a directive of a policy allow local images, from a disk and from a server. Character references
/// mean the same with and without quotes around the attribute.
const LOCAL_SOURCES: &str = "&#32;&#39;self&#39;&#32;file:";

/// The directives of a policy for images and for all kinds, and what stands between two.
const FOR_IMAGES: &str = "img-src";
const FOR_ALL: &str = "default-src";
const DIRECTIVE_END: &str = ";";

/// The edits that an article needs when these targets with a link are local.
pub(super) fn edits(original: &[u8], encoding: &'static Encoding, targets: &[Target], linked: &[&Target]) -> Vec<Edit> {
    let surroundings = Surroundings { original, encoding };
    let local: HashSet<u32> = linked.iter().map(|target| target.place.image_group).collect();
    let places: HashSet<Span> = linked.iter().map(|target| target.place.span).collect();
    let base = targets.iter().find(|target| target.place.kind == ReferenceKind::Base);
    let origin = base.and_then(|base| surroundings.origin(base)).filter(Origin::is_plain);
    let edit_of = |target: &Target| match target.place.kind {
        ReferenceKind::Base => Some(edit(original, target.place.span, written(OWN_DOCUMENT, encoding))),
        ReferenceKind::CrossOrigin if local.contains(&target.place.image_group) => surroundings.without_meaning(target),
        ReferenceKind::Policy => surroundings.allowing(target),
        ReferenceKind::CrossOrigin => None,
        _ => surroundings.absolute(target, origin.as_ref()?),
    };
    targets.iter().filter(|target| !places.contains(&target.place.span)).filter_map(edit_of).collect()
}

struct Surroundings<'a> {
    original: &'a [u8],
    encoding: &'static Encoding,
}

/// Where what a base completes leads.
struct Origin {
    /// `https:`, for a URL that only lacks that.
    scheme: String,
    /// The host, for a URL that starts with a slash.
    host: String,
    /// The base up to its last slash, for any other.
    folder: String,
}

impl Origin {
    /// Whether it can be written before a URL as it is.
    fn is_plain(&self) -> bool {
        [&self.scheme, &self.host, &self.folder].into_iter().all(|part| part.is_empty() || needs_no_escape(part))
    }
}

/// Whether a base can become neutral: what it completes then leads where it led.
pub(super) fn can_be_neutral(original: &[u8], encoding: &'static Encoding, base: &Target, targets: &[Target]) -> bool {
    let surroundings = Surroundings { original, encoding };
    let Some(origin) = surroundings.origin(base) else { return true };
    let mut completed = targets.iter().filter(|target| target.place.kind == ReferenceKind::BaseRelative);
    origin.is_plain() && completed.all(|target| is_plain_address(&surroundings.text(target)))
}

/// Whether a browser reads the start of an address as it is written: what follows decides what a base adds to it. Tabs and
/// line feeds count for nothing, a backslash is a slash, and `https:a` is relative to a base of that scheme (URL Standard,
/// "basic URL parser"). A character reference other than that of an ampersand may be any of them.
fn is_plain_address(address: &str) -> bool {
    let path = address.trim_matches(|c: char| c <= ' ').split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = path.split_once(':').unwrap_or(("", path));
    let is_web = ["http", "https"].iter().any(|web| web.eq_ignore_ascii_case(scheme));
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default().replace("&amp;", "");
    !path.contains(['\t', '\n', '\r', '\\']) && !first.contains('&') && (!is_web || rest.starts_with("//"))
}

impl Surroundings<'_> {
    fn text(&self, target: &Target) -> String {
        self.encoding.decode_without_bom_handling(target.place.span.of(self.original)).0.into_owned()
    }

    /// Where a base leads; `None` for one that is neutral already. A base that is relative itself stays so: the mirror and
    /// the original are at the same distance from what it completes.
    fn origin(&self, base: &Target) -> Option<Origin> {
        let raw = self.text(base);
        let raw = raw.trim();
        if raw.starts_with('#') {
            return None;
        }
        let url = base.url.as_ref().filter(|url| url.has_host() && (has_scheme(raw) || raw.starts_with("//")));
        Some(match url {
            Some(url) => Origin {
                scheme: format!("{}:", url.scheme()),
                host: plain(&url[..url::Position::BeforePath]),
                folder: plain(up_to_slash(&url[..url::Position::AfterPath])),
            },
            None => Origin { scheme: String::new(), host: String::new(), folder: up_to_slash(raw).to_owned() },
        })
    }

    /// Completes a URL as the base did.
    fn absolute(&self, target: &Target, origin: &Origin) -> Option<Edit> {
        let raw = self.text(target);
        let address = raw.trim_start();
        let before = match address {
            _ if has_scheme(address) || address.starts_with('#') => return None,
            _ if address.starts_with("//") => &origin.scheme,
            _ if address.starts_with('/') => &origin.host,
            _ => &origin.folder,
        };
        let text = [&written(before, self.encoding), target.place.span.of(self.original)].concat();
        Some(edit(self.original, target.place.span, text))
    }

    /// Takes the meaning of an attribute.
    fn without_meaning(&self, target: &Target) -> Option<Edit> {
        let name = target.place.span.of(self.original);
        let before = written(NO_MEANING, self.encoding);
        let text = [&before, name].concat();
        (!self.text(target).to_ascii_lowercase().starts_with(NO_MEANING))
            .then(|| edit(self.original, target.place.span, text))
    }

    /// Lets a policy allow local images, and nothing else: the directive that decides over all kinds stays as it is, behind
    /// one for images.
    fn allowing(&self, target: &Target) -> Option<Edit> {
        let directive = target.place.span.of(self.original);
        let (after, end) = (written(LOCAL_SOURCES, self.encoding), written(DIRECTIVE_END, self.encoding));
        let sources = self.sources_of_all(target);
        let text = match sources {
            Some(sources) => [&written(FOR_IMAGES, self.encoding), sources, &after, &end, directive].concat(),
            None => [directive, &after].concat(),
        };
        (!directive.ends_with(&after)).then(|| edit(self.original, target.place.span, text))
    }

    /// The sources of a directive that decides over all kinds.
    fn sources_of_all(&self, target: &Target) -> Option<&[u8]> {
        let name = self.text(target).get(..FOR_ALL.len()).is_some_and(|name| name.eq_ignore_ascii_case(FOR_ALL));
        name.then(|| &target.place.span.of(self.original)[written(FOR_ALL, self.encoding).len()..])
    }
}

/// Where the directive for images that was written before another one ends.
pub(super) fn end_of_directive(replacement: &[u8], encoding: &'static Encoding) -> Option<usize> {
    let after = written(LOCAL_SOURCES, encoding);
    let end = [after.as_slice(), &written(DIRECTIVE_END, encoding)].concat();
    let at = memmem::find(replacement, &end).filter(|_| replacement.starts_with(&written(FOR_IMAGES, encoding)))?;
    Some(at + after.len())
}

/// A URL up to its last slash.
fn up_to_slash(address: &str) -> &str {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    &path[..path.rfind('/').map_or(0, |slash| slash + 1)]
}

/// A part of a URL whose characters are syntax nowhere.
fn plain(url: &str) -> String {
    let escaped = |byte: u8| match byte {
        _ if needs_no_escape(&char::from(byte).to_string()) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    url.bytes().map(escaped).collect()
}
