//! Taking down: articles and images that must not be kept, on record.
//!
//! A file of the archive that says so comes first, then the mirrors go, then the rows in one transaction, then the bytes,
//! then the copies of the catalog. The index of texts loses them before the rows go. Whenever the program is killed, another
//! call or the next run finishes the work: the file says what is to go, and what has no rows any more is noted as garbage
//! whose grace period is over, which `gc` deletes as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::archive::rules;
use crate::archive::{
    Archive, ArticleRow, CatalogError, CopyError, ObjectError, Output, ReadError, SearchIndexError, StoreKey,
    TakedownDifferences, TakedownReach, TakedownRow, TakedownTarget, ThumbnailRow, links_in,
};
use crate::model::{ArticleId, ArticleKey, Digest, Format};

/// Rows written at a time: their commits are shared.
const SIDE_BY_SIDE: usize = 64;

/// Something could not be taken down as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForgetError {
    /// The catalog refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The store, or a file beside it, refused.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The index of texts still holds what was taken down.
    #[error(transparent)]
    Index(#[from] SearchIndexError),
    /// The copies of the catalog still name what was taken down.
    #[error("the copies of the catalog cannot be replaced: {0}")]
    Copies(#[from] CopyError),
}

/// What was taken down.
#[derive(Debug)]
#[non_exhaustive]
pub struct Forgotten {
    /// What the archive no longer keeps.
    pub reach: TakedownReach,
    /// Articles that are mirrored in place and whose original cannot be written back, with the reason: their files stay as
    /// the mirror wrote them.
    pub left: Vec<(ArticleKey, ReadError)>,
    /// Files in the places of mirrors that offprint did not write, or that somebody changed since. They stay.
    pub not_ours: Vec<PathBuf>,
    /// How many originals are recognised from now on, under whatever name.
    pub texts: usize,
    /// Other articles with the same text: they stay.
    pub shared: Vec<ArticleKey>,
}

impl Forgotten {
    /// What a takedown would take with it.
    pub const fn planned(reach: TakedownReach) -> Self {
        Self { reach, left: Vec::new(), not_ours: Vec::new(), texts: 0, shared: Vec::new() }
    }
}

/// Where the mirror of an article is, and whether it takes the place of the article.
pub type FindOutput<'a> = dyn Fn(&ArticleKey) -> (Output, bool) + Send + Sync + 'a;

/// Takes down, and gives what was taken with it.
///
/// # Errors
/// [`ForgetError`]; a second call, or the next run, goes on from there.
pub async fn forget(
    archive: &Archive,
    target: &TakedownTarget,
    reason: &str,
    find_output: &FindOutput<'_>,
    now: Timestamp,
) -> Result<Forgotten, ForgetError> {
    let reach = archive.catalog.takedown_reach(target).await?;
    let Texts { alone, shared } = texts_of(archive, &reach).await?;
    let row = |target| TakedownRow { target, at: now, reason: reason.to_owned() };
    let of_texts: Vec<_> = alone.into_iter().map(|text| row(TakedownTarget::Text(text))).collect();
    let rows: Vec<_> = std::iter::once(row(target.clone())).chain(of_texts.iter().cloned()).collect();
    // Whatever becomes of the catalog, it is known from now on what is to go.
    archive.keep_takedowns(&rows, now).await?;
    record_texts(archive, &of_texts).await?;
    let forgotten = take(archive, &rows[0], find_output).await?;
    delete_noted(archive).await?;
    // They name what was taken down.
    archive.replace_catalog_copies(now).await?;
    Ok(Forgotten { texts: of_texts.len(), shared, ..forgotten })
}

/// What was taken down once more, because the catalog did not know of it.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TakenDownAgain {
    /// Which takedowns.
    pub again: Vec<TakedownRow>,
    /// Files of takedowns that cannot be read, by their paths.
    pub unreadable: Vec<String>,
}

