//! What surrounds local links and would keep a browser from showing them, or would lead elsewhere after they are
//! written.
//!
//! Each edit keeps the bytes that it replaces and writes something before or after them. So extraction from the mirror
//! finds the same places again, and nothing left to do.

use std::collections::HashSet;

use encoding_rs::Encoding;
use memchr::memmem;
use url::Url;

use super::ascii::{needs_no_escape, written};
use super::edits::edit;
use super::markup::decoded;
use super::target::Target;
use crate::extract::{has_scheme, is_web_scheme, without_query, without_space};
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

/// How many times as long as its original a mirror may become by addresses that are completed, and how many bytes longer
/// in any case.
const GROWTH: usize = 4;
const SLACK: usize = 64 << 10;

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
    /// The base without its query, for a URL that is another query.
    page: String,
    /// The base up to its last slash, for any other.
    folder: String,
}

impl Origin {
    /// Whether it can be written before a URL as it is.
    fn is_plain(&self) -> bool {
        [&self.scheme, &self.host, &self.folder].into_iter().all(|part| part.is_empty() || needs_no_escape(part))
    }
}

/// Whether a base can become neutral: what it completes then leads where it led, and the mirror does not grow beyond
/// measure.
pub(super) fn can_be_neutral(original: &[u8], encoding: &'static Encoding, base: &Target, targets: &[Target]) -> bool {
    let surroundings = Surroundings { original, encoding };
    let Some(origin) = surroundings.origin(base) else { return true };
    let longest = targets.len().saturating_mul(origin.page.len().max(origin.folder.len()));
    let is_small = longest <= original.len().saturating_mul(GROWTH).saturating_add(SLACK);
    let mut completed = targets.iter().filter(|target| target.place.kind == ReferenceKind::BaseRelative);
    let can_complete = |target: &Target| start_as_read(&surroundings.text(target)).is_some();
    is_small && surroundings.is_known(base) && origin.is_plain() && completed.all(can_complete)
}

/// What the start of an address makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// It is complete.
    Scheme,
    /// It is complete but for the scheme.
    Host,
    /// It begins at the root of its host.
    Root,
    /// It is another query of the page.
    Query,
    /// It is a place in the page.
    Fragment,
    /// It begins in the folder of the page.
    Folder,
}

/// What the start of an address makes of it, as it is written.
fn start_of(address: &str) -> Start {
    match address {
        _ if has_scheme(address) => Start::Scheme,
        _ if address.starts_with("//") => Start::Host,
        _ if address.starts_with('/') => Start::Root,
        _ if address.starts_with('?') => Start::Query,
        _ if address.starts_with('#') => Start::Fragment,
        _ => Start::Folder,
    }
}

/// The same as a browser reads it. Tabs and line feeds count for nothing, and a backslash is a slash; a character reference
/// may be any of them. `None` for one like `https:a`, which is relative to a base of that scheme (URL Standard, "basic URL
/// parser").
fn start_as_read(written: &str) -> Option<Start> {
    start_as_addressed(&decoded(written))
}

/// Whether an address, which holds no character references, means the same wherever it stands.
pub(crate) fn names_its_host(address: &str) -> bool {
    matches!(start_as_addressed(address), Some(Start::Scheme | Start::Host))
}

fn start_as_addressed(address: &str) -> Option<Start> {
    let read = address.replace(['\t', '\n', '\r'], "");
    let path_end = without_query(&read).len();
    let read = read[..path_end].replace('\\', "/") + &read[path_end..];
    let read = without_space(&read);
    let scheme = read.split_once(':').filter(|_| has_scheme(read));
    let is_relative = scheme.is_some_and(|(scheme, rest)| is_web_scheme(scheme) && !rest.starts_with("//"));
    (!is_relative).then(|| start_of(read))
}

impl Surroundings<'_> {
    fn text(&self, target: &Target) -> String {
        self.encoding.decode_without_bom_handling(target.place.span.of(self.original)).0.into_owned()
    }

    /// Whether a browser reads a base as it is written, and takes it.
    fn is_known(&self, base: &Target) -> bool {
        let raw = self.text(base);
        let raw = without_space(&raw);
        let start = start_of(raw);
        let is_taken = match start {
            Start::Scheme => base.url.as_ref().is_some_and(Url::has_host),
            Start::Host => Url::parse(&format!("http:{raw}")).is_ok(),
            _ => true,
        };
        is_taken && start_as_read(raw) == Some(start)
    }

    /// Where a base leads; `None` for one that is neutral already. A base that is relative itself stays so: the mirror and
    /// the original are at the same distance from what it completes.
    fn origin(&self, base: &Target) -> Option<Origin> {
        let raw = self.text(base);
        let raw = without_space(&raw);
        if raw.starts_with('#') {
            return None;
        }
        let is_of_host = matches!(start_of(raw), Start::Scheme | Start::Host);
        let url = base.url.as_ref().filter(|url| url.has_host() && is_of_host);
        Some(match url {
            Some(url) => {
                let page = &url[..url::Position::AfterPath];
                Origin {
                    scheme: format!("{}:", url.scheme()),
                    host: plain(&url[..url::Position::BeforePath]),
                    page: plain(page),
                    folder: plain(up_to_slash(page)),
                }
            }
            None => Origin {
                scheme: String::new(),
                host: String::new(),
                page: plain(without_query(&decoded(raw))),
                folder: folder_of(without_query(raw)),
            },
        })
    }

    /// Completes a URL as the base did.
    fn absolute(&self, target: &Target, origin: &Origin) -> Option<Edit> {
        let raw = self.text(target);
        let before = match start_as_read(&raw)? {
            Start::Scheme | Start::Fragment => return None,
            Start::Host => &origin.scheme,
            Start::Root => &origin.host,
            Start::Query => &origin.page,
            Start::Folder => &origin.folder,
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

/// A path up to its last slash.
fn up_to_slash(path: &str) -> &str {
    &path[..path.rfind('/').map_or(0, |slash| slash + 1)]
}

/// The folder that a relative path is in. One that ends in dots is a folder itself.
fn folder_of(path: &str) -> String {
    let last = &path[up_to_slash(path).len()..];
    let is_folder = matches!(last.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if is_folder { format!("{path}/") } else { up_to_slash(path).to_owned() }
}

/// A part of a URL whose characters are syntax nowhere.
fn plain(url: &str) -> String {
    let escaped = |byte: u8| match byte {
        _ if needs_no_escape(&char::from(byte).to_string()) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    url.bytes().map(escaped).collect()
}
