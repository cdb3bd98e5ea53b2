//! What the recording of an article and of its mirror changes.

use std::collections::{BTreeMap, BTreeSet};

use super::article::{ArticleFacts, is_new_version, unshown};
use super::due::Due;
use super::effect::ArticleEffect::{KeepVersion, StoreFacts, StoreMirror, StoreReferences, StoreUnshown, StoreVersion};
use super::effect::{Decision, Effect};
use crate::archive::catalog::{BlobRow, NewReference, UrlFacts};
use crate::model::{ArticleId, ArticleVersion, Digest, Edit, Revision, Span, UrlId};

/// What is on record of an article that was read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownArticle {
    /// The digest of its original.
    pub original: Digest,
    /// Where it stands.
    pub facts: ArticleFacts,
    /// The URLs that it shows.
    pub urls: Vec<UrlId>,
}

/// What is on record where an article was read.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordFacts {
    /// Its row.
    pub article: ArticleId,
    /// What is on record of it; `None` where it is new.
    pub before: Option<KnownArticle>,
    /// The references that were read, with the rows of what they show.
    pub references: Vec<(NewReference, Option<UrlId>)>,
    /// What is known of these URLs.
    pub urls: BTreeMap<UrlId, UrlFacts>,
}

/// What follows from an article that was read: its version and references take the place of those on record, it is stale,
/// and what it shows is queued where that is due. What it shows no longer is not asked for on its account, and it has no
/// say any more in which version of that it shows. `size` is that of the original in bytes.
pub fn recorded(version: ArticleVersion, size: u64, facts: RecordFacts) -> Decision {
    let RecordFacts { article, before, references, urls } = facts;
    let of = |effect| Effect::Article(article, effect);
    let (digest, media_type, created) = (version.original, version.format.blob_type(), version.read_at);
    let mut effects = vec![Effect::RecordBlob(BlobRow { digest, media_type, size, created })];
    effects.extend(replaced(article, before.as_ref(), digest));
    let state = before.as_ref().map_or(ArticleFacts::NEW, |before| before.facts.read_again());
    effects.push(of(StoreVersion(Box::new(version))));
    effects.push(of(StoreFacts(state)));
    let mut shown = BTreeSet::new();
    let in_order: Vec<_> = references.iter().filter_map(|(_, url)| *url).filter(|url| shown.insert(*url)).collect();
    effects.push(of(StoreReferences(references)));
    let is_due = |url: &UrlId| urls.get(url).is_some_and(|facts| Due::at(created).is_due(facts));
    effects.extend(in_order.into_iter().filter(is_due).map(Effect::Queue));
    let no_longer = before.into_iter().flat_map(|before| before.urls).filter(|url| !shown.contains(url));
    effects.extend(no_longer.flat_map(|url| [Effect::Unqueue(url), Effect::ForgetShown { article, url }]));
    Decision { effects, articles: vec![article], compared: None }
}

/// What becomes of the version on record, and of what was counted of its mirror.
fn replaced(article: ArticleId, before: Option<&KnownArticle>, read: Digest) -> Vec<Effect> {
    let Some(before) = before else { return Vec::new() };
    let of = |effect| Effect::Article(article, effect);
    let keep = is_new_version(before.original, read).then_some(of(KeepVersion));
    keep.into_iter().chain([of(StoreUnshown(0))]).collect()
}

/// What is on record where a mirror was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorFacts {
    /// Where the article stands.
    pub facts: ArticleFacts,
    /// The spans of its references whose URL has a good capture.
    pub kept: Vec<Span>,
}

