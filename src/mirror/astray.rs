//! Addresses in originals that would open an object of the archive from where the mirror of the article is: what is drawn
//! there could act as a part of the site, which the author of the article knows as well as anybody.

use url::Url;

use crate::archive::{is_spelled_link, unlinked};
use crate::extract::{has_scheme, is_web_scheme, without_query};
use crate::model::ReferencePlace;

/// What such an address is to the writer of a mirror.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Astray {
    /// The mirror can have this URL in its place, which leads where the original does.
    Remote(String),
    /// Nothing says where else it leads.
    Nowhere,
}

/// Whether a reference of an original opens a document and would lead into the archive; `url` is what a browser would
/// request for the original, where that is known.
pub(super) fn astray(original: &[u8], place: &ReferencePlace, url: Option<&Url>) -> Option<Astray> {
    if !place.kind.opens_document() {
        return None;
    }
    // In UTF-16 the zero bytes are skipped: links are ASCII.
    let raw: Vec<u8> = place.span.of(original).iter().copied().filter(|byte| *byte != 0).collect();
    let raw = String::from_utf8_lossy(&raw);
    if has_scheme(&raw) || !is_spelled_link(url.map_or_else(|| without_query(&raw), Url::path)) {
        return None;
    }
    let web = url.filter(|url| is_web_scheme(url.scheme()));
    Some(web.and_then(unlinked).map_or(Astray::Nowhere, Astray::Remote))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ReferenceKind, Span};

    fn check(kind: ReferenceKind, raw: &str, base: Option<&str>) -> Option<Astray> {
        let span = Span::new(0, raw.len());
        let place = ReferencePlace { span, kind, name: String::new(), image_group: 0, reveal: None, link_wrap: None };
        let url = base.map(|base| Url::parse(base).unwrap().join(raw).unwrap());
        astray(raw.as_bytes(), &place, url.as_ref())
    }

    #[test]
    fn what_opens_an_object_of_the_archive_is_found_and_what_shows_one_is_not() {
        let file = format!("ab/{}.s%76g", "ab".repeat(32));
        let raw = format!("../../%62lobs/sha256/{file}?x#y");
        let remote = |at: &str| Some(Astray::Remote(format!("https://a.example/{at}/sha256/{file}")));
        assert_eq!(check(ReferenceKind::Embed, &raw, Some("https://a.example/b/c/d")), remote("%62lobs"));
        assert_eq!(check(ReferenceKind::FullSize, &raw, Some("file:///b/c/d")), Some(Astray::Nowhere));
        assert_eq!(check(ReferenceKind::Embed, &raw, None), Some(Astray::Nowhere));
        assert_eq!(check(ReferenceKind::Image, &raw, None), None);
        let plain = format!("/blobs/sha256/{file}?x#y");
        assert_eq!(check(ReferenceKind::Embed, &plain, Some("https://a.example/")), remote("%62lobs"));
        assert_eq!(check(ReferenceKind::Embed, &format!("https://b.example{plain}"), None), None);
        assert_eq!(check(ReferenceKind::Embed, "../a.svg", None), None);
    }
}
