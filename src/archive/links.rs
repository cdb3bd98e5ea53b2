//! Links into an archive, in the text of mirrors: they hold the digest of what they lead to, wherever the archive lies.

use std::collections::BTreeMap;
use std::ops::Range;

use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::{Position, Url};

use super::key::{LINKED_FOLDERS, StoreKey};

/// What is escaped in the path of a URL that is to need no other escaping.
const NOT_PLAIN: AsciiSet =
    NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'_').remove(b'-').remove(b'~').remove(b'%');

/// What a link leads to, if it is one to a blob or a thumbnail of some archive: it ends in the path of one.
pub fn linked_object(link: &str) -> Option<StoreKey> {
    let starts = LINKED_FOLDERS.iter().filter_map(|folder| link.rfind(&format!("{folder}/")));
    starts.max().and_then(|start| StoreKey::parse(&link[start..]))
}

/// What the path of an address leads to, if it is an object of some archive, however it is spelled: with escapes of URLs, with
/// backslashes, with what browsers, servers or file systems leave out of paths, in upper or lower case.
pub fn spelled_object(path: &str) -> Option<StoreKey> {
    let plain: String = path.chars().filter(|c| !c.is_ascii_control()).collect();
    let decoded = percent_decode_str(&plain).decode_utf8_lossy().to_ascii_lowercase();
    let mut parts = Vec::new();
    for part in decoded.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    linked_object(&parts.join("/"))
}

/// Where a URL leads without its query, in characters that mean themselves in every format of articles, and spelled so
/// that nothing takes it for a link into an archive. `None` for a host that needs others.
pub fn unlinked(url: &Url) -> Option<String> {
    let escape = |url: String, folder: &str| {
        let (first, rest) = folder.split_at(1);
        url.replace(&format!("{folder}/"), &format!("%{:02X}{rest}/", first.as_bytes()[0]))
    };
    let origin = &url[..Position::BeforePath];
    let path = utf8_percent_encode(url.path(), &NOT_PLAIN).to_string();
    origin.bytes().all(may_precede).then(|| format!("{origin}{}", LINKED_FOLDERS.into_iter().fold(path, escape)))
}

/// The links in a text, with what they lead to. In UTF-16 the zero bytes are skipped: links are ASCII.
pub fn links_in(text: &[u8]) -> BTreeMap<String, StoreKey> {
    let is_wide = text.iter().take(64).any(|byte| *byte == 0);
    let narrow: Vec<u8> = if is_wide { text.iter().copied().filter(|byte| *byte != 0).collect() } else { Vec::new() };
    let text = if is_wide { narrow.as_slice() } else { text };
    let link = |path: Range<usize>| {
        let before = text[..path.start].iter().rev().take_while(|byte| may_precede(**byte)).count();
        let link = std::str::from_utf8(&text[path.start - before..path.end]).ok()?.trim_end_matches('.');
        Some((link.to_owned(), linked_object(link)?))
    };
    paths(text).filter_map(link).collect()
}

/// Where paths of objects stand in a text, as far as their characters go.
fn paths(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let below = move |folder: &'static str| {
        let found = memmem::find_iter(text, folder);
        found.filter(move |start| text.get(start + folder.len()) == Some(&b'/'))
    };
    let starts = LINKED_FOLDERS.into_iter().flat_map(below);
    starts.map(|start| start..start + text[start..].iter().take_while(|byte| may_be_in_path(**byte)).count())
}

/// Whether a byte can stand in a link before the path of an object: in a relative path, a prefix or a URL.
const fn may_precede(byte: u8) -> bool {
    may_be_in_path(byte) || byte.is_ascii_uppercase() || matches!(byte, b':' | b'~' | b'%')
}

const fn may_be_in_path(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'/' | b'.' | b'_' | b'-')
}