/// Takes down again what the files of takedowns say and the catalog does not know: it is from a backup, was made anew, or
/// the call was cut off. Nothing of it is read or fetched again.
///
/// # Errors
/// [`ForgetError`]; another call goes on from there.
pub async fn take_down_again(
    archive: &Archive,
    find_output: &FindOutput<'_>,
    now: Timestamp,
) -> Result<TakenDownAgain, ForgetError> {
    let TakedownDifferences { unknown, unwritten, unreadable } = archive.compare_takedowns::<ForgetError>().await?;
    // Those of a version that wrote no files.
    archive.keep_takedowns(&unwritten, now).await?;
    if unknown.is_empty() {
        return Ok(TakenDownAgain { again: unknown, unreadable });
    }
    let (texts, others): (Vec<_>, Vec<_>) =
        unknown.into_iter().partition(|row| matches!(row.target, TakedownTarget::Text(_)));
    record_texts(archive, &texts).await?;
    for row in &others {
        take(archive, row, find_output).await?;
    }
    delete_noted(archive).await?;
    // Copies that are newer than the catalog know of it.
    if archive.newer_runs::<ForgetError>(now).await?.is_empty() {
        archive.replace_catalog_copies(now).await?;
    }
    Ok(TakenDownAgain { again: others, unreadable })
}

/// Takes down one target: the mirrors go first, then the rows.
async fn take(archive: &Archive, row: &TakedownRow, find_output: &FindOutput<'_>) -> Result<Forgotten, ForgetError> {
    let reach = archive.catalog.takedown_reach(&row.target).await?;
    let mut ids: Vec<_> = reach.articles.iter().map(|(id, _)| *id).collect();
    ids.extend(linking_pages(archive, &reach).await?);
    archive.catalog.make_stale(&ids).await?;
    let (mut left, mut not_ours) = (Vec::new(), Vec::new());
    for (id, key) in &reach.articles {
        let Some(row) = archive.catalog.article_by_id(*id).await? else { continue };
        let (output, in_place) = find_output(key);
        if in_place {
            let error = write_original_back(archive, &row, &output).await?;
            left.extend(error.map(|error| (key.clone(), error)));
        } else {
            not_ours.extend(remove_mirror(archive, &row, &output).await?);
        }
        if !matches!(output, Output::Archive { .. }) {
            // Where the mirror was before the source got an output of its own.
            not_ours.extend(remove_mirror(archive, &row, &archive.output(&key.source)).await?);
        }
    }
    leave_index(archive, &reach).await?;
    let reach = archive.catalog.take_down(&row.target, row.at, &row.reason).await?;
    Ok(Forgotten { reach, left, not_ours, texts: 0, shared: Vec::new() })
}

/// Removes the texts of articles from the index. If that cannot be, the index goes as a whole: the next run makes it anew.
async fn leave_index(archive: &Archive, reach: &TakedownReach) -> Result<(), ForgetError> {
    let ids: Vec<_> = reach.articles.iter().map(|(id, _)| *id).collect();
    if ids.is_empty() || archive.search.remove(ids).await.is_ok() {
        return Ok(());
    }
    archive.search.discard().await.map_err(ForgetError::from)
}

/// The originals of articles that are taken down.
struct Texts {
    /// Those of no other article: no later one has them, whatever its name.
    alone: BTreeSet<Digest>,
    /// Other articles with the same text, which stay.
    shared: Vec<ArticleKey>,
}

async fn texts_of(archive: &Archive, reach: &TakedownReach) -> Result<Texts, ForgetError> {
    let going: BTreeSet<_> = reach.articles.iter().map(|(_, key)| key).collect();
    let (mut alone, mut shared) = (BTreeSet::new(), BTreeSet::new());
    for (id, _) in &reach.articles {
        for version in archive.catalog.versions(*id).await? {
            let others = archive.catalog.articles_of_original(version.original).await?;
            let before = shared.len();
            shared.extend(others.into_iter().filter(|key| !going.contains(key)));
            if shared.len() == before && version.original != Digest::of(b"") {
                alone.insert(version.original);
            }
        }
    }
    Ok(Texts { alone, shared: shared.into_iter().collect() })
}

async fn record_texts(archive: &Archive, rows: &[TakedownRow]) -> Result<(), ForgetError> {
    let each = stream::iter(rows).map(|row| archive.catalog.take_down(&row.target, row.at, &row.reason));
    each.buffered(SIDE_BY_SIDE).try_for_each(async |_| Ok(())).await.map_err(ForgetError::from)
}

