//! Placeholders: one picture that a host sends in place of many.
//!
//! Honest hosts, too, have one picture under several URLs, and the bytes alone tell nothing. Two things do. A host that
//! sends other pictures to requests with another Referer sent a placeholder before: it is asked once, and what it said is
//! remembered. And a picture that takes the place of different pictures that are kept is no new version of any.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use url::Url;

use super::{Mirror, MirrorError};
use crate::archive::{
    ArticleId, Job, JobResult, PlaceholderVerdict, QueueChanges, Revocation, Revoked, RunId, SharedBlob, SharedUrl,
    UrlId,
};
use crate::fetch::{Answer, Fetched, Purpose, Request};
use crate::ingest::{ImageJudge, is_honest};
use crate::mirror::FailedUrl;
use crate::model::{Asset, Digest, Exchange, Failure, HostKey, Reason, RefererStrategy, Validators};

/// So many pictures of a host with the same bytes make it worth a question.
const SUSPICIOUS: usize = 3;
/// URLs with the same bytes that are looked at.
const LOOKED_AT: usize = 256;

/// So many are worth a question whatever is known of the host.
const MANY: usize = 64;
/// How many of a host's newest captures are looked at.
const RECENT: usize = 64;
/// One in so many of them makes a blob worth a question at a host that has proven honest.
const SHARE: usize = 5;

const PLACEHOLDER: SharedBlob = SharedBlob { verdict: Some(PlaceholderVerdict::Placeholder), replaces_others: false };
const REPLACES_OTHERS: SharedBlob = SharedBlob { verdict: None, replaces_others: true };

/// What a host said when it was asked again for two pictures that came with the same bytes.
#[derive(Debug, Default)]
struct Probe {
    asked: Vec<(UrlId, Vec<Exchange>)>,
    /// The Referer with which two different pictures came.
    placeholder_without: Option<RefererStrategy>,
    /// It did not answer every question, so that there is no saying.
    inconclusive: bool,
}

impl Probe {
    const fn verdict(&self) -> Option<PlaceholderVerdict> {
        match (self.placeholder_without, self.inconclusive) {
            (Some(_), _) => Some(PlaceholderVerdict::Placeholder),
            (None, false) => Some(PlaceholderVerdict::Genuine),
            (None, true) => None,
        }
    }
}

/// What came of one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProbeAnswer {
    Another(Digest),
    TheSameOrNothing,
    Silence,
}

impl Mirror {
    /// Takes up what is known of what a host sends for several URLs.
    pub(super) async fn recall_placeholders(&self, host: &HostKey) -> Result<(), MirrorError> {
        let configured = self.fetcher.placeholders(host).into_iter().map(|digest| (digest, PLACEHOLDER));
        for (digest, shared) in self.archive.catalog.shared_blobs(host).await?.into_iter().chain(configured) {
            self.ingest.placeholders.learn(host, digest, shared);
        }
        Ok(())
    }

    /// Puts one URL of each group into the queue of which the host should have been asked, and was not: because a run
    /// ended just then, or the host was down.
    pub(super) async fn enqueue_unprobed(&self) -> Result<u64, MirrorError> {
        let mut suspects = Vec::new();
        for (host, digest) in self.archive.catalog.unprobed_shared_blobs(SUSPICIOUS).await? {
            let twins = self.archive.catalog.urls_sharing(&host, digest, LOOKED_AT).await?;
            let pictures: BTreeSet<_> = twins.iter().map(|twin| picture(&twin.url)).collect();
            let least = if self.is_on_record_as_honest(&host).await? { MANY } else { SUSPICIOUS };
            suspects.extend(twins.first().filter(|_| pictures.len() >= least).map(|twin| twin.id));
        }
        if suspects.is_empty() {
            return Ok(0);
        }
        Ok(self.archive.catalog.enqueue(&suspects).await?)
    }

    async fn is_on_record_as_honest(&self, host: &HostKey) -> Result<bool, MirrorError> {
        let known = self.archive.catalog.shared_blobs(host).await?;
        Ok(is_honest(known.iter().map(|(_, shared)| shared)))
    }

