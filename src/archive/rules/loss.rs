//! What the loss of an asset's bytes changes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::effect::Effect;
use crate::archive::catalog::UrlFacts;
use crate::model::{ArticleId, Digest, MediaType, UrlId};

/// What is on record of an asset.
#[derive(Debug, Clone, PartialEq)]
pub struct AssetFacts {
    /// What it is; `None` if it is not on record.
    pub media_type: Option<MediaType>,
    /// The URLs that have it.
    pub urls: Vec<(UrlId, UrlFacts)>,
    /// The articles that show these URLs, or still show it.
    pub showing: Vec<ArticleId>,
}

/// What follows from the loss of an asset's bytes: its URLs lose their good capture and are due, and the articles that
/// show it become stale. The captures stay as they were.
pub fn lost(digest: Digest, facts: AssetFacts, now: Timestamp) -> Vec<Effect> {
    let stale: BTreeSet<ArticleId> = facts.showing.into_iter().collect();
    let mut effects: Vec<_> = stale.into_iter().map(Effect::MakeStale).collect();
    let urls = facts.urls.into_iter();
    effects.extend(urls.map(|(url, facts)| Effect::StoreUrl { url, facts: facts.on_lost(now) }));
    effects.extend([Effect::ForgetVersions(digest), Effect::ForgetThumbnails(digest)]);
    effects.extend(facts.media_type.map(|media_type| Effect::ForgetAsset { digest, media_type }));
    effects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_due_before_the_asset_goes_and_each_article_is_stale_once() {
        let (digest, now) = (Digest::of(b"lost"), Timestamp::from_second(9).unwrap());
        let url = UrlFacts { kept: Some(digest), ..UrlFacts::default() };
        let facts = AssetFacts {
            media_type: Some(MediaType::Png),
            urls: vec![(UrlId(1), url.clone()), (UrlId(2), url.clone())],
            showing: [3, 4, 3].map(ArticleId).to_vec(),
        };
        let store =
            |url: i64, facts: &UrlFacts| Effect::StoreUrl { url: UrlId(url), facts: facts.clone().on_lost(now) };
        let expected = [
            Effect::MakeStale(ArticleId(3)),
            Effect::MakeStale(ArticleId(4)),
            store(1, &url),
            store(2, &url),
            Effect::ForgetVersions(digest),
            Effect::ForgetThumbnails(digest),
            Effect::ForgetAsset { digest, media_type: MediaType::Png },
        ];
        assert_eq!(lost(digest, facts, now), expected);
    }

    #[test]
    fn what_is_not_on_record_leaves_nothing_behind_either() {
        let (digest, now) = (Digest::of(b"lost"), Timestamp::from_second(9).unwrap());
        let nothing = AssetFacts { media_type: None, urls: Vec::new(), showing: Vec::new() };
        assert_eq!(lost(digest, nothing, now), [Effect::ForgetVersions(digest), Effect::ForgetThumbnails(digest)]);
    }
}
