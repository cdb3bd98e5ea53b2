//! Removal of what nothing references.
//!
//! First a plan, which changes nothing and can be shown, then a sweep of exactly that plan. The holder of the archive's
//! lock sweeps, so no run is under way that could just have put a blob. The grace period begins when a thing is first
//! found unreferenced, which is recorded: the age of its file does not show that. What any version of an article, any
//! good capture of a URL, or any exchange as its evidence refers to always stays, because history is no garbage.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::archive::rules::{self as archive_rules, ThumbnailUses};
use crate::archive::{
    Archive, CatalogError, Newer, ObjectError, Prefix, StoreKey, UnrecordedMirrors, WithoutBlobs, links_to,
};
use crate::model::{Digest, Fingerprint, MediaType, ProblemReason, ThumbnailName};
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
    /// A blob without a row: a crash came between its bytes and its row.
    Orphan {
        /// Which one.
        digest: Digest,
        /// The kind it is kept as.
        media_type: MediaType,
        /// Its size.
        size: u64,
    },
    /// A thumbnail without a row, of a blob that goes, or of a name that the settings do not have.
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

    /// Its path in the archive.
    pub fn path(&self) -> String {
        match self {
            Self::Blob { digest, media_type, .. } | Self::Orphan { digest, media_type, .. } => {
                StoreKey::Blob { digest: *digest, media_type: *media_type }.path()
            }
            Self::Thumbnail { key, .. } => key.path(),
            Self::Temporary(leftover) => format!("tmp/{}", leftover.name),
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

/// Garbage could not be found or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GcError {
    /// The catalog refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The store of objects refused.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// Not one of the blobs on record is there.
    #[error(transparent)]
    WithoutBlobs(#[from] WithoutBlobs),
}

/// What stays although nothing refers to it, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct GcRules<'a> {
    /// The names of the thumbnails that the settings ask for.
    pub thumbnails: &'a [ThumbnailName],
    /// How long it is left from the moment when it was first seen.
    pub grace: Duration,
    /// The moment that counts as now.
    pub now: Timestamp,
}

/// What nothing refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct GcPlan {
    /// What is past its grace period.
    pub going: Vec<Garbage>,
    /// What is not.
    pub waiting: Vec<Garbage>,
    /// What in the archive is newer than its catalog: then it does not know what is garbage, and nothing but temporary
    /// files goes.
    pub newer: Vec<Newer>,
}

/// Finds what is unreferenced, and changes nothing. For what is found for the first time, the grace period is still to
/// come.
pub async fn plan(archive: &Archive, rules: GcRules<'_>) -> Result<GcPlan, GcError> {
    let Looked { garbage, since, newer } = look(archive, rules).await?;
    Ok(GcPlan { newer, ..GcPlan::of(garbage, &since, rules) })
}

/// The same, and records in the catalog what is found for the first time: its grace period begins.
pub async fn plan_and_note(archive: &Archive, rules: GcRules<'_>) -> Result<GcPlan, GcError> {
    let Looked { garbage, since, newer } = look(archive, rules).await?;
    if !newer.is_empty() {
        return Ok(GcPlan { newer, ..GcPlan::of(garbage, &since, rules) });
    }
    match archive.catalog.note_garbage(&since).await {
        // What was noted before can go, and makes room.
        Err(CatalogError::Full { .. }) => {}
        noted => noted?,
    }
    Ok(GcPlan::of(garbage, &since, rules))
}

impl GcPlan {
    fn of(garbage: Vec<Garbage>, since: &BTreeMap<String, Timestamp>, GcRules { grace, now, .. }: GcRules<'_>) -> Self {
        let is_past = |garbage: &Garbage| {
            since.get(&garbage.path()).is_some_and(|since| archive_rules::is_past_grace(*since, grace, now))
        };
        let (going, waiting) = garbage.into_iter().partition(is_past);
        Self { going, waiting, newer: Vec::new() }
    }
}

/// All garbage there is, since when each of it is, and what is newer than the catalog.
struct Looked {
    garbage: Vec<Garbage>,
    since: BTreeMap<String, Timestamp>,
    newer: Vec<Newer>,
}

