//! Removal of what nothing references.
//!
//! First a plan, which changes nothing and can be shown, then a sweep of exactly that plan. The holder of the
//! archive's lock sweeps, so no run is under way that could just have put a blob; the grace period holds for archives
//! that several processes fill. What any version of an article or any good capture of a URL refers to stays: history
//! is no garbage. Of the bodies that were refused, the newest of each URL stays as evidence.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use walkdir::WalkDir;

use crate::archive::{Archive, BlobError, CatalogError};
use crate::model::{Digest, MediaType};

/// Removals under way at a time: their commits are shared.
const SIDE_BY_SIDE: usize = 64;

/// Something that nothing refers to, with its size in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Garbage {
    /// A blob on record.
    Blob {
        /// Which one.
        digest: Digest,
        /// The kind it is kept as.
        media_type: MediaType,
        /// Its size.
        size: u64,
    },
    /// A blob on no record: a crash came between its bytes and its row.
    Orphan {
        /// Which one.
        digest: Digest,
        /// The kind it is kept as.
        media_type: MediaType,
        /// Its size.
        size: u64,
    },
    /// A thumbnail on no record, or of a blob that goes.
    Thumbnail {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
    },
    /// A temporary file that a crash left.
    Temporary {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
    },
}

impl Garbage {
    /// Its size in bytes.
    pub const fn size(&self) -> u64 {
        match self {
            Self::Blob { size, .. }
            | Self::Orphan { size, .. }
            | Self::Thumbnail { size, .. }
            | Self::Temporary { size, .. } => *size,
        }
    }

    /// Its name in reports.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Blob { .. } => "blob",
            Self::Orphan { .. } => "orphan",
            Self::Thumbnail { .. } => "thumbnail",
            Self::Temporary { .. } => "temporary",
        }
    }
}

impl fmt::Display for Garbage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob { digest, media_type, .. } | Self::Orphan { digest, media_type, .. } => {
                write!(f, "{digest}.{media_type}")
            }
            Self::Thumbnail { path, .. } | Self::Temporary { path, .. } => path.display().fmt(f),
        }
    }
}

/// Garbage could not be looked for or removed.
#[derive(Debug, thiserror::Error)]
pub enum GcError {
    /// The catalog refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The store of blobs refused.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The file system refused.
    #[error("cannot {action} {}: {cause}", place.display())]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file or folder.
        place: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
}

/// What is garbage and older than the grace period.
pub async fn plan(archive: &Archive, grace: Duration, now: Timestamp) -> Result<Vec<Garbage>, GcError> {
    let before = now.checked_sub(grace).unwrap_or(Timestamp::MIN);
    let mut plan = Vec::new();
    let mut thumbnails = BTreeSet::new();
    for shard in 0..=u8::MAX {
        let going = plan_blobs(archive, shard, before, &mut plan).await?;
        for row in archive.catalog.thumbnails_on_record(shard).await? {
            if let (Ok(made), false) = (&row.made, going.contains(&row.original)) {
                thumbnails.insert(archive.thumbnail_path(&row.name, row.original, made.media_type));
            }
        }
        plan_thumbnails(archive, shard, before, &thumbnails, &mut plan)?;
        thumbnails.clear();
    }
    let temporary = old_files(&archive.tmp(), before)?;
    plan.extend(temporary.into_iter().map(|(path, size)| Garbage::Temporary { path, size }));
    Ok(plan)
}

/// The garbage among the blobs of one shard. Gives those whose thumbnails go, too: no blob of their digest stays.
async fn plan_blobs(
    archive: &Archive,
    shard: u8,
    before: Timestamp,
    plan: &mut Vec<Garbage>,
) -> Result<BTreeSet<Digest>, GcError> {
    // Files before rows: a blob that is put meanwhile has its row by then, or is younger than any grace period.
    let files = archive.blobs.list(shard).await?;
    let on_record: BTreeSet<_> =
        archive.catalog.blobs_on_record(shard).await?.iter().map(|row| (row.digest, row.media_type)).collect();
    let orphans = files.iter().filter(|file| !on_record.contains(&(file.digest, file.media_type)));
    plan.extend(orphans.filter(|file| file.written < before).map(|file| Garbage::Orphan {
        digest: file.digest,
        media_type: file.media_type,
        size: file.size,
    }));
    let unreferenced = archive.catalog.unreferenced_blobs(shard, before).await?;
    plan.extend(unreferenced.iter().map(|row| Garbage::Blob {
        digest: row.digest,
        media_type: row.media_type,
        size: row.size,
    }));
    Ok(unreferenced.iter().map(|row| row.digest).collect())
}

/// The thumbnails of one shard, of every size, that are old enough and not on record.
fn plan_thumbnails(
    archive: &Archive,
    shard: u8,
    before: Timestamp,
    on_record: &BTreeSet<PathBuf>,
    plan: &mut Vec<Garbage>,
) -> Result<(), GcError> {
    let sizes = WalkDir::new(archive.thumbnails()).min_depth(1).max_depth(1);
    for size in sizes.into_iter().filter_map(Result::ok) {
        let files = old_files(&size.path().join(format!("{shard:02x}")), before)?;
        let garbage = files.into_iter().filter(|(path, _)| !on_record.contains(path));
        plan.extend(garbage.map(|(path, size)| Garbage::Thumbnail { path, size }));
    }
    Ok(())
}

/// The files below a folder that were last written before a moment, with their sizes.
fn old_files(folder: &Path, before: Timestamp) -> Result<Vec<(PathBuf, u64)>, GcError> {
    let mut old = Vec::new();
    if !folder.exists() {
        return Ok(old);
    }
    for entry in WalkDir::new(folder) {
        let failed =
            |error: walkdir::Error| GcError::Io { action: "list", place: folder.to_owned(), cause: error.into() };
        let entry = entry.map_err(failed)?;
        let found = entry.metadata().map_err(failed)?;
        let written = found.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        if found.is_file() && written.is_some_and(|written| written < before) {
            old.push((entry.into_path(), found.len()));
        }
    }
    Ok(old)
}

/// Removes what was planned, under the archive's lock, and gives what was removed: what something refers to by now
/// stays. Rows go before bytes, so a crash leaves at worst an orphan for the next time.
pub async fn sweep(archive: &Archive, plan: Vec<Garbage>) -> Result<Vec<Garbage>, GcError> {
    let (blobs, files): (Vec<_>, Vec<_>) =
        plan.into_iter().partition(|garbage| matches!(garbage, Garbage::Blob { .. }));
    let mut removed = Vec::new();
    for garbage in [blobs, files] {
        let each = stream::iter(garbage)
            .map(|garbage| async move { Ok::<_, GcError>(remove(archive, &garbage).await?.then_some(garbage)) });
        let each: Vec<_> = each.buffered(SIDE_BY_SIDE).try_collect().await?;
        removed.extend(each.into_iter().flatten());
    }
    Ok(removed)
}

async fn remove(archive: &Archive, garbage: &Garbage) -> Result<bool, GcError> {
    match garbage {
        Garbage::Blob { digest, media_type, .. } => {
            let forgotten = archive.catalog.forget_blob(*digest, *media_type).await?;
            if forgotten {
                archive.blobs.delete(*digest, *media_type).await?;
            }
            Ok(forgotten)
        }
        Garbage::Orphan { digest, media_type, .. } => Ok(archive.blobs.delete(*digest, *media_type).await?),
        Garbage::Thumbnail { path, .. } | Garbage::Temporary { path, .. } => match tokio::fs::remove_file(path).await {
            Ok(()) => Ok(true),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(GcError::Io { action: "remove", place: path.clone(), cause }),
        },
    }
}
