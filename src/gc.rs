//! Removal of what nothing references.
//!
//! First a plan, which changes nothing and can be shown, then a sweep of exactly that plan. The holder of the
//! archive's lock sweeps, so no run is under way that could just have put a blob; the grace period holds for archives
//! that several processes fill. What any version of an article or any good capture of a URL refers to stays: history
//! is no garbage. Of the bodies that were refused, the newest of each URL stays as evidence.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::archive::{Archive, CatalogError, ObjectError, Prefix, StoreKey};
use crate::model::{Digest, Fingerprint, MediaType};
use crate::staging::Leftover;

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
        /// Which one.
        key: StoreKey,
        /// Its size.
        size: u64,
    },
    /// A temporary file that a crash left.
    Temporary(Leftover),
}

impl Garbage {
    /// Its size in bytes.
    pub const fn size(&self) -> u64 {
        match self {
            Self::Blob { size, .. }
            | Self::Orphan { size, .. }
            | Self::Thumbnail { size, .. }
            | Self::Temporary(Leftover { size, .. }) => *size,
        }
    }

    /// Its name in reports.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Blob { .. } => "blob",
            Self::Orphan { .. } => "orphan",
            Self::Thumbnail { .. } => "thumbnail",
            Self::Temporary(_) => "temporary",
        }
    }
}

impl fmt::Display for Garbage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob { digest, media_type, .. } | Self::Orphan { digest, media_type, .. } => {
                write!(f, "{digest}.{media_type}")
            }
            Self::Thumbnail { key, .. } => key.fmt(f),
            Self::Temporary(leftover) => leftover.name.fmt(f),
        }
    }
}

/// Garbage could not be looked for or removed.
#[derive(Debug, thiserror::Error)]
pub enum GcError {
    /// The catalog refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The store of objects refused.
    #[error(transparent)]
    Objects(#[from] ObjectError),
}

/// What is garbage and older than the grace period.
pub async fn plan(archive: &Archive, grace: Duration, now: Timestamp) -> Result<Vec<Garbage>, GcError> {
    let before = now.checked_sub(grace).unwrap_or(Timestamp::MIN);
    let mut plan = Vec::new();
    for shard in 0..=u8::MAX {
        let going = plan_blobs(archive, shard, before, &mut plan).await?;
        plan_thumbnails(archive, shard, before, &going, &mut plan).await?;
    }
    plan.extend(leftovers(archive)?.into_iter().filter(|file| is_before(file, before)).map(Garbage::Temporary));
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
    let files = blobs_of(archive, shard).await?;
    let on_record: BTreeSet<_> =
        archive.catalog.blobs_on_record(shard).await?.iter().map(|row| (row.digest, row.media_type)).collect();
    let orphans = files.into_iter().filter(|(digest, media_type, _)| !on_record.contains(&(*digest, *media_type)));
    plan.extend(
        orphans.filter(|(.., found)| found.written() < before).map(|(digest, media_type, found)| Garbage::Orphan {
            digest,
            media_type,
            size: found.size,
        }),
    );
    let unreferenced = archive.catalog.unreferenced_blobs(shard, before).await?;
    plan.extend(unreferenced.iter().map(|row| Garbage::Blob {
        digest: row.digest,
        media_type: row.media_type,
        size: row.size,
    }));
    Ok(unreferenced.iter().map(|row| row.digest).collect())
}

/// The blobs of a shard that are stored.
async fn blobs_of(archive: &Archive, shard: u8) -> Result<Vec<(Digest, MediaType, Fingerprint)>, GcError> {
    let listed = archive.objects.list(Prefix::Blobs(shard)).await?.into_iter();
    Ok(listed
        .filter_map(|(key, found)| match key {
            StoreKey::Blob { digest, media_type } => Some((digest, media_type, found)),
            _ => None,
        })
        .collect())
}

/// The thumbnails of one shard, of every size, that are old enough and not on record, or of a blob that goes.
async fn plan_thumbnails(
    archive: &Archive,
    shard: u8,
    before: Timestamp,
    going: &BTreeSet<Digest>,
    plan: &mut Vec<Garbage>,
) -> Result<(), GcError> {
    let listed = archive.objects.list(Prefix::Thumbnails(shard)).await?;
    let rows = archive.catalog.thumbnails_on_record(shard).await?.into_iter();
    let staying: BTreeSet<StoreKey> =
        rows.filter(|row| !going.contains(&row.original)).filter_map(|row| row.key()).collect();
    let garbage = listed.into_iter().filter(|(key, found)| found.written() < before && !staying.contains(key));
    plan.extend(garbage.map(|(key, found)| Garbage::Thumbnail { key, size: found.size }));
    Ok(())
}

fn leftovers(archive: &Archive) -> Result<Vec<Leftover>, GcError> {
    let staging = archive.objects.staging();
    Ok(staging.leftovers().map_err(ObjectError::io("list", &staging.folder().display()))?)
}

fn is_before(file: &Leftover, before: Timestamp) -> bool {
    Timestamp::try_from(file.written).is_ok_and(|written| written < before)
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
                archive.objects.delete(&StoreKey::Blob { digest: *digest, media_type: *media_type }).await?;
            }
            Ok(forgotten)
        }
        Garbage::Orphan { digest, media_type, .. } => {
            Ok(archive.objects.delete(&StoreKey::Blob { digest: *digest, media_type: *media_type }).await?)
        }
        Garbage::Thumbnail { key, .. } => Ok(archive.objects.delete(key).await?),
        Garbage::Temporary(leftover) => {
            let failed = ObjectError::io("remove", &leftover.name);
            Ok(archive.objects.staging().remove(leftover).map_err(failed)?)
        }
    }
}
