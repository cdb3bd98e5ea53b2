//! Addresses in originals that would open an object of the archive from where the mirror of the article is. The author of
//! a drawing knows its digest, and with it the path of its blob; opened there, its scripts act as a part of the site.

use url::Url;

use crate::archive::{StoreKey, spelled_object, unlinked};
use crate::extract::{is_web_scheme, without_query};
use crate::model::ReferencePlace;
use crate::rewrite::names_its_host;

/// What the mirror can have in the place of such an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Astray {
    /// This URL: where the original leads.
    Remote(String),
    /// Nothing says where the original leads.
    Unknown,
}

/// Whether a reference of an original opens a document and would lead to one of the archive that may act; `url` is what a browser would
/// request for the original, where that is known.
pub(super) fn astray(original: &[u8], place: &ReferencePlace, url: Option<&Url>) -> Option<Astray> {
    if !place.kind.opens_document() {
        return None;
    }
    // In UTF-16 the zero bytes are skipped: links are ASCII.
    let raw = place.span.of(original).iter().filter(|byte| !byte.is_ascii_control()).copied().collect::<Vec<_>>();
    let raw = String::from_utf8_lossy(&raw);
    let opened = spelled_object(url.map_or_else(|| without_query(&raw), Url::path))?;
    let may_act = matches!(opened, StoreKey::Blob { media_type, .. } if media_type.may_act());
    if names_its_host(&raw) || !may_act {
        return None;
    }
    let web = url.filter(|url| is_web_scheme(url.scheme()));
    Some(web.and_then(unlinked).map_or(Astray::Unknown, Astray::Remote))
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
        let remote = Some(Astray::Remote(format!("https://a.example/%62lobs/sha256/{file}")));
        assert_eq!(check(ReferenceKind::Embed, &raw, Some("https://a.example/b/c/d")), remote);
        assert_eq!(check(ReferenceKind::FullSize, &raw, Some("file:///b/c/d")), Some(Astray::Unknown));
        assert_eq!(check(ReferenceKind::Embed, &raw, None), Some(Astray::Unknown));
        assert_eq!(check(ReferenceKind::Image, &raw, None), None);
        let plain = format!("/blobs/sha256/{file}?x#y");
        for raw in [plain.clone(), format!("https:{plain}"), format!("ht\ttps:{plain}")] {
            assert_eq!(check(ReferenceKind::Embed, &raw, Some("https://a.example/")), remote, "{raw}");
        }
        for host in ["https://b.example", "HTTPS:\\/b.example", "//b.example", "\\\\b.example"] {
            assert_eq!(
                check(ReferenceKind::Embed, &format!("{host}{plain}"), Some("https://a.example/")),
                None,
                "{host}"
            );
        }
        assert_eq!(check(ReferenceKind::Embed, &format!("data:x{plain}"), None), None);
        assert_eq!(check(ReferenceKind::Embed, "../a.svg", None), None);
        assert_eq!(check(ReferenceKind::FullSize, &plain.replace("s%76g", "png"), None), None, "it cannot act");
    }
}
