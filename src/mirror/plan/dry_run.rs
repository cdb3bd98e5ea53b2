//! What a run would do, without doing it: no request, no write, no archive made.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::super::decisive::Decisive;
use super::super::error::MirrorError;
use super::super::report::{ArticleCounts, Problem, SourceReport};
use super::super::retry::{Again, Retry};
use super::super::sources::{RunSource, Sources};
use super::article::{ArticlePlan, Change, Planner, ReadArticle};
use crate::archive::rules::{Due, Schedule};
use crate::archive::{Archive, ArticleId, ArticleRow, ArticleState, UrlRow};
use crate::config::Config;
use crate::model::Digest;
use crate::source::{Diff, Difference, Listed, Source};

/// Entries of each list; the counts are always whole.
const LISTED: usize = 10_000;
/// URLs taken from the catalog at a time.
const PAGE: usize = 1000;

/// What a run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Always true: distinguishes a plan from a report.
    pub dry_run: bool,
    /// The sources, and whether they can be read.
    pub sources: Vec<SourceReport>,
    /// What would become of the articles.
    pub articles: ArticleCounts,
    /// References of the articles that would be recorded.
    pub references: u64,
    /// URLs that would be requested.
    pub urls: u64,
    /// Articles whose mirror would be written.
    pub write: Vec<String>,
    /// URLs that would be requested, one by one.
    pub fetch: Vec<String>,
    /// Articles and folders that cannot be read.
    pub problems: Vec<Problem>,
}

/// Finds out what a run over `sources` would do, with what it would `retry`. Without an archive everything is new.
///
/// # Errors
/// Where the catalog cannot be read.
pub async fn plan(
    config: &Config,
    archive: Option<Arc<Archive>>,
    sources: Vec<Source>,
    retry: Option<Retry>,
) -> Result<Plan, MirrorError> {
    let sources = Sources::new(config, sources, archive.as_deref());
    let decisive = sources.are_whole().then(|| Decisive::new(config));
    let again = match &archive {
        Some(archive) => Again::new(archive, decisive.as_ref(), retry).await?,
        None => Again::default(),
    };
    let planner = Planner::new(Arc::new(config.clone()), archive.clone(), Arc::default());
    let plan = Plan { dry_run: true, ..Plan::default() };
    let due = Due::new(Timestamp::now(), Schedule::new(config).horizon());
    let mut dry_run = DryRun { planner, archive, due, again, plan, seen: HashSet::new() };
    for source in sources.iter() {
        let report = dry_run.read_source(source).await?;
        dry_run.plan.sources.push(report);
    }
    if sources.are_whole() {
        dry_run.due().await?;
    }
    Ok(dry_run.plan)
}

struct DryRun {
    planner: Planner,
    archive: Option<Arc<Archive>>,
    due: Due,
    /// What is asked for although it is not due.
    again: Again,
    plan: Plan,
    /// Digests of the URLs that were looked at: each is requested once.
    seen: HashSet<Digest>,
}

impl DryRun {
    async fn read_source(&mut self, source: &Arc<RunSource>) -> Result<SourceReport, MirrorError> {
        let listing = match source.list() {
            Ok(listing) => listing,
            Err(error) => return Ok(SourceReport::failed(source.name(), &error)),
        };
        let before = self.plan.articles;
        let archive = self.archive.clone();
        let mut diff = Diff::new(source.name(), listing, archive.as_ref().map(|archive| &*archive.catalog));
        while let Some(difference) = diff.next().await? {
            match difference {
                Difference::Listed(listed, row) => self.article(source, &listed, row.as_deref()).await?,
                Difference::Gone(row) => {
                    self.plan.articles.vanished += u64::from(row.state != ArticleState::Vanished);
                }
                Difference::Empty { on_record } => {
                    return Ok(SourceReport::failed(source.name(), &source.empty(on_record)));
                }
                Difference::Skipped(_) | Difference::Note(_) => {}
                Difference::Unreadable(error) => self.problem(source.name(), &error.to_string()),
            }
        }
        let notes =
            if source.is_folder() { Vec::new() } else { vec!["feeds are not asked for in a dry run".to_owned()] };
        Ok(SourceReport::read(source, &before, &self.plan.articles, &notes))
    }

    async fn article(
        &mut self,
        source: &Arc<RunSource>,
        listed: &Listed,
        row: Option<&ArticleRow>,
    ) -> Result<(), MirrorError> {
        self.plan.articles.seen += 1;
        match self.planner.plan(source, listed, row).await? {
            ArticlePlan::Unchanged | ArticlePlan::Touch { .. } => self.plan.articles.unchanged += 1,
            ArticlePlan::TakenDown => {}
            ArticlePlan::Record(article) => self.record(&article).await?,
            ArticlePlan::Unreadable(why) => self.problem(&listed.location.to_string(), &why),
        }
        match row.filter(|_| !source.is_whole()) {
            Some(row) => self.missing_of(row.id).await,
            None => Ok(()),
        }
    }

    /// The user named this very article: what it misses is asked for, due or not.
    async fn missing_of(&mut self, id: ArticleId) -> Result<(), MirrorError> {
        let Some(archive) = self.archive.clone() else { return Ok(()) };
        for url in archive.catalog.references(id).await?.into_iter().filter_map(|row| row.url) {
            if url.asset.is_none() && self.seen.insert(Digest::of(url.url.as_str().as_bytes())) {
                self.would_fetch(&url.url);
            }
        }
        Ok(())
    }

    async fn record(&mut self, article: &ReadArticle) -> Result<(), MirrorError> {
        let counts = &mut self.plan.articles;
        match article.change {
            Change::New => counts.new += 1,
            Change::Content => counts.changed += 1,
            Change::Settings => counts.unchanged += 1,
        }
        push(&mut self.plan.write, || article.version.key.to_string());
        self.plan.references += article.references.iter().filter(|reference| reference.url.is_some()).count() as u64;
        for url in article.references.iter().filter_map(|reference| reference.url.as_ref()) {
            self.consider(url).await?;
        }
        Ok(())
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
        self.due.is_attempt_due(row.state, row.next_attempt) || self.again.asks_for(row)
    }

    fn would_fetch(&mut self, url: &Url) {
        self.plan.urls += 1;
        push(&mut self.plan.fetch, || url.to_string());
    }

    fn problem(&mut self, article: &str, message: &str) {
        self.plan.articles.failed += 1;
        push(&mut self.plan.problems, || Problem { article: article.to_owned(), message: message.to_owned() });
    }
}

fn push<T>(list: &mut Vec<T>, item: impl FnOnce() -> T) {
    if list.len() < LISTED {
        list.push(item());
    }
}
