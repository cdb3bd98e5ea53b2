//! What a takedown changes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::effect::Effect;
use crate::archive::catalog::{BlobRow, TakedownReach, ThumbnailRow, UrlFacts};
use crate::model::{ArticleId, UrlId};

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
    let forget = |blob: &BlobRow| Effect::ForgetGarbage { digest: blob.digest, media_type: blob.media_type };
    effects.extend(reach.blobs.iter().map(forget));
    let files = reach.blobs.iter().map(BlobRow::key).chain(reach.thumbnails.iter().filter_map(ThumbnailRow::key));
    effects.extend(files.map(|key| Effect::NoteGarbage { path: key.path(), since: Timestamp::UNIX_EPOCH }));
    effects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::catalog::RenditionRow;
    use crate::model::{ArticleKey, Digest, MediaType};

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
        let note = |path: String| Effect::NoteGarbage { path, since: Timestamp::UNIX_EPOCH };
        let small = reach.thumbnails[0].key().unwrap().path();
        let expected = [Effect::ForgetGarbage { digest, media_type }, note(blob.key().path()), note(small)];
        assert_eq!(taken_down(&reach, &[]), expected, "a thumbnail that was never made has no file");
    }
}
