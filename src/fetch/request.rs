//! What callers ask of a fetcher, and what they get.

use std::future::Future;

use url::Url;

use crate::model::{Exchange, Failure, Validators};
use crate::staging::Staged;

/// What a URL is for. It decides which types a request prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Part of an article: an image or other media.
    Media,
    /// A page or a sitemap.
    Page,
    /// A feed.
    Feed,
}

/// The types of images that this build decodes beyond those of every browser, and then any, as browsers send them: hosts
/// that negotiate give the best they have.
const IMAGES: &str = match (cfg!(feature = "jxl-jp2"), cfg!(feature = "avif")) {
    (true, true) => "image/jxl,image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.5",
    (true, false) => "image/jxl,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.5",
    (false, true) => "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.5",
    (false, false) => "image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.5",
};

impl Purpose {
    pub(crate) const fn accept(self) -> &'static str {
        match self {
            Self::Media => IMAGES,
            Self::Page => "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            Self::Feed => {
                "application/atom+xml,application/rss+xml,application/feed+json,application/xml;q=0.9,text/xml;q=0.9,*/*;q=0.8"
            }
        }
    }
}

/// One thing to fetch.
pub struct Request<'a, J: Judge> {
    /// Its URL. The fragment is not sent.
    pub url: &'a Url,
    /// What it is for.
    pub purpose: Purpose,
    /// The URL of an article that shows it, which some hosts require as the Referer. It is sent without query and
    /// credentials, and only after a refusal.
    pub article: Option<&'a Url>,
    /// The validators of the kept capture; empty if there is none.
    pub validators: &'a Validators,
    /// Decides whether a body is what is wanted.
    pub judge: &'a J,
}

impl<J: Judge> Clone for Request<'_, J> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<J: Judge> Copy for Request<'_, J> {}

/// Decides whether a body is what is wanted.
pub trait Judge: Send + Sync {
    /// What it learns of a body that it accepts.
    type Accepted: Send;

    /// Judges a body that arrived whole. The response claims `content_type`.
    ///
    /// # Errors
    /// Why the body is not wanted. [`crate::model::Reason::Placeholder`] and
    /// [`crate::model::Reason::NotAnImage`] count as a refusal, after which the next Referer strategy
    /// is tried; after [`crate::model::Reason::Truncated`] the request is retried.
    fn judge(
        &self,
        staged: &Staged,
        content_type: Option<&str>,
    ) -> impl Future<Output = Result<Self::Accepted, Failure>> + Send;

    /// Whether a redirect to this address is followed.
    ///
    /// # Errors
    /// Why it is not. The request ends with it.
    fn follow(&self, _to: &Url) -> impl Future<Output = Result<(), Failure>> + Send {
        std::future::ready(Ok(()))
    }
}

/// What became of a request.
#[derive(Debug)]
pub struct Fetched<T> {
    /// Every exchange, in order: redirects, retries and alternate locations included.
    pub exchanges: Vec<Exchange>,
    /// How it ended.
    pub outcome: Result<Answer<T>, Failure>,
    /// Bodies of redirects, of errors and of responses that the judge did not accept, none larger than
    /// `fetch.max_refused`: what the hosts sent. The body of an exchange is the one with its digest.
    pub evidence: Vec<Staged>,
}

/// How a request ended well.
#[derive(Debug)]
pub enum Answer<T> {
    /// A body that the judge accepts.
    Body {
        /// The bytes, with any content coding undone.
        staged: Staged,
        /// What a later request can compare with.
        validators: Validators,
        /// What the judge learned of it.
        accepted: T,
    },
    /// The kept capture, to which the validators belong, is still current.
    NotModified,
}

impl<T> Fetched<T> {
    /// What ended before any request was sent.
    pub const fn without_request(outcome: Result<Answer<T>, Failure>) -> Self {
        Self { exchanges: Vec::new(), outcome, evidence: Vec::new() }
    }

    /// Every body that came whole: the accepted one, and those that are evidence.
    pub fn bodies(&self) -> impl Iterator<Item = &Staged> {
        let accepted = match &self.outcome {
            Ok(Answer::Body { staged, .. }) => Some(staged),
            Ok(Answer::NotModified) | Err(_) => None,
        };
        accepted.into_iter().chain(&self.evidence)
    }
}
