//! Fetched bytes → verdict, blob, asset, thumbnails: kept in the order that makes a crash harmless.

mod schedule;
mod stand_ins;
mod verdict;
mod workshop;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::io::AsyncReadExt;

use crate::archive::{
    Archive, BlobError, CatalogError, Job, JobResult, Put, RefusedBody, RenditionRow, ThumbnailRow, UrlRow,
};
use crate::config::{Config, MediaConfig, ThumbnailConfig};
use crate::fetch::{Answer, Judge as _};
use crate::media::{self, Rendition};
use crate::model::{Asset, Digest, Failure, Fingerprint, Hasher, HostKey, MediaType, Reason, Staged, Validators};

use schedule::Schedule;
pub use stand_ins::StandIns;
pub use verdict::Verdict;
pub use workshop::{Turn, Workshop};

/// Part of the digest of a thumbnail's settings: raised when the same settings make other pixels.
const THUMBNAILER: u32 = 1;

/// The archive could not keep what was fetched: the run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The blob, or a thumbnail.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The bytes could not be read back.
    #[error("cannot read back {place}: {cause}")]
    ReadBack {
        /// What was read.
        place: String,
        /// Why it failed.
        cause: std::io::Error,
    },
}

/// What became of one fetched URL.
#[derive(Debug)]
pub struct Ingested {
    /// How its job ends.
    pub settlement: JobResult,
    /// Whether its bytes are new to the archive, and how many they are; `None` where none were kept.
    pub kept: Option<(Put, u64)>,
    /// The thumbnails made and those that could not be.
    pub thumbnails: (u64, u64),
    /// The picture that an earlier capture of the URL had, and the one it has now.
    pub changed: Option<(Digest, Digest)>,
}

/// Keeps what was fetched.
pub struct Ingest {
    archive: Arc<Archive>,
    limits: MediaConfig,
    sizes: Vec<(ThumbnailConfig, Digest)>,
    schedule: Schedule,
    /// What hosts are known to send for several URLs.
    pub stand_ins: StandIns,
    workshop: Workshop,
}

impl Ingest {
    /// Keeps into `archive` as `config` says.
    pub fn new(archive: Arc<Archive>, config: &Config) -> Self {
        let sizes = config.thumbnail.iter().map(|size| (size.clone(), settings_of(size))).collect();
        Self {
            archive,
            limits: config.media.clone(),
            sizes,
            schedule: Schedule::new(config),
            stand_ins: StandIns::default(),
            workshop: Workshop::new(&config.media),
        }
    }