    /// Takes placeholders back that were kept before the settings named them.
    pub(super) async fn revoke_configured(&self, run: RunId) -> Result<(), MirrorError> {
        let configured: BTreeSet<_> = self.config.fetch.host.iter().flat_map(|host| &host.placeholders).collect();
        for digest in configured {
            let urls = self.archive.catalog.urls_of(*digest).await?;
            let hosts: BTreeSet<_> = urls.iter().filter_map(HostKey::of).collect();
            for host in hosts.into_iter().filter(|host| self.fetcher.placeholders(host).contains(digest)) {
                self.revoke_and_requeue(run, &host, *digest).await?;
            }
        }
        Ok(())
    }

    /// Refuses a picture in place of the one that is kept, where the host has sent it in place of others, too.
    pub(super) async fn refuse_replacement(
        &self,
        run: RunId,
        job: &Job,
        mut fetched: Fetched<Asset>,
    ) -> Result<Fetched<Asset>, MirrorError> {
        let (Some((kept, ..)), Some(host)) = (&job.url.asset, asked_host(&job.url.url)) else { return Ok(fetched) };
        let new = match &fetched.outcome {
            Ok(Answer::Body { staged, .. }) if staged.digest != *kept => staged.digest,
            _ => return Ok(fetched),
        };
        let mut twins = self.archive.catalog.urls_sharing(&host, new, LOOKED_AT).await?;
        twins.push(SharedUrl { id: job.url.id, url: job.url.url.clone(), previous: Some(*kept) });
        let mut displacing = self.displacing(&host, new, &twins);
        if displacing.pop_if(|twin| twin.id == job.url.id).is_some() {
            self.restore_previous(run, &host, new, &displacing).await?;
            refuse(&mut fetched);
        }
        Ok(fetched)
    }

