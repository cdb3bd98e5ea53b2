//! One job, from the request to the commit.

use std::sync::Arc;

use super::InlineSource;
use crate::archive::{Archive, CompletedJob, Job, JobResult, Lease, RunId, WriteOutcome};
use crate::clock;
use crate::config::ChangedImages;
use crate::fetch::{Alternates, Answer, AskArchives, Fetched, Fetcher, Judge, Purpose, Request};
use crate::ingest::{ImageJudge, Ingest, NI_SCHEME};
use crate::mirror::error::MirrorError;
use crate::mirror::outcomes::Outcomes;
use crate::mirror::placeholder::PlaceholderStage;
use crate::mirror::ready::ReadyArticles;
use crate::mirror::render::RenderStage;
use crate::mirror::sources::Sources;
use crate::model::{Asset, Failure, Validators};
use crate::source::{Received, Response, file_tag};
use crate::staging::HeldBytes;

/// Works jobs off.
pub(in crate::mirror) struct JobStage {
    pub(in crate::mirror) archive: Arc<Archive>,
    pub(in crate::mirror) fetcher: Fetcher,
    pub(in crate::mirror) alternates: Arc<Alternates>,
    pub(in crate::mirror) ingest: Arc<Ingest>,
    pub(in crate::mirror) inline: InlineSource,
    pub(in crate::mirror) sources: Sources,
    /// Images that came in response to requests for pages.
    pub(in crate::mirror) received: Received,
    pub(in crate::mirror) placeholders: Arc<PlaceholderStage>,
    pub(in crate::mirror) render: Arc<RenderStage>,
    pub(in crate::mirror) outcomes: Outcomes,
    pub(in crate::mirror) ready: ReadyArticles,
    pub(in crate::mirror) run: RunId,
    /// Which version of an image articles show.
    pub(in crate::mirror) changed_images: ChangedImages,
}

impl JobStage {
    /// Does one job: bodies are durable before their rows are recorded.
    pub(super) async fn process(self: Arc<Self>, lease: Lease, job: Job) -> Result<(), MirrorError> {
        let under_way = self.render.rounds().begin();
        let fetched = self.fetch(&job).await;
        let fetched = self.placeholders.refuse_replacement(&job, fetched).await?;
        self.outcomes.exchanged(&fetched.exchanges);
        let Fetched { mut exchanges, outcome, evidence } = fetched;
        for error in self.ingest.keep_evidence(&mut exchanges, evidence).await? {
            self.outcomes.misplaced(&job.url.url, &error.to_string());
        }
        let at = clock::now();
        let held = held(&outcome);
        let mut ingested = self.ingest.ingest(&job.url, outcome, at).await?;
        if let JobResult::Kept { digest, asset, .. } = &mut ingested.result {
            asset.perceptual_hash = self.render.ensure(*digest, asset, held).await?.perceptual_hash();
        }
        let result = ingested.result.clone();
        let completed = CompletedJob { job: job.id, url: job.url.id, at, exchanges, result };
        self.render.rounds().turn().await;
        let complete = self.archive.catalog.complete_jobs(&lease, self.run, vec![completed], self.changed_images);
        let (WriteOutcome::Applied, changes) = complete.await? else { return Ok(()) };
        drop(under_way);
        self.outcomes.count(&job.url, &lease.state, &ingested).await?;
        let ready = self.placeholders.examine(&job, &ingested.result, &changes).await?;
        self.ready.announce(ready).await;
        self.ready.announce(changes.ready_articles).await;
        Ok(())
    }

    async fn fetch(&self, job: &Job) -> Fetched<Asset> {
        let judge = self.ingest.judge(job);
        if let Some(response) = self.received.take(&job.url.url) {
            return judged(response, &judge).await;
        }
        match job.url.url.scheme() {
            "file" => self.adopt(job, &judge).await,
            NI_SCHEME => Fetched::without_request(self.inline.image(&job.url, &judge).await),
            _ => self.request(job, &judge).await,
        }
    }

    async fn request(&self, job: &Job, judge: &ImageJudge<'_>) -> Fetched<Asset> {
        // Without the capture that the validators belong to, "not modified" gives no image.
        let nothing_to_compare = Validators::default();
        let has_capture = job.url.asset.is_some();
        let request = Request {
            url: &job.url.url,
            purpose: Purpose::Media,
            article: job.article_url.as_ref(),
            validators: if has_capture { &job.url.facts.validators } else { &nothing_to_compare },
            judge,
        };
        // The kept capture came from the host itself. No copy from another location is better.
        if has_capture {
            return self.fetcher.fetch(&request).await;
        }
        let published = job.article_published.unwrap_or_else(clock::now);
        self.alternates.fetch(&request, published, AskArchives::IfGone).await
    }

    /// A local file is handled as every image is, but without a request.
    async fn adopt(&self, job: &Job, judge: &ImageJudge<'_>) -> Fetched<Asset> {
        let (sources, url) = (self.sources.clone(), job.url.url.clone());
        let found = tokio::task::spawn_blocking(move || {
            let file = sources.local_file(&url)?;
            // Taken before the bytes are read: a later change of the file is then noticed the next time.
            let tag = file_tag(&file).ok();
            Ok::<_, Failure>((file, tag))
        });
        let outcome = match found.await.expect("looking at a file does not panic") {
            Ok((file, tag)) => {
                self.ingest.adopt(|| std::fs::File::open(file), judge).await.map(|answer| tagged(answer, tag))
            }
            Err(failure) => Err(failure),
        };
        Fetched::without_request(outcome)
    }
}

/// The bytes of an answer, where they are in memory.
fn held(outcome: &Result<Answer<Asset>, Failure>) -> Option<HeldBytes> {
    match outcome {
        Ok(Answer::Body { staged, .. }) => staged.held(),
        Ok(Answer::NotModified) | Err(_) => None,
    }
}

/// A response that came before it was known to be an image, judged as any other.
async fn judged(response: Response, judge: &ImageJudge<'_>) -> Fetched<Asset> {
    let Fetched { exchanges, outcome, evidence } = response;
    let outcome = match outcome {
        Ok(Answer::Body { staged, validators, accepted }) => {
            let asset = judge.judge(&staged, accepted.as_deref()).await;
            asset.map(|accepted| Answer::Body { staged, validators, accepted })
        }
        Ok(Answer::NotModified) => Ok(Answer::NotModified),
        Err(failure) => Err(failure),
    };
    Fetched { exchanges, outcome, evidence }
}

/// An adopted file with the facts by which it is recognised later.
fn tagged(answer: Answer<Asset>, tag: Option<String>) -> Answer<Asset> {
    match answer {
        Answer::Body { staged, accepted, .. } => {
            Answer::Body { staged, validators: Validators { etag: tag, last_modified: None }, accepted }
        }
        Answer::NotModified => answer,
    }
}