/// What follows from a mirror that was made of an article as it was at a revision; `None` where the article became stale
/// since.
pub fn mirrored(
    article: ArticleId,
    planned: Revision,
    digest: Digest,
    edits: Vec<Edit>,
    before: MirrorFacts,
) -> Option<Vec<Effect>> {
    let facts = before.facts.mirror_recorded(planned)?;
    let unshown = unshown(before.kept, &edits);
    let of = |effect| Effect::Article(article, effect);
    Some(vec![of(StoreFacts(facts)), of(StoreUnshown(unshown)), of(StoreMirror { digest, edits })])
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::archive::catalog::UrlState;
    use crate::archive::rules::ArticleEffect;
    use crate::model::{ArticleKey, Fingerprint, Format, ReferenceKind, ReferencePlace};

    const ARTICLE: ArticleId = ArticleId(1);

    const fn of(effect: ArticleEffect) -> Effect {
        Effect::Article(ARTICLE, effect)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn version(bytes: &str) -> ArticleVersion {
        ArticleVersion {
            key: ArticleKey { source: "posts".parse().unwrap(), path: "a.md".parse().unwrap() },
            original: Digest::of(bytes.as_bytes()),
            fingerprint: Fingerprint { size: 1, modified: 1, inode: 1 },
            format: Format::Markdown,
            encoding: None,
            settings: Digest::of(b""),
            title: None,
            published: None,
            url: None,
            read_at: at(100),
        }
    }

    fn reference(url: Option<i64>) -> (NewReference, Option<UrlId>) {
        let place = ReferencePlace {
            span: Span::new(0, 9),
            kind: ReferenceKind::Image,
            name: "src".to_owned(),
            image_group: 0,
            reveal: None,
            link_wrap: None,
        };
        (NewReference { place, url: None, unfetched: None }, url.map(UrlId))
    }

    fn known(bytes: &str, urls: &[i64]) -> KnownArticle {
        let facts = ArticleFacts { stale: false, ..ArticleFacts::NEW };
        KnownArticle { original: Digest::of(bytes.as_bytes()), facts, urls: urls.iter().copied().map(UrlId).collect() }
    }

    /// An article that shows these, of which those above 5 are not due.
    fn facts(before: Option<KnownArticle>, urls: &[Option<i64>]) -> RecordFacts {
        let url = |id: i64| match id {
            ..=5 => UrlFacts::default(),
            _ => UrlFacts { state: UrlState::Good, next_attempt: Some(at(101)), ..UrlFacts::default() },
        };
        RecordFacts {
            article: ARTICLE,
            before,
            references: urls.iter().copied().map(reference).collect(),
            urls: urls.iter().flatten().map(|id| (UrlId(*id), url(*id))).collect(),
        }
    }

    #[test]
    fn a_new_article_is_stale_and_what_it_shows_is_queued_once_in_its_order_where_it_is_due() {
        let facts = facts(None, &[Some(3), None, Some(9), Some(2), Some(3)]);
        let blob =
            BlobRow { digest: Digest::of(b"a"), media_type: Format::Markdown.blob_type(), size: 7, created: at(100) };
        let expected = [
            Effect::RecordBlob(blob),
            of(StoreVersion(Box::new(version("a")))),
            of(StoreFacts(ArticleFacts::NEW)),
            of(StoreReferences(facts.references.clone())),
            Effect::Queue(UrlId(3)),
            Effect::Queue(UrlId(2)),
        ];
        let decision = recorded(version("a"), 7, facts);
        assert_eq!(decision, Decision { effects: expected.into(), articles: vec![ARTICLE], compared: None });
    }

    #[test]
    fn an_article_that_is_read_again_keeps_its_version_where_its_bytes_changed() {
        for (bytes, is_kept) in [("a", false), ("b", true)] {
            let before = known("a", &[]);
            let stale = before.facts.read_again();
            let effects = recorded(version(bytes), 7, facts(Some(before), &[])).effects;
            assert_eq!(effects.contains(&of(KeepVersion)), is_kept, "{bytes}");
            assert!(effects.contains(&of(StoreUnshown(0))));
            assert!(effects.contains(&of(StoreFacts(stale))));
            let place = |wanted: fn(&Effect) -> bool| effects.iter().position(wanted);
            let keeps = place(|effect| matches!(effect, Effect::Article(_, KeepVersion)));
            assert!(
                keeps < place(|effect| matches!(effect, Effect::Article(_, StoreVersion(_)))),
                "before it is overwritten"
            );
        }
    }

    #[test]
    fn what_it_shows_no_longer_leaves_the_queue_and_what_it_showed_first() {
        let effects = recorded(version("a"), 7, facts(Some(known("a", &[2, 3, 9])), &[Some(9)])).effects;
        let gone = |id| [Effect::Unqueue(UrlId(id)), Effect::ForgetShown { article: ARTICLE, url: UrlId(id) }];
        assert_eq!(effects[effects.len() - 4..], [gone(2), gone(3)].concat());
        assert!(!effects.contains(&Effect::Unqueue(UrlId(9))));
    }

    #[test]
    fn a_mirror_is_recorded_unless_the_article_became_stale_since() {
        let (digest, planned) = (Digest::of(b"mirror"), ArticleFacts::NEW.revision);
        let edits = vec![Edit { span: Span::new(0, 9), raw: Vec::new(), replacement: Vec::new() }];
        let before = |facts| MirrorFacts { facts, kept: vec![Span::new(0, 9), Span::new(20, 29)] };
        let effects = mirrored(ARTICLE, planned, digest, edits.clone(), before(ArticleFacts::NEW));
        let expected = vec![
            of(StoreFacts(ArticleFacts::NEW.mirror_recorded(planned).unwrap())),
            of(StoreUnshown(1)),
            of(StoreMirror { digest, edits }),
        ];
        assert_eq!(effects, Some(expected));
        assert_eq!(mirrored(ARTICLE, planned, digest, Vec::new(), before(ArticleFacts::NEW.made_stale())), None);
    }

    proptest! {
        #[test]
        fn what_is_queued_is_shown_and_due_and_what_leaves_was_shown(
            before in prop::option::of(prop::collection::btree_set(1..9_i64, 0..6)),
            now in prop::collection::vec(prop::option::of(1..9_i64), 0..8),
        ) {
            let before: Option<Vec<i64>> = before.map(|urls| urls.into_iter().collect());
            let facts = facts(before.as_deref().map(|urls| known("a", urls)), &now);
            let effects = recorded(version("a"), 7, facts.clone()).effects;
            let queued: Vec<_> = effects.iter().filter_map(|effect| match effect {
                Effect::Queue(url) => Some(*url),
                _ => None,
            }).collect();
            let due = facts.urls.iter().filter(|(_, facts)| Due::at(at(100)).is_due(facts));
            let due: BTreeSet<_> = due.map(|(url, _)| *url).collect();
            prop_assert_eq!(queued.iter().copied().collect::<BTreeSet<_>>(), due);
            prop_assert_eq!(queued.len(), queued.iter().collect::<BTreeSet<_>>().len(), "each once");
            let left: BTreeSet<_> = effects.iter().filter_map(|effect| match effect {
                Effect::Unqueue(url) => Some(url.0),
                _ => None,
            }).collect();
            let shown: BTreeSet<_> = now.iter().flatten().copied().collect();
            let gone: BTreeSet<_> = before.into_iter().flatten().filter(|url| !shown.contains(url)).collect();
            prop_assert_eq!(left, gone);
            let state = effects.iter().find_map(|effect| match effect {
                Effect::Article(_, StoreFacts(facts)) => Some(*facts),
                _ => None,
            });
            prop_assert!(state.is_some_and(|facts| facts.stale && !facts.writing && !facts.vanished));
        }
    }
}
