//! What a run would do, without doing it: no request, no write, no archive made.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::super::error::MirrorError;
use super::super::local_files::local_changes;
use super::super::placeholder;
use super::super::request_settings::RequestSettings;
use super::super::retry::{Again, Retry};
use super::super::source_report;
use super::super::sources::{RunSource, Sources};
use super::article::{ArticlePlan, Planner};
use super::pending::{Pending, pending};
use super::place::{self, Place, Places};
use super::read_article::{Change, ReadArticle};
use super::requests::PlannedRequests;
use super::unread::Unread;
use crate::archive::rules::{self, Due, Schedule};
use crate::archive::{Archive, ArticleId, ArticleRow, UrlId, UrlRow, UrlState};
use crate::clock;
use crate::config::{Config, Recheck};
use crate::fetch::Fetcher;
use crate::model::{ArticleCounts, ArticleKey, ArticleVersion, Problem, ProblemReason, SourceReport};
use crate::source::{Diff, Difference, Listed, Source};

/// Entries of each list; the counts are always whole.
const LISTED: usize = 10_000;
/// URLs taken from the catalog at a time.
const PAGE: usize = 1000;

/// What a run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
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
    /// URLs that wait, because requests to their host are suspended.
    pub deferred: u64,
    /// Articles whose mirror would be written.
    pub write: Vec<String>,
    /// URLs that would be requested, one by one.
    pub fetch: Vec<String>,
    /// What cannot be read.
    pub problems: Vec<Problem>,
}

/// Determines what a run over `sources` would do, with what it would `retry`. Without an archive everything is new.
///
/// # Errors
/// Where the catalog cannot be read, or the settings of requests cannot work.
pub async fn plan(
    config: &Config,
    archive: Option<Arc<Archive>>,
    sources: Vec<Source>,
    retry: Option<Retry>,
) -> Result<Plan, MirrorError> {
    if let Some(archive) = &archive {
        archive.refuse_without_blobs::<MirrorError>().await?;
    }
    let sources = Sources::new(config, sources, archive.as_deref());
    let mut dry_run = DryRun::new(config, archive.clone(), &sources, retry).await?;
    if let Some(archive) = &archive {
        let changes = local_changes(archive, &sources).await?;
        dry_run.planner.read_again(changes.to_read);
        changes.to_adopt.iter().for_each(|(_, url)| dry_run.asked.ask(url));
    }
    for source in sources.iter() {
        let report = dry_run.read_source(source).await?;
        dry_run.plan.sources.push(report);
    }
    if let Some(archive) = &archive {
        dry_run.waiting(archive, &sources).await?;
        dry_run.whatever_articles_show(archive, config).await?;
    }
    Ok(dry_run.finish())
}

struct DryRun {
    planner: Planner,
    archive: Option<Arc<Archive>>,
    due: Due,
    now: Timestamp,
    /// How far ahead what is due can lie.
    horizon: Duration,
    /// Whether the run asks by the schedule.
    is_scheduled: bool,
    /// What is asked for although it is not due.
    again: Again,
    plan: Plan,
    asked: PlannedRequests,
    recheck: Recheck,
    /// The places of mirrors; `None` where there is no archive yet.
    places: Option<Places>,
    /// Articles whose mirror a run would write or could not write.
    looked_at: HashSet<ArticleKey>,
}

impl DryRun {
    async fn new(
        config: &Config,
        archive: Option<Arc<Archive>>,
        sources: &Sources,
        retry: Option<Retry>,
    ) -> Result<Self, MirrorError> {
        let (is_scheduled, now) = (sources.are_scheduled(), clock::now());
        let request_settings = is_scheduled.then(|| RequestSettings::new(config));
        let again = match &archive {
            Some(archive) => Again::new(archive, request_settings.as_ref(), retry).await?,
            None => Again::default(),
        };
        let horizon = Schedule::new(config).horizon();
        let due = Due::new(now, horizon);
        let asked = PlannedRequests::new(archive.as_deref(), now, is_scheduled.then_some(due)).await?;
        let planner = Planner::new(Arc::new(config.clone()), archive.clone(), Arc::default());
        let plan = Plan { dry_run: true, ..Plan::default() };
        let (recheck, looked_at) = (config.fetch.recheck, HashSet::new());
        let places = archive.clone().map(|archive| Places::new(archive, config));
        Ok(Self { planner, archive, due, now, horizon, is_scheduled, again, plan, asked, recheck, places, looked_at })
    }

    fn finish(self) -> Plan {
        let (urls, fetch, deferred) = self.asked.finish();
        Plan { urls, deferred, fetch, ..self.plan }
    }