async fn look(archive: &Archive, rules: GcRules<'_>) -> Result<Looked, GcError> {
    archive.refuse_without_blobs::<GcError>().await?;
    let mut found = Vec::new();
    for shard in 0..=u8::MAX {
        let going = find_blobs(archive, shard, rules.now, &mut found).await?;
        find_thumbnails(archive, shard, rules.thumbnails, &going, &mut found).await?;
    }
    found.extend(leftovers(archive)?.into_iter().map(Garbage::Temporary));
    let mirrors = archive.unrecorded_mirrors::<GcError>().await?;
    let mut newer = archive.newer_runs::<GcError>(rules.now).await?;
    newer.extend(Newer::mirrors(&mirrors));
    if newer.is_empty() {
        spare(archive, mirrors, &mut found).await?;
    } else {
        found.retain(|garbage| matches!(garbage, Garbage::Temporary(_)));
    }
    let seen = archive.catalog.garbage_seen().await?;
    let since = |garbage: &Garbage| {
        let path = garbage.path();
        let since = archive_rules::unreferenced_since(seen.get(&path).copied(), rules.now);
        (path, since)
    };
    let since = found.iter().map(since).collect();
    Ok(Looked { garbage: found, since, newer })
}

/// Takes out of the garbage what a mirror links to that the catalog does not describe: one that is older than the
/// archive does not know what such mirrors show. Their originals are among the texts on no record.
async fn spare(archive: &Archive, mirrors: UnrecordedMirrors, found: &mut Vec<Garbage>) -> Result<(), GcError> {
    // There is none of an article that is unknown: the catalog would be older than the archive.
    let of_unknown_sources = mirrors.of_unknown_sources;
    let changed = archive.changed_mirrors::<GcError>().await?;
    let lacks_rows = !of_unknown_sources.is_empty();
    let awaits = awaits_originals(archive).await?;
    let linked = archive.linked_by(of_unknown_sources.into_iter().chain(changed)).await?;
    let stays = |garbage: &Garbage| match garbage {
        Garbage::Orphan { media_type, .. } => awaits || (lacks_rows && media_type.is_article()),
        Garbage::Thumbnail { .. } => awaits,
        Garbage::Blob { .. } | Garbage::Temporary(_) => false,
    };
    found.retain(|garbage| !stays(garbage) && !linked.contains(&garbage.path()));
    Ok(())
}

/// Whether an article waits for its original, which may be among the texts on no record: the last run, or what made the
/// catalog anew, could not say which one it is.
async fn awaits_originals(archive: &Archive) -> Result<bool, CatalogError> {
    let last = archive.catalog.runs(1).await?.pop();
    let Some(report) = last.map(|run| run.report).filter(|report| !report.is_empty()) else { return Ok(false) };
    // What a report says that cannot be read is not known.
    let Ok(report) = serde_json::from_str::<serde_json::Value>(&report) else { return Ok(true) };
    let is_any = |name: &str| report[name].as_array().is_some_and(|list| !list.is_empty());
    let untraced = ProblemReason::UntracedLinks.as_str();
    let mut problems = report["problems"].as_array().into_iter().flatten();
    let is_untraced = problems.any(|problem| problem["reason"] == untraced);
    Ok(is_untraced || is_any("without_original") || is_any("unseen"))
}

