//! Fetched bytes → verdict, blob, asset: kept in the order that makes a crash harmless.

mod bodies;
mod documents;
mod error;
mod hosts;
mod inline;
mod judge;
mod placeholders;

use std::io::Read;
use std::sync::Arc;

use jiff::Timestamp;

use self::bodies::Bodies;
use crate::archive::rules::Schedule;
use crate::archive::{Archive, Job, JobResult, ObjectError, Put, UrlRow};
use crate::config::{Config, MediaConfig, Size};
use crate::fetch::Answer;
use crate::model::{Asset, Digest, Exchange, Failure, HostKey, Reason, Validators};
use crate::staging::Staged;

pub use documents::DocumentLog;
pub use error::IngestError;
pub use hosts::CatalogHosts;
pub use inline::{InlineImages, InlineLimits, NI_SCHEME, inline_name, take_inline};
pub use judge::ImageJudge;
pub use placeholders::{KnownPlaceholders, is_honest};

/// What became of one fetched URL.
#[derive(Debug)]
pub struct Ingested {
    /// How its job ends.
    pub result: JobResult,
    /// Whether its bytes are new to the archive, and how many they are; `None` if none were kept.
    pub kept: Option<(Put, u64)>,
    /// The image that an earlier capture of the URL had, and the one it has now.
    pub changed: Option<(Digest, Digest)>,
}

/// Keeps what was fetched.
pub struct Ingest {
    archive: Arc<Archive>,
    bodies: Bodies,
    limits: MediaConfig,
    max_bytes: Size,
    schedule: Schedule,
    placeholders: Arc<KnownPlaceholders>,
}

impl Ingest {
    /// Keeps into `archive` as `config` says. What is among the known `placeholders` is refused.
    pub fn new(archive: Arc<Archive>, config: &Config, placeholders: Arc<KnownPlaceholders>) -> Self {
        let (limits, max_bytes) = (config.media.clone(), config.fetch.max_bytes);
        let bodies = Bodies::new(&archive, &config.media);
        Self { archive, bodies, limits, max_bytes, schedule: Schedule::new(config), placeholders }
    }

    /// A judge for a job's answer.
    pub fn judge(&self, job: &Job) -> ImageJudge<'_> {
        ImageJudge::new(job.kind, &self.limits).of_host(HostKey::of(&job.url.url), &self.placeholders)
    }

    /// Keeps bodies of redirects and of responses that were not accepted, as evidence of what hosts sent, and names
    /// each in the exchanges that it belongs to. The bodies are durable before the rows of their exchanges. One whose place
    /// in the archive is not free, or that cannot be written, is left out, and the errors say why.
    ///
    /// # Errors
    /// Where the archive cannot keep them.
    pub async fn keep_evidence(
        &self,
        exchanges: &mut [Exchange],
        evidence: Vec<Staged>,
    ) -> Result<Vec<ObjectError>, IngestError> {
        let mut left_out = Vec::new();
        for staged in &evidence {
            match self.bodies.keep(exchanges, staged).await {
                Err(IngestError::Blob(error)) if is_left_out(&error) => left_out.push(error),
                kept => kept?,
            }
        }
        Ok(left_out)
    }

    /// Keeps an answer, or decides when to ask again.
    pub async fn ingest(
        &self,
        url: &UrlRow,
        answer: Result<Answer<Asset>, Failure>,
        now: Timestamp,
    ) -> Result<Ingested, IngestError> {
        match answer {
            Ok(Answer::Body { staged, validators, accepted }) => {
                match self.keep(url, staged, validators, accepted, now).await {
                    Err(IngestError::Blob(error)) if error.is_of_one_place() => Ok(not_kept(&error, now)),
                    Err(IngestError::Blob(error @ ObjectError::Unstaged { .. })) => Ok(not_written(&error, now)),
                    kept => kept,
                }
            }
            Ok(Answer::NotModified) => {
                let result = JobResult::NotModified { next_attempt: self.schedule.recheck(now) };
                Ok(Ingested { result, kept: None, changed: None })
            }
            Err(failure) => Ok(match failure.retry_at {
                Some(next_attempt) => deferred(failure, next_attempt),
                None => self.failed(url, failure, now),
            }),
        }
    }

    async fn keep(
        &self,
        url: &UrlRow,
        staged: Staged,
        validators: Validators,
        asset: Asset,
        now: Timestamp,
    ) -> Result<Ingested, IngestError> {
        let (digest, size) = (staged.digest, staged.length);
        let put = self.archive.keep(staged, asset.media_type).await?;
        let changed = url.asset.as_ref().map(|kept| kept.digest).filter(|old| *old != digest);
        let next_attempt = self.schedule.recheck(now);
        Ok(Ingested {
            result: JobResult::Kept { digest, size, asset, validators, next_attempt },
            kept: Some((put, size)),
            changed: changed.map(|old| (old, digest)),
        })
    }

    fn failed(&self, url: &UrlRow, failure: Failure, now: Timestamp) -> Ingested {
        let next_attempt = self.schedule.retry(url.facts.attempts, &failure, now, fastrand::f64());
        let result = JobResult::Failed { failure, next_attempt };
        Ingested { result, kept: None, changed: None }
    }

    /// Copies an image that needs no request, such as a local file, into the archive's staging folder, and judges it.
    /// It has the size limit of images from hosts, and no more than that is copied.
    pub async fn adopt<R: Read>(
        &self,
        open: impl FnOnce() -> std::io::Result<R> + Send + 'static,
        verdict: &ImageJudge<'_>,
    ) -> Result<Answer<Asset>, Failure> {
        let staging = self.archive.objects.staging().clone();
        let limit = self.max_bytes;
        let most = if limit.0 == 0 { u64::MAX } else { limit.0.saturating_add(1) };
        let copy = move || open().and_then(|from| staging.copy(from.take(most)));
        let staged = tokio::task::spawn_blocking(copy).await.expect("copying a file does not panic");
        let staged = staged.map_err(|cause| Failure::new(Reason::LocalFile, cause.to_string()))?;
        if staged.length == most {
            let detail = format!("it has more than the {limit} that fetch.max_bytes allows");
            return Err(Failure::new(Reason::TooLarge, detail));
        }
        let accepted = verdict.judge_local(&staged).await?;
        Ok(Answer::Body { staged, validators: Validators::default(), accepted })
    }
}

