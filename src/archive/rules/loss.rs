//! What the loss of bytes changes: those of an asset, and those of thumbnails.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::effect::Effect;
use crate::archive::catalog::UrlFacts;
use crate::model::{ArticleId, Digest, MediaType, ThumbnailName, UrlId};

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

/// A thumbnail whose file is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostThumbnail {
    /// The blob that it was made from.
    pub original: Digest,
    /// Its name.
    pub name: ThumbnailName,
    /// The articles that show the blob.
    pub showing: Vec<ArticleId>,
}

/// What follows from the loss of thumbnails: they are made again, and the articles that show their blobs are stale.
pub fn thumbnails_lost(thumbnails: Vec<LostThumbnail>) -> Vec<Effect> {
    let (mut effects, mut stale) = (Vec::new(), BTreeSet::new());
    for LostThumbnail { original, name, showing } in thumbnails {
        effects.push(Effect::ForgetThumbnail { original, name });
        stale.extend(showing);
    }
    effects.extend(stale.into_iter().map(Effect::MakeStale));
    effects
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    fn thumbnail() -> impl Strategy<Value = LostThumbnail> {
        let showing = prop::collection::vec((1..5_i64).prop_map(ArticleId), 0..4);
        (0..3_u8, "[a-c]", showing).prop_map(|(bytes, name, showing)| LostThumbnail {
            original: Digest::of(&[bytes]),
            name: name.parse().unwrap(),
            showing,
        })
    }

    proptest! {
        #[test]
        fn each_lost_thumbnail_is_forgotten_and_each_article_that_shows_one_is_stale_once(
            thumbnails in prop::collection::vec(thumbnail(), 0..6),
        ) {
            let showing: BTreeSet<_> = thumbnails.iter().flat_map(|lost| lost.showing.iter().copied()).collect();
            let forget = |lost: &LostThumbnail| {
                Effect::ForgetThumbnail { original: lost.original, name: lost.name.clone() }
            };
            let expected: Vec<_> =
                thumbnails.iter().map(forget).chain(showing.into_iter().map(Effect::MakeStale)).collect();
            prop_assert_eq!(thumbnails_lost(thumbnails), expected);
        }
    }
}
