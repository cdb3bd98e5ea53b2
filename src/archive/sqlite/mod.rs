//! The catalog in one database file, kept by `rusqlite`.
//!
//! One thread writes ([`writer`]), any number of connections read. Write-ahead logging lets both go on side by side,
//! and `synchronous=FULL` makes a commit outlive a loss of power.

mod articles;
mod audit;
mod checksum;
mod codec;
mod connection;
mod error;
mod migrate;
mod queue;
mod runs;
mod shared;
mod urls;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use url::Url;

use self::error::{catalog_error, refused};
use self::writer::Writer;
use crate::archive::{
    ArticleId, ArticleRow, AssetRow, BlobRow, Catalog, CatalogError, CompletedJob, Job, JobId, Lease, NewReference,
    PlaceholderVerdict, QueueChanges, ReferenceRow, Revision, Revocation, Revoked, RunId, RunRow, SharedBlob,
    SharedUrl, ThumbnailRow, Totals, UrlId, UrlRow, VersionRow, Worker, WriteOutcome,
};
use crate::model::{ArticleKey, ArticleVersion, Digest, Edit, Exchange, Fingerprint, HostKey, HostState, MediaType};

/// How many calls read at a time.
const READERS: usize = 4;

/// The catalog in one file.
pub(super) struct Sqlite {
    /// `None` where the file is only read.
    writer: Option<Writer>,
    readers: Arc<Readers>,
}

/// Connections that read, and turns at them.
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    turns: Semaphore,
}

impl Sqlite {
    /// Opens the file to read and write, and makes or upgrades it where needed. The caller holds the archive's lock,
    /// so leases that are left belong to nobody.
    pub(super) fn to_write(path: &Path) -> Result<Self, CatalogError> {
        let failed = |error| catalog_error(path, &error);
        checksum::remove(path).map_err(|error| refused(path, format!("cannot remove its checksum: {error}")))?;
        let connection = connection::to_write(path).map_err(failed)?;
        migrate::migrate(&connection, path, migrate::MIGRATIONS)?;
        queue::end_leases(&connection).map_err(failed)?;
        let writer = Writer::start(connection, path.to_owned())
            .map_err(|error| refused(path, format!("no thread to write it: {error}")))?;
        Ok(Self { writer: Some(writer), readers: Arc::new(Readers::new(path)) })
    }

    /// Opens the file to read only. `None` where its schema is older and must be upgraded first.
    pub(super) fn to_read(path: &Path) -> Result<Option<Self>, CatalogError> {
        let readers = Readers::new(path);
        let connection = readers.connection()?;
        let known = migrate::MIGRATIONS.len();
        let found = migrate::refuse_newer(&connection, path, known)?;
        readers.give_back(connection);
        Ok((found == known).then(|| Self { writer: None, readers: Arc::new(readers) }))
    }

    /// What the database finds, and whether anyone but offprint changed its file.
    fn integrity_of(connection: &Connection, path: &Path) -> rusqlite::Result<Vec<String>> {
        let mut found = audit::integrity(connection)?;
        if checksum::mismatches(path) {
            found.push("its file was changed since offprint last wrote it".into());
        }
        Ok(found)
    }

    async fn write<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, CatalogError> {
        match &self.writer {
            Some(writer) => writer.call(call).await,
            None => Err(refused(&self.readers.path, "it was opened for reading only")),
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, CatalogError> {
        let closed = || refused(&self.readers.path, "it is closed");
        let turn = self.readers.turns.acquire().await.map_err(|_| closed())?;
        let readers = Arc::clone(&self.readers);
        let read = tokio::task::spawn_blocking(move || {
            let connection = readers.connection()?;
            let result = call(&connection).map_err(|error| catalog_error(&readers.path, &error));
            readers.give_back(connection);
            result
        });
        let result = read.await.map_err(|_| closed())?;
        drop(turn);
        result
    }
}

impl Readers {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default(), turns: Semaphore::new(READERS) }
    }

    fn connection(&self) -> Result<Connection, CatalogError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => connection::to_read(&self.path).map_err(|error| catalog_error(&self.path, &error)),
        }
    }

    fn give_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// Those that read close first: the last connection to close puts the write-ahead log into the file, and one that only
/// reads cannot.
impl Drop for Sqlite {
    fn drop(&mut self) {
        self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(writer) = self.writer.take() {
            drop(writer);
            checksum::write(&self.readers.path);
        }
    }
}

#[async_trait]
impl Catalog for Sqlite {
    async fn begin_run(&self, at: Timestamp) -> Result<RunId, CatalogError> {
        self.write(move |connection| runs::begin(connection, at)).await
    }

