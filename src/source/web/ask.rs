//! The request for one feed.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::body::AnyBody;
use super::calendar::{after_skipped, fresh_until, max_age};
use super::link_header::{HeadLink, head_links};
use super::reading::{Reading, unrecorded};
use super::specs::{FeedSpec, Feeds};
use crate::archive::FeedRow;
use crate::fetch::{Answer, Fetched, Purpose, Request};
use crate::model::{CaptureKind, Exchange, Failure, SourceFailure, Validators};
use crate::source::error::SourceError;
use crate::source::feed::{self, Document, Feed, is_feed_type};
use crate::staging::Staged;

/// Statuses of permanent redirects (RFC 9110, sections 15.4.2 and 15.4.9).
const PERMANENT: [Option<u16>; 2] = [Some(301), Some(308)];
/// Gone for good (RFC 9110, section 15.5.11).
const GONE: u16 = 410;

/// A feed in which there is something new, or of which pages are due.
pub(super) struct News {
    pub(super) feed: Feed,
    /// Where it came from.
    pub(super) url: Url,
    /// Whether its earlier posts were made with other settings.
    pub(super) are_settings_new: bool,
}

/// What became of asking for a feed.
pub(super) struct Asked {
    /// The feed, where there is something new in it.
    pub(super) news: Option<News>,
    /// What else there is to say, for a person.
    pub(super) note: Option<String>,
    /// What is recorded once its entries are; `None` if nothing changes.
    pub(super) row: Option<FeedRow>,
}

impl Asked {
    const NOTHING: Self = Self { news: None, note: None, row: None };
}

/// A response with a feed in it, or with nothing new.
struct Response {
    document: Option<Document>,
    url: Url,
    validators: Validators,
    exchanges: Vec<Exchange>,
}

impl Reading<Feeds> {
    /// Requests a feed, unless it is retired or still fresh.
    pub(super) async fn ask(&self, spec: &FeedSpec) -> Result<Asked, SourceError> {
        let row = self.reader.archive.catalog.feed(&self.source, &spec.key).await.map_err(unrecorded)?;
        if let Some(retired_at) = row.as_ref().and_then(|row| row.retired_at) {
            return Ok(Asked { note: Some(retired(spec, retired_at)), ..Asked::NOTHING });
        }
        let settings = self.kind.settings_of(spec);
        let known = row.as_ref().filter(|row| row.settings == settings);
        if known.and_then(|row| row.fresh_until).is_some_and(|until| until > self.now) {
            return Ok(Asked::NOTHING);
        }
        let url = row.as_ref().and_then(|row| row.moved_to.clone()).unwrap_or_else(|| spec.url.clone());
        // Entries stand in the feed alone: where pages of theirs are due, all of it is asked for.
        let are_pages_due = known.and_then(|row| row.pages_due).is_some_and(|at| at <= self.now);
        let validators = known.filter(|_| !are_pages_due).map(|row| row.validators.clone()).unwrap_or_default();
        let fresh = FeedRow { settings, validators: Validators::default(), ..empty_row(row.as_ref()) };
        match self.request(&spec.url, &url, &validators).await {
            Ok(response) => self.answered(spec, known, fresh, response).await,
            Err(failure) => self.refused(spec, fresh, failure).await,
        }
    }

    async fn answered(
        &self,
        spec: &FeedSpec,
        known: Option<&FeedRow>,
        fresh: FeedRow,
        response: Response,
    ) -> Result<Asked, SourceError> {
        let moved_to = moved_to(&response.exchanges).or_else(|| fresh.moved_to.clone());
        let head = response.exchanges.last().and_then(|exchange| exchange.response_head.as_deref());
        let age = head.and_then(max_age);
        let note = moved_to
            .as_ref()
            .map(|to| format!("the feed {} has moved to {to} for good: write that into the settings", spec.url));
        let Some(document) = response.document else {
            let before = known.cloned().unwrap_or(fresh);
            let lifetime = before.lifetime.max(age);
            let row =
                FeedRow { fresh_until: self.fresh_until(lifetime, &before.skip_hours), moved_to, ..before.clone() };
            return Ok(Asked { news: None, note, row: (row != before).then_some(row) });
        };
        let (feed, url, validators) = match document {
            Document::Feed(feed) => (*feed, response.url, response.validators),
            Document::Page(named) => {
                let feed_url = named.or_else(|| named_by_head(head?, &response.url));
                self.behind_page(spec, feed_url).await?
            }
        };
        let lifetime = feed.ttl.max(age);
        let row = FeedRow {
            validators,
            lifetime,
            fresh_until: self.fresh_until(lifetime, &feed.skip_hours),
            skip_hours: feed.skip_hours.clone(),
            moved_to,
            ..fresh
        };
        let news = News { feed, url, are_settings_new: known.is_none() };
        Ok(Asked { news: Some(news), note, row: Some(row) })
    }

    /// The feed that a page names. Its validators belong to another URL, so none are kept.
    async fn behind_page(&self, spec: &FeedSpec, url: Option<Url>) -> Result<(Feed, Url, Validators), SourceError> {
        let Some(url) = &url else {
            let message = "its host sent a page that names no feed (<link rel=alternate>)".to_owned();
            return Err(self.error(spec, SourceFailure::NotAFeed, message));
        };
        let response = self.request(url, url, &Validators::default()).await;
        let response = response.map_err(|failure| self.failed(spec, failure))?;
        if let Response { document: Some(Document::Feed(feed)), url, .. } = response {
            return Ok((*feed, url, Validators::default()));
        }
        let message = format!("its host sent a page, and {url}, which that names as its feed, is none");
        Err(self.error(spec, SourceFailure::NotAFeed, message))
    }

