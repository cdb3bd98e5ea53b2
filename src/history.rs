//! Everything that is recorded of one URL, or of one article, in order of time.

use std::collections::BTreeSet;

use serde::Serialize;
use url::Url;

use crate::archive::{Archive, ArticleState, CatalogError, ReferenceRow, StoreKey};
use crate::model::{ArticleKey, Exchange, Reason};

/// Every capture of a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UrlHistory {
    /// The URL.
    pub url: String,
    /// The SHA-256 of its newest good capture.
    pub newest: Option<String>,
    /// When it was first and last captured well.
    pub good: Option<(String, String)>,
    /// When it is due next; `None` for never.
    pub next_attempt: Option<String>,
    /// Requests with their responses, oldest first; each redirect is a request of its own.
    pub captures: Vec<CaptureMade>,
}

/// One request and its response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CaptureMade {
    /// When it was sent.
    pub at: String,
    /// The URL of the request: after a redirect, another one than that of the history.
    pub url: String,
    /// The status of the response; `None` where there was none.
    pub status: Option<u16>,
    /// Why it is not a good capture.
    pub reason: Option<&'static str>,
    /// The SHA-256 of the body, where it was received.
    pub digest: Option<String>,
    /// The body's length in bytes.
    pub size: u64,
    /// The file of the archive that has the body: a good capture, or a rejected body that is kept as evidence.
    pub kept: Option<String>,
}

/// Every version of an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ArticleHistory {
    /// Which article.
    pub article: String,
    /// Whether it is no longer in its source.
    pub vanished: bool,
    /// Its versions, oldest first; the last is the one that is mirrored.
    pub versions: Vec<VersionRead>,
    /// The images whose bytes changed since the article showed them first, in the order of their URLs.
    pub older_images: Vec<OlderImage>,
}

/// An image of an article that has newer bytes in the archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct OlderImage {
    /// Its URL.
    pub url: String,
    /// The SHA-256 of what the article showed first.
    pub shown: String,
    /// The SHA-256 of the newest good capture.
    pub newest: Option<String>,
}

/// One version of an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VersionRead {
    /// When it was read.
    pub read: String,
    /// The SHA-256 of the original, which is a blob.
    pub original: String,
    /// Its title.
    pub title: Option<String>,
}

/// The history of a URL; `None` where it is not on record.
pub async fn of_url(archive: &Archive, url: &Url) -> Result<Option<UrlHistory>, CatalogError> {
    let Some(row) = archive.catalog.url(url).await? else { return Ok(None) };
    let mut captures = Vec::new();
    for exchange in archive.catalog.captures(row.id).await?.iter().flat_map(|capture| &capture.exchanges) {
        captures.push(made(archive, exchange).await?);
    }
    Ok(Some(UrlHistory {
        url: row.url.to_string(),
        newest: row.asset.map(|(digest, ..)| digest.to_string()),
        good: row.good.map(|(first, last)| (first.to_string(), last.to_string())),
        next_attempt: row.next_attempt.map(|at| at.to_string()),
        captures,
    }))
}

async fn made(archive: &Archive, exchange: &Exchange) -> Result<CaptureMade, CatalogError> {
    let kept = exchange.body.as_ref().map(|body| body.digest).or(exchange.digest);
    let blob = match kept {
        Some(digest) => {
            let kept = archive.catalog.blob(digest).await?;
            kept.map(|(media_type, _)| StoreKey::Blob { digest, media_type }.path())
        }
        None => None,
    };
    Ok(CaptureMade {
        at: exchange.at.to_string(),
        url: exchange.url.to_string(),
        status: exchange.status,
        reason: exchange.reason.map(Reason::as_str),
        digest: exchange.digest.map(|digest| digest.to_string()),
        size: exchange.length,
        kept: blob,
    })
}

/// The history of an article; `None` where it is not on record.
pub async fn of_article(archive: &Archive, key: &ArticleKey) -> Result<Option<ArticleHistory>, CatalogError> {
    let Some(row) = archive.catalog.article(key).await? else { return Ok(None) };
    let versions = archive.catalog.versions(row.id).await?.into_iter().map(|version| VersionRead {
        read: version.read_at.to_string(),
        original: version.original.to_string(),
        title: version.title,
    });
    let vanished = row.state == ArticleState::Vanished;
    let older_images: BTreeSet<_> = archive.catalog.references(row.id).await?.into_iter().filter_map(older).collect();
    let older_images = older_images.into_iter().collect();
    Ok(Some(ArticleHistory { article: key.to_string(), vanished, versions: versions.collect(), older_images }))
}

fn older(reference: ReferenceRow) -> Option<OlderImage> {
    let ((shown, ..), url) = reference.shown_first.zip(reference.url)?;
    let newest = url.asset.map(|(digest, ..)| digest.to_string());
    Some(OlderImage { url: url.url.to_string(), shown: shown.to_string(), newest })
}