    /// Of URLs that have the same bytes now, those whose own picture these took the place of although they are no new
    /// version of it.
    fn displacing<'t>(&self, host: &HostKey, digest: Digest, twins: &'t [SharedUrl]) -> Vec<&'t SharedUrl> {
        if self.ingest.placeholders.get(host, digest).replaces_others {
            return twins.iter().filter(|twin| twin.previous.is_some()).collect();
        }
        displacing(twins)
    }

    /// The bytes that a URL has after its job, if they are worth a look at the other URLs that have them: they are
    /// shared, or were found meanwhile to be no picture of this URL.
    pub(super) fn suspect(&self, job: &Job, result: &JobResult, ready: &QueueChanges) -> Option<Digest> {
        let digest = match result {
            JobResult::Kept { digest, .. } => *digest,
            JobResult::NotModified { .. } => job.url.asset.as_ref()?.0,
            JobResult::Failed { .. } | JobResult::Deferred { .. } => return None,
        };
        let shared =
            asked_host(&job.url.url).map(|host| self.ingest.placeholders.get(&host, digest)).unwrap_or_default();
        let is_known = shared.replaces_others || shared.verdict == Some(PlaceholderVerdict::Placeholder);
        (is_known || !ready.sharing.is_empty()).then_some(digest)
    }

    /// Looks at the URLs of the host that have the bytes which were just kept, and gives articles that are ready.
    pub(super) async fn examine_shared(
        &self,
        run: RunId,
        job: &Job,
        digest: Digest,
    ) -> Result<Vec<ArticleId>, MirrorError> {
        let Some(host) = asked_host(&job.url.url) else { return Ok(Vec::new()) };
        let standing = self.ingest.placeholders.get(&host, digest).verdict;
        if standing == Some(PlaceholderVerdict::Placeholder) {
            return self.revoke_and_requeue(run, &host, digest).await;
        }
        let twins = self.archive.catalog.urls_sharing(&host, digest, LOOKED_AT).await?;
        let displacing = self.displacing(&host, digest, &twins);
        let mut ready = Vec::new();
        if !displacing.is_empty() {
            ready = self.restore_previous(run, &host, digest, &displacing).await?;
        }
        let others: Vec<_> = twins.iter().filter(|twin| !displacing.contains(twin)).collect();
        let pictures: BTreeSet<_> = others.iter().map(|twin| picture(&twin.url)).collect();
        if standing.is_none()
            && pictures.len() >= SUSPICIOUS
            && self.control.may_go_on()
            && self.is_worth_a_probe(&host, digest, pictures.len())
            && self.is_first_to_probe(&host, digest)
        {
            let own = picture(&job.url.url);
            if let Some(other) = others.iter().find(|twin| picture(&twin.url) != own) {
                ready.extend(self.probe(run, &host, job, other, digest).await?);
            }
        }
        Ok(ready)
    }

    /// Whether a blob that several URLs of a host have is worth requests that say what it is. A host that has proven honest
    /// is asked only about a blob that makes up much of what it sends now, or that very many of its URLs have.
    fn is_worth_a_probe(&self, host: &HostKey, digest: Digest, images: usize) -> bool {
        if images >= MANY || !self.ingest.placeholders.is_honest(host) {
            return true;
        }
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(recent) = recent.get(host) else { return true };
        let same = recent.iter().filter(|other| **other == digest).count();
        same >= SUSPICIOUS && same * SHARE >= recent.len()
    }

    /// Notes what a host sent just now.
    pub(super) fn note_recent(&self, url: &Url, digest: Digest) {
        let Some(host) = asked_host(url) else { return };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = recent.entry(host).or_default();
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back(digest);
    }

    /// Forgets what a host sent that is not asked any more.
    pub(super) fn forget_recent(&self, host: &HostKey) {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
    }

    fn is_first_to_probe(&self, host: &HostKey, digest: Digest) -> bool {
        self.probed.lock().unwrap_or_else(PoisonError::into_inner).insert((host.clone(), digest))
    }

    /// Asks whether bytes are a placeholder, and does what follows from it.
    async fn probe(
        &self,
        run: RunId,
        host: &HostKey,
        job: &Job,
        other: &SharedUrl,
        digest: Digest,
    ) -> Result<Vec<ArticleId>, MirrorError> {
        let probed = self.ask_for_both(job, other, digest).await;
        let standing = probed.verdict();
        let mut ready = Vec::new();
        if let Some(standing) = standing {
            self.ingest.placeholders.learn(
                host,
                digest,
                SharedBlob { verdict: Some(standing), replaces_others: false },
            );
        }
        if let Some(referer) = probed.placeholder_without {
            self.fetcher.learn(host, referer);
            ready = self.revoke_and_requeue(run, host, digest).await?;
        }
        self.archive.catalog.record_verdict(run, host, digest, standing, &probed.asked).await?;
        Ok(ready)
    }

    /// Asks for two pictures with one Referer after the other, until they differ from the suspect and from each other. A
    /// host that refuses foreign Referers with a placeholder gives another picture as well, but the same for both.
    async fn ask_for_both(&self, job: &Job, other: &SharedUrl, suspect: Digest) -> Probe {
        let mut probed = Probe::default();
        let verdict = self.ingest.verdict(job).but_not(suspect);
        let validators = Validators::default();
        let request = Request {
            url: &job.url.url,
            purpose: Purpose::Media,
            article: job.article_url.as_ref(),
            validators: &validators,
            judge: &verdict,
        };
        for referer in self.fetcher.other_strategies(&request) {
            let said = self.ask_once(referer, &request, job.url.id, &mut probed).await;
            let ProbeAnswer::Another(picture) = said else { continue };
            let request = Request { url: &other.url, ..request };
            match self.ask_once(referer, &request, other.id, &mut probed).await {
                ProbeAnswer::Another(second) if second != picture => {
                    probed.placeholder_without = Some(referer);
                    return probed;
                }
                _ => {}
            }
        }
        probed
    }

    async fn ask_once(
        &self,
        referer: RefererStrategy,
        request: &Request<'_, ImageJudge<'_>>,
        id: UrlId,
        probed: &mut Probe,
    ) -> ProbeAnswer {
        let fetched = self.fetcher.fetch_with(referer, request).await;
        self.tally.requests.add(fetched.exchanges.len() as u64);
        self.tally.bytes.add(fetched.exchanges.iter().map(|exchange| exchange.length).sum());
        let said = said(&fetched);
        probed.asked.push((id, fetched.exchanges));
        probed.inconclusive |= said == ProbeAnswer::Silence;
        said
    }

    /// Takes a placeholder back from every URL that has it, and asks for them again.
    async fn revoke_and_requeue(
        &self,
        run: RunId,
        host: &HostKey,
        digest: Digest,
    ) -> Result<Vec<ArticleId>, MirrorError> {
        let now = jiff::Timestamp::now();
        let next_attempt = self.ingest.retry_placeholder(0, now);
        let what = Revocation { digest, only: None, next_attempt, requeue: true };
        let twins = self.archive.catalog.urls_sharing(host, digest, LOOKED_AT).await?;
        Ok(self.revoke(run, host, &what, &twins).await?.changes.ready_articles)
    }

    /// Gives URLs back the pictures that they had before a placeholder came. It is a failure of theirs, and told as one.
    async fn restore_previous(
        &self,
        run: RunId,
        host: &HostKey,
        digest: Digest,
        twins: &[&SharedUrl],
    ) -> Result<Vec<ArticleId>, MirrorError> {
        self.ingest.placeholders.learn(host, digest, REPLACES_OTHERS);
        let twins: Vec<_> = twins.iter().map(|twin| (*twin).clone()).collect();
        let next_attempt = self.ingest.retry_placeholder(0, jiff::Timestamp::now());
        let only = Some(twins.iter().map(|twin| twin.id).collect());
        let taken = self.revoke(run, host, &Revocation { digest, only, next_attempt, requeue: false }, &twins).await?;
        for twin in twins.iter().filter(|twin| taken.urls.contains(&twin.id)) {
            self.tally.failed.one();
            self.tally.failure(FailedUrl {
                url: twin.url.to_string(),
                articles: self.articles_of(twin.id).await?,
                reason: Reason::Placeholder.as_str(),
                detail: "the host sends the same image in place of others that are kept".to_owned(),
                status: None,
                attempts: 1,
                next_attempt: next_attempt.map(|at| at.to_string()),
            });
        }
        Ok(taken.changes.ready_articles)
    }

    async fn revoke(
        &self,
        run: RunId,
        host: &HostKey,
        what: &Revocation,
        twins: &[SharedUrl],
    ) -> Result<Revoked, MirrorError> {
        let taken = self.archive.catalog.revoke(run, host, what).await?;
        let urls: Vec<_> = twins.iter().map(|twin| twin.url.to_string()).collect();
        self.tally.not_changed(&urls, &what.digest.to_string());
        self.tally.revoked.add(taken.of_this_run);
        self.tally.queued.add(taken.changes.queued);
        Ok(taken)
    }
}