/// The files of the archive that a text links to, relative to the archive's folder, whatever comes before them in the
/// link. Links consist of `[0-9a-z/._-]` only, so nothing in them is escaped. In UTF-16 the zero bytes are skipped.
pub fn linked_files(text: &[u8]) -> Vec<String> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| *byte != 0).collect();
    let files = paths(&text).map(|path| String::from_utf8_lossy(&text[path]).into_owned());
    files.filter(|file| file.rsplit('/').next().is_some_and(|name| name.len() > 64)).collect()
}

/// Whether a text links to an object of the archive.
pub fn links_to(text: &[u8], key: &StoreKey) -> bool {
    linked_files(text).contains(&key.path())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Digest, MediaType};

    #[test]
    fn links_are_found_however_they_begin_and_end() {
        let name = "ab/".to_owned() + &"ab".repeat(32) + ".jpg";
        let (blob, small) = (format!("blobs/sha256/{name}"), format!("thumbnails/small/{name}"));
        let check = |text: &str, expected: &[String]| {
            assert_eq!(links_in(text.as_bytes()).into_keys().collect::<Vec<_>>(), expected, "{text}");
            let wide: Vec<u8> = text.bytes().flat_map(|byte| [byte, 0]).collect();
            assert_eq!(links_in(&wide).into_keys().collect::<Vec<_>>(), expected, "{text} in UTF-16");
        };
        for prefix in ["", "../../", "/media/", "https://cdn.example:8080/m/", "../my%20store/", "./"] {
            for link in [format!("{prefix}{blob}"), format!("{prefix}{small}")] {
                check(&format!("![x]({link})"), std::slice::from_ref(&link));
                check(&format!("<img src=\"{link}\" srcset='{link} 2x,{link}'>"), std::slice::from_ref(&link));
                check(&format!("image: {link}\r\ntext"), std::slice::from_ref(&link));
                check(&format!("See {link}."), &[link]);
            }
        }
        check(&format!("{blob} ../{small}"), &[format!("../{small}"), blob.clone()]);
        for other in ["https://example.org/blobs/sha256/", "blobs/sha256/ab/cd.jpg", "thumbnails/a.jpg", "text", ""] {
            check(other, &[]);
        }
        let exe = blob.replace(".jpg", ".exe");
        check(&format!("../{exe}"), &[]);
    }

    #[test]
    fn what_a_link_leads_to_is_known_by_its_end() {
        let name = "ab/".to_owned() + &"ab".repeat(32) + ".jpg";
        assert!(matches!(linked_object(&format!("../x/blobs/sha256/{name}")), Some(StoreKey::Blob { .. })));
        let nested = format!("/blobs/sha256/old/thumbnails/small/{name}");
        assert!(matches!(linked_object(&nested), Some(StoreKey::Thumbnail { .. })));
        assert_eq!(linked_object("../articles/posts/a.md"), None);
        assert_eq!(linked_object(&format!("blobs/sha256/{name}?x")), None);
    }

    #[test]
    fn a_link_is_one_however_it_is_spelled() {
        let name = "ab/".to_owned() + &"ab".repeat(32) + ".svg";
        for path in [
            format!("/store/blobs/sha256/{name}"),
            format!("/store/%62lobs/sha256/{name}"),
            format!("..\\store\\blobs\\sha256\\{name}").replace('/', "\\"),
            format!("blobs/sha256/{}", name.replace(".svg", ".s%76g")),
            format!("blobs/sh\ta256/{}", name.replace(".svg", "%2Esv\ng")),
            format!("Blobs/SHA256/{}", name.to_ascii_uppercase()),
            format!("blobs//sha256/./{name}"),
            format!("blobs%2F.%2Fx%2f..%2Fsha256/{name}"),
        ] {
            assert!(spelled_object(&path).is_some(), "{path}");
        }
        for path in ["/blobs/sha256/ab/cd.svg".to_owned(), format!("/images/{name}"), String::new()] {
            assert!(spelled_object(&path).is_none(), "{path}");
        }
    }

    #[test]
    fn what_is_no_link_into_an_archive_leads_where_it_led() {
        let name = "ab/".to_owned() + &"ab".repeat(32) + ".svg";
        let check = |url: &str| unlinked(&Url::parse(url).unwrap());
        let spelled = check(&format!("https://a.example:8/(x)/blobs/sha256/{name}?thumbnails/x")).unwrap();
        assert_eq!(spelled, format!("https://a.example:8/%28x%29/%62lobs/sha256/{name}"));
        assert!(links_in(spelled.as_bytes()).is_empty() && linked_files(spelled.as_bytes()).is_empty());
        assert_eq!(check("http://a.example/thumbnails/x%20y"), Some("http://a.example/%74humbnails/x%20y".to_owned()));
        assert_eq!(check(&format!("http://[::1]/blobs/sha256/{name}")), None);
    }

    #[test]
    fn the_files_behind_links_are_found_however_links_begin() {
        let name = "ab/".to_owned() + &"ab".repeat(32) + ".jpg";
        let (blob, small) = (format!("blobs/sha256/{name}"), format!("thumbnails/small/{name}"));
        let check = |text: &str, expected: &[&String]| {
            assert_eq!(linked_files(text.as_bytes()).iter().collect::<Vec<_>>(), expected, "{text}");
        };
        check(&format!("../../{blob}"), &[&blob]);
        check(&format!(" src=\"/media/{small}\""), &[&small]);
        check(&format!("../{blob} 2x, ../{blob}"), &[&blob, &blob]);
        check("https://example.org/blobs/sha256/", &[]);
        let wide: Vec<u8> = blob.bytes().flat_map(|byte| [byte, 0]).collect();
        assert_eq!(linked_files(&wide), [blob]);
    }

    fn object() -> impl Strategy<Value = StoreKey> {
        let digest = || any::<[u8; 32]>().prop_map(Digest::from_bytes);
        let media_type = || prop::sample::select(MediaType::ALL);
        prop_oneof![
            (digest(), media_type()).prop_map(|(digest, media_type)| StoreKey::Blob { digest, media_type }),
            ("[a-z][a-z0-9_-]{0,7}", digest(), media_type()).prop_filter_map(
                "a name",
                |(name, original, media_type)| {
                    Some(StoreKey::Thumbnail { name: name.parse().ok()?, original, media_type })
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn every_link_of_a_text_is_found_with_what_it_leads_to(
            prefix in "(|(\\.\\./){1,4}|/media/|https://cdn\\.example:80/m/)",
            keys in prop::collection::vec(object(), 1..4),
            (before, after) in ("[ -~\n漢]{0,20}[ (\"'=]", "[ )\"'>,\n][ -~\n漢]{0,20}"),
            is_wide in any::<bool>(),
        ) {
            let links: Vec<_> = keys.iter().map(|key| format!("{prefix}{}", key.path())).collect();
            let text = links.iter().map(|link| format!("{before}{link}{after}")).collect::<Vec<_>>().concat();
            let bytes = if is_wide { text.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { text.into_bytes() };
            // Of UTF-16, characters that are not ASCII are more than their low byte.
            prop_assume!(!is_wide || bytes.chunks(2).all(|pair| pair[1] == 0));
            let found = links_in(&bytes);
            for (link, key) in links.iter().zip(&keys) {
                prop_assert_eq!(found.get(link), Some(key), "{}", link);
                prop_assert_eq!(linked_object(link), Some(key.clone()));
                prop_assert!(links_to(&bytes, key));
            }
            prop_assert_eq!(found.len(), links.iter().collect::<std::collections::BTreeSet<_>>().len());
        }

        #[test]
        fn no_text_makes_the_search_fail_and_all_that_is_found_stands_in_it(text in prop::collection::vec(any::<u8>(), 0..200)) {
            for (link, key) in links_in(&text) {
                prop_assert!(link.ends_with(&key.path()));
            }
            let text = [&text[..], b"blobs/sha256/", &text, b"thumbnails/"].concat();
            prop_assert!(linked_files(&text).iter().all(|file| file.starts_with("blobs/") || file.starts_with("thumb")));
        }
    }
}
