//! What a blob is that several URLs of a host have: decided from facts alone, without a request and without the
//! catalog.
//!
//! A host may have one genuine image under several URLs, and the bytes alone do not show which case it is. Two facts
//! do. If a host sends other images to requests with another Referer, it sent a placeholder before: a probe shows that.
//! And an image that replaces different kept images is not a new version of any of them.

use std::collections::BTreeSet;

use url::Url;

use super::image_address::image_address;
use super::recent::Share;
use crate::archive::{PlaceholderVerdict, SharedBlob, SharedUrl};
use crate::model::Digest;

/// The number of images of a host with the same bytes that makes these worth a probe.
pub(super) const SUSPICIOUS: usize = 3;
/// So many are worth a probe whatever is known of the host.
const MANY: usize = 64;
/// The share of a host's newest captures, as one in so many, that makes a blob worth a probe if the host has proven
/// honest.
const SHARE: usize = 5;

/// What is known of a blob when a URL of a host has just got it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// What earlier probes and replacements found.
    pub(super) known: SharedBlob,
    /// The URLs of the host that have it now.
    pub(super) sharing: &'a [SharedUrl],
    /// The URL that has just got it.
    pub(super) url: &'a Url,
    /// Whether the host has proven honest.
    pub(super) is_honest: bool,
    /// How much of what the host sent lately it is.
    pub(super) share: Option<Share>,
}

/// What is to be done about a blob that several URLs have.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision<'a> {
    /// It is a placeholder: it is revoked from every URL that has it.
    Revoke,
    /// It is not known to be one.
    Examine {
        /// URLs whose own image it replaced without being a new version of it: their image is restored.
        restore: Vec<&'a SharedUrl>,
        /// Another image of the host, if the blob is worth a probe: this image and the URL that has just got the blob
        /// are requested again.
        probe: Option<&'a SharedUrl>,
    },
}

/// Decides what to do about a blob.
pub(super) fn decide<'a>(facts: &Facts<'a>) -> Decision<'a> {
    if facts.known.verdict == Some(PlaceholderVerdict::Placeholder) {
        return Decision::Revoke;
    }
    let restore = replaced(facts.known, facts.sharing);
    let others: Vec<_> = facts.sharing.iter().filter(|shared| !restore.contains(shared)).collect();
    let images = images(others.iter().copied());
    let is_worth_a_probe = facts.known.verdict.is_none() && is_suspicious(images, facts.is_honest, facts.share);
    let own = image_address(facts.url);
    let other = others.into_iter().find(|shared| image_address(&shared.url) != own);
    Decision::Examine { restore, probe: other.filter(|_| is_worth_a_probe) }
}

/// Whether a blob that so many images of a host have is worth a probe. A host that has proven honest is probed only
/// about a blob that makes up much of what it sends now, or that very many of its images have.
fn is_suspicious(images: usize, is_honest: bool, share: Option<Share>) -> bool {
    let is_much = |share: Share| share.same >= SUSPICIOUS && share.same * SHARE >= share.of;
    images >= MANY || (images >= SUSPICIOUS && (!is_honest || share.is_none_or(is_much)))
}

/// Whether a blob that these URLs have since an earlier run is worth a probe in this one.
pub(super) fn is_left_to_probe(sharing: &[SharedUrl], is_honest: bool) -> bool {
    images(sharing) >= if is_honest { MANY } else { SUSPICIOUS }
}

/// How many images some URLs show.
fn images<'a>(sharing: impl IntoIterator<Item = &'a SharedUrl>) -> usize {
    sharing.into_iter().map(|shared| image_address(&shared.url)).collect::<BTreeSet<_>>().len()
}

/// Of URLs that have the same bytes now, those whose own image these replaced without being a new version of it: other
/// URLs, which showed something else, have them as well.
pub(super) fn replaced(known: SharedBlob, sharing: &[SharedUrl]) -> Vec<&SharedUrl> {
    let is_other = |one: &SharedUrl, other: &SharedUrl| {
        one.previous != other.previous && image_address(&one.url) != image_address(&other.url)
    };
    let is_replaced = |one: &SharedUrl| known.replaces_others || sharing.iter().any(|other| is_other(one, other));
    sharing.iter().filter(|one| one.previous.is_some() && is_replaced(one)).collect()
}

/// The response of a host to another request for an image whose bytes may be a placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeAnswer {
    /// Another good image.
    Another(Digest),
    /// The candidate bytes, or a refusal.
    TheSameOrNothing,
    /// Nothing that could be compared.
    Silence,
}

impl ProbeAnswer {
    /// Whether two answers, each for an image of its own, show that the candidate bytes were a placeholder. A host that
    /// refuses foreign Referers with a placeholder gives another image as well, but the same for both.
    pub(super) fn are_two_images(first: Self, second: Self) -> bool {
        matches!((first, second), (Self::Another(first), Self::Another(second)) if first != second)
    }
}

