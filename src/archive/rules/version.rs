//! Versions of an image: which one an article shows, and which one returns.

use jiff::Timestamp;

use crate::archive::catalog::{PlaceholderVerdict, SharedBlob};
use crate::config::ChangedImages;
use crate::model::{Digest, HostKey};

/// What happened to a URL's asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssetChange {
    /// It is the same, or there is still none.
    Same,
    /// It is the URL's first.
    First,
    /// It took the place of this one, which is kept.
    Replaced(Digest),
    /// There is none any more.
    Gone,
}

/// What an article shows after new bytes of a URL replaced others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnReplaced {
    /// The bytes before are kept as what it showed first.
    pub(super) keeps_before: bool,
    /// Its mirror is to be written again.
    pub(super) becomes_stale: bool,
}

/// An article with a mirror still shows the bytes that it showed first, unless the settings want the newest. An article
/// without a mirror shows the newest from the start.
pub(super) fn on_replaced(has_mirror: bool, keeps_a_version: bool, changed: ChangedImages) -> OnReplaced {
    let keeps_before = has_mirror && !keeps_a_version;
    let shows_first = keeps_before || keeps_a_version;
    OnReplaced { keeps_before, becomes_stale: !shows_first || changed == ChangedImages::Newest }
}

/// What an article shows of a URL: what it showed `first`, before the bytes changed, or the `newest`.
pub fn shown<T>(first: Option<T>, newest: Option<T>, changed: ChangedImages) -> Option<T> {
    match changed {
        ChangedImages::First => first.or(newest),
        ChangedImages::Newest => newest,
    }
}

/// An earlier capture of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// What was kept.
    pub digest: Digest,
    /// When.
    pub at: Timestamp,
    /// Whether it is still kept as an asset.
    pub is_kept: bool,
    /// What is known of it as a blob that the host sends for several URLs.
    pub shared: SharedBlob,
}

/// The version that a URL had before `current`: the newest other one that is kept and is itself no placeholder.
///
/// `earlier` are the URL's captures, newest first.
pub fn previous(current: Digest, earlier: impl IntoIterator<Item = Earlier>) -> Option<(Digest, Timestamp)> {
    let is_version =
        |capture: &Earlier| capture.digest != current && capture.is_kept && !is_placeholder(capture.shared);
    earlier.into_iter().find(is_version).map(|capture| (capture.digest, capture.at))
}

/// Whether a blob that a host sends for several URLs is a version of none of them.
const fn is_placeholder(shared: SharedBlob) -> bool {
    shared.replaces_others || matches!(shared.verdict, Some(PlaceholderVerdict::Placeholder))
}

/// Whether a probe of the host can show that a blob is a placeholder. Files beside an article have no host.
pub fn can_be_probed(host: &HostKey) -> bool {
    host.as_str() != "file:"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrored_article_keeps_what_it_showed_unless_it_keeps_older_bytes_already() {
        use ChangedImages::{First, Newest};
        for (has_mirror, keeps, changed, keeps_before, becomes_stale) in [
            (true, false, First, true, false),
            (true, true, First, false, false),
            (false, false, First, false, true),
            (false, true, First, false, false),
            (true, false, Newest, true, true),
            (true, true, Newest, false, true),
            (false, false, Newest, false, true),
        ] {
            let expected = OnReplaced { keeps_before, becomes_stale };
            assert_eq!(on_replaced(has_mirror, keeps, changed), expected, "{has_mirror} {keeps} {changed:?}");
        }
    }

    #[test]
    fn the_settings_say_whether_the_first_or_the_newest_is_shown() {
        for (first, newest, kept, renewed) in [
            (Some(1), Some(2), Some(1), Some(2)),
            (None, Some(2), Some(2), Some(2)),
            (Some(1), None, Some(1), None),
            (None, None, None, None),
        ] {
            assert_eq!(shown(first, newest, ChangedImages::First), kept);
            assert_eq!(shown(first, newest, ChangedImages::Newest), renewed);
        }
    }

    fn digest(bytes: &str) -> Digest {
        Digest::of(bytes.as_bytes())
    }

    fn earlier(bytes: &str, second: i64) -> Earlier {
        let at = Timestamp::from_second(second).unwrap();
        Earlier { digest: digest(bytes), at, is_kept: true, shared: SharedBlob::default() }
    }

    fn returns(captures: &[Earlier]) -> Option<Digest> {
        previous(digest("now"), captures.iter().copied()).map(|(digest, _)| digest)
    }

    #[test]
    fn the_newest_other_version_that_is_kept_and_genuine_returns() {
        let (newer, older) = (earlier("newer", 2), earlier("older", 1));
        assert_eq!(returns(&[earlier("now", 3), newer, older]), Some(digest("newer")));
        assert_eq!(returns(&[earlier("now", 3), Earlier { is_kept: false, ..newer }, older]), Some(digest("older")));
        let verdict = |verdict| SharedBlob { verdict: Some(verdict), replaces_others: false };
        let placeholder = Earlier { shared: verdict(PlaceholderVerdict::Placeholder), ..newer };
        assert_eq!(returns(&[placeholder, older]), Some(digest("older")));
        let genuine = Earlier { shared: verdict(PlaceholderVerdict::Genuine), ..newer };
        assert_eq!(returns(&[genuine, older]), Some(digest("newer")));
        let replacing = Earlier { shared: SharedBlob { verdict: None, replaces_others: true }, ..newer };
        assert_eq!(returns(&[replacing]), None);
        assert_eq!(returns(&[earlier("now", 1)]), None);
    }

    #[test]
    fn files_beside_an_article_have_no_host_to_ask() {
        let host = |url: &str| HostKey::of(&url.parse().unwrap()).unwrap();
        assert!(can_be_probed(&host("https://images.example/1")));
        assert!(!can_be_probed(&host("file:///srv/1")));
    }
}