/// The garbage among the blobs of one shard. Gives those whose thumbnails go, too: no blob of their digest stays.
async fn find_blobs(
    archive: &Archive,
    shard: u8,
    now: Timestamp,
    found: &mut Vec<Garbage>,
) -> Result<BTreeSet<Digest>, GcError> {
    // Files are listed before rows are read: a blob that is put meanwhile then has its row, or is found for the first
    // time.
    let files = blobs_of(archive, shard).await?;
    let rows = archive.catalog.blobs_on_record(shard).await?.into_iter();
    let on_record: BTreeSet<_> =
        rows.map(|row| row.map(|row| (row.digest, row.media_type))).collect::<Result<_, _>>()?;
    let orphans = files.into_iter().filter(|(digest, media_type, _)| !on_record.contains(&(*digest, *media_type)));
    found.extend(orphans.map(|(digest, media_type, file)| Garbage::Orphan { digest, media_type, size: file.size }));
    let unreferenced = archive.catalog.unreferenced_blobs(shard, now).await?;
    found.extend(unreferenced.iter().map(|row| Garbage::Blob {
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

/// The thumbnails of one shard, of every size, that are not on record, of a blob that goes, or of a name that the
/// settings no longer ask for and no mirror links to.
async fn find_thumbnails(
    archive: &Archive,
    shard: u8,
    wanted: &[ThumbnailName],
    going: &BTreeSet<Digest>,
    found: &mut Vec<Garbage>,
) -> Result<(), GcError> {
    let listed = archive.objects.list(Prefix::Thumbnails(shard)).await?;
    let rows = archive.catalog.thumbnails_on_record(shard..=shard).await?.into_iter();
    let rows = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
    let staying: BTreeSet<StoreKey> =
        rows.filter(|row| !going.contains(&row.original)).filter_map(|row| row.key()).collect();
    for (key, file) in listed {
        let is_on_record = staying.contains(&key);
        let is_wanted = matches!(&key, StoreKey::Thumbnail { name, .. } if wanted.contains(name));
        let is_linked = is_on_record && !is_wanted && is_linked(archive, &key).await?;
        if (ThumbnailUses { is_on_record, is_wanted, is_linked }).is_garbage() {
            found.push(Garbage::Thumbnail { key, size: file.size });
        }
    }
    Ok(())
}

/// Whether a mirror links to a thumbnail.
async fn is_linked(archive: &Archive, key: &StoreKey) -> Result<bool, GcError> {
    let StoreKey::Thumbnail { original, .. } = key else { return Ok(false) };
    for article in archive.catalog.articles_showing(*original).await? {
        let edits = archive.catalog.edits(article).await?;
        if edits.iter().any(|edit| links_to(&edit.replacement, key)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn leftovers(archive: &Archive) -> Result<Vec<Leftover>, GcError> {
    let staging = archive.objects.staging();
    match staging.leftovers() {
        // Nothing was ever staged by this copy of the archive.
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        found => Ok(found.map_err(ObjectError::io("list", &staging.folder().display()))?),
    }
}

/// Removes what was planned, under the archive's lock, and gives what was removed. What something refers to by now
/// stays. Rows go before bytes, so a crash leaves at worst an orphan for the next time.
pub async fn sweep(archive: &Archive, plan: Vec<Garbage>) -> Result<Vec<Garbage>, GcError> {
    // What is on no record first: on a full disk it makes the room that rows need to go.
    let mut in_turn = [const { Vec::new() }; 3];
    for garbage in plan {
        let turn = match garbage {
            Garbage::Orphan { .. } | Garbage::Temporary(_) => 0,
            Garbage::Blob { .. } => 1,
            Garbage::Thumbnail { .. } => 2,
        };
        in_turn[turn].push(garbage);
    }
    let mut removed = Vec::new();
    for garbage in in_turn {
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
        Garbage::Thumbnail { key, .. } => {
            discard_row(archive, key).await?;
            Ok(archive.objects.delete(key).await?)
        }
        Garbage::Temporary(leftover) => {
            let failed = ObjectError::io("remove", &leftover.name);
            Ok(archive.objects.staging().remove(leftover).map_err(failed)?)
        }
    }
}

/// Forgets the rendition that a file is, where it is on record.
async fn discard_row(archive: &Archive, key: &StoreKey) -> Result<(), GcError> {
    let StoreKey::Thumbnail { original, .. } = key else { return Ok(()) };
    let rows = archive.catalog.thumbnails(&[*original]).await?;
    let of_file: Vec<_> = rows.into_iter().filter(|row| row.key().as_ref() == Some(key)).collect();
    let named: Vec<_> = of_file.into_iter().map(|row| (row.original, row.name)).collect();
    if !named.is_empty() {
        archive.catalog.discard_thumbnails(&named).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Body;
    use crate::fixtures::{self, at};

    fn rules(thumbnails: &[ThumbnailName], grace: u64, now: i64) -> GcRules<'_> {
        GcRules { thumbnails, grace: Duration::from_secs(grace), now: at(now) }
    }

    async fn put(archive: &Archive, bytes: &[u8]) -> Digest {
        let key = StoreKey::Blob { digest: Digest::of(bytes), media_type: MediaType::Png };
        archive.objects.put(&key, Body::Bytes(bytes.to_vec())).await.unwrap();
        Digest::of(bytes)
    }

    fn digests(garbage: &[Garbage]) -> Vec<Digest> {
        let digest = |garbage: &Garbage| match garbage {
            Garbage::Orphan { digest, .. } | Garbage::Blob { digest, .. } => Some(*digest),
            _ => None,
        };
        garbage.iter().filter_map(digest).collect()
    }

    /// The grace period begins when something was first found and recorded.
    #[tokio::test]
    async fn the_grace_period_begins_when_something_is_noted() {
        let archive = fixtures::archive();
        let orphan = put(&archive, b"of a crash").await;
        for now in [1_000, 500_000] {
            let looked = plan(&archive, rules(&[], 100, now)).await.unwrap();
            assert_eq!(
                (digests(&looked.going), digests(&looked.waiting)),
                (vec![], vec![orphan]),
                "looking is no note"
            );
        }
        plan_and_note(&archive, rules(&[], 100, 1_000)).await.unwrap();
        for (now, is_going) in [(1_000, false), (1_099, false), (1_100, true), (9_000, true)] {
            let looked = plan(&archive, rules(&[], 100, now)).await.unwrap();
            assert_eq!(digests(&looked.going).len(), usize::from(is_going), "{now}");
            assert_eq!(looked.going.len() + looked.waiting.len(), 1);
        }
    }

    #[tokio::test]
    async fn what_something_refers_to_stays_however_old_it_is() {
        let archive = fixtures::archive();
        fixtures::show(&archive, "a.md", &["http://a.example/1"]).await;
        fixtures::complete(&archive, 2_000, |_| fixtures::kept("shown")).await;
        put(&archive, b"shown").await;
        let orphan = put(&archive, b"nobody's").await;
        plan_and_note(&archive, rules(&[], 0, 3_000)).await.unwrap();
        let plan = plan(&archive, rules(&[], 0, 4_000)).await.unwrap();
        assert_eq!(digests(&plan.going), [orphan]);
        let removed = sweep(&archive, plan.going.clone()).await.unwrap();
        assert_eq!(removed, plan.going);
        let key = |bytes: &[u8]| StoreKey::Blob { digest: Digest::of(bytes), media_type: MediaType::Png };
        assert!(archive.objects.stat(&key(b"nobody's")).await.unwrap().is_none());
        assert!(archive.objects.stat(&key(b"shown")).await.unwrap().is_some());
        assert_eq!(sweep(&archive, plan.going).await.unwrap(), [], "it is gone already");
    }

    #[tokio::test]
    async fn a_thumbnail_on_no_record_goes_and_no_other_object_does() {
        let archive = fixtures::archive();
        let name: ThumbnailName = "small".parse().unwrap();
        let key = StoreKey::Thumbnail { name: name.clone(), original: Digest::of(b"x"), media_type: MediaType::WebP };
        archive.objects.put(&key, Body::Bytes(b"thumb".to_vec())).await.unwrap();
        let report = StoreKey::Report { run: "20261122T030000Z".parse().unwrap() };
        archive.objects.put(&report, Body::Bytes(b"{}".to_vec())).await.unwrap();
        archive.catalog.begin_run("2026-11-22T03:00:00Z".parse().unwrap()).await.unwrap();
        plan_and_note(&archive, rules(std::slice::from_ref(&name), 0, 1_000)).await.unwrap();
        let plan = plan(&archive, rules(&[name], 0, 2_000)).await.unwrap();
        assert_eq!(plan.going, [Garbage::Thumbnail { key, size: 5 }]);
    }

    /// A report of a run that the catalog does not know shows that it is older: it does not know what is garbage.
    #[tokio::test]
    async fn an_older_catalog_has_nothing_removed_and_notes_nothing() {
        let archive = fixtures::archive();
        let orphan = put(&archive, b"of a later run").await;
        plan_and_note(&archive, rules(&[], 0, 1_000)).await.unwrap();
        let report = StoreKey::Report { run: "20261122T030000Z".parse().unwrap() };
        archive.objects.put(&report, Body::Bytes(b"{}".to_vec())).await.unwrap();
        let seen = archive.catalog.garbage_seen().await.unwrap();
        for plan in [plan(&archive, rules(&[], 0, 2_000)).await, plan_and_note(&archive, rules(&[], 0, 2_000)).await] {
            let plan = plan.unwrap();
            assert_eq!((plan.going.len(), plan.waiting.len(), plan.newer.len()), (0, 0, 1));
        }
        assert_eq!(archive.catalog.garbage_seen().await.unwrap(), seen, "what was noted stays so");
        archive.catalog.begin_run("2026-11-22T03:00:00Z".parse().unwrap()).await.unwrap();
        assert_eq!(digests(&plan(&archive, rules(&[], 0, 2_000)).await.unwrap().going), [orphan]);
    }

    #[test]
    fn garbage_says_what_it_is_and_where() {
        let digest = Digest::of(b"x");
        let blob = Garbage::Blob { digest, media_type: MediaType::Png, size: 7 };
        let orphan = Garbage::Orphan { digest, media_type: MediaType::Png, size: 8 };
        assert_eq!((blob.kind(), orphan.kind()), ("blob", "orphan"));
        assert_eq!((blob.size(), orphan.size()), (7, 8));
        assert_eq!(blob.path(), orphan.path());
        assert_eq!(blob.to_string(), format!("{digest}.png"));
        assert!(blob.path().starts_with("blobs/sha256/") && blob.path().ends_with(&format!("{digest}.png")));
    }
}
