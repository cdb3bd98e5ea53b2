//! Sources → articles → references in the catalog.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{Mirror, MirrorError, NAMED_BY_CONTENT, ReadyArticles, announce, in_place, inline};
use crate::archive::{Archive, ArticleRow, ArticleState, NewReference, ObjectError};
use crate::config::AdoptLocal;
use crate::extract;
use crate::model::{ArticleKey, ArticleVersion, Digest, Fingerprint, Reference};
use crate::source::{Folder, FoundArticle, Source, SourceError, fingerprint};
use crate::staging::Staged;

/// Articles read side by side: each waits for the disk when its original is kept, and such waits are shared.
const READ_AT_ONCE: usize = 8;
/// Rows of the catalog that are compared with the folder at a time.
const PAGE: usize = 1000;

/// An article of a source beside what is on record of it.
#[derive(Debug)]
pub(super) enum Pair {
    /// It is in the source.
    Found(FoundArticle, Option<Box<ArticleRow>>),
    /// It is only on record.
    Gone(Box<ArticleRow>),
    /// A part of the source cannot be read.
    Unreadable(SourceError),
}

impl Mirror {
    /// Reads every source, one after another.
    pub(super) async fn read_sources(&self, ready: ReadyArticles) -> Result<(), MirrorError> {
        for source in &self.sources {
            if self.stop.is_cancelled() || self.is_time_up() {
                break;
            }
            let pairs = pair_up(source, Some(Arc::clone(&self.archive)))?;
            let pairs = stream::unfold(pairs, async |mut pairs| Some((pairs.recv().await?, pairs)));
            pairs
                .take_until(self.told_to_end())
                .map(Ok)
                .try_for_each_concurrent(READ_AT_ONCE, |pair| self.read(source, pair, &ready))
                .await?;
        }
        self.cut_short.store(self.is_time_up(), Ordering::Relaxed);
        Ok(())
    }

    async fn read(&self, source: &Source, pair: Pair, ready: &ReadyArticles) -> Result<(), MirrorError> {
        match pair {
            Pair::Found(found, row) => self.read_found(source, found, row.as_deref(), ready).await,
            Pair::Gone(row) if row.state == ArticleState::Vanished || source.only.is_some() => Ok(()),
            Pair::Gone(row) => {
                self.tally.vanished.one();
                Ok(self.archive.catalog.mark_vanished(&[row.id]).await?)
            }
            Pair::Unreadable(error) => {
                self.tally.problem(&source.config.name, error);
                Ok(())
            }
        }
    }

    async fn read_found(
        &self,
        source: &Source,
        found: FoundArticle,
        row: Option<&ArticleRow>,
        ready: &ReadyArticles,
    ) -> Result<(), MirrorError> {
        self.tally.seen.one();
        let settings = self.settings(source);
        if row.is_some_and(|row| is_untouched(source, &found, row, settings)) {
            self.tally.unchanged.one();
            return Ok(());
        }
        let limit = self.config.rewrite.max_article.0;
        if limit > 0 && found.fingerprint.size > limit {
            let size = crate::config::Size(found.fingerprint.size);
            let message = format!("it has {size}, more than rewrite.max_article allows; raise that to read it");
            self.tally.problem(found.file.display(), message);
            return Ok(());
        }
        match tokio::fs::read(&found.file).await {
            Ok(bytes) => self.read_bytes(source, &found, row, bytes, ready).await,
            Err(cause) => {
                self.tally.problem(found.file.display(), format!("cannot be read: {cause}"));
                Ok(())
            }
        }
    }

    async fn read_bytes(
        &self,
        source: &Source,
        found: &FoundArticle,
        row: Option<&ArticleRow>,
        bytes: Vec<u8>,
        ready: &ReadyArticles,
    ) -> Result<(), MirrorError> {
        let bytes = match row {
            Some(row) if source.is_in_place() => self.original_in_place(source, row, found, bytes).await?,
            _ => Some(bytes),
        };
        let settings = self.settings(source);
        let original = bytes.as_deref().map(Digest::of);
        let is_as_recorded = |row: &&ArticleRow| {
            original.is_none_or(|original| row.version.original == original)
                && row.version.settings == settings
                && row.mirror.is_some_and(|(_, mirror)| is_mirror_there(source, &found.path, mirror))
        };
        match (row.filter(is_as_recorded), bytes) {
            (Some(row), _) => {
                self.tally.unchanged.one();
                Ok(self.archive.catalog.touch_article(row.id, found.fingerprint).await?)
            }
            (None, Some(bytes)) => {
                let known = row.map(|row| row.version.original);
                if known.is_some() { &self.tally.changed } else { &self.tally.new }.one();
                self.record(source, found, bytes, ready).await
            }
            (None, None) => Ok(()),
        }
    }