/// The host that is asked for a URL; none for a local file.
fn asked_host(url: &Url) -> Option<HostKey> {
    HostKey::of(url).filter(|_| url.scheme() != "file")
}

fn said(fetched: &Fetched<Asset>) -> ProbeAnswer {
    match &fetched.outcome {
        Ok(Answer::Body { staged, .. }) => ProbeAnswer::Another(staged.digest),
        Err(failure) if failure.status.is_some() && failure.retry_at.is_none() => ProbeAnswer::TheSameOrNothing,
        _ => ProbeAnswer::Silence,
    }
}

/// Makes a good answer a refused one.
fn refuse(fetched: &mut Fetched<Asset>) {
    let status = fetched.exchanges.last().and_then(|exchange| exchange.status);
    let detail = "the host sends the same in place of other pictures that are kept";
    let failure = Failure { status, ..Failure::new(Reason::Placeholder, detail) };
    if let Some(exchange) = fetched.exchanges.last_mut() {
        exchange.reason = Some(Reason::Placeholder);
    }
    if let Ok(Answer::Body { staged, .. }) = std::mem::replace(&mut fetched.outcome, Err(failure)) {
        fetched.evidence.push(staged);
    }
}

/// Of URLs that have the same bytes now, those whose own picture these took the place of although other URLs, which
/// showed something else, have them as well.
fn displacing(twins: &[SharedUrl]) -> Vec<&SharedUrl> {
    let is_other =
        |one: &SharedUrl, other: &SharedUrl| one.previous != other.previous && picture(&one.url) != picture(&other.url);
    twins.iter().filter(|one| one.previous.is_some() && twins.iter().any(|other| is_other(one, other))).collect()
}