/// The pages that may link to style sheets which are taken down.
async fn linking_pages(archive: &Archive, reach: &TakedownReach) -> Result<Vec<ArticleId>, CatalogError> {
    let (mut sources, mut pages) = (BTreeSet::new(), Vec::new());
    for (id, key) in &reach.articles {
        let row = archive.catalog.article_by_id(*id).await?;
        let is_sheet = row.is_some_and(|row| row.version.format == Format::Css);
        if is_sheet && sources.insert(&key.source) {
            pages.extend(archive.catalog.pages_with_sheets(&key.source).await?);
        }
    }
    Ok(pages.into_iter().map(|(id, _)| id).collect())
}

/// Deletes the bytes that takedowns left, this one's and those of interrupted calls. They are noted as garbage whose
/// grace period is over. What was recorded again meanwhile stays.
async fn delete_noted(archive: &Archive) -> Result<(), ForgetError> {
    let noted = archive.catalog.garbage_seen().await?;
    let (due, left): (BTreeMap<_, _>, BTreeMap<_, _>) =
        noted.into_iter().partition(|(_, since)| rules::is_left_by_takedown(*since));
    let keys: Vec<_> = due.keys().filter_map(|path| StoreKey::parse(path)).collect();
    let on_record = on_record(archive, &keys).await?;
    for key in keys.iter().filter(|key| !on_record.contains(key)) {
        archive.objects.delete(key).await?;
        if let StoreKey::Blob { digest, media_type } = *key {
            archive.objects.delete(&StoreKey::Quarantine { digest, media_type }).await?;
        }
    }
    Ok(archive.catalog.note_garbage(&left).await?)
}

/// Those of some blobs and thumbnails that are on record.
async fn on_record(archive: &Archive, keys: &[StoreKey]) -> Result<BTreeSet<StoreKey>, CatalogError> {
    let (mut shards, mut originals) = (BTreeSet::new(), Vec::new());
    for key in keys {
        match key {
            StoreKey::Blob { digest, .. } => drop(shards.insert(digest.as_bytes()[0])),
            StoreKey::Thumbnail { original, .. } => originals.push(*original),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    for shard in shards {
        for row in archive.catalog.blobs_on_record(shard).await? {
            found.insert(row?.key());
        }
    }
    let thumbnails = archive.catalog.thumbnails(&originals).await?;
    found.extend(thumbnails.iter().filter_map(ThumbnailRow::key));
    Ok(found)
}

/// Removes the mirror of an article. What offprint did not write there stays: its place is returned.
async fn remove_mirror(archive: &Archive, row: &ArticleRow, output: &Output) -> Result<Option<PathBuf>, ForgetError> {
    let path = &row.version.key.path;
    let place = || Some(output.place(path));
    if output.is_obstructed(path).await {
        return Ok(place());
    }
    let Some(bytes) = output.read(path).await? else { return Ok(None) };
    if !is_ours(archive, row, output, &bytes).await? {
        return Ok(place());
    }
    output.remove(path).await?;
    Ok(None)
}

/// Whether a file in the place of a mirror is what offprint wrote: the mirror on record, or a text of the article itself. In
/// the archive, that is also whatever links to its objects: a mirror that the settings of another time made.
async fn is_ours(archive: &Archive, row: &ArticleRow, output: &Output, bytes: &[u8]) -> Result<bool, CatalogError> {
    let digest = Digest::of(bytes);
    let is_in_archive = matches!(output, Output::Archive { .. });
    if row.mirror.is_some_and(|(mirror, _)| mirror == digest) || (is_in_archive && !links_in(bytes).is_empty()) {
        return Ok(true);
    }
    let versions = archive.catalog.versions(row.id).await?;
    Ok(versions.iter().any(|version| version.original == digest))
}

/// In place, the author's file stays: its original is written back, unless somebody changed the file since. Returns why it
/// cannot be.
async fn write_original_back(
    archive: &Archive,
    row: &ArticleRow,
    output: &Output,
) -> Result<Option<ReadError>, ForgetError> {
    let path = &row.version.key.path;
    let there = output.read(path).await?;
    let is_mirror = there.is_some_and(|bytes| row.mirror.is_some_and(|(digest, _)| digest == Digest::of(&bytes)));
    if !is_mirror {
        return Ok(None);
    }
    match archive.read_verified(row.version.original, row.version.format.blob_type()).await {
        Ok(original) => output.write(path, original).await.map(|_| None).map_err(ForgetError::from),
        Err(error) => Ok(Some(error)),
    }
}
