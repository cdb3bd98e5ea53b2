//! What a run does with one article, determined without doing it.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::super::article_memory::ArticleMemory;
use super::super::error::MirrorError;
use super::super::sources::RunSource;
use super::found_article::{FoundArticle, is_mirror, is_mirror_there, is_untouched, is_up_to_date};
use super::moved::Moved;
use super::read_article::{Change, ReadArticle, read_original};
use super::trace_original::{self, Originals, Traced};
use super::unread::Unread;
use crate::archive::{Archive, ArticleId, ArticleRow, ArticleState};
use crate::config::{Config, Size};
use crate::extract;
use crate::model::{ArticleKey, Digest, Fingerprint};
use crate::source::{Listed, Location, Made};

/// What is to be done with an article.
pub(in crate::mirror) enum ArticlePlan {
    /// Nothing: the article, its settings and its mirror are unchanged.
    Unchanged,
    /// Its content is the recorded one: only its fingerprint is to be recorded.
    Touch {
        /// The article.
        id: ArticleId,
        /// The file as it is now.
        fingerprint: Fingerprint,
        /// Whether the file is its mirror, in place.
        is_mirror: bool,
    },
    /// It is to be recorded, and its mirror to be written.
    Record(Box<ReadArticle>),
    /// It was taken down, and is not read.
    TakenDown,
    /// It cannot be read.
    Unreadable(Unread),
}

/// Determines what a run does with articles. It reads files and the catalog, and writes nothing.
pub(in crate::mirror) struct Planner {
    config: Arc<Config>,
    archive: Option<Arc<Archive>>,
    originals: Option<Originals>,
    moved: Option<Moved>,
    memory: Arc<ArticleMemory>,
    to_read: HashSet<ArticleKey>,
}

impl Planner {
    /// Plans with these settings for this archive; where there is none, every article is new.
    pub(in crate::mirror) fn new(
        config: Arc<Config>,
        archive: Option<Arc<Archive>>,
        memory: Arc<ArticleMemory>,
    ) -> Self {
        let (originals, moved) = (archive.clone().map(Originals::new), archive.clone().map(Moved::new));
        Self { config, archive, originals, moved, memory, to_read: HashSet::new() }
    }

    /// Reads these articles although they are unchanged: files beside them are not.
    pub(in crate::mirror) fn read_again(&mut self, articles: HashSet<ArticleKey>) {
        self.to_read = articles;
    }

    /// Waits until there is memory for the file of an article, and holds it until the permit is dropped. What a source made
    /// is in memory already.
    pub(in crate::mirror) async fn admit(&self, listed: &Listed) -> Option<OwnedSemaphorePermit> {
        let Location::File { fingerprint, .. } = &listed.location else { return None };
        Some(self.memory.admit_text(fingerprint.size).await)
    }

    /// What is to be done with an article that a source lists. `mirror` is what stands in the place of its mirror.
    pub(in crate::mirror) async fn plan(
        &self,
        source: &Arc<RunSource>,
        listed: &Listed,
        row: Option<&ArticleRow>,
        mirror: Option<Fingerprint>,
    ) -> Result<ArticlePlan, MirrorError> {
        if row.is_none() && self.is_taken_down(source, listed).await? {
            return Ok(ArticlePlan::TakenDown);
        }
        self.plan_listed(source, listed, row, mirror).await
    }

    async fn plan_listed(
        &self,
        source: &Arc<RunSource>,
        listed: &Listed,
        row: Option<&ArticleRow>,
        mirror: Option<Fingerprint>,
    ) -> Result<ArticlePlan, MirrorError> {
        let (path, fingerprint) = match &listed.location {
            Location::File { path, fingerprint } => (path, fingerprint),
            Location::Made(made) => return self.plan_made(source, listed, made, row, mirror).await,
            Location::Archive => return self.plan_archived(source, listed, row, mirror).await,
        };
        let (fingerprint, url, published, charset) = (*fingerprint, None, None, None);
        let found = FoundArticle { source, listed, fingerprint, mirror, url, published, charset };
        let is_due = row.is_some_and(|row| self.to_read.contains(&row.version.key));
        if let Some(row) = row.filter(|_| !is_due)
            && is_untouched(&found, row)
        {
            return Ok(ArticlePlan::Unchanged);
        }
        let bytes = match self.bytes(path, fingerprint.size).await {
            Ok(bytes) => bytes,
            Err(why) => return Ok(ArticlePlan::Unreadable(why)),
        };
        if let Some(row) = row.filter(|_| !is_due)
            && source.is_in_place()
            && row.version.settings == source.settings
            && is_mirror(row, &bytes)
        {
            return Ok(touch(&found, row, true));
        }
        self.plan_text(&found, row, bytes).await
    }

