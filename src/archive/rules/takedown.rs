//! What a takedown covers and reaches, and what it changes.

use std::collections::BTreeSet;

use url::Url;

use super::effect::Effect;
use super::garbage::{BlobUse, SINCE_TAKEDOWN, without_blob};
use crate::archive::catalog::{BlobRow, TakedownReach, TakedownTarget, ThumbnailRow, UrlFacts};
use crate::model::{ArticleId, ArticleKey, CaptureKind, HostKey, SourceName, UrlId};

impl TakedownTarget {
    /// The targets any one of which covers a URL: the URL itself and its host.
    pub(in crate::archive) fn covering_url(url: &Url) -> Vec<Self> {
        let host = HostKey::of(url).map(Self::Host);
        host.into_iter().chain([Self::Url(url.clone())]).collect()
    }

    /// The targets any one of which covers an article: the article itself and its source.
    pub(in crate::archive) fn covering_article(key: &ArticleKey) -> Vec<Self> {
        vec![Self::Article(key.clone()), Self::Source(key.source.clone())]
    }
}

/// A URL that a takedown may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachableUrl {
    /// Its row.
    pub id: UrlId,
    /// The URL.
    pub url: Url,
    /// The articles that show it.
    pub showing: Vec<ArticleId>,
    /// The sources that requested it as a document, and as what.
    pub requested: Vec<(SourceName, CaptureKind)>,
}

/// What a takedown may reach, as it is on record. More than that changes nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReachFacts {
    /// At least the articles that it covers.
    pub articles: Vec<(ArticleId, ArticleKey)>,
    /// At least the URLs that it covers, those that these articles show, and those that were requested for them: by a
    /// covered source, or as feeds, or with the text of these articles as the body.
    pub urls: Vec<ReachableUrl>,
    /// At least the blobs that these articles and URLs use, each with all its uses.
    pub blobs: Vec<(BlobRow, Vec<BlobUse>)>,
    /// At least the thumbnails of these blobs.
    pub thumbnails: Vec<ThumbnailRow>,
}

/// What a takedown reaches: the articles and URLs that it covers, the URLs that only these articles show, those that their
/// source requested and that have their text, and the blobs that only these articles and URLs use, with their thumbnails.
/// A feed has the text of all articles of its source.
pub fn reach(target: &TakedownTarget, facts: ReachFacts) -> TakedownReach {
    let is_covered = |key: &ArticleKey| TakedownTarget::covering_article(key).contains(target);
    let articles: Vec<_> = facts.articles.into_iter().filter(|(_, key)| is_covered(key)).collect();
    let in_articles: BTreeSet<ArticleId> = articles.iter().map(|(id, _)| *id).collect();
    let is_only_theirs = |shown: &ReachableUrl| {
        !shown.showing.is_empty() && shown.showing.iter().all(|article| in_articles.contains(article))
    };
    let with_text = with_text(&facts.blobs, &in_articles);
    let is_requested_for = |url: &ReachableUrl| {
        let is_theirs = |(source, kind): &(SourceName, CaptureKind)| match target {
            TakedownTarget::Source(covered) => source == covered,
            TakedownTarget::Article(key) => {
                *source == key.source && (*kind == CaptureKind::Feed || with_text.contains(&url.id))
            }
            TakedownTarget::Url(_) | TakedownTarget::Host(_) | TakedownTarget::Text(_) => false,
        };
        url.showing.iter().all(|article| in_articles.contains(article)) && url.requested.iter().any(is_theirs)
    };
    let is_reached = |url: &ReachableUrl| {
        TakedownTarget::covering_url(&url.url).contains(target) || is_only_theirs(url) || is_requested_for(url)
    };
    let urls: Vec<_> =
        facts.urls.into_iter().filter(is_reached).map(|ReachableUrl { id, url, .. }| (id, url)).collect();
    let in_urls: BTreeSet<UrlId> = urls.iter().map(|(id, _)| *id).collect();
    let goes = |uses: &[BlobUse]| !uses.is_empty() && uses.iter().all(|used| used.ends_with(&in_articles, &in_urls));
    let blobs: Vec<_> = facts.blobs.into_iter().filter(|(_, uses)| goes(uses)).map(|(row, _)| row).collect();
    let digests: BTreeSet<_> = blobs.iter().map(|row| row.digest).collect();
    let thumbnails = facts.thumbnails.into_iter().filter(|row| digests.contains(&row.original)).collect();
    TakedownReach { articles, urls, blobs, thumbnails }
}

