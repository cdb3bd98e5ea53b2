//! What the end of a job changes.

use jiff::Timestamp;

use super::asset::renewed;
use super::effect::{Decision, Effect};
use super::response::Response;
use super::version::{AssetChange, on_replaced};
use crate::archive::catalog::{BlobRow, CompletedJob, JobResult, UrlFacts};
use crate::config::ChangedImages;
use crate::model::{ArticleId, Asset, Digest, Exchange, RunId, UrlId};

/// What is on record of the URL of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobFacts {
    /// What is known of the URL.
    pub url: UrlFacts,
    /// What is known of the asset that the job found, where that is on record.
    pub asset: Option<Asset>,
    /// The articles that show the URL.
    pub showing: Vec<ShowingArticle>,
}

/// An article that shows a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShowingArticle {
    /// The article.
    pub id: ArticleId,
    /// Whether its mirror was ever recorded.
    pub has_mirror: bool,
    /// Whether it still shows earlier bytes of the URL.
    pub keeps_a_version: bool,
}

/// What follows from the end of a job.
pub fn completed(run: RunId, job: CompletedJob, before: &JobFacts, changed: ChangedImages) -> Decision {
    let response = Response::of(&job);
    let compared = UrlFacts::is_worth_comparing(&job.result).then_some(job.url);
    let mut effects = vec![Effect::EndJob(job.url)];
    if let JobResult::Kept { digest, size, asset, .. } = &job.result {
        effects.extend(kept(*digest, *size, renewed(before.asset.as_ref(), asset), response.at));
    }
    effects.extend(captured(job.url, run, job.result.kept(), job.exchanges));
    let after = before.url.clone().after(&job.result, response);
    let change = before.url.change_to(&after);
    effects.push(Effect::StoreUrl { url: job.url, facts: after });
    effects.extend(shown(job.url, change, &before.showing, changed));
    Decision { effects, articles: before.showing.iter().map(|article| article.id).collect(), compared }
}

/// An asset is on record with its blob.
fn kept(digest: Digest, size: u64, asset: Asset, created: Timestamp) -> [Effect; 2] {
    let blob = BlobRow { digest, media_type: asset.media_type, size, created };
    [Effect::RecordBlob(blob), Effect::StoreAsset { digest, asset }]
}

/// Appends an attempt to the captures of a URL, with the bodies that are kept of it, where it made any request.
pub fn captured(url: UrlId, run: RunId, digest: Option<Digest>, exchanges: Vec<Exchange>) -> Vec<Effect> {
    let mut effects: Vec<_> = bodies(&exchanges).collect();
    effects.extend((!exchanges.is_empty()).then_some(Effect::AppendCapture { url, run, digest, exchanges }));
    effects
}

/// Puts the bodies that exchanges keep on record.
pub(super) fn bodies(exchanges: &[Exchange]) -> impl Iterator<Item = Effect> {
    exchanges.iter().filter_map(|exchange| {
        let body = exchange.body.as_ref()?;
        let (digest, media_type, size) = (body.digest, body.media_type, body.length);
        Some(Effect::RecordBlob(BlobRow { digest, media_type, size, created: exchange.at }))
    })
}