    async fn finish_run(&self, run: RunId, at: Timestamp, report: &str) -> Result<(), CatalogError> {
        let report = report.to_owned();
        self.write(move |connection| runs::finish(connection, run, at, &report)).await
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunRow>, CatalogError> {
        self.read(move |connection| runs::newest(connection, limit)).await
    }

    async fn article(&self, key: &ArticleKey) -> Result<Option<ArticleRow>, CatalogError> {
        let key = key.clone();
        self.read(move |connection| articles::by_key(connection, &key)).await
    }

    async fn article_by_id(&self, id: ArticleId) -> Result<Option<ArticleRow>, CatalogError> {
        self.read(move |connection| articles::by_id(connection, id)).await
    }

    async fn articles(
        &self,
        source: Option<&str>,
        after: Option<&ArticleKey>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError> {
        let (source, after) = (source.map(str::to_owned), after.cloned());
        self.read(move |connection| articles::page(connection, source.as_deref(), after.as_ref(), limit)).await
    }

    async fn record_article(
        &self,
        version: &ArticleVersion,
        size: u64,
        references: &[NewReference],
    ) -> Result<(ArticleId, QueueChanges), CatalogError> {
        let (version, references) = (version.clone(), references.to_vec());
        self.write(move |connection| articles::record(connection, &version, size, &references)).await
    }

    async fn touch_article(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError> {
        self.write(move |connection| articles::touch(connection, id, fingerprint)).await
    }

    async fn mark_vanished(&self, ids: &[ArticleId]) -> Result<(), CatalogError> {
        let ids = ids.to_vec();
        self.write(move |connection| articles::mark_vanished(connection, &ids)).await
    }

    async fn ready_articles(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleId>, CatalogError> {
        self.read(move |connection| articles::ready(connection, after, limit)).await
    }

    async fn stale_articles(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleId>, CatalogError> {
        self.read(move |connection| articles::stale(connection, after, limit)).await
    }

    async fn versions(&self, id: ArticleId) -> Result<Vec<VersionRow>, CatalogError> {
        self.read(move |connection| articles::versions(connection, id)).await
    }

    async fn references(&self, id: ArticleId) -> Result<Vec<ReferenceRow>, CatalogError> {
        self.read(move |connection| articles::references(connection, id)).await
    }

    async fn record_mirror(
        &self,
        id: ArticleId,
        planned: Revision,
        digest: Digest,
        edits: &[Edit],
    ) -> Result<WriteOutcome, CatalogError> {
        let edits = edits.to_vec();
        self.write(move |connection| articles::record_mirror(connection, id, planned, digest, &edits)).await
    }

    async fn finish_mirror(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError> {
        self.write(move |connection| articles::finish_mirror(connection, id, fingerprint)).await
    }

    async fn edits(&self, id: ArticleId) -> Result<Vec<Edit>, CatalogError> {
        self.read(move |connection| articles::edits(connection, id)).await
    }

    async fn refresh_articles_of(&self, urls: &[UrlId]) -> Result<QueueChanges, CatalogError> {
        let urls = urls.to_vec();
        self.write(move |connection| articles::refresh(connection, &urls)).await
    }

    async fn articles_of(&self, url: UrlId, limit: usize) -> Result<Vec<ArticleKey>, CatalogError> {
        self.read(move |connection| articles::keys_showing(connection, url, limit)).await
    }

    async fn enqueue_due(&self, now: Timestamp) -> Result<u64, CatalogError> {
        self.write(move |connection| queue::enqueue_due(connection, now)).await
    }

    async fn queued(&self) -> Result<u64, CatalogError> {
        self.read(queue::queued).await
    }

    async fn lease(
        &self,
        worker: &Worker,
        limit: usize,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Vec<Lease>, CatalogError> {
        let worker = worker.clone();
        self.write(move |connection| queue::lease(connection, &worker, limit, ttl, now)).await
    }

    async fn renew(&self, lease: &Lease, ttl: Duration, now: Timestamp) -> Result<Option<Lease>, CatalogError> {
        let lease = lease.clone();
        self.write(move |connection| queue::renew(connection, &lease, ttl, now)).await
    }

    async fn jobs(&self, lease: &Lease, after: Option<JobId>, limit: usize) -> Result<Vec<Job>, CatalogError> {
        let lease = lease.clone();
        self.read(move |connection| queue::jobs(connection, &lease, after, limit)).await
    }

    async fn complete_jobs(
        &self,
        lease: &Lease,
        run: RunId,
        outcomes: Vec<CompletedJob>,
    ) -> Result<(WriteOutcome, QueueChanges), CatalogError> {
        let lease = lease.clone();
        self.write(move |connection| queue::complete(connection, &lease, run, &outcomes)).await
    }

    async fn release(&self, lease: &Lease, state: &HostState) -> Result<WriteOutcome, CatalogError> {
        let (lease, state) = (lease.clone(), state.clone());
        self.write(move |connection| queue::release(connection, &lease, &state)).await
    }

    async fn urls_sharing(&self, host: &HostKey, digest: Digest, limit: usize) -> Result<Vec<SharedUrl>, CatalogError> {
        let host = host.clone();
        self.read(move |connection| shared::urls_sharing(connection, &host, digest, limit)).await
    }

    async fn unprobed_shared_blobs(&self, least: usize) -> Result<Vec<(HostKey, Digest)>, CatalogError> {
        self.read(move |connection| shared::unprobed(connection, least)).await
    }

    async fn enqueue(&self, urls: &[UrlId]) -> Result<u64, CatalogError> {
        let urls = urls.to_vec();
        self.write(move |connection| urls.iter().map(|url| shared::queue(connection, *url)).sum()).await
    }

    async fn shared_blobs(&self, host: &HostKey) -> Result<Vec<(Digest, SharedBlob)>, CatalogError> {
        let host = host.clone();
        self.read(move |connection| shared::known(connection, &host)).await
    }

    async fn record_verdict(
        &self,
        run: RunId,
        host: &HostKey,
        digest: Digest,
        verdict: Option<PlaceholderVerdict>,
        asked: &[(UrlId, Vec<Exchange>)],
    ) -> Result<(), CatalogError> {
        let (host, asked) = (host.clone(), asked.to_vec());
        self.write(move |connection| shared::record_verdict(connection, run, &host, digest, verdict, &asked)).await
    }

    async fn revoke(&self, run: RunId, host: &HostKey, what: &Revocation) -> Result<Revoked, CatalogError> {
        let (host, what) = (host.clone(), what.clone());
        self.write(move |connection| shared::revoke(connection, run, &host, &what)).await
    }

    async fn url(&self, url: &Url) -> Result<Option<UrlRow>, CatalogError> {
        let url = url.clone();
        self.read(move |connection| urls::by_url(connection, &url)).await
    }

    async fn failing_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        self.read(move |connection| urls::failing(connection, after, limit)).await
    }

    async fn captures(&self, url: UrlId) -> Result<Vec<Exchange>, CatalogError> {
        self.read(move |connection| urls::captures(connection, url)).await
    }

    async fn hosts(&self) -> Result<Vec<(HostKey, HostState)>, CatalogError> {
        self.read(queue::hosts).await
    }

    async fn blob(&self, digest: Digest) -> Result<Option<(MediaType, u64)>, CatalogError> {
        self.read(move |connection| urls::blob(connection, digest)).await
    }

    async fn record_blob(
        &self,
        digest: Digest,
        media_type: MediaType,
        size: u64,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        self.write(move |connection| urls::record_blob(connection, digest, media_type, size, at)).await
    }

    async fn record_thumbnails(&self, rows: &[ThumbnailRow]) -> Result<(), CatalogError> {
        let rows = rows.to_vec();
        self.write(move |connection| urls::record_thumbnails(connection, &rows)).await
    }

    async fn thumbnails(&self, original: Digest) -> Result<Vec<ThumbnailRow>, CatalogError> {
        self.read(move |connection| urls::thumbnails(connection, original)).await
    }

    async fn totals(&self) -> Result<Totals, CatalogError> {
        self.read(runs::totals).await
    }

    async fn integrity(&self) -> Result<Vec<String>, CatalogError> {
        let path = self.readers.path.clone();
        self.read(move |connection| Self::integrity_of(connection, &path)).await
    }

    async fn blobs_on_record(&self, shard: u8) -> Result<Vec<BlobRow>, CatalogError> {
        self.read(move |connection| audit::blobs(connection, shard)).await
    }

    async fn assets_on_record(&self, shard: u8) -> Result<Vec<AssetRow>, CatalogError> {
        self.read(move |connection| audit::assets(connection, shard)).await
    }

    async fn thumbnails_on_record(&self, shard: u8) -> Result<Vec<ThumbnailRow>, CatalogError> {
        self.read(move |connection| audit::thumbnails(connection, shard)).await
    }

    async fn urls_of(&self, digest: Digest) -> Result<Vec<Url>, CatalogError> {
        self.read(move |connection| audit::urls_of(connection, digest)).await
    }

    async fn articles_of_original(&self, digest: Digest) -> Result<Vec<ArticleKey>, CatalogError> {
        self.read(move |connection| audit::articles_of_original(connection, digest)).await
    }

    async fn make_stale(&self, articles: &[ArticleId]) -> Result<(), CatalogError> {
        let articles = articles.to_vec();
        self.write(move |connection| audit::make_stale(connection, &articles)).await
    }

    async fn forget_thumbnails(&self, thumbnails: &[(Digest, String)]) -> Result<(), CatalogError> {
        let thumbnails = thumbnails.to_vec();
        self.write(move |connection| audit::forget_thumbnails(connection, &thumbnails)).await
    }

    async fn lose_asset(&self, digest: Digest, now: Timestamp) -> Result<(), CatalogError> {
        self.write(move |connection| audit::lose_asset(connection, digest, now)).await
    }

    async fn unreferenced_blobs(&self, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>, CatalogError> {
        self.read(move |connection| audit::unreferenced(connection, shard, before)).await
    }

    async fn forget_blob(&self, digest: Digest, media_type: MediaType) -> Result<bool, CatalogError> {
        self.write(move |connection| audit::forget_blob(connection, digest, media_type)).await
    }
}