    async fn read_source(&mut self, source: &Arc<RunSource>) -> Result<SourceReport, MirrorError> {
        let listing = match source.list() {
            Ok(listing) => listing,
            Err(error) => return Ok(source_report::failed(source.name(), &error)),
        };
        match source.first_addresses(self.archive.as_deref(), clock::now()).await {
            Ok(urls) => urls.iter().for_each(|url| self.asked.ask(url)),
            Err(error) => return Ok(source_report::failed(source.name(), &error)),
        }
        let before = self.plan.articles;
        let archive = self.archive.clone();
        let mut diff = Diff::new(source.name(), listing, archive.as_ref().map(|archive| &*archive.catalog));
        while let Some(difference) = diff.next().await? {
            match difference {
                Difference::Listed(listed, row) => self.article(source, &listed, row.as_deref()).await?,
                Difference::Gone(row) => {
                    self.plan.articles.vanished += u64::from(!row.is_gone);
                }
                Difference::Empty { on_record } => {
                    return Ok(source_report::failed(source.name(), &source.empty(on_record)));
                }
                Difference::Skipped(_) | Difference::Note(_) | Difference::Problem(..) => {}
                Difference::Unread(error) => {
                    let (reason, message) = (ProblemReason::UnreadAddress, error.to_string());
                    self.problem(source.name().to_string(), Unread { reason, message });
                }
                Difference::Unreadable(error) => {
                    let (reason, message) = (ProblemReason::UnreadableFolder, error.to_string());
                    self.problem(source.name().to_string(), Unread { reason, message });
                }
            }
        }
        let notes = if source.is_folder() {
            Vec::new()
        } else {
            vec!["nothing is asked for in a dry run: what its addresses lead to is not in it".to_owned()]
        };
        Ok(source_report::read(source, &before, &self.plan.articles, &notes))
    }

    async fn article(
        &mut self,
        source: &Arc<RunSource>,
        listed: &Listed,
        row: Option<&ArticleRow>,
    ) -> Result<(), MirrorError> {
        self.plan.articles.seen += 1;
        let mirrored = row.and_then(|row| row.mirror).map(|_| listed.path.clone());
        let mirror = source.mirror_fingerprints(mirrored.into_iter().collect()).await.pop().flatten();
        match self.planner.plan(source, listed, row, mirror).await? {
            ArticlePlan::Unchanged | ArticlePlan::Touch { .. } => self.plan.articles.unchanged += 1,
            ArticlePlan::TakenDown => {}
            ArticlePlan::Record(article) => self.record(source, &article, row).await?,
            ArticlePlan::Unreadable(why) => self.problem(listed.location.to_string(), why),
        }
        match row.filter(|_| source.is_named()) {
            Some(row) => self.ask_for(source, row.id).await,
            None => Ok(()),
        }
    }

    /// The user named the source, or this very article.
    async fn ask_for(&mut self, source: &RunSource, id: ArticleId) -> Result<(), MirrorError> {
        let Some(archive) = self.archive.clone() else { return Ok(()) };
        let urls = archive.catalog.references(id).await?.into_iter().filter_map(|row| row.url);
        for url in urls.filter(|url| source.asks_for(url, self.due)).collect::<Vec<_>>() {
            if source.chosen().is_some() {
                self.asked.close_breaker(&url.url);
            }
            self.ask(&url);
        }
        Ok(())
    }

    async fn record(
        &mut self,
        source: &RunSource,
        article: &ReadArticle,
        row: Option<&ArticleRow>,
    ) -> Result<(), MirrorError> {
        let counts = &mut self.plan.articles;
        match article.change {
            Change::New => counts.new += 1,
            Change::Content => counts.changed += 1,
            Change::Settings => counts.unchanged += 1,
        }
        self.write(source, &article.version, row).await?;
        self.plan.references += article.references.iter().filter(|reference| reference.url.is_some()).count() as u64;
        for url in article.references.iter().filter_map(|reference| reference.url.as_ref()) {
            self.consider(url).await?;
        }
        Ok(())
    }

    /// The mirror of an article that is about to be written, or why it could not be.
    async fn write(
        &mut self,
        source: &RunSource,
        version: &ArticleVersion,
        row: Option<&ArticleRow>,
    ) -> Result<(), MirrorError> {
        self.looked_at.insert(version.key.clone());
        let place = match &self.places {
            Some(places) => places.planned(source, version, row).await?,
            None => place::of_first_run(source, version),
        };
        match place {
            Place::Free => push(&mut self.plan.write, || version.key.to_string()),
            Place::Taken(None) => {}
            Place::Taken(Some((reason, message))) => self.problem(version.key.to_string(), Unread { reason, message }),
        }
        Ok(())
    }

    /// The mirrors that an earlier run left to be written.
    async fn waiting(&mut self, archive: &Archive, sources: &Sources) -> Result<(), MirrorError> {
        let mut last = None;
        loop {
            let waiting = archive.catalog.stale_articles(last, PAGE).await?;
            let Some(end) = waiting.last() else { return Ok(()) };
            last = Some(*end);
            for id in waiting {
                let Some(row) = archive.catalog.article_by_id(id).await? else { continue };
                let source = sources.get(&row.version.key.source);
                if let Some(source) = source.filter(|_| !self.looked_at.contains(&row.version.key)) {
                    self.write(source, &row.version, Some(&row)).await?;
                }
            }
        }
    }