    /// A text that was found, which may be a mirror: once there is memory for it, its original is read.
    async fn plan_text(
        &self,
        found: &FoundArticle<'_>,
        row: Option<&ArticleRow>,
        bytes: Vec<u8>,
    ) -> Result<ArticlePlan, MirrorError> {
        let admitted = match self.memory.admit(&bytes, extract::format_of(&found.listed.path, &bytes)).await {
            Ok(admitted) => admitted,
            Err(refused) => return Ok(ArticlePlan::Unreadable(refused.into())),
        };
        let (bytes, traced) = match self.original(found, row, bytes).await? {
            Ok(original) => original,
            Err(why) => return Ok(ArticlePlan::Unreadable(why)),
        };
        let mut plan = match row {
            Some(row) => self.plan_known(found, row, bytes).await?,
            None => self.read(found, None, bytes, Change::New).await?,
        };
        if let ArticlePlan::Record(article) = &mut plan {
            (article.traced, article.admitted) = (traced, Some(admitted));
        }
        Ok(plan)
    }

    /// An article that is in memory: it was made of an entry of a feed, or is a page.
    async fn plan_made(
        &self,
        source: &Arc<RunSource>,
        listed: &Listed,
        made: &Made,
        row: Option<&ArticleRow>,
        mirror: Option<Fingerprint>,
    ) -> Result<ArticlePlan, MirrorError> {
        let fingerprint = Fingerprint { size: made.bytes.len() as u64, modified: 0, inode: 0 };
        let change = match row {
            None => Change::New,
            Some(row) if Digest::of(&made.bytes) != row.version.original => Change::Content,
            Some(row) if is_up_to_date(source, row, mirror) => return Ok(ArticlePlan::Unchanged),
            Some(_) => Change::Settings,
        };
        if let Some(why) = self.too_large(fingerprint.size) {
            return Ok(ArticlePlan::Unreadable(why));
        }
        let Made { url, published, charset, .. } = made.clone();
        let found = FoundArticle { source, listed, fingerprint, mirror, url, published, charset };
        self.read_in_memory(&found, row, made.bytes.clone(), change).await
    }

    /// An article that its source no longer lists, and that stays.
    async fn plan_archived(
        &self,
        source: &Arc<RunSource>,
        listed: &Listed,
        row: Option<&ArticleRow>,
        mirror: Option<Fingerprint>,
    ) -> Result<ArticlePlan, MirrorError> {
        let (Some(row), Some(archive)) = (row, &self.archive) else { return Ok(ArticlePlan::Unchanged) };
        if is_up_to_date(source, row, mirror) {
            return Ok(ArticlePlan::Unchanged);
        }
        let version = &row.version;
        let (url, published) = (version.url.clone(), version.published);
        let charset = version.charset();
        let found = FoundArticle { source, listed, fingerprint: version.fingerprint, mirror, url, published, charset };
        match archive.read_verified(version.original, version.format.blob_type()).await {
            Ok(bytes) => self.read_in_memory(&found, Some(row), bytes, Change::Settings).await,
            Err(error) => Ok(ArticlePlan::Unreadable(error.into())),
        }
    }

    /// Reads an original that is no file, once there is memory for it.
    async fn read_in_memory(
        &self,
        found: &FoundArticle<'_>,
        row: Option<&ArticleRow>,
        bytes: Vec<u8>,
        change: Change,
    ) -> Result<ArticlePlan, MirrorError> {
        let format = extract::format_of(&found.listed.path, &bytes);
        let admitted = match self.memory.admit(&bytes, format).await {
            Ok(admitted) => admitted,
            Err(refused) => return Ok(ArticlePlan::Unreadable(refused.into())),
        };
        let mut plan = self.read(found, row, bytes, change).await?;
        if let ArticlePlan::Record(article) = &mut plan {
            article.admitted = Some(admitted);
        }
        Ok(plan)
    }

    /// Why an article of this size is not read, where it is not.
    fn too_large(&self, size: u64) -> Option<Unread> {
        let limit = self.config.rewrite.max_article.0;
        (limit > 0 && size > limit).then(|| Unread::too_large(Size(size)))
    }