/// The address of a picture without what only chooses among its sizes: the query, and sizes in the path such as
/// `-640x480`, `@2x` and `/w_300/`. What is not known for a size costs a question; a number may be all that tells two
/// pictures apart.
fn picture(url: &Url) -> String {
    let segments = url.path().split('/').filter(|segment| !segment.split(',').all(is_command));
    let without_sizes: Vec<_> = segments.map(without_size).collect();
    format!("{}/{}", url.host_str().unwrap_or_default(), without_sizes.join("/"))
}

/// A command to an image server, or a size alone: `w_300`, `h200`, `640x480`.
fn is_command(part: &str) -> bool {
    let number = part.strip_prefix(['w', 'h']).map(|rest| rest.trim_start_matches(['_', '-', '=']));
    number.is_some_and(is_number) || is_size(part)
}

/// `640x480`, `640x` or `2x`.
fn is_size(text: &str) -> bool {
    text.split_once('x').is_some_and(|(width, height)| is_number(width) && (height.is_empty() || is_number(height)))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A file name without a size before its extension: `a-640x480.jpg`, `a@2x.jpg`.
fn without_size(segment: &str) -> String {
    let (stem, extension) = segment.rsplit_once('.').unwrap_or((segment, ""));
    let cut = stem.rfind(['-', '_', '@']).filter(|at| is_size(&stem[at + 1..]));
    format!("{}.{extension}", &stem[..cut.unwrap_or(stem.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twin(id: i64, path: &str, before: Option<&str>) -> SharedUrl {
        let url = Url::parse(&format!("https://img.example{path}")).unwrap();
        SharedUrl { id: UrlId(id), url, previous: before.map(|bytes| Digest::of(bytes.as_bytes())) }
    }

    fn check(twins: &[SharedUrl]) -> Vec<i64> {
        displacing(twins).iter().map(|twin| twin.id.0).collect()
    }

    #[test]
    fn sizes_of_one_picture_are_one_picture() {
        let same = |one: &str, other: &str| picture(&twin(1, one, None).url) == picture(&twin(2, other, None).url);
        assert!(same("/a.jpg?w=300", "/a.jpg?w=600") && same("/a-300x200.jpg", "/a.jpg"));
        assert!(same("/a@2x.png", "/a.png") && same("/w_300,h_200/a.jpg", "/w_600/a.jpg"));
        assert!(same("/640x480/a.jpg", "/w300/a.jpg"));
        assert!(!same("/a.jpg", "/b.jpg") && !same("/photo-1.jpg", "/photo-2.jpg"));
        assert!(!same("/posts/17/cover.jpg", "/posts/18/cover.jpg") && !same("/a.jpg", "/a.png"));
        assert!(!same("/é-x.jpg", "/é.jpg"), "a name may end in x");
    }

    #[test]
    fn what_takes_the_place_of_different_pictures_is_no_new_version() {
        assert_eq!(check(&[twin(1, "/a", Some("a")), twin(2, "/b", Some("b"))]), [1, 2]);
        assert_eq!(check(&[twin(1, "/a", Some("a")), twin(2, "/b", None)]), [1], "the other never had a picture");
        assert_eq!(check(&[twin(1, "/a", Some("old")), twin(2, "/b", Some("old"))]), [0; 0], "one logo, and a new one");
        assert_eq!(check(&[twin(1, "/a?w=1", Some("a")), twin(2, "/a?w=2", Some("b"))]), [0; 0], "sizes of one");
        assert_eq!(check(&[twin(1, "/a", Some("a"))]), [0; 0]);
        assert_eq!(check(&[twin(1, "/a", None), twin(2, "/b", None)]), [0; 0]);
    }

    #[test]
    fn an_inquiry_that_was_not_answered_says_nothing() {
        let standing = |placeholder_without, inconclusive| {
            Probe { placeholder_without, inconclusive, ..Probe::default() }.verdict()
        };
        assert_eq!(standing(None, false), Some(PlaceholderVerdict::Genuine));
        assert_eq!(standing(None, true), None);
        assert_eq!(standing(Some(RefererStrategy::Article), true), Some(PlaceholderVerdict::Placeholder));
    }
}