    /// A judge for a job's answer.
    pub fn verdict(&self, job: &Job) -> Verdict<'_> {
        Verdict::new(job.kind, &self.limits).of_host(HostKey::of(&job.url.url), &self.stand_ins)
    }

    /// When a URL is due again that failed so often for a stand-in.
    pub fn retry_stand_in(&self, failures: u32, now: Timestamp) -> Option<Timestamp> {
        self.schedule.retry(failures, Reason::Placeholder, None, now)
    }

    /// Keeps what a host sent in place of a picture, as evidence. It is durable before its row, as any blob.
    pub async fn keep_refused(&self, staged: Staged) -> Result<RefusedBody, IngestError> {
        let (digest, size) = (staged.digest, staged.length);
        // What was just judged is read again: it is small, and few bodies are refused.
        let bytes = std::fs::read(&staged.path);
        let media_type = bytes.map_or(MediaType::Unknown, |bytes| media::probe(&bytes, &self.limits).media_type);
        let known = self.archive.catalog.blob(digest).await?;
        let media_type = known.map_or(media_type, |(media_type, _)| media_type);
        self.archive.blobs.put(staged, media_type).await?;
        Ok(RefusedBody { digest, size, media_type })
    }

    /// Keeps an answer, or decides when to ask again.
    pub async fn ingest(
        &self,
        url: &UrlRow,
        answer: Result<Answer, Failure>,
        asset: Option<Asset>,
        now: Timestamp,
    ) -> Result<Ingested, IngestError> {
        match (answer, asset) {
            (Ok(Answer::Body { staged, validators }), Some(asset)) => {
                self.keep(url, staged, validators, asset, now).await
            }
            (Ok(Answer::Body { .. }), None) => Ok(self.failed(url, Reason::NotAnImage, None, now)),
            (Ok(Answer::NotModified), _) => {
                let settlement = JobResult::NotModified { next_attempt: self.schedule.recheck(now) };
                Ok(Ingested { settlement, kept: None, thumbnails: (0, 0), changed: None })
            }
            (Err(failure), _) => Ok(match failure.retry_at {
                Some(next_attempt) => deferred(failure.reason, next_attempt),
                None => self.failed(url, failure.reason, failure.status, now),
            }),
        }
    }

    async fn keep(
        &self,
        url: &UrlRow,
        staged: Staged,
        validators: Validators,
        mut asset: Asset,
        now: Timestamp,
    ) -> Result<Ingested, IngestError> {
        let (digest, size) = (staged.digest, staged.length);
        let put = self.archive.blobs.put(staged, asset.media_type).await?;
        let thumbnails = self.thumbnails(digest, &mut asset).await?;
        let changed = url.asset.as_ref().map(|(old, _, _)| *old).filter(|old| *old != digest);
        let next_attempt = self.schedule.recheck(now);
        Ok(Ingested {
            settlement: JobResult::Kept { digest, size, asset, validators, next_attempt },
            kept: Some((put, size)),
            thumbnails,
            changed: changed.map(|old| (old, digest)),
        })
    }

    fn failed(&self, url: &UrlRow, reason: Reason, status: Option<u16>, now: Timestamp) -> Ingested {
        let next_attempt = self.schedule.retry(url.attempts, reason, status, now);
        let settlement = JobResult::Failed { reason, status, next_attempt };
        Ingested { settlement, kept: None, thumbnails: (0, 0), changed: None }
    }

    /// Makes the thumbnails of a blob that are not on record, and gives how many were made and how many could not be.
    pub async fn thumbnails(&self, digest: Digest, asset: &mut Asset) -> Result<(u64, u64), IngestError> {
        let on_record = self.archive.catalog.thumbnails(digest).await?;
        let missing: Vec<_> = self.sizes.iter().filter(|size| !is_on_record(&on_record, size)).cloned().collect();
        if missing.is_empty() || !asset.media_type.is_image() {
            return Ok((0, 0));
        }
        let made = self.render(digest, asset, &missing).await?;
        let mut rows = Vec::new();
        for ((size, settings), rendition) in missing.iter().zip(made) {
            let made = match rendition {
                Ok(rendition) => Ok(self.publish(digest, &size.name, rendition).await?),
                Err(reason) => Err(reason),
            };
            rows.push(ThumbnailRow { original: digest, name: size.name.clone(), settings: *settings, made });
        }
        let failed = rows.iter().filter(|row| row.made.is_err()).count() as u64;
        let made = rows.len() as u64 - failed;
        self.archive.catalog.record_thumbnails(&rows).await?;
        Ok((made, failed))
    }

    /// Decodes, and learns how the picture looks.
    async fn render(
        &self,
        digest: Digest,
        asset: &mut Asset,
        sizes: &[(ThumbnailConfig, Digest)],
    ) -> Result<Vec<Result<Rendition, String>>, IngestError> {
        let turn = self.workshop.turn().await;
        let bytes = read_blob(&self.archive, digest, asset.media_type).await?;
        let sizes = sizes.iter().map(|(size, _)| size.clone()).collect();
        let renditions = turn.thumbnails(bytes, asset.clone(), sizes).await;
        asset.perceptual_hash = renditions.perceptual_hash;
        Ok(renditions.sizes.into_iter().map(|made| made.map_err(|error| error.to_string())).collect())
    }

    async fn publish(&self, digest: Digest, name: &str, rendition: Rendition) -> Result<RenditionRow, IngestError> {
        let Rendition { media_type, width, height, bytes } = rendition;
        let (size, bytes_digest) = (bytes.len() as u64, Digest::of(&bytes));
        let path = self.archive.thumbnail_path(name, digest, media_type);
        publish(&self.archive, path, bytes).await?;
        Ok(RenditionRow { media_type, width, height, size, digest: bytes_digest })
    }

    /// Copies what an article shows and no request is needed for, such as a local file, into the archive's staging
    /// folder, and judges it.
    pub async fn adopt<R: Read>(
        &self,
        open: impl FnOnce() -> std::io::Result<R> + Send + 'static,
        verdict: &Verdict<'_>,
    ) -> Result<Answer, Failure> {
        let staging = self.archive.tmp();
        let copy = move || open().and_then(|from| stage(from, &staging));
        let staged = tokio::task::spawn_blocking(copy).await.expect("copying a file does not panic");
        let staged = staged.map_err(|cause| Failure::new(Reason::LocalFile, cause.to_string()))?;
        match verdict.judge(&staged, None) {
            Ok(()) => Ok(Answer::Body { staged, validators: Validators::default() }),
            Err(reason) => Err(Failure::new(reason, "it is no image that can be shown")),
        }
    }
}