    /// The bytes of a file; or why it cannot be read.
    async fn bytes(&self, file: &Path, size: u64) -> Result<Vec<u8>, Unread> {
        if let Some(why) = self.too_large(size) {
            return Err(why);
        }
        tokio::fs::read(file).await.map_err(|cause| Unread::file(&cause))
    }

    async fn is_taken_down(&self, source: &RunSource, listed: &Listed) -> Result<bool, MirrorError> {
        match &self.originals {
            Some(originals) => originals.is_taken_down(source.name(), &listed.path).await,
            None => Ok(false),
        }
    }

    /// An article that is on record, and whose file was touched, or which is to be mirrored again.
    async fn plan_known(
        &self,
        found: &FoundArticle<'_>,
        row: &ArticleRow,
        bytes: Vec<u8>,
    ) -> Result<ArticlePlan, MirrorError> {
        let is_current = row.version.settings == found.source.settings;
        if Digest::of(&bytes) != row.version.original {
            return self.read(found, Some(row), bytes, Change::Content).await;
        }
        if is_current && (row.state == ArticleState::Stale || is_mirror_there(row, found.mirror)) {
            return self.unless_other_files(found, row, bytes).await;
        }
        self.read(found, Some(row), bytes, Change::Settings).await
    }

    /// An unchanged article, unless its references name other files by now.
    async fn unless_other_files(
        &self,
        found: &FoundArticle<'_>,
        row: &ArticleRow,
        bytes: Vec<u8>,
    ) -> Result<ArticlePlan, MirrorError> {
        let (Some(archive), true) = (&self.archive, self.to_read.contains(&row.version.key)) else {
            return Ok(touch(found, row, false));
        };
        let plan = self.read(found, Some(row), bytes, Change::Settings).await?;
        let ArticlePlan::Record(article) = &plan else { return Ok(plan) };
        let recorded = archive.catalog.references(row.id).await?;
        let before = recorded.iter().map(|reference| reference.url.as_ref().map(|url| &url.url));
        let is_same = before.eq(article.references.iter().map(|reference| reference.url.as_ref()));
        Ok(match is_same {
            true if is_untouched(found, row) => ArticlePlan::Unchanged,
            true => touch(found, row, false),
            false => plan,
        })
    }

    /// The original of what was read, and what its links stood for; or why it cannot be had.
    async fn original(
        &self,
        found: &FoundArticle<'_>,
        row: Option<&ArticleRow>,
        bytes: Vec<u8>,
    ) -> Result<Result<Traced, Unread>, MirrorError> {
        let Some(originals) = &self.originals else { return Ok(Ok((bytes, Vec::new()))) };
        let (path, prefix) = (&found.listed.path, found.source.config.links.as_str());
        let (format, options) = (extract::format_of(path, &bytes), found.source.options(path, None, None));
        originals.traced(&trace_original::MirrorText { format, options: &options, prefix, row }, bytes).await
    }

    async fn read(
        &self,
        found: &FoundArticle<'_>,
        row: Option<&ArticleRow>,
        bytes: Vec<u8>,
        change: Change,
    ) -> Result<ArticlePlan, MirrorError> {
        let FoundArticle { source, listed, fingerprint, url, published, charset, .. } = found;
        if let (None, Some(originals)) = (row, &self.originals)
            && originals.is_text_taken_down(&bytes).await?
        {
            return Ok(ArticlePlan::TakenDown);
        }
        let came = (url.as_ref(), *charset);
        let read = read_original(&self.config, source, &listed.path, *fingerprint, bytes, came);
        let (mut article, resolved) = read.await;
        article.references = match self.archive.as_ref().zip(self.moved.as_ref()) {
            Some((archive, moved)) => {
                let known = row.map(|row| row.id);
                resolved.keep_copies(archive, source, known, (moved, &article.bytes)).await?
            }
            None => resolved.references,
        };
        if let Some(at) = article.opens_archive() {
            return Ok(ArticlePlan::Unreadable(Unread::opens_archive(at)));
        }
        // The date of a feed's entry takes precedence over the date in the post.
        article.version.url = url.clone().or(article.version.url);
        article.version.published = published.or(article.version.published);
        Ok(ArticlePlan::Record(Box::new(ReadArticle { change, ..*article })))
    }
}

fn touch(found: &FoundArticle<'_>, row: &ArticleRow, is_mirror: bool) -> ArticlePlan {
    ArticlePlan::Touch { id: row.id, fingerprint: found.fingerprint, is_mirror }
}
