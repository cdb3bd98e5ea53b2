//! What a run would do, found out without doing it: no request, no write, no archive made.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::reading::{Pair, is_untouched, pair_up, to_record};
use super::{ArticleCounts, MirrorError, Problem, in_place, inline, options, settings};
use crate::archive::{Archive, ArticleRow, ArticleState, UrlRow, UrlState};
use crate::config::Config;
use crate::extract;
use crate::model::Digest;
use crate::source::{FoundArticle, Source};

/// Entries of each list; the counts are always whole.
const LISTED: usize = 10_000;
/// URLs taken from the catalog at a time.
const PAGE: usize = 1000;

/// What a run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rehearsal {
    /// Always true: tells it from a report.
    pub dry_run: bool,
    /// What would become of the articles.
    pub articles: ArticleCounts,
    /// References of the articles that are new or changed.
    pub references: u64,
    /// URLs that would be asked for.
    pub urls: u64,
    /// Articles whose mirror would be written.
    pub write: Vec<String>,
    /// URLs that would be asked for, one by one.
    pub fetch: Vec<String>,
    /// Articles and folders that cannot be read.
    pub problems: Vec<Problem>,
}

/// Finds out what a run over `sources` would do. Without an archive everything is new.
///
/// # Errors
/// Where a source or the catalog cannot be read at all.
pub async fn rehearse(
    config: &Config,
    archive: Option<Arc<Archive>>,
    sources: &[Source],
) -> Result<Rehearsal, MirrorError> {
    let result = Rehearsal { dry_run: true, ..Rehearsal::default() };
    let mut rehearsing = Rehearsing { config, archive, now: Timestamp::now(), result, seen: HashSet::new() };
    for source in sources {
        let mut pairs = pair_up(source, rehearsing.archive.clone())?;
        while let Some(pair) = pairs.recv().await {
            rehearsing.read(source, pair).await?;
        }
    }
    if sources.iter().all(|source| source.only.is_none()) {
        rehearsing.due().await?;
    }
    Ok(rehearsing.result)
}

struct Rehearsing<'a> {
    config: &'a Config,
    archive: Option<Arc<Archive>>,
    now: Timestamp,
    result: Rehearsal,
    /// Digests of the URLs that were looked at: each is asked for once.
    seen: HashSet<Digest>,
}

impl Rehearsing<'_> {
    async fn read(&mut self, source: &Source, pair: Pair) -> Result<(), MirrorError> {
        match pair {
            Pair::Found(found, row) => self.read_found(source, &found, row.as_deref()).await,
            Pair::Gone(row) => {
                let vanishes = row.state != ArticleState::Vanished && source.only.is_none();
                self.result.articles.vanished += u64::from(vanishes);
                Ok(())
            }
            Pair::Unreadable(error) => {
                self.problem(&source.config.name, error.to_string());
                Ok(())
            }
        }
    }

    async fn read_found(
        &mut self,
        source: &Source,
        found: &FoundArticle,
        row: Option<&ArticleRow>,
    ) -> Result<(), MirrorError> {
        self.result.articles.seen += 1;
        let settings = settings(self.config, source);
        if row.is_some_and(|row| is_untouched(source, found, row, settings)) {
            self.result.articles.unchanged += 1;
            return Ok(());
        }
        let limit = self.config.rewrite.max_article.0;
        if limit > 0 && found.fingerprint.size > limit {
            self.problem(&found.file.display().to_string(), "it is larger than rewrite.max_article".to_owned());
            return Ok(());
        }
        match read(&found.file).await {
            Ok(bytes) => self.read_bytes(source, found, row, bytes).await,
            Err(cause) => {
                self.problem(&found.file.display().to_string(), format!("cannot be read: {cause}"));
                Ok(())
            }
        }
    }

    async fn read_bytes(
        &mut self,
        source: &Source,
        found: &FoundArticle,
        row: Option<&ArticleRow>,
        bytes: Vec<u8>,
    ) -> Result<(), MirrorError> {
        let bytes = self.original(source, found, row, bytes).await?;
        let counts = &mut self.result.articles;
        let mirrored = |row: &ArticleRow| row.mirror.is_some() && row.state != ArticleState::Stale;
        match row {
            Some(row) if row.version.original == Digest::of(&bytes) && mirrored(row) => counts.unchanged += 1,
            Some(_) => counts.changed += 1,
            None => counts.new += 1,
        }
        push(&mut self.result.write, || format!("{}/{}", source.config.name, found.path));
        let format = extract::format_of(&found.path, &bytes);
        let mut extraction = extract::extract(&bytes, format, &options(self.config, source, &found.path));
        inline::lift(&mut extraction.references, &inline::Limits::of(self.config));
        let references = to_record(source, self.config.rewrite.adopt_local, &extraction.references);
        self.result.references += references.iter().filter(|reference| reference.url.is_some()).count() as u64;
        for url in references.iter().filter_map(|reference| reference.url.as_ref()) {
            self.consider(url).await?;
        }
        Ok(())
    }

    /// An article that is mirrored in place is read as it would be without its mirror.
    async fn original(
        &self,
        source: &Source,
        found: &FoundArticle,
        row: Option<&ArticleRow>,
        bytes: Vec<u8>,
    ) -> Result<Vec<u8>, MirrorError> {
        let (Some(archive), Some(row), true) = (&self.archive, row, source.is_in_place()) else { return Ok(bytes) };
        let edits = archive.catalog.edits(row.id).await?;
        let options = options(self.config, source, &found.path);
        Ok(in_place::original_of(&bytes, row.version.format, &edits, &options))
    }

    async fn consider(&mut self, url: &Url) -> Result<(), MirrorError> {
        if !self.seen.insert(Digest::of(url.as_str().as_bytes())) {
            return Ok(());
        }
        let known = match &self.archive {
            Some(archive) => archive.catalog.url(url).await?,
            None => None,
        };
        if known.is_none_or(|row| self.is_due(&row)) {
            self.would_fetch(url);
        }
        Ok(())
    }

    /// Those whose next attempt is due, or that an earlier run left.
    async fn due(&mut self) -> Result<(), MirrorError> {
        let Some(archive) = self.archive.clone() else { return Ok(()) };
        let mut last = None;
        loop {
            let rows = archive.catalog.failing_urls(last, PAGE).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = Some(end.id);
            for row in &rows {
                if self.is_due(row) && self.seen.insert(Digest::of(row.url.as_str().as_bytes())) {
                    self.would_fetch(&row.url);
                }
            }
        }
    }

    fn is_due(&self, row: &UrlRow) -> bool {
        row.state == UrlState::New || row.next_attempt.is_some_and(|at| at <= self.now)
    }

    fn would_fetch(&mut self, url: &Url) {
        self.result.urls += 1;
        push(&mut self.result.fetch, || url.to_string());
    }

    fn problem(&mut self, article: &str, message: String) {
        self.result.articles.failed += 1;
        push(&mut self.result.problems, || Problem { article: article.to_owned(), message });
    }
}

async fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    tokio::fs::read(file).await
}

fn push<T>(list: &mut Vec<T>, item: impl FnOnce() -> T) {
    if list.len() < LISTED {
        list.push(item());
    }
}