    /// The original of an article that is mirrored in place: the file as it was before its references were replaced,
    /// with what the user changed since. `None` where the file is exactly what was written.
    async fn original_in_place(
        &self,
        source: &Source,
        row: &ArticleRow,
        found: &FoundArticle,
        bytes: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, MirrorError> {
        let digest = Digest::of(&bytes);
        if row.mirror.is_some_and(|(mirror, _)| mirror == digest) {
            self.archive.catalog.finish_mirror(row.id, found.fingerprint).await?;
            return Ok(None);
        }
        if row.version.original == digest {
            return Ok(Some(bytes));
        }
        let edits = self.archive.catalog.edits(row.id).await?;
        Ok(Some(in_place::original_of(&bytes, row.version.format, &edits, &self.options(source, &found.path))))
    }

    /// Keeps the original as a blob, then records it with its references.
    async fn record(
        &self,
        source: &Source,
        found: &FoundArticle,
        bytes: Vec<u8>,
        ready: &ReadyArticles,
    ) -> Result<(), MirrorError> {
        let options = self.options(source, &found.path);
        let name = found.path.clone();
        let staging = self.archive.objects.staging().clone();
        let limits = inline::Limits::of(&self.config);
        let read = tokio::task::spawn_blocking(move || {
            let format = extract::format_of(&name, &bytes);
            let mut extraction = extract::extract(&bytes, format, &options);
            let lifted = inline::lift(&mut extraction.references, &limits);
            (format, extraction, lifted, staging.write(&bytes))
        });
        let (format, extraction, lifted, staged) = read.await.expect("extraction takes any bytes without a panic");
        self.keep_lifted(lifted).await?;
        let staged = staged.map_err(|cause| ObjectError::Io {
            action: "write to",
            place: self.archive.objects.staging().folder().display().to_string(),
            cause,
        })?;
        let size = staged.length;
        let version = ArticleVersion {
            key: ArticleKey { source: source.config.name.clone(), path: found.path.clone() },
            original: staged.digest,
            fingerprint: found.fingerprint,
            format,
            encoding: Some(extraction.encoding.name().to_owned()),
            settings: self.settings(source),
            title: extraction.title,
            published: extraction.published,
            url: extraction.url,
            read_at: Timestamp::now(),
        };
        let references = to_record(source, self.config.rewrite.adopt_local, &extraction.references);
        self.keep_original(staged, &version, size, &references, ready).await
    }

    async fn keep_original(
        &self,
        staged: Staged,
        version: &ArticleVersion,
        size: u64,
        references: &[NewReference],
        ready: &ReadyArticles,
    ) -> Result<(), MirrorError> {
        self.archive.keep(staged, version.format.blob_type()).await?;
        let (_, now_ready) = self.archive.catalog.record_article(version, size, references).await?;
        self.tally.queued.add(now_ready.queued);
        self.queued.notify_one();
        announce(ready, now_ready.ready_articles).await;
        Ok(())
    }
}

/// Walks the folder on a thread of its own and sets its files beside the rows of the catalog; both are in the
/// order of their paths, so that neither is ever whole in memory.
pub(super) fn pair_up(source: &Source, archive: Option<Arc<Archive>>) -> Result<mpsc::Receiver<Pair>, MirrorError> {
    let folder = Folder::open(&source.config)?;
    let (send, receive) = mpsc::channel(PAGE);
    let source = source.clone();
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let page = |after: Option<&ArticleKey>| match &archive {
            Some(archive) => runtime.block_on(archive.catalog.articles(Some(&source.config.name), after, PAGE)),
            None => Ok(Vec::new()),
        };
        let mut rows = Rows::new(page);
        for found in folder.articles() {
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    // What cannot be seen may still be there: nothing after this counts as gone.
                    rows.nothing_is_gone = true;
                    let _ = send.blocking_send(Pair::Unreadable(error));
                    continue;
                }
            };
            if source.only.as_ref().is_some_and(|only| !only.contains(found.path.as_str())) {
                continue;
            }
            for pair in rows.up_to(found) {
                if send.blocking_send(pair).is_err() {
                    return;
                }
            }
        }
        if source.only.is_none() {
            rows.rest().for_each(|pair| drop(send.blocking_send(pair)));
        }
    });
    Ok(receive)
}

