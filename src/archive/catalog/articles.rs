//! Articles, their versions, references and mirrors.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::captures::{AssetRow, UrlRow};
use super::error::CatalogError;
use super::queue::{QueueChanges, WriteOutcome};
use crate::model::{
    ArticleId, ArticleKey, ArticleVersion, Digest, Edit, Fingerprint, Format, HostKey, Reference, ReferencePlace,
    Revision, SourceName, UrlId, UrlProblem,
};

/// What is to be done with an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArticleState {
    /// Its mirror is to be written (again), once none of its URLs is queued.
    Stale,
    /// Its mirror is written.
    Mirrored,
    /// Its mirror is written, and its source no longer has it.
    Vanished,
}

/// One article, in its newest version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ArticleRow {
    /// Its row.
    pub id: ArticleId,
    /// The version that its mirror is made from.
    pub version: ArticleVersion,
    /// What is to be done with it.
    pub state: ArticleState,
    /// Its source no longer has it, whatever is to be done with it.
    pub is_gone: bool,
    /// Grows whenever it becomes stale.
    pub revision: Revision,
    /// How many of its URLs are queued.
    pub waiting: u64,
    /// The digest of the mirrored file, and the fingerprint by which an unchanged file is recognised; `None` until it
    /// is written.
    pub mirror: Option<(Digest, Fingerprint)>,
}

/// The most characters of a title that are shown or indexed. A catalog may come from somebody else.
const LONGEST_TITLE: usize = 1000;

impl ArticleRow {
    /// When it was published; when it was read, where it does not say.
    pub fn date(&self) -> Timestamp {
        self.version.published.unwrap_or(self.version.read_at)
    }

    /// Its title, or else the name of its file.
    pub fn title(&self) -> String {
        let title = self.version.title.iter().flat_map(|title| title.chars());
        let title: String = title.filter(|c| !c.is_control()).take(LONGEST_TITLE).collect();
        match title.trim() {
            "" => self.file_name().to_owned(),
            title => title.to_owned(),
        }
    }

    fn file_name(&self) -> &str {
        let path = &self.version.key.path;
        let name = path.rsplit('/').next().unwrap_or(path);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

/// The place of an article in the order of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct DatedArticle {
    /// [`ArticleRow::date`].
    pub date: Timestamp,
    /// Its row.
    pub id: ArticleId,
}

/// One version of an article, now or before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct VersionRow {
    /// The digest of the original.
    pub original: Digest,
    /// How it is written.
    pub format: Format,
    /// Its title.
    pub title: Option<String>,
    /// When it was published, as it says.
    pub published: Option<Timestamp>,
    /// When it was read.
    pub read_at: Timestamp,
}

/// A reference as it is recorded when an article is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct NewReference {
    /// Where it stands.
    pub place: ReferencePlace,
    /// What to fetch; `None` if the reference names nothing that is fetched.
    pub url: Option<Url>,
    /// If nothing is fetched: the URL that a browser would request, or why it cannot be determined.
    pub unfetched: Option<Result<Url, UrlProblem>>,
}

impl NewReference {
    /// A reference whose URL is fetched.
    pub fn new(reference: &Reference, url: Option<Url>) -> Self {
        Self { place: reference.place(), unfetched: url.is_none().then(|| reference.url.clone()), url }
    }

    /// The URL that a browser would request, where it can be determined.
    pub fn requested(&self) -> Option<&Url> {
        self.url.as_ref().or_else(|| self.unfetched.as_ref()?.as_ref().ok())
    }
}

/// A reference with what is known of its URL.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ReferenceRow {
    /// Where it stands.
    pub place: ReferencePlace,
    /// What is fetched, with its newest good capture, where there is one.
    pub url: Option<UrlRow>,
    /// If nothing is fetched: the URL that a browser would request, or why it cannot be determined.
    pub unfetched: Option<Result<Url, UrlProblem>>,
    /// The asset that this article showed before the bytes of its URL changed.
    pub shown_first: Option<AssetRow>,
}

impl ReferenceRow {
    /// A recorded reference with the row of its URL, and what it showed first.
    pub fn new(reference: NewReference, url: Option<UrlRow>, shown_first: Option<AssetRow>) -> Self {
        let NewReference { place, url: _, unfetched } = reference;
        let unfetched = unfetched.filter(|_| url.is_none());
        Self { place, url, unfetched, shown_first }
    }

    /// The URL that a browser would request, where it can be determined.
    pub fn requested(&self) -> Option<&Url> {
        self.url.as_ref().map(|row| &row.url).or_else(|| self.unfetched.as_ref()?.as_ref().ok())
    }
}

/// What reading, writing and showing articles needs. Listings leave out rows that cannot be read:
/// [`Copies::unreadable_rows`](super::Copies::unreadable_rows) names them.
#[async_trait]
pub trait Articles: Send + Sync {
    /// One article.
    async fn article(&self, key: &ArticleKey) -> Result<Option<ArticleRow>, CatalogError>;

    /// One article by its row.
    async fn article_by_id(&self, id: ArticleId) -> Result<Option<ArticleRow>, CatalogError>;

    /// Up to `limit` articles after this key, in the order of their keys; of one source where one is named.
    async fn articles(
        &self,
        source: Option<&str>,
        after: Option<&ArticleKey>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError>;

    /// The names of the sources that articles on record came from, in order.
    async fn sources(&self) -> Result<Vec<SourceName>, CatalogError>;

    /// Up to `limit` articles before this place in the order of their dates, newest first.
    async fn articles_by_date(
        &self,
        before: Option<DatedArticle>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError>;

    /// Up to `limit` articles after this key that show a URL of this host, in the order of their keys.
    async fn articles_of_host(
        &self,
        host: &HostKey,
        after: Option<&ArticleKey>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError>;

    /// The keys of up to `limit` articles that show a URL.
    async fn articles_of(&self, url: UrlId, limit: usize) -> Result<Vec<ArticleKey>, CatalogError>;

    /// Records a version with its references, queues those of their URLs that are due at `version.read_at`, and makes
    /// the article stale. The original is a durable blob already; `size` is its size in bytes.
    async fn record_article(
        &self,
        version: &ArticleVersion,
        size: u64,
        references: &[NewReference],
    ) -> Result<(ArticleId, QueueChanges), CatalogError>;

    /// The file was touched, or came back, but its content is the one on record.
    async fn touch_article(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError>;

    /// Marks articles that their source no longer has.
    async fn mark_vanished(&self, ids: &[ArticleId]) -> Result<(), CatalogError>;

    /// Up to `limit` stale articles after this one, whatever of them is queued, in order.
    async fn stale_articles(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleId>, CatalogError>;

    /// Every version of an article, oldest first; the last is the one that is mirrored.
    async fn versions(&self, id: ArticleId) -> Result<Vec<VersionRow>, CatalogError>;

    /// An article's references, in the order of their spans.
    async fn references(&self, id: ArticleId) -> Result<Vec<ReferenceRow>, CatalogError>;

    /// Records a mirror's digest and edits before its file is written. Returns a conflict, and changes nothing, if the
    /// article's revision is no longer `planned`: the article became stale again, and this mirror is outdated.
    async fn record_mirror(
        &self,
        id: ArticleId,
        planned: Revision,
        digest: Digest,
        edits: &[Edit],
    ) -> Result<WriteOutcome, CatalogError>;

    /// The mirrored file has appeared: the article is no longer stale.
    async fn finish_mirror(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError>;

    /// The splices that made an article's mirror, in order.
    async fn edits(&self, id: ArticleId) -> Result<Vec<Edit>, CatalogError>;
}