    fn fresh_until(&self, lifetime: Option<Duration>, skip_hours: &[i8]) -> Option<Timestamp> {
        let until = fresh_until(self.now, lifetime, self.reader.feed.max_wait);
        let skipped = after_skipped(until.unwrap_or(self.now), skip_hours);
        skipped.or(until)
    }

    /// A feed that is gone for good is not requested any more. One that moved and is not there is requested at its old
    /// URL.
    async fn refused(&self, spec: &FeedSpec, fresh: FeedRow, failure: Refusal) -> Result<Asked, SourceError> {
        let is_gone = matches!(&failure, Refusal::Fetch(failure) if failure.status == Some(GONE));
        let is_recorded = !matches!(failure, Refusal::Unrecorded(_));
        if !is_recorded || (!is_gone && fresh.moved_to.is_none()) {
            return Err(self.failed(spec, failure));
        }
        let retired_at = is_gone.then_some(self.now).filter(|_| fresh.moved_to.is_none());
        let row = FeedRow { retired_at, moved_to: None, ..fresh };
        let recorded = self.reader.archive.catalog.record_feed(&self.source, &spec.key, &row).await;
        recorded.map_err(unrecorded)?;
        match retired_at {
            Some(_) => Err(self.error(
                spec,
                SourceFailure::Gone,
                "its host says that it is gone for good (410): it is not asked for any more; take it out of the settings"
                    .to_owned(),
            )),
            None => Err(self.failed(spec, failure)),
        }
    }

    fn failed(&self, spec: &FeedSpec, failure: Refusal) -> SourceError {
        match failure {
            Refusal::Fetch(failure) => self.error(spec, SourceFailure::Fetch(failure.reason), failure.detail),
            Refusal::Document(message) => self.error(spec, SourceFailure::NotAFeed, message),
            Refusal::Unrecorded(error) => error,
        }
    }

    fn error(&self, spec: &FeedSpec, reason: SourceFailure, message: String) -> SourceError {
        let (what, source_name, url) = ("feed", self.source.to_string(), spec.url.to_string());
        SourceError::Web { what, source_name, url, reason, message }
    }

    /// Requests a feed, which is recorded under the URL that names it: it may have moved from there.
    async fn request(&self, named: &Url, url: &Url, validators: &Validators) -> Result<Response, Refusal> {
        let (most, fetcher) = (self.reader.feed.max_bytes.0, &self.reader.fetcher);
        let judge = AnyBody { most, limit: "feed.max_bytes", purpose: Purpose::Feed, fetcher };
        let request = Request { url, purpose: Purpose::Feed, article: None, validators, judge: &judge };
        let response = self.fetch(&request).await;
        let recorded = self.requested(CaptureKind::Feed, named, &response.exchanges, response.bodies()).await;
        recorded.map_err(Refusal::Unrecorded)?;
        let Fetched { exchanges, outcome, .. } = response;
        let final_url = exchanges.last().map_or_else(|| url.clone(), |exchange| exchange.url.clone());
        match outcome.map_err(Refusal::Fetch)? {
            Answer::NotModified => {
                let validators = Validators::default();
                Ok(Response { document: None, url: final_url, validators, exchanges })
            }
            Answer::Body { staged, validators, accepted } => {
                let document = self.read_document(staged, accepted, final_url.clone()).await?;
                Ok(Response { document: Some(document), url: final_url, validators, exchanges })
            }
        }
    }

    /// Reads a body on a thread that may take its time.
    async fn read_document(&self, staged: Staged, content_type: Option<String>, url: Url) -> Result<Document, Refusal> {
        let limits = self.xml_limits();
        let _permit = self.kind.parsing.acquire().await.expect("the semaphore is never closed");
        let read = tokio::task::spawn_blocking(move || {
            let read = staged.content().read();
            let bytes = read.map_err(|cause| format!("cannot read what was fetched: {cause}"))?;
            let text = feed::decode(&bytes, content_type.as_deref());
            drop(bytes);
            feed::read(&text, &url, limits).map_err(|error| error.to_string())
        });
        read.await.expect("any text is read without a panic").map_err(Refusal::Document)
    }
}

/// Why there is no feed.
pub(super) enum Refusal {
    /// It could not be fetched.
    Fetch(Failure),
    /// What was fetched is none that is read.
    Document(String),
    /// What was fetched cannot be recorded.
    Unrecorded(SourceError),
}

fn empty_row(before: Option<&FeedRow>) -> FeedRow {
    FeedRow {
        settings: crate::model::Digest::of(b""),
        validators: Validators::default(),
        fresh_until: None,
        lifetime: None,
        skip_hours: Vec::new(),
        moved_to: before.and_then(|row| row.moved_to.clone()),
        retired_at: None,
        pages_due: None,
    }
}

/// The feed that the head of a page's response names.
fn named_by_head(head: &[u8], url: &Url) -> Option<Url> {
    let is_feed = |link: &HeadLink| {
        link.relations.iter().any(|relation| relation == "alternate") && is_feed_type(link.media_type.as_deref())
    };
    head_links(head, url).into_iter().find(|link| is_feed(link) && link.url != *url).map(|link| link.url)
}

/// Where permanent redirects, and no others, led.
fn moved_to(exchanges: &[Exchange]) -> Option<Url> {
    let (last, before) = exchanges.split_last()?;
    let are_permanent = !before.is_empty() && before.iter().all(|exchange| PERMANENT.contains(&exchange.status));
    are_permanent.then(|| last.url.clone())
}

fn retired(spec: &FeedSpec, at: Timestamp) -> String {
    let day = at.strftime("%Y-%m-%d");
    format!("the feed {} is gone for good since {day} and is not asked for: take it out of the settings", spec.url)
}
