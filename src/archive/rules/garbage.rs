//! What keeps a blob or a thumbnail, and for how long an unreferenced one stays.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::effect::Effect;
use crate::model::{ArticleId, Digest, MediaType, UrlId, saturating_add};

/// Since when nothing refers to what a takedown left: from long ago, so that no grace period is left. No clock gives this
/// moment, so it also distinguishes what a takedown left from other garbage.
pub(super) const SINCE_TAKEDOWN: Timestamp = Timestamp::UNIX_EPOCH;

/// Whether it was a takedown that left what is noted as garbage since this moment.
pub fn is_left_by_takedown(since: Timestamp) -> bool {
    since == SINCE_TAKEDOWN
}

/// One use of a blob. Any one keeps it alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobUse {
    /// An article's newest version is made from it.
    Original(ArticleId),
    /// An article's earlier version was.
    EarlierOriginal(ArticleId),
    /// It is the newest good capture of a URL.
    Asset(UrlId),
    /// It was the newest good capture of a URL.
    EarlierAsset(UrlId),
    /// An article goes on showing it although its URL has newer bytes.
    ShownFirst(ArticleId, UrlId),
    /// It is the newest placeholder that was revoked from a URL.
    Revoked(UrlId),
    /// An exchange of a URL keeps it as evidence of what a host sent.
    Evidence(UrlId),
}

impl BlobUse {
    /// Whether it ends where these articles are forgotten, and what these URLs gave.
    pub(super) fn ends_with(self, articles: &BTreeSet<ArticleId>, urls: &BTreeSet<UrlId>) -> bool {
        match self {
            Self::Original(article) | Self::EarlierOriginal(article) => articles.contains(&article),
            Self::Asset(url) | Self::EarlierAsset(url) | Self::Revoked(url) | Self::Evidence(url) => {
                urls.contains(&url)
            }
            Self::ShownFirst(article, url) => articles.contains(&article) || urls.contains(&url),
        }
    }
}

/// Whether a blob can go once it is old enough: it has not even one use.
pub const fn is_garbage(any_use: Option<BlobUse>) -> bool {
    any_use.is_none()
}

/// What follows from forgetting a blob that is on record: it goes with its thumbnails, unless it has a use.
pub fn forgotten(digest: Digest, media_type: MediaType, any_use: Option<BlobUse>) -> Vec<Effect> {
    if is_garbage(any_use) { without_blob(digest, media_type).into() } else { Vec::new() }
}

/// A blob goes with its thumbnails.
pub(super) const fn without_blob(digest: Digest, media_type: MediaType) -> [Effect; 2] {
    [Effect::ForgetThumbnails(digest), Effect::ForgetAsset { digest, media_type }]
}

/// What keeps a thumbnail alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThumbnailUses {
    /// It is on record, as a rendition of a blob that stays.
    pub is_on_record: bool,
    /// The settings ask for thumbnails of its name.
    pub is_wanted: bool,
    /// A mirror links to it.
    pub is_linked: bool,
}

impl ThumbnailUses {
    /// Whether it can be removed once it is old enough. A thumbnail of a wanted name by an outdated recipe stays: the
    /// next run replaces it.
    pub const fn is_garbage(self) -> bool {
        !self.is_on_record || !(self.is_wanted || self.is_linked)
    }
}

/// Since when a thing is unreferenced: since that was first seen. A moment ahead was written while the clock was ahead,
/// and counts as now.
pub fn unreferenced_since(first_seen: Option<Timestamp>, now: Timestamp) -> Timestamp {
    first_seen.map_or(now, |seen| seen.min(now))
}

/// Whether an unreferenced thing has stayed for the whole grace period.
pub fn is_past_grace(since: Timestamp, grace: Duration, now: Timestamp) -> bool {
    saturating_add(since, grace) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTICLE: ArticleId = ArticleId(1);
    const URL: UrlId = UrlId(2);
    const USES: [BlobUse; 7] = [
        BlobUse::Original(ARTICLE),
        BlobUse::EarlierOriginal(ARTICLE),
        BlobUse::Asset(URL),
        BlobUse::EarlierAsset(URL),
        BlobUse::ShownFirst(ARTICLE, URL),
        BlobUse::Revoked(URL),
        BlobUse::Evidence(URL),
    ];

    #[test]
    fn any_one_use_keeps_a_blob() {
        let (digest, media_type) = (Digest::of(b"a"), MediaType::Png);
        for used in USES {
            assert!(!is_garbage(Some(used)) && forgotten(digest, media_type, Some(used)).is_empty(), "{used:?}");
        }
        let gone = [Effect::ForgetThumbnails(digest), Effect::ForgetAsset { digest, media_type }];
        assert!(is_garbage(None));
        assert_eq!(forgotten(digest, media_type, None), gone);
    }

    #[test]
    fn a_use_ends_with_its_article_or_its_url() {
        let (article, url) = (BTreeSet::from([ARTICLE]), BTreeSet::from([URL]));
        let (no_article, no_url) = (BTreeSet::new(), BTreeSet::new());
        let ends =
            [(true, false), (true, false), (false, true), (false, true), (true, true), (false, true), (false, true)];
        for (used, (with_article, with_url)) in USES.into_iter().zip(ends) {
            assert_eq!(used.ends_with(&article, &no_url), with_article, "{used:?}");
            assert_eq!(used.ends_with(&no_article, &url), with_url, "{used:?}");
            assert!(used.ends_with(&article, &url) && !used.ends_with(&no_article, &no_url), "{used:?}");
        }
    }

    #[test]
    fn what_a_takedown_left_is_no_other_garbage_and_has_no_grace_left() {
        let since = SINCE_TAKEDOWN;
        assert!(is_left_by_takedown(since) && !is_left_by_takedown(Timestamp::from_second(1).unwrap()));
        let (grace, now) = (Duration::from_secs(30 * 86_400), Timestamp::from_second(1_700_000_000).unwrap());
        assert!(is_past_grace(since, grace, now));
    }

    #[test]
    fn a_thumbnail_stays_where_it_is_wanted_or_linked() {
        let uses = |is_on_record, is_wanted, is_linked| ThumbnailUses { is_on_record, is_wanted, is_linked };
        for (uses, is_garbage) in [
            (uses(true, true, false), false),
            (uses(true, false, true), false),
            (uses(true, false, false), true),
            (uses(false, true, true), true),
        ] {
            assert_eq!(uses.is_garbage(), is_garbage, "{uses:?}");
        }
    }

    #[test]
    fn the_grace_period_runs_from_the_first_sight() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let grace = Duration::from_secs(10);
        assert_eq!(unreferenced_since(None, at(100)), at(100));
        assert_eq!(unreferenced_since(Some(at(90)), at(100)), at(90));
        assert_eq!(unreferenced_since(Some(at(900)), at(100)), at(100), "a clock was ahead");
        assert!(!is_past_grace(at(91), grace, at(100)));
        assert!(is_past_grace(at(90), grace, at(100)));
        assert!(is_past_grace(at(100), Duration::ZERO, at(100)));
        assert!(!is_past_grace(at(0), Duration::MAX, at(100)));
    }
}