/// The place of an image in the archive is not free. It is asked for again as soon as that may have been mended.
fn not_kept(error: &ObjectError, now: Timestamp) -> Ingested {
    let failure = Failure::new(Reason::NotKept, error.to_string());
    let result = JobResult::Failed { failure, next_attempt: Some(now) };
    Ingested { result, kept: None, changed: None }
}

/// As for a body that cannot be written while it is received: it is no fault of the URL.
fn not_written(error: &ObjectError, now: Timestamp) -> Ingested {
    deferred(Failure::new(Reason::Budget, error.to_string()).deferred_until(now), now)
}

/// Whether evidence is kept without this body.
const fn is_left_out(error: &ObjectError) -> bool {
    error.is_of_one_place() || matches!(error, ObjectError::Unstaged { .. })
}

fn deferred(failure: Failure, next_attempt: Timestamp) -> Ingested {
    let result = JobResult::Deferred { failure, next_attempt };
    Ingested { result, kept: None, changed: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{Mode, UrlFacts, open};
    use crate::fixtures;
    use crate::model::{MediaType, UrlId};

    /// An archive whose folder for bytes that wait is gone.
    fn without_staging(place: &std::path::Path) -> Ingest {
        let archive = Arc::new(open(&place.join("store"), Mode::Create).unwrap());
        std::fs::remove_dir_all(archive.objects.staging().folder()).unwrap();
        Ingest::new(archive, &Config::default(), Arc::default())
    }

    #[tokio::test]
    async fn an_image_that_cannot_be_written_is_put_off_however_small_it_is() {
        let place = tempfile::tempdir().unwrap();
        let ingest = without_staging(place.path());
        let url = fixtures::url("https://a.example/a.png");
        let row = UrlRow { id: UrlId(1), url, facts: UrlFacts::default(), asset: None };
        let staged = ingest.archive.objects.staging().hold(b"bytes".to_vec()).unwrap();
        let accepted = Asset::of_type(MediaType::Png);
        let answer = Answer::Body { staged, validators: Validators::default(), accepted };
        let result = ingest.ingest(&row, Ok(answer), fixtures::at(1)).await.unwrap().result;
        let JobResult::Deferred { failure, next_attempt } = result else { panic!("{result:?}") };
        assert_eq!((failure.reason, next_attempt), (Reason::Budget, fixtures::at(1)));
        assert!(failure.detail.contains("cannot write to") && failure.detail.contains("tmp"), "{failure:?}");
    }

    #[tokio::test]
    async fn evidence_that_cannot_be_written_is_left_out() {
        let place = tempfile::tempdir().unwrap();
        let ingest = without_staging(place.path());
        let staged = ingest.archive.objects.staging().hold(b"a page".to_vec()).unwrap();
        let left_out = ingest.keep_evidence(&mut [], vec![staged]).await.unwrap();
        assert!(matches!(&left_out[..], [ObjectError::Unstaged { .. }]), "{left_out:?}");
    }
}