    /// A URL that an article is about to show: it is requested if it is not recorded, or due.
    async fn consider(&mut self, url: &Url) -> Result<(), MirrorError> {
        if !self.asked.is_new(url) {
            return Ok(());
        }
        let known = match &self.archive {
            Some(archive) => archive.catalog.url(url).await?,
            None => None,
        };
        if known.is_none_or(|row| self.due.is_due(&row.facts)) {
            self.asked.ask(url);
        }
        Ok(())
    }

    /// What a run asks for whatever the articles show.
    async fn whatever_articles_show(&mut self, archive: &Archive, config: &Config) -> Result<(), MirrorError> {
        for pending in pending(self.is_scheduled) {
            match pending {
                Pending::Queued => self.ask_queued(archive).await?,
                Pending::Placeholders => self.ask_placeholders(archive, config).await?,
                Pending::Due => self.ask_due(archive).await?,
                Pending::Unprobed => {
                    placeholder::unprobed(archive).await?.iter().for_each(|shared| self.asked.ask(&shared.url));
                }
                Pending::Again => self.ask_again(archive).await?,
            }
        }
        Ok(())
    }

    async fn ask_queued(&mut self, archive: &Archive) -> Result<(), MirrorError> {
        let mut last = None;
        while let Some(rows) = page(archive.catalog.queued_urls(last, PAGE).await?, &mut last) {
            for row in &rows {
                self.ask(row);
            }
        }
        Ok(())
    }

    async fn ask_placeholders(&mut self, archive: &Archive, config: &Config) -> Result<(), MirrorError> {
        let fetcher = Fetcher::new(&config.fetch, Path::new(""))?;
        for (host, digest) in placeholder::configured(archive, config, &fetcher).await? {
            let sharing = archive.catalog.urls_sharing(&host, digest, placeholder::LOOKED_AT).await?;
            for shared in &sharing {
                self.asked.ask(&shared.url);
            }
        }
        Ok(())
    }

    async fn ask_due(&mut self, archive: &Archive) -> Result<(), MirrorError> {
        let mut last = None;
        let (now, horizon) = (self.now, self.horizon);
        while let Some(rows) = page(archive.catalog.due_urls(now, horizon, last, PAGE).await?, &mut last) {
            for row in &rows {
                if self.is_rechecked(row) != Some(false) {
                    self.ask(row);
                }
            }
        }
        if self.again.reschedules { self.ask_rechecked(archive).await } else { Ok(()) }
    }

    /// Good images that are due by another `fetch.recheck` than that of the last run.
    async fn ask_rechecked(&mut self, archive: &Archive) -> Result<(), MirrorError> {
        let mut last = None;
        loop {
            let rows = archive.catalog.articles_by_row(last, PAGE).await?;
            let Some((end, _)) = rows.last() else { return Ok(()) };
            last = Some(*end);
            for id in rows.into_iter().filter(|(_, row)| row.is_ok()).map(|(id, _)| id) {
                let urls = archive.catalog.references(id).await?.into_iter().filter_map(|row| row.url);
                for url in urls.filter(|url| self.is_rechecked(url) == Some(true)).collect::<Vec<_>>() {
                    self.ask(&url);
                }
            }
        }
    }

    /// Whether a good image is due by the settings, where the run counts that anew; `None` for what it leaves.
    fn is_rechecked(&self, url: &UrlRow) -> Option<bool> {
        let (_, last) = url.facts.good.filter(|_| self.again.reschedules && url.facts.state == UrlState::Good)?;
        Some(rules::recheck_at(self.recheck, last).is_some_and(|at| at <= self.now))
    }

    async fn ask_again(&mut self, archive: &Archive) -> Result<(), MirrorError> {
        let mut last = None;
        while let Some(rows) = self.again.next_page(archive, &mut last).await? {
            for row in &rows {
                self.asked.close_breaker(&row.url);
                self.ask(row);
            }
        }
        Ok(())
    }

    fn ask(&mut self, row: &UrlRow) {
        if row.facts.may_be_queued() {
            self.asked.ask(&row.url);
        }
    }

    fn problem(&mut self, article: String, Unread { reason, message }: Unread) {
        self.plan.articles.failed += u64::from(reason.fails_article());
        push(&mut self.plan.problems, || Problem { article, reason, message });
    }
}

/// A page, after whose last row the next one begins; `None` where it is empty.
fn page(rows: Vec<UrlRow>, last: &mut Option<UrlId>) -> Option<Vec<UrlRow>> {
    *last = Some(rows.last()?.id);
    Some(rows)
}

fn push<T>(list: &mut Vec<T>, item: impl FnOnce() -> T) {
    if list.len() < LISTED {
        list.push(item());
    }
}
