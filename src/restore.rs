//! The original article, bit for bit.

use std::path::{Path, PathBuf};

use crate::archive::{Archive, ArticleRow, CatalogError, ObjectError, OutputFolder, ReadError, VersionRow};
use crate::model::{ArticleKey, Digest};
use crate::source::Source;

/// An article that cannot be given back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
        /// The article that was named.
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
    /// The file has other content than what is to be written.
    #[error("{} has other content: --overwrite replaces it", .0.display())]
    OtherContent(PathBuf),
    /// The article was changed since the last run, and the change is not recorded.
    #[error("{} was changed since the last run: --overwrite replaces it", .0.display())]
    Changed(PathBuf),
    /// The article was made of an entry of a feed.
    #[error("{0} was made of an entry of a feed and has no file of its own: name a folder with --to DIR")]
    NoFile(ArticleKey),
    /// A file or folder cannot be written.
    #[error("cannot write {}: {cause}", file.display())]
    Write {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The article's own file cannot be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
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
#[non_exhaustive]
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

/// Writes an original below a folder, at `SOURCE/PATH`, and gives its file. Replaces a file with other content only
/// with `overwrite`.
///
/// # Errors
/// Other content, and a folder that cannot be written.
pub fn restore_below(
    folder: &Path,
    key: &ArticleKey,
    original: &Original,
    overwrite: bool,
) -> Result<PathBuf, RestoreError> {
    let file = folder.join(&key.source).join(&key.path);
    if file.symlink_metadata().is_ok() && !file.is_file() {
        let cause = std::io::Error::other("something that is no file has its place");
        return Err(RestoreError::Write { file, cause });
    }
    match std::fs::read(&file) {
        Ok(there) if there == original.bytes => return Ok(file),
        Ok(_) if !overwrite => return Err(RestoreError::OtherContent(file)),
        _ => {}
    }
    let failed = |file: &Path| {
        let file = file.to_owned();
        |cause| RestoreError::Write { file, cause }
    };
    let folder = file.parent().unwrap_or(folder);
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    std::fs::write(&file, &original.bytes).map_err(failed(&file))?;
    Ok(file)
}

/// Writes an original over the article of its source, atomically, and gives its file. Replaces changes since the last
/// run, which are not recorded, only with `overwrite`. No run that writes articles in place may be under way: open the
/// archive to write.
///
/// # Errors
/// A source whose articles are no files, what was written there since the last run, and a file that cannot be written.
pub async fn restore_over(
    archive: &Archive,
    source: &Source,
    key: &ArticleKey,
    original: &Original,
    overwrite: bool,
) -> Result<PathBuf, RestoreError> {
    if !source.is_folder() {
        return Err(RestoreError::NoFile(key.clone()));
    }
    let articles = OutputFolder::new(source.file(""), archive.objects.staging());
    let file = articles.file(&key.path);
    if let Some(there) = articles.read(&key.path).await?
        && !overwrite
        && !is_on_record(archive, key, Digest::of(&there)).await?
    {
        return Err(RestoreError::Changed(file));
    }
    articles.write(&key.path, original.bytes.clone()).await?;
    Ok(file)
}

/// Whether some bytes are the mirror of an article, or one of its versions.
async fn is_on_record(archive: &Archive, key: &ArticleKey, digest: Digest) -> Result<bool, CatalogError> {
    let Some(row) = archive.catalog.article(key).await? else { return Ok(false) };
    let versions = archive.catalog.versions(row.id).await?;
    let is_mirror = row.mirror.is_some_and(|(mirror, _)| mirror == digest);
    Ok(is_mirror || versions.iter().any(|version| version.original == digest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Format;

    fn version(text: &str) -> VersionRow {
        VersionRow {
            original: Digest::of(text.as_bytes()),
            format: Format::Markdown,
            title: None,
            published: None,
            read_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn below_a_folder_nothing_is_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let key = ArticleKey { source: "posts".parse().unwrap(), path: "deep/a.md".parse().unwrap() };
        let original = |text: &str| Original { digest: Digest::of(text.as_bytes()), bytes: text.into() };
        let restore = |text: &str, overwrite| restore_below(folder.path(), &key, &original(text), overwrite);
        let file = restore("one", false).unwrap();
        assert_eq!(file, folder.path().join("posts/deep/a.md"));
        assert_eq!(restore("one", false).unwrap(), file, "it is there already");
        assert!(matches!(restore("two", false), Err(RestoreError::OtherContent(other)) if other == file));
        assert_eq!(std::fs::read(&file).unwrap(), b"one");
        restore("two", true).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        std::fs::write(folder.path().join("file"), "").unwrap();
        let failed = restore_below(&folder.path().join("file"), &key, &original("one"), true).unwrap_err();
        assert!(failed.to_string().contains("file/posts/deep"), "{failed}");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let key = ArticleKey { source: "posts".parse().unwrap(), path: "a.md".parse().unwrap() };
        let pipe = folder.path().join("posts/a.md");
        std::fs::create_dir(folder.path().join("posts")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let original = Original { digest: Digest::of(b"one"), bytes: b"one".into() };
        for overwrite in [false, true] {
            let failed = restore_below(folder.path(), &key, &original, overwrite).unwrap_err();
            assert!(failed.to_string().contains("posts/a.md"), "{failed}");
        }
    }

    #[test]
    fn a_version_is_named_by_its_number_or_by_its_digest() {
        let versions = [version("first"), version("second"), version("first")];
        let picked = |wanted: &str| pick(&versions, wanted).map(|found| found.original);
        let [first, second] = ["first", "second"].map(|text| Digest::of(text.as_bytes()));
        assert_eq!((picked("1"), picked("2"), picked("3")), (Some(first), Some(second), Some(first)));
        assert_eq!(picked(&second.to_string()[..8]), Some(second));
        assert_eq!(picked(&first.to_string().to_uppercase()), Some(first));
        assert_eq!((picked(""), picked("0"), picked("zz")), (None, None, None));
    }

    proptest! {
        /// A version is found by its number and by every unique beginning of its digest; never another version.
        #[test]
        fn no_version_is_taken_for_another(texts in prop::collection::vec("[a-d]", 1..8), digits in 1..64_usize) {
            let versions: Vec<_> = texts.iter().map(|text| version(text)).collect();
            for (at, text) in texts.iter().enumerate() {
                let digest = Digest::of(text.as_bytes());
                let by_number = pick(&versions, &(at + 1).to_string()).unwrap();
                prop_assert_eq!(by_number.original, digest);
                let start = &digest.to_string()[..digits];
                let is_number = start.parse::<usize>().is_ok_and(|number| (1..=versions.len()).contains(&number));
                let alike = versions.iter().filter(|version| version.original.to_string().starts_with(start));
                let is_one = alike.clone().all(|version| version.original == digest);
                let found = pick(&versions, start).map(|version| version.original);
                if !is_number {
                    prop_assert_eq!(found, is_one.then_some(digest));
                }
            }
            prop_assert!(pick(&versions, &(texts.len() + 1).to_string()).is_none_or(|found| found.original.to_string().starts_with(&(texts.len() + 1).to_string())));
        }
    }
}
