//! What the revocation of a placeholder changes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::effect::{Decision, Effect};
use crate::archive::catalog::{Revocation, UrlFacts};
use crate::model::{ArticleId, Digest, HostKey, UrlId};

/// What is on record of a URL that has a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceholderUrl {
    /// What is known of the URL.
    pub facts: UrlFacts,
    /// The version that it had before.
    pub previous: Option<(Digest, Timestamp)>,
    /// The articles that show it.
    pub showing: Vec<ArticleId>,
}

/// The URLs from which a placeholder is to be revoked, of those that have it.
pub fn revoked_from(what: &Revocation, urls: Vec<UrlId>) -> Vec<UrlId> {
    let only: Option<BTreeSet<UrlId>> = what.only.as_ref().map(|only| only.iter().copied().collect());
    urls.into_iter().filter(|url| only.as_ref().is_none_or(|only| only.contains(url))).collect()
}

/// What follows from revoking a placeholder of a host.
///
/// `urls` are those that [`revoked_from`] chose. `shown` says which articles still show the placeholder of which URL of
/// the host, although the URL gave another image since: from now on they show that image.
pub fn revoked(
    host: &HostKey,
    what: &Revocation,
    urls: Vec<(UrlId, PlaceholderUrl)>,
    shown: &[(ArticleId, UrlId)],
) -> Decision {
    let mut effects = Vec::new();
    if what.only.is_some() {
        effects.push(Effect::MarkReplacing { host: host.clone(), digest: what.digest });
    }
    let mut stale = BTreeSet::new();
    for (url, PlaceholderUrl { facts, previous, showing }) in urls {
        effects.push(Effect::StoreUrl { url, facts: facts.on_revoked(previous, what.next_attempt) });
        effects.extend(previous.map(|(digest, _)| Effect::ForgetReplaced { url, digest }));
        effects.push(Effect::KeepRevoked { url, digest: what.digest });
        effects.extend(what.requeue.then_some(Effect::Queue(url)));
        stale.extend(showing);
    }
    let meant: BTreeSet<UrlId> = revoked_from(what, shown.iter().map(|(_, url)| *url).collect()).into_iter().collect();
    for (article, url) in shown.iter().copied().filter(|(_, url)| meant.contains(url)) {
        effects.push(Effect::ForgetShown { article, url });
        stale.insert(article);
    }
    effects.extend(stale.iter().copied().map(Effect::MakeStale));
    Decision { effects, articles: stale.into_iter().collect(), compared: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::catalog::UrlState;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn digest(bytes: &str) -> Digest {
        Digest::of(bytes.as_bytes())
    }

    fn host() -> HostKey {
        HostKey::from_stored("https://images.example".to_owned())
    }

    fn what(only: Option<Vec<UrlId>>, requeue: bool) -> Revocation {
        Revocation { digest: digest("placeholder"), only, next_attempt: Some(at(90)), requeue }
    }

    fn url(previous: Option<&str>, showing: &[i64]) -> PlaceholderUrl {
        let facts = UrlFacts { kept: Some(digest("placeholder")), good: Some((at(1), at(9))), ..UrlFacts::default() };
        let previous = previous.map(|bytes| (digest(bytes), at(5)));
        PlaceholderUrl { facts, previous, showing: showing.iter().copied().map(ArticleId).collect() }
    }

    #[test]
    fn each_url_has_its_version_from_before_again_or_none() {
        let urls = vec![(UrlId(1), url(Some("mine"), &[10])), (UrlId(2), url(None, &[10, 11]))];
        let decision = revoked(&host(), &what(None, true), urls, &[]);
        let kept = |effect: &Effect| match effect {
            Effect::StoreUrl { url, facts } => Some((url.0, facts.state, facts.kept, facts.next_attempt)),
            _ => None,
        };
        let expected =
            [(1, UrlState::Failed, Some(digest("mine")), Some(at(90))), (2, UrlState::Failed, None, Some(at(90)))];
        assert_eq!(decision.effects.iter().filter_map(kept).collect::<Vec<_>>(), expected);
        let forgets = Effect::ForgetReplaced { url: UrlId(1), digest: digest("mine") };
        assert!(decision.effects.contains(&forgets), "what is current again was not replaced");
        let others = decision.effects.iter().filter(|effect| matches!(effect, Effect::ForgetReplaced { .. }));
        assert_eq!(others.count(), 1);
        for id in [1, 2] {
            let revoked = Effect::KeepRevoked { url: UrlId(id), digest: digest("placeholder") };
            assert!(decision.effects.contains(&revoked) && decision.effects.contains(&Effect::Queue(UrlId(id))));
        }
        assert!(decision.effects.ends_with(&[Effect::MakeStale(ArticleId(10)), Effect::MakeStale(ArticleId(11))]));
        assert_eq!(decision.articles, [ArticleId(10), ArticleId(11)], "each becomes stale once");
        assert!(!decision.effects.iter().any(|effect| matches!(effect, Effect::MarkReplacing { .. })));
    }

    #[test]
    fn one_that_replaces_images_of_some_urls_is_marked_and_others_keep_it() {
        let only = what(Some(vec![UrlId(1)]), false);
        assert_eq!(revoked_from(&only, vec![UrlId(1), UrlId(2)]), [UrlId(1)]);
        assert_eq!(revoked_from(&what(None, false), vec![UrlId(1), UrlId(2)]), [UrlId(1), UrlId(2)]);
        let shown = [(ArticleId(20), UrlId(1)), (ArticleId(21), UrlId(2))];
        let decision = revoked(&host(), &only, vec![(UrlId(1), url(None, &[10]))], &shown);
        assert_eq!(decision.effects[0], Effect::MarkReplacing { host: host(), digest: digest("placeholder") });
        let forgotten = Effect::ForgetShown { article: ArticleId(20), url: UrlId(1) };
        assert!(decision.effects.contains(&forgotten));
        assert_eq!(decision.articles, [ArticleId(10), ArticleId(20)], "article 21 shows what it showed");
        assert!(!decision.effects.iter().any(|effect| matches!(effect, Effect::Queue(_))));
    }

    #[test]
    fn articles_that_go_on_showing_it_show_the_image_itself_where_no_url_has_it_any_more() {
        let decision = revoked(&host(), &what(None, true), Vec::new(), &[(ArticleId(4), UrlId(1))]);
        let forget = Effect::ForgetShown { article: ArticleId(4), url: UrlId(1) };
        assert_eq!(decision.effects, [forget, Effect::MakeStale(ArticleId(4))]);
        assert_eq!(revoked(&host(), &what(None, true), Vec::new(), &[]), Decision::default());
    }
}
