//! One URL: requested, identified by its content, kept, recorded.

use std::sync::Arc;

use encoding_rs::Encoding;
use url::Url;

use super::Crawl;
use super::frontier::{Fate, Frontier, Task, Via};
use super::judge::PageJudge;
use super::record::{Known, Progress, links_of};
use crate::archive::{PageContent, PageRow};
use crate::clock;
use crate::extract::PageLinks;
use crate::fetch::{Answer, Fetched, Purpose, Request};
use crate::locks::Mutex;
use crate::model::{CaptureKind, Exchange, Failure, Format, Reason, RelativePath, Validators};
use crate::source::error::SourceError;
use crate::source::feed::charset;
use crate::source::listing::{Entry, Listed, Location, Made};
use crate::source::web::content::{Content, LOOKED_AT, claims, content_of};
use crate::source::web::link_header::add_head_links;
use crate::source::web::location::{identity, names, normal, without_query};
use crate::source::web::reading::Reading;
use crate::source::web::received::Response;
use crate::staging::Staged;

/// What was found at a URL.
pub(super) enum Visit {
    /// A page, with its links if they are needed, and the path of its article if that was listed.
    Page(Box<PageLinks>, Option<RelativePath>),
    /// A copy of a page: this is its canonical URL.
    Copy(Url),
    /// An image.
    Image,
    /// A redirect to a URL that is not requested, or was already.
    Moved(Url),
    /// It was taken down on purpose.
    TakenDown,
    /// Neither a page nor an image.
    Other(String),
    /// Nothing: it could not be fetched.
    Failed(Failure),
}

impl Visit {
    /// Whether there is something at the address, or was.
    pub(super) const fn is_read(&self) -> bool {
        !matches!(self, Self::Other(_) | Self::Failed(_))
    }

    /// What it means for pages that say this address is their own.
    pub(super) const fn fate(&self) -> Fate {
        match self {
            Self::Page(..) | Self::TakenDown => Fate::Page,
            Self::Failed(failure) if failure.retry_at.is_some() => Fate::Open,
            Self::Copy(_) | Self::Image | Self::Moved(_) | Self::Other(_) | Self::Failed(_) => Fate::NoPage,
        }
    }
}

/// A body, and what is known of it.
struct Body {
    staged: Staged,
    validators: Validators,
    content_type: Option<String>,
    exchanges: Vec<Exchange>,
    /// Where it came from, behind redirects.
    url: Url,
}

impl Reading<Crawl> {
    /// Determines what is at a URL.
    pub(super) async fn visit(
        &self,
        task: &Task,
        frontier: &Mutex<Frontier>,
        progress: &Progress,
    ) -> Result<Visit, SourceError> {
        if self.is_taken_down(&task.url).await? {
            return Ok(Visit::TakenDown);
        }
        let known = self.known(&task.url).await?;
        let is_to_be_read = task.is_own || self.reader.received.holds(&task.url);
        if let Some(known) = known.as_ref().filter(|known| !is_to_be_read && known.is_done(task, progress)) {
            return Ok(self.recorded(known, task).await);
        }
        let judge = PageJudge::new(task, frontier, &self.reader.fetcher);
        let nothing = Validators::default();
        let validators = known.as_ref().map_or(&nothing, |known| &known.row.validators);
        let request = Request { url: &task.url, purpose: Purpose::Page, article: None, validators, judge: &judge };
        let response = self.fetch(&request).await;
        let visit = self.judged(task, response, judge.led_to(), known, progress).await?;
        let mut frontier = frontier.lock();
        judge.followed().iter().for_each(|url| frontier.complete(url, visit.fate()));
        Ok(visit)
    }

