//! What a rule asks a catalog to store.

use jiff::Timestamp;

use super::article::ArticleFacts;
use crate::archive::catalog::{BlobRow, DocumentCapture, NewReference, UrlFacts};
use crate::model::{
    ArticleId, ArticleVersion, Asset, CaptureId, Digest, Edit, Exchange, HostKey, MediaType, Revisit, RunId,
    ThumbnailName, UrlId,
};

/// One change of what a catalog keeps.
///
/// A rule gives a list of them. A catalog makes them in that order, in one transaction, and decides nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Put a blob on record, where it is not.
    RecordBlob(BlobRow),
    /// Put this in place of what was known of an asset, whose blob is on record.
    StoreAsset {
        /// The digest of its blob.
        digest: Digest,
        /// What is known of it.
        asset: Asset,
    },
    /// Append a capture to those of a URL. The bodies that it keeps are on record.
    AppendCapture {
        /// The URL.
        url: UrlId,
        /// The run that made it.
        run: RunId,
        /// The asset that it gave, where it was a good one.
        digest: Option<Digest>,
        /// Its exchanges: at least one.
        exchanges: Vec<Exchange>,
    },
    /// Append a capture of a document to those of its URL. The bodies that it keeps are on record.
    AppendDocument {
        /// The run that made it.
        run: RunId,
        /// What was requested and came: at least one exchange.
        document: DocumentCapture,
    },
    /// Note that a request gave what a capture has.
    AppendRevisit {
        /// The capture.
        capture: CaptureId,
        /// The request.
        revisit: Revisit,
    },
    /// Put this in place of what was known of a URL.
    StoreUrl {
        /// The URL.
        url: UrlId,
        /// What is known of it.
        facts: UrlFacts,
    },
    /// Put a URL into the queue, where an article shows it and it is not there.
    Queue(UrlId),
    /// Take a URL from the queue, where no article shows it.
    Unqueue(UrlId),
    /// Take a URL from the queue: its job has ended.
    EndJob(UrlId),
    /// Change what is on record of an article as it was read and is mirrored.
    Article(ArticleId, ArticleEffect),
    /// Note that a URL had an asset before the one that it has.
    KeepReplaced {
        /// The URL.
        url: UrlId,
        /// The asset before.
        digest: Digest,
    },
    /// Note that an asset is no longer one that a URL had before.
    ForgetReplaced {
        /// The URL.
        url: UrlId,
        /// The asset.
        digest: Digest,
    },
    /// Note which placeholder was revoked from a URL, in place of the one that was noted.
    KeepRevoked {
        /// The URL.
        url: UrlId,
        /// The placeholder.
        digest: Digest,
    },
    /// Note that a blob replaces other images of a host.
    MarkReplacing {
        /// The host.
        host: HostKey,
        /// The blob.
        digest: Digest,
    },
    /// Note which earlier asset an article still shows of a URL.
    KeepShown {
        /// The article.
        article: ArticleId,
        /// The URL.
        url: UrlId,
        /// What it showed first.
        digest: Digest,
    },
    /// Note that an article shows the newest asset of a URL again.
    ForgetShown {
        /// The article.
        article: ArticleId,
        /// The URL.
        url: UrlId,
    },
    /// Make an article stale.
    MakeStale(ArticleId),
    /// Note that no URL and no article keeps a blob as an earlier version.
    ForgetVersions(Digest),
    /// Forget a thumbnail of a blob.
    ForgetThumbnail {
        /// The blob.
        original: Digest,
        /// The name of the thumbnail.
        name: ThumbnailName,
    },
    /// Forget the thumbnails of a blob.
    ForgetThumbnails(Digest),
    /// Forget an asset with its blob.
    ForgetAsset {
        /// The digest.
        digest: Digest,
        /// What it is.
        media_type: MediaType,
    },
    /// Forget an article with its versions and references.
    ForgetArticle(ArticleId),
    /// Forget what a URL gave: its captures, its earlier versions and its place in the queue.
    ForgetGiven(UrlId),
    /// Forget a URL that no article shows.
    ForgetUrl(UrlId),
    /// Note since when a file of the archive is unreferenced.
    NoteGarbage {
        /// Its path in the archive.
        path: String,
        /// Since when.
        since: Timestamp,
    },
}

/// One change of what a catalog keeps of an article as it was read and is mirrored.
#[derive(Debug, Clone, PartialEq)]
pub enum ArticleEffect {
    /// Note that the version that is on record is an earlier one from now on.
    KeepVersion,
    /// Put this in place of the version that is on record.
    StoreVersion(Box<ArticleVersion>),
    /// Put these in place of its references, each with the URL that it shows.
    StoreReferences(Vec<(NewReference, Option<UrlId>)>),
    /// Put this in place of where it stands, but for `waiting`, which the queue says.
    StoreFacts(ArticleFacts),
    /// Note how many kept references its mirror does not show.
    StoreUnshown(u64),
    /// Put a mirror whose file has not appeared in place of the one that is on record.
    StoreMirror {
        /// The digest of the mirror.
        digest: Digest,
        /// The splices that made it, in order.
        edits: Vec<Edit>,
    },
}

/// What a rule decided.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// What is to be stored, in order.
    pub effects: Vec<Effect>,
    /// The articles that may have become ready by it.
    pub articles: Vec<ArticleId>,
    /// A URL whose asset is to be compared with those of its host.
    pub compared: Option<UrlId>,
}
