//! The original article, bit for bit.

use crate::archive::{Archive, ArticleRow, CatalogError, ReadError, VersionRow};
use crate::model::{ArticleKey, Digest};

/// An article that cannot be given back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It is not on record.
    #[error("the archive has no article {0}")]
    Unknown(ArticleKey),
    /// It has no such version.
    #[error(
        "{article} has no version {wanted}: write a number from 1, the oldest, to {count}, or the first digits of its \
         SHA-256; `offprint status --history {article}` lists them"
    )]
    Version {
        /// The article.
        article: ArticleKey,
        /// What was asked for.
        wanted: String,
        /// How many versions there are.
        count: usize,
    },
    /// Its original is damaged or missing.
    #[error("the original of {article} cannot be given back: {cause}")]
    Original {
        /// The article.
        article: ArticleKey,
        /// Why.
        cause: ReadError,
    },
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// The bytes of an article as they were read, proven by their digest.
pub async fn restore(archive: &Archive, key: &ArticleKey) -> Result<Vec<u8>, RestoreError> {
    let row = archive.catalog.article(key).await?;
    original(archive, &row.ok_or_else(|| RestoreError::Unknown(key.clone()))?).await
}

/// The bytes of an article that is at hand.
pub async fn original(archive: &Archive, row: &ArticleRow) -> Result<Vec<u8>, RestoreError> {
    let version = &row.version;
    let bytes = archive.read_verified(version.original, version.format.blob_type()).await;
    bytes.map_err(|cause| RestoreError::Original { article: version.key.clone(), cause })
}

/// An original with its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its SHA-256.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A version of an article as it was read: by its number, the oldest being 1, or by the first digits of its digest; the
/// newest where none is named.
///
/// # Errors
/// [`RestoreError`], which says what can be asked for.
pub async fn restore_version(
    archive: &Archive,
    key: &ArticleKey,
    wanted: Option<&str>,
) -> Result<Original, RestoreError> {
    let row = archive.catalog.article(key).await?.ok_or_else(|| RestoreError::Unknown(key.clone()))?;
    let Some(wanted) = wanted else {
        return Ok(Original { digest: row.version.original, bytes: original(archive, &row).await? });
    };
    let versions = archive.catalog.versions(row.id).await?;
    let version = pick(&versions, wanted).ok_or_else(|| RestoreError::Version {
        article: key.clone(),
        wanted: wanted.to_owned(),
        count: versions.len(),
    })?;
    let read = archive.read_verified(version.original, version.format.blob_type()).await;
    let bytes = read.map_err(|cause| RestoreError::Original { article: key.clone(), cause })?;
    Ok(Original { digest: version.original, bytes })
}

/// The one version that is meant.
fn pick<'a>(versions: &'a [VersionRow], wanted: &str) -> Option<&'a VersionRow> {
    if let Some(number) = wanted.parse::<usize>().ok().filter(|number| (1..=versions.len()).contains(number)) {
        return versions.get(number - 1);
    }
    let of_digest = |version: &&VersionRow| version.original.to_string().starts_with(&wanted.to_ascii_lowercase());
    let found: Vec<_> = versions.iter().filter(of_digest).collect();
    let is_one = found.iter().all(|other| other.original == found[0].original);
    found.last().copied().filter(|_| is_one && !wanted.is_empty())
}

/// Whether some bytes are the mirror of an article, or one of its versions.
///
/// # Errors
/// Where the catalog cannot be read.
pub async fn is_on_record(archive: &Archive, key: &ArticleKey, digest: Digest) -> Result<bool, CatalogError> {
    let Some(row) = archive.catalog.article(key).await? else { return Ok(false) };
    let versions = archive.catalog.versions(row.id).await?;
    let is_mirror = row.mirror.is_some_and(|(mirror, _)| mirror == digest);
    Ok(is_mirror || versions.iter().any(|version| version.original == digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Format;

    #[test]
    fn a_version_is_named_by_its_number_or_by_its_digest() {
        let version = |text: &str| VersionRow {
            original: Digest::of(text.as_bytes()),
            format: Format::Markdown,
            title: None,
            published: None,
            read_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let versions = [version("first"), version("second"), version("first")];
        let picked = |wanted: &str| pick(&versions, wanted).map(|found| found.original);
        let [first, second] = ["first", "second"].map(|text| Digest::of(text.as_bytes()));
        assert_eq!((picked("1"), picked("2"), picked("3")), (Some(first), Some(second), Some(first)));
        assert_eq!(picked(&second.to_string()[..8]), Some(second));
        assert_eq!(picked(&first.to_string().to_uppercase()), Some(first));
        assert_eq!((picked(""), picked("0"), picked("zz")), (None, None, None));
    }
}