/// The references as the catalog keeps them: with a URL where it names something that can be fetched or adopted.
pub(super) fn to_record(source: &Source, adopt: AdoptLocal, references: &[Reference]) -> Vec<NewReference> {
    let adopts = source.adopts(adopt);
    let is_fetchable = |reference: &Reference| match &reference.url {
        _ if !reference.kind.is_media() => false,
        Ok(url) if url.scheme() == NAMED_BY_CONTENT => true,
        Ok(url) if url.scheme() == "file" => adopts && source.local_file(url).is_some(),
        Ok(url) => url.has_host(),
        Err(_) => false,
    };
    let new = |reference: &Reference| {
        let fetched = reference.url.as_ref().ok().filter(|_| is_fetchable(reference));
        NewReference {
            span: reference.span,
            kind: reference.kind,
            name: reference.name.clone(),
            image_group: reference.image_group,
            reveal: reference.reveal,
            link_wrap: reference.link_wrap,
            url: fetched.cloned(),
            unfetched: fetched.is_none().then(|| reference.url.clone()),
        }
    };
    references.iter().map(new).collect()
}

/// Neither the article, nor its settings, nor its mirror has changed since the mirror was written.
pub(super) fn is_untouched(source: &Source, found: &FoundArticle, row: &ArticleRow, settings: Digest) -> bool {
    let Some((_, mirror)) = row.mirror else { return false };
    let as_read = if source.is_in_place() { mirror } else { row.version.fingerprint };
    row.state == ArticleState::Mirrored
        && row.version.settings == settings
        && found.fingerprint == as_read
        && is_mirror_there(source, &found.path, mirror)
}

fn is_mirror_there(source: &Source, path: &str, mirror: Fingerprint) -> bool {
    fingerprint(&source.mirror(path)).is_ok_and(|found| found == mirror)
}

/// The rows of the catalog, page by page, beside a walk in the same order.
struct Rows<P> {
    page: P,
    rows: std::vec::IntoIter<ArticleRow>,
    last: Option<ArticleKey>,
    next: Option<ArticleRow>,
    at_end: bool,
    nothing_is_gone: bool,
}

impl<P, E> Rows<P>
where
    P: Fn(Option<&ArticleKey>) -> Result<Vec<ArticleRow>, E>,
{
    fn new(page: P) -> Self {
        let rows = Vec::new().into_iter();
        Self { page, rows, last: None, next: None, at_end: false, nothing_is_gone: false }
    }

    /// The next row, without taking it. A catalog that fails here fails again when the article is recorded.
    fn peek(&mut self) -> Option<&ArticleRow> {
        if self.next.is_none() && !self.at_end {
            self.next = self.rows.next();
            if self.next.is_none() {
                self.rows = (self.page)(self.last.as_ref()).unwrap_or_default().into_iter();
                self.next = self.rows.next();
                self.at_end = self.next.is_none();
            }
            self.last = self.next.as_ref().map(|row| row.version.key.clone());
        }
        self.next.as_ref()
    }

    /// The rows before this article, which are gone from the folder, and the article with its own.
    fn up_to(&mut self, found: FoundArticle) -> Vec<Pair> {
        let mut pairs = Vec::new();
        while self.peek().is_some_and(|row| row.version.key.path < found.path) {
            pairs.extend(self.take_gone());
        }
        let row = match self.peek() {
            Some(row) if row.version.key.path == found.path => self.next.take(),
            _ => None,
        };
        pairs.push(Pair::Found(found, row.map(Box::new)));
        pairs
    }

    fn take_gone(&mut self) -> Option<Pair> {
        let row = self.next.take()?;
        (!self.nothing_is_gone).then(|| Pair::Gone(Box::new(row)))
    }

    fn rest(&mut self) -> impl Iterator<Item = Pair> {
        std::iter::from_fn(|| {
            self.peek()?;
            Some(self.take_gone())
        })
        .flatten()
    }
}