/// The URLs of which a capture has the text of one of these articles.
fn with_text(blobs: &[(BlobRow, Vec<BlobUse>)], articles: &BTreeSet<ArticleId>) -> BTreeSet<UrlId> {
    let is_text = |used: &BlobUse| match used {
        BlobUse::Original(article) | BlobUse::EarlierOriginal(article) => articles.contains(article),
        _ => false,
    };
    let texts = blobs.iter().filter(|(_, uses)| uses.iter().any(is_text));
    let captured = |used: &BlobUse| match used {
        BlobUse::Evidence(url) => Some(*url),
        _ => None,
    };
    texts.flat_map(|(_, uses)| uses.iter().filter_map(captured)).collect()
}

/// What follows from a takedown. `showing` are the articles that show each of the URLs that it reaches.
///
/// What only the articles and URLs show is deleted. A URL that another article shows stays, retired, and that article
/// becomes stale. Objects to delete are noted as garbage whose grace period is over, so that the next collection
/// deletes what was not deleted at once.
pub fn taken_down(reach: &TakedownReach, showing: &[(UrlId, Vec<ArticleId>)]) -> Vec<Effect> {
    let going: BTreeSet<ArticleId> = reach.articles.iter().map(|(id, _)| *id).collect();
    let mut effects: Vec<_> = going.iter().copied().map(Effect::ForgetArticle).collect();
    let mut stale = BTreeSet::new();
    for (url, showing) in showing {
        let staying: Vec<_> = showing.iter().copied().filter(|article| !going.contains(article)).collect();
        effects.extend([Effect::ForgetGiven(*url), Effect::StoreUrl { url: *url, facts: UrlFacts::taken_down() }]);
        effects.extend(staying.is_empty().then_some(Effect::ForgetUrl(*url)));
        stale.extend(staying);
    }
    effects.extend(stale.into_iter().map(Effect::MakeStale));
    effects.extend(reach.blobs.iter().flat_map(|blob| without_blob(blob.digest, blob.media_type)));
    let files = reach.blobs.iter().map(BlobRow::key).chain(reach.thumbnails.iter().filter_map(ThumbnailRow::key));
    effects.extend(files.map(|key| Effect::NoteGarbage { path: key.path(), since: SINCE_TAKEDOWN }));
    effects
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::archive::catalog::RenditionRow;
    use crate::model::{Digest, MediaType};

    fn article(id: i64) -> (ArticleId, ArticleKey) {
        let key = ArticleKey { source: "posts".parse().unwrap(), path: format!("{id}.md").parse().unwrap() };
        (ArticleId(id), key)
    }

    #[test]
    fn a_url_that_stays_in_an_article_is_retired_and_one_that_does_not_is_forgotten() {
        let url = |id: i64| (UrlId(id), format!("https://images.example/{id}").parse().unwrap());
        let reach =
            TakedownReach { articles: vec![article(1)], urls: vec![url(5), url(6)], ..TakedownReach::default() };
        let showing = [(UrlId(5), vec![ArticleId(1)]), (UrlId(6), vec![ArticleId(1), ArticleId(2)])];
        let retired = |id| Effect::StoreUrl { url: UrlId(id), facts: UrlFacts::taken_down() };
        let expected = [
            Effect::ForgetArticle(ArticleId(1)),
            Effect::ForgetGiven(UrlId(5)),
            retired(5),
            Effect::ForgetUrl(UrlId(5)),
            Effect::ForgetGiven(UrlId(6)),
            retired(6),
            Effect::MakeStale(ArticleId(2)),
        ];
        assert_eq!(taken_down(&reach, &showing), expected);
    }

    #[test]
    fn what_goes_with_it_is_garbage_whose_grace_has_passed() {
        let (digest, media_type) = (Digest::of(b"a"), MediaType::Png);
        let blob = BlobRow { digest, media_type, size: 1, created: Timestamp::MAX };
        let made = RenditionRow { media_type, width: 1, height: 1, size: 1, digest };
        let row = |made| ThumbnailRow { original: digest, name: "small".parse().unwrap(), recipe: digest, made };
        let thumbnails = vec![row(Ok(made)), row(Err("it is no image".to_owned()))];
        let reach = TakedownReach { blobs: vec![blob], thumbnails, ..TakedownReach::default() };
        let note = |path: String| Effect::NoteGarbage { path, since: SINCE_TAKEDOWN };
        let small = reach.thumbnails[0].key().unwrap().path();
        let [thumbnails, asset] = without_blob(digest, media_type);
        let expected = [thumbnails, asset, note(blob.key().path()), note(small)];
        assert_eq!(taken_down(&reach, &[]), expected, "a thumbnail that was never made has no file");
    }

    fn target_of(number: usize) -> TakedownTarget {
        match number {
            0 => TakedownTarget::Article(article(1).1),
            1 => TakedownTarget::Source("posts".parse().unwrap()),
            2 => TakedownTarget::Url(link(1)),
            _ => TakedownTarget::Host(HostKey::of(&link(1)).unwrap()),
        }
    }

    /// One of two URLs of each of two hosts.
    fn link(id: i64) -> Url {
        format!("https://images{}.example/{id}", id / 2).parse().unwrap()
    }

    #[test]
    fn an_article_is_covered_with_its_source_and_a_url_with_its_host() {
        let (mine, other) = (article(1).1, article(2).1);
        let elsewhere = ArticleKey { source: "other".parse().unwrap(), path: mine.path.clone() };
        let covered =
            |key: &ArticleKey| [0, 1].map(|kind| TakedownTarget::covering_article(key).contains(&target_of(kind)));
        assert_eq!(
            [covered(&mine), covered(&other), covered(&elsewhere)],
            [[true, true], [false, true], [false, false]]
        );
        let covered = |id| [2, 3].map(|kind| TakedownTarget::covering_url(&link(id)).contains(&target_of(kind)));
        assert_eq!([covered(1), covered(0), covered(2)], [[true, true], [false, true], [false, false]]);
        let inline = "data:image/png,".parse().unwrap();
        assert_eq!(TakedownTarget::covering_url(&inline), [TakedownTarget::Url(inline)], "it has no host");
    }

    fn blob(bytes: u8) -> BlobRow {
        BlobRow { digest: Digest::of(&[bytes]), media_type: MediaType::Png, size: 1, created: Timestamp::MIN }
    }

    fn used() -> impl Strategy<Value = BlobUse> {
        (0..7_usize, (1..4_i64).prop_map(ArticleId), (0..4_i64).prop_map(UrlId)).prop_map(|(kind, article, url)| {
            match kind {
                0 => BlobUse::Original(article),
                1 => BlobUse::EarlierOriginal(article),
                2 => BlobUse::Asset(url),
                3 => BlobUse::EarlierAsset(url),
                4 => BlobUse::ShownFirst(article, url),
                5 => BlobUse::Revoked(url),
                _ => BlobUse::Evidence(url),
            }
        })
    }

    fn facts() -> impl Strategy<Value = ReachFacts> {
        let showing = prop::collection::vec(prop::collection::btree_set(1..4_i64, 0..3), 4);
        let uses = prop::collection::vec(prop::collection::vec(used(), 0..4), 3);
        (showing, uses).prop_map(|(showing, uses)| ReachFacts {
            articles: [1, 2, 3].map(article).to_vec(),
            urls: (0..)
                .zip(showing)
                .map(|(id, showing)| ReachableUrl {
                    id: UrlId(id),
                    url: link(id),
                    showing: showing.into_iter().map(ArticleId).collect(),
                    requested: Vec::new(),
                })
                .collect(),
            blobs: (0..).zip(uses).map(|(bytes, uses)| (blob(bytes), uses)).collect(),
            thumbnails: Vec::new(),
        })
    }

    #[test]
    fn what_was_requested_goes_with_the_article_whose_text_it_has_and_with_its_source() {
        let requested = |id, source: &str, kind, showing: &[i64]| ReachableUrl {
            id: UrlId(id),
            url: link(id),
            showing: showing.iter().copied().map(ArticleId).collect(),
            requested: vec![(source.parse().unwrap(), kind)],
        };
        let text = vec![BlobUse::Original(ArticleId(1)), BlobUse::Evidence(UrlId(1)), BlobUse::Evidence(UrlId(4))];
        let facts = ReachFacts {
            articles: [1, 2].map(article).to_vec(),
            urls: vec![
                requested(0, "posts", CaptureKind::Feed, &[]),
                requested(1, "posts", CaptureKind::Page, &[]),
                requested(2, "posts", CaptureKind::Page, &[]),
                requested(3, "other", CaptureKind::Feed, &[]),
                requested(4, "posts", CaptureKind::Page, &[2]),
            ],
            blobs: vec![(blob(1), text)],
            thumbnails: Vec::new(),
        };
        let reached = |kind| reach(&target_of(kind), facts.clone()).urls.iter().map(|(id, _)| id.0).collect::<Vec<_>>();
        assert_eq!(reached(0), [0, 1], "the feed and its own page, but not what another article shows");
        assert_eq!(reached(1), [0, 1, 2, 4], "all of the source");
        assert_eq!(reached(2), [1]);
    }

    proptest! {
        #[test]
        fn nothing_that_stays_loses_what_it_shows_or_uses(facts in facts(), kind in 0..4_usize) {
            let target = target_of(kind);
            let reach = reach(&target, facts.clone());
            let articles: BTreeSet<_> = reach.articles.iter().map(|(id, _)| *id).collect();
            let urls: BTreeSet<_> = reach.urls.iter().map(|(id, _)| *id).collect();
            for shown in &facts.urls {
                let is_covered = TakedownTarget::covering_url(&shown.url).contains(&target);
                let stays_shown = shown.showing.iter().any(|article| !articles.contains(article));
                let is_left_alone = !is_covered && !shown.showing.is_empty() && !stays_shown;
                prop_assert_eq!(urls.contains(&shown.id), is_covered || is_left_alone);
            }
            for (row, uses) in &facts.blobs {
                let is_used = uses.iter().any(|used| !used.ends_with(&articles, &urls));
                prop_assert_eq!(reach.blobs.contains(row), !uses.is_empty() && !is_used);
            }
        }

        #[test]
        fn what_has_nothing_to_do_with_it_changes_nothing(facts in facts(), kind in 0..4_usize) {
            let target = target_of(kind);
            let whole = reach(&target, facts.clone());
            let is_reached = |url: &ReachableUrl| whole.urls.iter().any(|(id, _)| *id == url.id);
            let only = ReachFacts {
                articles: whole.articles.clone(),
                urls: facts.urls.into_iter().filter(is_reached).collect(),
                blobs: facts.blobs.into_iter().filter(|(row, _)| whole.blobs.contains(row)).collect(),
                thumbnails: Vec::new(),
            };
            prop_assert_eq!(reach(&target, only), whole);
        }
    }
}