    /// What a response shows, or a redirect that was not followed.
    async fn judged(
        &self,
        task: &Task,
        response: Response,
        led_to: Option<Url>,
        known: Option<Known>,
        progress: &Progress,
    ) -> Result<Visit, SourceError> {
        let Fetched { exchanges, outcome, evidence } = response;
        match (outcome, led_to, known) {
            (Ok(Answer::Body { staged, validators, accepted: content_type }), _, known) => {
                let url = exchanges.last().map_or_else(|| task.url.clone(), |exchange| normal(exchange.url.clone()));
                let body = Body { staged, validators, content_type, exchanges, url };
                self.received(task, known, body, evidence, progress).await
            }
            (Ok(Answer::NotModified), _, Some(known)) => {
                self.requested(CaptureKind::Page, &task.url, &exchanges, &evidence).await?;
                self.record(&task.url, PageRow { lastmod: task.lastmod.clone(), ..known.row.clone() }, progress)
                    .await?;
                Ok(self.recorded(&known, task).await)
            }
            (Err(_), Some(to), _) => {
                self.requested(CaptureKind::Page, &task.url, &exchanges, &evidence).await?;
                self.moved(task, normal(to), progress).await
            }
            (Err(failure), None, _) => {
                self.requested(CaptureKind::Page, &task.url, &exchanges, &evidence).await?;
                Ok(Visit::Failed(failure))
            }
            (Ok(Answer::NotModified), _, None) => Ok(Visit::Failed(Failure::new(
                Reason::Protocol,
                "the host says that nothing changed, and was not asked that",
            ))),
        }
    }

    async fn recorded(&self, known: &Known, task: &Task) -> Visit {
        match &known.row.content {
            PageContent::Article { .. } => {
                let links =
                    if self.kind.wants_links() { self.recorded_links(known).await } else { PageLinks::default() };
                Visit::Page(Box::new(links), None)
            }
            PageContent::Image => Visit::Image,
            PageContent::Moved(to) if is_copy(task, &task.url, to) => Visit::Copy(to.clone()),
            PageContent::Moved(to) => Visit::Moved(to.clone()),
        }
    }

    async fn moved(&self, task: &Task, to: Url, progress: &Progress) -> Result<Visit, SourceError> {
        self.record(&task.url, row(task, PageContent::Moved(to.clone()), Validators::default()), progress).await?;
        Ok(Visit::Moved(to))
    }

    async fn received(
        &self,
        task: &Task,
        known: Option<Known>,
        body: Body,
        evidence: Vec<Staged>,
        progress: &Progress,
    ) -> Result<Visit, SourceError> {
        let head = match body.staged.head(LOOKED_AT) {
            Ok(head) => head,
            Err(cause) => {
                return Ok(Visit::Failed(Failure::new(Reason::Truncated, format!("cannot read it back: {cause}"))));
            }
        };
        let content = content_of(&head, body.content_type.as_deref());
        if content == Content::Image && self.kind.keeps_images {
            return self.image(task, body, evidence, progress).await;
        }
        let is_wanted = content == if task.via == Via::Sheet { Content::Sheet } else { Content::Page };
        let kept = Some(&body.staged).filter(|staged| self.is_kept(staged, is_wanted));
        self.requested(CaptureKind::Page, &task.url, &body.exchanges, kept.into_iter().chain(&evidence)).await?;
        match content {
            _ if is_wanted => self.page(task, known, body, progress).await,
            Content::Image => Ok(Visit::Other("an image".to_owned())),
            Content::Sheet => Ok(Visit::Other("a style sheet".to_owned())),
            Content::Feed => Ok(Visit::Other("a feed: list it as a source of kind \"feed\"".to_owned())),
            Content::Sitemap => Ok(Visit::Other("a sitemap: list it as a source of kind \"sitemap\"".to_owned())),
            Content::Packed | Content::Other(_) | Content::Page => {
                let claimed = body.content_type.unwrap_or_else(|| "no type".to_owned());
                Ok(Visit::Other(format!("neither a page nor an image; its host calls it {claimed}")))
            }
        }
    }

    /// Whether a body is kept in the capture: what is no page has the limit of what is refused.
    fn is_kept(&self, staged: &Staged, is_wanted: bool) -> bool {
        let limit = self.reader.max_article.0;
        let most = if is_wanted { limit } else { self.reader.fetcher.max_evidence() };
        staged.length <= most || (is_wanted && limit == 0)
    }

    /// Keeps the response for the job that requests the image: it is fetched once.
    async fn image(
        &self,
        task: &Task,
        body: Body,
        evidence: Vec<Staged>,
        progress: &Progress,
    ) -> Result<Visit, SourceError> {
        self.record(&task.url, row(task, PageContent::Image, Validators::default()), progress).await?;
        let Body { staged, validators, content_type, exchanges, .. } = body;
        let outcome = Ok(Answer::Body { staged, validators, accepted: content_type });
        self.reader.received.hold(task.url.clone(), Response { exchanges, outcome, evidence });
        Ok(Visit::Image)
    }

