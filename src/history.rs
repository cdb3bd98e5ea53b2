//! Everything that is recorded of one URL, or of one article, in order of time.

use std::collections::BTreeSet;

use serde::Serialize;
use url::Url;

use crate::archive::{Archive, CatalogError, ReferenceRow, StoreKey};
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
    /// The status of the response; `None` if there was none.
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

/// The history of a URL; `None` if it is not on record.
pub async fn of_url(archive: &Archive, url: &Url) -> Result<Option<UrlHistory>, CatalogError> {
    let Some(row) = archive.catalog.url(url).await? else { return Ok(None) };
    let mut captures = Vec::new();
    for exchange in archive.catalog.captures(row.id).await?.iter().flat_map(|capture| &capture.exchanges) {
        captures.push(made(archive, exchange).await?);
    }
    Ok(Some(UrlHistory {
        url: row.url.to_string(),
        newest: row.asset.map(|kept| kept.digest.to_string()),
        good: row.facts.good.map(|(first, last)| (first.to_string(), last.to_string())),
        next_attempt: row.facts.next_attempt.map(|at| at.to_string()),
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

/// The history of an article; `None` if it is not on record.
pub async fn of_article(archive: &Archive, key: &ArticleKey) -> Result<Option<ArticleHistory>, CatalogError> {
    let Some(row) = archive.catalog.article(key).await? else { return Ok(None) };
    let versions = archive.catalog.versions(row.id).await?.into_iter().map(|version| VersionRead {
        read: version.read_at.to_string(),
        original: version.original.to_string(),
        title: version.title,
    });
    let vanished = row.is_gone;
    let older_images: BTreeSet<_> = archive.catalog.references(row.id).await?.into_iter().filter_map(older).collect();
    let older_images = older_images.into_iter().collect();
    Ok(Some(ArticleHistory { article: key.to_string(), vanished, versions: versions.collect(), older_images }))
}

fn older(reference: ReferenceRow) -> Option<OlderImage> {
    let (first, url) = reference.shown_first.zip(reference.url)?;
    let newest = url.asset.map(|kept| kept.digest.to_string());
    Some(OlderImage { url: url.url.to_string(), shown: first.digest.to_string(), newest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::NewReference;
    use crate::fixtures::{self, at, key, url};
    use crate::model::{Digest, Reason};

    const A: &str = "http://a.example/1";

    #[tokio::test]
    async fn what_is_not_on_record_has_no_history() {
        let archive = fixtures::archive();
        assert_eq!(of_url(&archive, &url(A)).await.unwrap(), None);
        assert_eq!(of_article(&archive, &key("a.md")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_url_has_all_its_captures_in_order_of_time() {
        let archive = fixtures::archive();
        fixtures::show(&archive, "a.md", &[A]).await;
        let untried = of_url(&archive, &url(A)).await.unwrap().unwrap();
        assert_eq!((untried.captures.len(), untried.newest, untried.good), (0, None, None));
        fixtures::complete(&archive, 2_000, |_| fixtures::failed(Reason::HttpStatus, Some(503), 2_500)).await;
        let due = std::time::Duration::from_secs(9_000_000);
        archive.catalog.enqueue_due(at(3_000), due).await.unwrap();
        fixtures::complete(&archive, 3_000, |_| fixtures::kept("bytes")).await;
        let history = of_url(&archive, &url(A)).await.unwrap().unwrap();
        let seen: Vec<_> = history.captures.iter().map(|made| (made.at.as_str(), made.status)).collect();
        assert_eq!(seen, [("1970-01-01T00:33:20Z", Some(503)), ("1970-01-01T00:50:00Z", Some(200))]);
        assert_eq!(history.newest, Some(Digest::of(b"bytes").to_string()));
        let good = "1970-01-01T00:50:00Z".to_owned();
        assert_eq!((history.good, history.next_attempt), (Some((good.clone(), good)), None));
        assert!(history.captures.iter().all(|made| made.url == A));
    }

    #[tokio::test]
    async fn an_article_has_all_its_versions_and_says_whether_it_is_gone() {
        let archive = fixtures::archive();
        let id = fixtures::show(&archive, "a.md", &[A]).await;
        let newer = fixtures::version("a.md", "another text", at(5_000));
        let references: [NewReference; 1] = [fixtures::reference(0, url(A))];
        archive.catalog.record_article(&newer, 12, &references).await.unwrap();
        let history = of_article(&archive, &key("a.md")).await.unwrap().unwrap();
        assert_eq!((history.article.as_str(), history.vanished), ("posts/a.md", false));
        let read: Vec<_> = history.versions.iter().map(|version| version.read.as_str()).collect();
        assert_eq!(read, ["1970-01-01T00:16:40Z", "1970-01-01T01:23:20Z"]);
        assert_eq!(history.versions[1].original, Digest::of(b"another text").to_string());
        assert_eq!(history.older_images, []);
        let row = archive.catalog.article_by_id(id).await.unwrap().unwrap();
        archive.catalog.record_mirror(id, row.revision, Digest::of(b"mirror"), &[]).await.unwrap();
        archive.catalog.finish_mirror(id, row.version.fingerprint).await.unwrap();
        archive.catalog.mark_vanished(&[id]).await.unwrap();
        assert!(of_article(&archive, &key("a.md")).await.unwrap().unwrap().vanished);
    }
}