fn deferred(reason: Reason, next_attempt: Timestamp) -> Ingested {
    let settlement = JobResult::Deferred { reason, next_attempt };
    Ingested { settlement, kept: None, thumbnails: (0, 0), changed: None }
}

fn is_on_record(rows: &[ThumbnailRow], (size, settings): &(ThumbnailConfig, Digest)) -> bool {
    rows.iter().any(|row| row.name == size.name && row.settings == *settings)
}

/// What tells that a thumbnail was made with other settings: the name of every field stands in its Debug form.
fn settings_of(size: &ThumbnailConfig) -> Digest {
    Digest::of(format!("{THUMBNAILER} {size:?}").as_bytes())
}

/// Writes one file that appears whole and outlives a loss of power, on a thread that may wait for the disk.
pub async fn publish(archive: &Archive, path: PathBuf, bytes: Vec<u8>) -> Result<Fingerprint, BlobError> {
    let publisher = archive.publisher.clone();
    let written = tokio::task::spawn_blocking(move || publisher.publish(&path, &bytes));
    written.await.expect("writing a file does not panic")
}

/// A whole blob in memory; blobs of media are bounded by `fetch.max_bytes`.
pub async fn read_blob(archive: &Archive, digest: Digest, media_type: MediaType) -> Result<Vec<u8>, IngestError> {
    let place = || format!("the blob {digest}");
    let missing = || IngestError::ReadBack { place: place(), cause: std::io::ErrorKind::NotFound.into() };
    let mut reader = archive.blobs.open(digest, media_type).await?.ok_or_else(missing)?;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.map_err(|cause| IngestError::ReadBack { place: place(), cause })?;
    Ok(bytes)
}

/// Writes all that a reader gives into a temporary file and hashes it on the way.
pub fn stage(mut from: impl Read, staging: &Path) -> std::io::Result<Staged> {
    let mut to = tempfile::Builder::new().prefix("stage-").tempfile_in(staging)?;
    let (mut hasher, mut length, mut piece) = (Hasher::default(), 0, vec![0; 256 << 10]);
    loop {
        let count = from.read(&mut piece)?;
        if count == 0 {
            return Ok(Staged { path: to.into_temp_path(), digest: hasher.finish(), length });
        }
        to.write_all(&piece[..count])?;
        hasher.update(&piece[..count]);
        length += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbnail_is_made_again_when_its_settings_change() {
        let size = Config::default().thumbnail[0].clone();
        let smaller = ThumbnailConfig { width: 100, ..size.clone() };
        assert_ne!(settings_of(&size), settings_of(&smaller));
        assert_eq!(settings_of(&size), settings_of(&size.clone()));
    }
}