/// The verdict of a probe, by whether two different images came and whether every request was answered.
pub(super) const fn verdict(two_images_came: bool, all_answered: bool) -> Option<PlaceholderVerdict> {
    match (two_images_came, all_answered) {
        (true, _) => Some(PlaceholderVerdict::Placeholder),
        (false, true) => Some(PlaceholderVerdict::Genuine),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UrlId;

    const UNKNOWN: SharedBlob = SharedBlob { verdict: None, replaces_others: false };

    fn shared(id: i64, path: &str, before: Option<&str>) -> SharedUrl {
        let url = Url::parse(&format!("https://img.example{path}")).unwrap();
        SharedUrl { id: UrlId(id), url, previous: before.map(|bytes| Digest::of(bytes.as_bytes())) }
    }

    /// That many different images, none of which had other bytes before.
    fn group(images: usize) -> Vec<SharedUrl> {
        (0..).map(|at| shared(at, &format!("/photo-{at}.jpg"), None)).take(images).collect()
    }

    fn ids(urls: &[&SharedUrl]) -> Vec<i64> {
        urls.iter().map(|url| url.id.0).collect()
    }

    #[test]
    fn what_replaces_different_images_is_no_new_version() {
        let check = |known, urls: &[SharedUrl]| ids(&replaced(known, urls));
        let (a, b) = (shared(1, "/a", Some("a")), shared(2, "/b", Some("b")));
        assert_eq!(check(UNKNOWN, &[a.clone(), b]), [1, 2]);
        assert_eq!(check(UNKNOWN, &[a.clone(), shared(2, "/b", None)]), [1], "the other never had an image");
        let logo = [shared(1, "/a", Some("old")), shared(2, "/b", Some("old"))];
        assert_eq!(check(UNKNOWN, &logo), [0; 0], "one logo, and a new one");
        let sizes = [shared(1, "/a?w=1", Some("a")), shared(2, "/a?w=2", Some("b"))];
        assert_eq!(check(UNKNOWN, &sizes), [0; 0], "sizes of one");
        assert_eq!(check(UNKNOWN, &[shared(1, "/a", None), shared(2, "/b", None)]), [0; 0]);
        assert_eq!(check(UNKNOWN, std::slice::from_ref(&a)), [0; 0]);
        assert_eq!(check(SharedBlob { replaces_others: true, ..UNKNOWN }, &[a]), [1], "it is known to replace others");
    }

    #[test]
    fn a_blob_is_worth_a_probe_by_how_many_images_have_it_and_by_what_the_host_has_proven() {
        let share = |same, of| Some(Share { same, of });
        for (images, is_honest, share, expected) in [
            (2, false, None, false),
            (3, false, None, true),
            (3, false, share(1, 64), true),
            (3, true, None, true),
            (3, true, share(3, 16), false),
            (3, true, share(3, 15), true),
            (40, true, share(2, 4), false),
            (63, true, share(3, 64), false),
            (64, true, share(3, 64), true),
        ] {
            let sharing = group(images);
            let facts = Facts { known: UNKNOWN, sharing: &sharing, url: &sharing[0].url, is_honest, share };
            let Decision::Examine { restore, probe } = decide(&facts) else { panic!("{facts:?}") };
            assert_eq!((restore.len(), probe.is_some()), (0, expected), "{images} {is_honest} {share:?}");
        }
    }

    #[test]
    fn a_probe_asks_for_another_image_and_for_none_that_has_its_own_back() {
        let sharing = [group(4), vec![shared(9, "/own.jpg", Some("own"))]].concat();
        let facts = Facts { known: UNKNOWN, sharing: &sharing, url: &sharing[0].url, is_honest: false, share: None };
        let Decision::Examine { restore, probe } = decide(&facts) else { panic!("{facts:?}") };
        assert_eq!((ids(&restore), probe.unwrap().id.0), (vec![9], 1));
        let sizes: Vec<_> = (0..5).map(|at| shared(at, &format!("/a.jpg?w={at}"), None)).collect();
        let facts = Facts { sharing: &sizes, url: &sizes[0].url, ..facts };
        assert_eq!(decide(&facts), Decision::Examine { restore: Vec::new(), probe: None }, "sizes of one image");
    }

    #[test]
    fn what_a_probe_found_is_not_asked_again() {
        let sharing = group(10);
        let facts = |verdict| Facts {
            known: SharedBlob { verdict, ..UNKNOWN },
            sharing: &sharing,
            url: &sharing[0].url,
            is_honest: false,
            share: None,
        };
        assert_eq!(decide(&facts(Some(PlaceholderVerdict::Placeholder))), Decision::Revoke);
        let genuine = decide(&facts(Some(PlaceholderVerdict::Genuine)));
        assert_eq!(genuine, Decision::Examine { restore: Vec::new(), probe: None });
    }

    #[test]
    fn what_an_earlier_run_left_is_probed_by_the_same_measure() {
        for (images, is_honest, expected) in [(2, false, false), (3, false, true), (63, true, false), (64, true, true)]
        {
            assert_eq!(is_left_to_probe(&group(images), is_honest), expected, "{images} {is_honest}");
        }
    }

    #[test]
    fn only_two_different_images_expose_a_placeholder() {
        let another = |bytes: &str| ProbeAnswer::Another(Digest::of(bytes.as_bytes()));
        assert!(ProbeAnswer::are_two_images(another("a"), another("b")));
        assert!(!ProbeAnswer::are_two_images(another("a"), another("a")), "it refuses foreign Referers");
        assert!(!ProbeAnswer::are_two_images(another("a"), ProbeAnswer::TheSameOrNothing));
        assert!(!ProbeAnswer::are_two_images(ProbeAnswer::Silence, another("b")));
    }

    #[test]
    fn a_probe_that_was_not_answered_shows_nothing() {
        assert_eq!(verdict(false, true), Some(PlaceholderVerdict::Genuine));
        assert_eq!(verdict(false, false), None);
        assert_eq!(verdict(true, false), Some(PlaceholderVerdict::Placeholder));
    }
}
