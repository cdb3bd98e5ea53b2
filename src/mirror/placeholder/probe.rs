//! The requests that show whether bytes are a placeholder.

use std::sync::Arc;

use super::detector::{self, ProbeAnswer};
use crate::archive::{Job, PlaceholderVerdict, SharedUrl, UrlId};
use crate::fetch::{Answer, Fetched, Fetcher, Purpose, Request};
use crate::ingest::{ImageJudge, Ingest, IngestError};
use crate::mirror::tally::Tally;
use crate::model::{Asset, Digest, Exchange, RefererStrategy, Validators};

/// The responses of a host to further requests for two images that came with the same bytes.
#[derive(Debug, Default)]
pub(super) struct Probe {
    /// The requests, by the URLs that they belong to.
    pub(super) asked: Vec<(UrlId, Vec<Exchange>)>,
    /// The Referer with which two different images came.
    pub(super) images_came_with: Option<RefererStrategy>,
    /// Some request was not answered.
    is_inconclusive: bool,
}

impl Probe {
    /// The verdict; `None` if the probe was inconclusive.
    pub(super) const fn verdict(&self) -> Option<PlaceholderVerdict> {
        detector::verdict(self.images_came_with.is_some(), !self.is_inconclusive)
    }
}

/// Asks hosts whether bytes are a placeholder.
pub(super) struct Prober {
    pub(super) fetcher: Fetcher,
    pub(super) ingest: Arc<Ingest>,
    pub(super) tally: Arc<Tally>,
}

impl Prober {
    /// Requests two images with one Referer strategy after the other, until they differ from the candidate and from each
    /// other.
    pub(super) async fn probe(&self, job: &Job, other: &SharedUrl, candidate: Digest) -> Result<Probe, IngestError> {
        let mut probe = Probe::default();
        let judge = self.ingest.judge(job).but_not(candidate);
        let validators = Validators::default();
        let request = Request {
            url: &job.url.url,
            purpose: Purpose::Media,
            article: job.article_url.as_ref(),
            validators: &validators,
            judge: &judge,
        };
        for referer in self.fetcher.other_strategies(&request) {
            let first = self.ask(referer, &request, job.url.id, &mut probe).await?;
            if !matches!(first, ProbeAnswer::Another(_)) {
                continue;
            }
            let request = Request { url: &other.url, ..request };
            let second = self.ask(referer, &request, other.id, &mut probe).await?;
            if ProbeAnswer::are_two_images(first, second) {
                probe.images_came_with = Some(referer);
                break;
            }
        }
        Ok(probe)
    }

    async fn ask(
        &self,
        referer: RefererStrategy,
        request: &Request<'_, ImageJudge<'_>>,
        id: UrlId,
        probe: &mut Probe,
    ) -> Result<ProbeAnswer, IngestError> {
        let mut fetched = self.fetcher.fetch_with(referer, request).await;
        self.tally.exchanged(&fetched.exchanges);
        let answer = answer(&fetched);
        for error in self.ingest.keep_evidence(&mut fetched.exchanges, fetched.evidence).await? {
            self.tally.misplaced(request.url, error);
        }
        probe.asked.push((id, fetched.exchanges));
        probe.is_inconclusive |= answer == ProbeAnswer::Silence;
        Ok(answer)
    }
}

fn answer(fetched: &Fetched<Asset>) -> ProbeAnswer {
    match &fetched.outcome {
        Ok(Answer::Body { staged, .. }) => ProbeAnswer::Another(staged.digest),
        Err(failure) if failure.status.is_some() && failure.retry_at.is_none() => ProbeAnswer::TheSameOrNothing,
        _ => ProbeAnswer::Silence,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{Failure, Reason};

    #[test]
    fn a_refusal_is_an_answer_and_a_host_that_does_not_answer_is_silent() {
        let of = |failure| answer(&Fetched::without_request(Err(failure)));
        let refused = Failure { status: Some(403), ..Failure::new(Reason::HttpStatus, "") };
        assert_eq!(of(refused.clone()), ProbeAnswer::TheSameOrNothing);
        assert_eq!(of(Failure { retry_at: Some(Timestamp::UNIX_EPOCH), ..refused }), ProbeAnswer::Silence);
        assert_eq!(of(Failure::new(Reason::Timeout, "")), ProbeAnswer::Silence);
    }
}