    async fn page(
        &self,
        task: &Task,
        known: Option<Known>,
        body: Body,
        progress: &Progress,
    ) -> Result<Visit, SourceError> {
        let limit = self.reader.max_article;
        if limit.0 > 0 && body.staged.length > limit.0 {
            let detail = format!("it has more than rewrite.max_article ({limit}); raise that to read it");
            return Ok(Visit::Failed(Failure::new(Reason::TooLarge, detail)));
        }
        let bytes = match body.staged.read() {
            Ok(bytes) => Arc::new(bytes),
            Err(cause) => {
                return Ok(Visit::Failed(Failure::new(Reason::Truncated, format!("cannot read it back: {cause}"))));
            }
        };
        let charset = body.content_type.as_deref().and_then(charset);
        let format = if task.via == Via::Sheet { Format::Css } else { Format::Html };
        let mut links = links_of(Arc::clone(&bytes), format, body.url.clone(), charset).await;
        if let Some(head) = body.exchanges.last().and_then(|exchange| exchange.response_head.as_deref()) {
            add_head_links(&mut links, head, &body.url);
        }
        if let Some(own) = copy_of(task, &body.url, &links) {
            self.record(&task.url, row(task, PageContent::Moved(own.clone()), Validators::default()), progress).await?;
            return Ok(Visit::Copy(own));
        }
        let original = body.staged.digest;
        let same = known.filter(|_| body.url == task.url).and_then(|known| known.path_of(original));
        let (path, listed) = if let Some(path) = same {
            (path, None)
        } else {
            let path = self.hand_on(task, &body, bytes, charset).await?;
            (path.clone(), Some(path))
        };
        if !body.exchanges.is_empty() {
            self.record_page(task, &body, PageContent::Article { path, original }, progress).await?;
        }
        Ok(Visit::Page(Box::new(links), listed))
    }

    async fn record_page(
        &self,
        task: &Task,
        body: &Body,
        content: PageContent,
        progress: &Progress,
    ) -> Result<(), SourceError> {
        if body.url != task.url {
            let moved = row(task, PageContent::Moved(body.url.clone()), Validators::default());
            self.record(&task.url, moved, progress).await?;
        }
        // What is kept although another address is its own is read as a whole again: that address may be back.
        let validators = if task.is_own { Validators::default() } else { body.validators.clone() };
        self.record(&body.url, row(task, content, validators), progress).await
    }

    /// Lists a page as an article. Returns its path.
    async fn hand_on(
        &self,
        task: &Task,
        body: &Body,
        bytes: Arc<Vec<u8>>,
        charset: Option<&'static Encoding>,
    ) -> Result<RelativePath, SourceError> {
        let is_xhtml = claims(body.content_type.as_deref(), &["application/xhtml+xml"]);
        let extension = match task.via {
            Via::Sheet => "css",
            _ if is_xhtml => "xhtml",
            _ => "html",
        };
        let path = self.place(identity(&body.url), names(&body.url, extension)).await?.path;
        let bytes = Arc::unwrap_or_clone(bytes);
        let made = Made { bytes, url: Some(body.url.clone()), published: task.published, charset };
        self.send(Entry::Article(Listed { path: path.clone(), location: Location::Made(Arc::new(made)) })).await;
        Ok(path)
    }
}

/// What is recorded of a URL.
fn row(task: &Task, content: PageContent, validators: Validators) -> PageRow {
    PageRow { content, validators, lastmod: task.lastmod.clone(), found_at: clock::now() }
}

/// The canonical URL of a page, if it differs only in the query: then this page is a copy. Pages that follow one
/// another are no copies: some name their first page as canonical.
fn copy_of(task: &Task, url: &Url, links: &PageLinks) -> Option<Url> {
    let own = normal(links.canonical.clone()?);
    is_copy(task, url, &own).then_some(own)
}

fn is_copy(task: &Task, url: &Url, own: &Url) -> bool {
    task.via == Via::Link && !task.is_own && own != url && without_query(own) == without_query(url)
}