/// What a change of a URL's asset asks of the articles that show the URL.
fn shown(url: UrlId, change: AssetChange, showing: &[ShowingArticle], changed: ChangedImages) -> Vec<Effect> {
    match change {
        AssetChange::Same => Vec::new(),
        AssetChange::First | AssetChange::Gone => showing.iter().map(|article| Effect::MakeStale(article.id)).collect(),
        AssetChange::Replaced(digest) => {
            let mut effects = vec![Effect::KeepReplaced { url, digest }];
            for article in showing {
                let todo = on_replaced(article.has_mirror, article.keeps_a_version, changed);
                let keep = Effect::KeepShown { article: article.id, url, digest };
                effects.extend(todo.keeps_before.then_some(keep));
                effects.extend(todo.becomes_stale.then_some(Effect::MakeStale(article.id)));
            }
            effects
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::archive::catalog::UrlState;
    use crate::model::{Failure, JobId, KeptBody, MediaType, Reason, Validators};

    const URL: UrlId = UrlId(7);
    const RUN: RunId = RunId(3);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn digest(bytes: &str) -> Digest {
        Digest::of(bytes.as_bytes())
    }

    fn exchange(second: i64, body: Option<KeptBody>) -> Exchange {
        Exchange {
            url: "https://images.example/a".parse().unwrap(),
            at: at(second),
            elapsed: Duration::ZERO,
            request_head: Vec::new(),
            response_head: None,
            status: Some(200),
            peer: None,
            protocol: None,
            coding: String::new(),
            digest: None,
            length: 0,
            body,
            reason: None,
        }
    }

    fn job(result: JobResult, exchanges: Vec<Exchange>) -> CompletedJob {
        CompletedJob { job: JobId(1), url: URL, at: at(50), exchanges, result }
    }

    fn found(bytes: &str, media_type: MediaType) -> JobResult {
        JobResult::Kept {
            digest: digest(bytes),
            size: 9,
            asset: Asset::of_type(media_type),
            validators: Validators::default(),
            next_attempt: None,
        }
    }

    fn article(id: i64, has_mirror: bool, keeps_a_version: bool) -> ShowingArticle {
        ShowingArticle { id: ArticleId(id), has_mirror, keeps_a_version }
    }

    fn facts(kept: Option<&str>, showing: Vec<ShowingArticle>) -> JobFacts {
        let good = kept.map(|_| (at(1), at(2)));
        let url = UrlFacts { kept: kept.map(digest), good, ..UrlFacts::default() };
        JobFacts { url, asset: None, showing }
    }

    #[test]
    fn a_first_capture_puts_the_blob_on_record_before_what_names_it() {
        let before = facts(None, vec![article(1, false, false)]);
        let result = found("a", MediaType::Png);
        let after = before.url.clone().after(&result, Response { status: Some(200), at: at(5) });
        let decision = completed(RUN, job(result, vec![exchange(5, None)]), &before, ChangedImages::First);
        let blob = BlobRow { digest: digest("a"), media_type: MediaType::Png, size: 9, created: at(5) };
        let capture =
            Effect::AppendCapture { url: URL, run: RUN, digest: Some(digest("a")), exchanges: vec![exchange(5, None)] };
        let expected = [
            Effect::EndJob(URL),
            Effect::RecordBlob(blob),
            Effect::StoreAsset { digest: digest("a"), asset: Asset::of_type(MediaType::Png) },
            capture,
            Effect::StoreUrl { url: URL, facts: after },
            Effect::MakeStale(ArticleId(1)),
        ];
        let compared = Some(URL);
        assert_eq!(decision, Decision { effects: expected.into(), articles: vec![ArticleId(1)], compared });
    }

    #[test]
    fn bytes_that_are_known_keep_their_type_and_so_their_file() {
        let before = JobFacts { asset: Some(Asset::of_type(MediaType::Tiff)), ..facts(Some("a"), Vec::new()) };
        let decision = completed(RUN, job(found("a", MediaType::Jpeg), Vec::new()), &before, ChangedImages::First);
        let recorded = decision.effects.iter().filter_map(|effect| match effect {
            Effect::RecordBlob(row) => Some(row.media_type),
            Effect::StoreAsset { asset, .. } => Some(asset.media_type),
            _ => None,
        });
        assert_eq!(recorded.collect::<Vec<_>>(), [MediaType::Tiff, MediaType::Tiff]);
        assert!(!decision.effects.iter().any(|effect| matches!(effect, Effect::AppendCapture { .. })), "no request");
    }

    #[test]
    fn new_bytes_keep_those_before_for_each_article_by_itself() {
        let showing = vec![article(1, true, false), article(2, true, true), article(3, false, false)];
        let keeps = Effect::KeepReplaced { url: URL, digest: digest("old") };
        let keep = Effect::KeepShown { article: ArticleId(1), url: URL, digest: digest("old") };
        let stale = |id| Effect::MakeStale(ArticleId(id));
        for (changed, expected) in [
            (ChangedImages::First, vec![keeps.clone(), keep.clone(), stale(3)]),
            (ChangedImages::Newest, vec![keeps, keep, stale(1), stale(2), stale(3)]),
        ] {
            let before = facts(Some("old"), showing.clone());
            let decision = completed(RUN, job(found("new", MediaType::Png), Vec::new()), &before, changed);
            assert_eq!(decision.effects[4..], expected, "{changed:?}");
            assert_eq!(decision.articles, [ArticleId(1), ArticleId(2), ArticleId(3)]);
        }
    }

    #[test]
    fn a_failure_keeps_what_hosts_sent_and_changes_no_article() {
        let failure = Failure::new(Reason::NotAnImage, "a page");
        let result = JobResult::Failed { failure, next_attempt: Some(at(90)) };
        let body = KeptBody { digest: digest("page"), media_type: MediaType::Html, length: 4 };
        let exchanges = vec![exchange(5, None), exchange(6, Some(body))];
        let before = facts(Some("old"), vec![article(1, true, false)]);
        let decision = completed(RUN, job(result, exchanges), &before, ChangedImages::First);
        let [
            Effect::EndJob(URL),
            Effect::RecordBlob(blob),
            Effect::AppendCapture { digest: None, exchanges, .. },
            Effect::StoreUrl { facts, .. },
        ] = decision.effects.as_slice()
        else {
            panic!("{:#?}", decision.effects)
        };
        let expected = BlobRow { digest: digest("page"), media_type: MediaType::Html, size: 4, created: at(6) };
        assert_eq!((*blob, exchanges.len()), (expected, 2));
        assert_eq!((facts.state, facts.kept, facts.attempts), (UrlState::Failed, Some(digest("old")), 1));
        assert_eq!((decision.articles, decision.compared), (vec![ArticleId(1)], None), "its last job may have ended");
    }
}
