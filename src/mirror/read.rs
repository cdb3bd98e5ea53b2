//! Sources → articles → references in the catalog.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Notify;
use tracing::{Instrument, info};

use super::control::Control;
use super::error::MirrorError;
use super::local_files::local_changes;
use super::plan::{ArticlePlan, Change, Planner, ReadArticle, Unread};
use super::ready::ReadyArticles;
use super::source_report;
use super::sources::{RunSource, Sources};
use super::tally::Tally;
use super::traced;
use crate::archive::rules::Due;
use crate::archive::{Archive, ArticleId, ArticleRow, Body, ObjectError, StoreKey};
use crate::locks::Mutex;
use crate::model::{ArticleCounts, Digest, Fingerprint, Format, HostKey, MediaType, ProblemReason, SourceName};
use crate::source::{Checkpoint, Diff, Difference, Listed, Listing, SkipReason, Skipped, SourceError, WebReader};
use crate::trace;

/// Articles read side by side: each waits for the disk when its original is kept and when it is recorded. Such waits are
/// shared, also with those of images that are fetched meanwhile, so that few articles at a time would be read slowly.
const READ_AT_ONCE: usize = 32;

/// Articles whose mirrors are looked at together, of those that are there at a time: a look is short, and the way to
/// where a call may block is not.
const LOOKED_AT_TOGETHER: usize = 64;

/// The messages of a source while it is read.
#[derive(Default)]
struct SourceNotes(Mutex<(Vec<SourceError>, Vec<String>)>);

impl SourceNotes {
    /// It, or one of its feeds, could not be read.
    fn failed(&self, error: SourceError) {
        self.0.lock().0.push(error);
    }

    fn note(&self, note: String) {
        self.0.lock().1.push(note);
    }

    fn into_inner(self) -> (Vec<SourceError>, Vec<String>) {
        self.0.into_inner()
    }
}

/// Reads what the sources have now, and records what differs.
pub(super) struct ReadStage {
    pub(super) archive: Arc<Archive>,
    pub(super) sources: Sources,
    pub(super) planner: Planner,
    /// What is due when the run begins.
    pub(super) due: Due,
    /// Reads the sources that are no folders.
    pub(super) web: WebReader,
    pub(super) tally: Arc<Tally>,
    pub(super) control: Arc<Control>,
    /// Wakes who fetches when there is something to fetch.
    pub(super) queued: Arc<Notify>,
    pub(super) ready: ReadyArticles,
    /// Whether a style sheet of the source that is read was not on record before.
    pub(super) is_sheet_new: AtomicBool,
}

impl ReadStage {
    /// Reads every source, one after another. One that cannot be read does not stop the others.
    pub(super) async fn run(mut self) -> Result<(), MirrorError> {
        let changes = local_changes(&self.archive, &self.sources).await?;
        let to_adopt: Vec<_> = changes.to_adopt.into_iter().map(|(id, _)| id).collect();
        self.tally.queued.add(self.archive.catalog.enqueue(&to_adopt).await?);
        self.planner.read_again(changes.to_read);
        for source in self.sources.iter() {
            if self.control.is_stopped() || self.control.is_time_up() {
                break;
            }
            let span = trace::source(source.name());
            self.read_source(source).instrument(span).await?;
        }
        if self.control.is_time_up() {
            self.control.cut_short();
        }
        Ok(())
    }

    async fn read_source(&self, source: &Arc<RunSource>) -> Result<(), MirrorError> {
        if source.is_named() {
            // The user wants to know whether its host responds now.
            self.archive.catalog.close_breakers(&source.hosts()).await?;
        }
        // A crawl that was interrupted may have kept style sheets that no page was checked for.
        let is_resumed = source.keeps_sheets() && self.archive.catalog.crawl_began(source.name()).await?.is_some();
        self.is_sheet_new.store(is_resumed, Ordering::Relaxed);
        let web = source.list_web(&self.web);
        let (listing, checkpoint) = match web {
            Some((listing, checkpoint)) => (listing, Some(checkpoint)),
            None => match source.list() {
                Ok(listing) => (listing, None),
                Err(error) => {
                    self.tally.source(source_report::failed(source.name(), &error));
                    return Ok(());
                }
            },
        };
        let before = self.tally.article_counts();
        let said = SourceNotes::default();
        let is_whole = self.read_listing(source, listing, &said).await?;
        if self.is_sheet_new.load(Ordering::Relaxed) {
            self.link_from_pages(source.name()).await?;
        }
        if let Some(checkpoint) = &checkpoint {
            self.record_place(source.name(), checkpoint, is_whole).await?;
        }
        info!(articles = self.tally.seen.get(), "source read");
        let after = self.tally.article_counts();
        let is_cut_short = self.control.is_stopped() || self.control.is_time_up();
        if let Some(message) = gone_in_bulk(&before, &after).filter(|_| !is_cut_short) {
            self.tally.problem(source.name(), ProblemReason::GoneInBulk, message);
        }
        let (failed, notes) = said.into_inner();
        if failed.is_empty() || checkpoint.is_some_and(|checkpoint| checkpoint.is_any_read()) {
            self.tally.source(source_report::read(source, &before, &after, &notes));
        }
        for error in &failed {
            self.tally.source(source_report::failed(source.name(), error));
        }
        Ok(())
    }

    /// Records where the next reading of a source on the web goes on.
    async fn record_place(
        &self,
        source: &SourceName,
        checkpoint: &Checkpoint,
        is_whole: bool,
    ) -> Result<(), MirrorError> {
        if is_whole {
            checkpoint.end_crawl(source, &self.archive).await?;
        }
        if !self.control.is_stopped() && !self.control.is_time_up() {
            checkpoint.record(source, &self.archive).await?;
        }
        Ok(())
    }

    /// Reads what a source lists and is not on record as it is. Returns whether it came to the end of the list.
    async fn read_listing(
        &self,
        source: &Arc<RunSource>,
        listing: Listing,
        said: &SourceNotes,
    ) -> Result<bool, MirrorError> {
        let diff = Diff::new(source.name(), listing, Some(&*self.archive.catalog));
        let differences = stream::try_unfold(diff, async |mut diff| {
            Ok::<_, MirrorError>(diff.next().await?.map(|difference| (difference, diff)))
        });
        let together = differences.try_ready_chunks(LOOKED_AT_TOGETHER);
        let looked = together.map_err(|failed| failed.1).and_then(async |together| {
            let found = with_mirrors(source, together).await;
            Ok(stream::iter(found.into_iter().map(Ok)))
        });
        let is_whole = AtomicBool::new(true);
        let ended = async {
            self.control.ended().await;
            is_whole.store(false, Ordering::Relaxed);
        };
        let found = looked.try_flatten().take_until(ended);
        found.try_for_each_concurrent(READ_AT_ONCE, |found| self.read(source, found, said)).await?;
        Ok(is_whole.into_inner())
    }

    async fn read(
        &self,
        source: &Arc<RunSource>,
        (difference, mirror): (Difference, Option<Fingerprint>),
        said: &SourceNotes,
    ) -> Result<(), MirrorError> {
        match difference {
            Difference::Listed(listed, row) => {
                let span = trace::article(format_args!("{}/{}", source.name(), listed.path));
                let read = self.article(source, &listed, row.as_deref(), mirror).instrument(span).await;
                self.tally.pass_over(format_args!("{}/{}", source.name(), listed.path), read)?;
            }
            Difference::Gone(row) if row.is_gone => {}
            Difference::Gone(row) => {
                self.tally.vanished.one();
                self.archive.catalog.mark_vanished(&[row.id]).await?;
            }
            Difference::Empty { on_record } => {
                said.failed(source.empty(on_record));
            }
            Difference::Skipped(skipped) => self.tally.skipped(source.name(), &skipped),
            Difference::Problem(path, reason, message) => {
                self.tally.problem(format_args!("{}/{path}", source.name()), reason, message);
            }
            Difference::Note(note) => said.note(note),
            Difference::Unread(error) => self.tally.problem(source.name(), ProblemReason::UnreadAddress, error),
            Difference::Unreadable(error) if !source.is_folder() => said.failed(error),
            Difference::Unreadable(error) => self.tally.problem(source.name(), ProblemReason::UnreadableFolder, error),
        }
        Ok(())
    }

    async fn article(
        &self,
        source: &Arc<RunSource>,
        listed: &Listed,
        row: Option<&ArticleRow>,
        mirror: Option<Fingerprint>,
    ) -> Result<(), MirrorError> {
        self.tally.seen.one();
        let mut id = row.map(|row| row.id);
        let _admitted = self.planner.admit(listed).await;
        match self.planner.plan(source, listed, row, mirror).await? {
            ArticlePlan::Unchanged => self.tally.unchanged.one(),
            ArticlePlan::Touch { id, fingerprint, is_mirror } => {
                self.tally.unchanged.one();
                self.archive.catalog.touch_article(id, fingerprint).await?;
                if is_mirror {
                    self.archive.catalog.finish_mirror(id, fingerprint).await?;
                }
            }
            ArticlePlan::Record(article) => id = self.record(*article).await?,
            ArticlePlan::TakenDown => {
                let (path, why) = (listed.path.to_string(), SkipReason::TakenDown);
                self.tally.skipped(source.name(), &Skipped { path, why });
            }
            ArticlePlan::Unreadable(Unread { reason, message }) => {
                self.tally.problem(&listed.location, reason, message);
            }
        }
        match id.filter(|_| source.is_named()) {
            Some(id) => self.ask_for(source, id).await,
            None => Ok(()),
        }
    }

    /// The user named the source, or this very article.
    async fn ask_for(&self, source: &RunSource, id: ArticleId) -> Result<(), MirrorError> {
        let references = self.archive.catalog.references(id).await?;
        let rows = references.iter().filter_map(|row| row.url.as_ref());
        let asked: Vec<_> = rows.filter(|url| source.asks_for(url, self.due)).collect();
        if source.chosen().is_some() {
            let hosts: BTreeSet<_> = asked.iter().filter_map(|row| HostKey::of(&row.url)).collect();
            self.archive.catalog.close_breakers(&hosts.into_iter().collect::<Vec<_>>()).await?;
        }
        let urls: Vec<_> = asked.iter().map(|row| row.id).collect();
        self.tally.queued.add(self.archive.catalog.enqueue(&urls).await?);
        self.queued.notify_one();
        Ok(())
    }

    /// Keeps what the article holds and its original as blobs, and then records it with its references. Without its
    /// original it is not recorded.
    async fn record(&self, article: ReadArticle) -> Result<Option<ArticleId>, MirrorError> {
        let ReadArticle { bytes, version, references, inline, traced, left_out, change, admitted } = article;
        for (media_type, image) in inline.into_values() {
            // Its job takes it out of the article again, and says what is in the way.
            drop(self.put(image, media_type).await?);
        }
        traced::hold(&self.archive, &self.web.received, &references, traced).await?;
        let size = bytes.len() as u64;
        if let Err(error) = self.put(bytes, version.format.blob_type()).await? {
            let why = format!("its original cannot be kept: {error}");
            self.tally.problem(&version.key, ProblemReason::NotWritten, why);
            return Ok(None);
        }
        match change {
            Change::New => self.tally.new.one(),
            Change::Content => self.tally.changed.one(),
            Change::Settings => self.tally.unchanged.one(),
        }
        if left_out > 0 {
            let read = references.len();
            let why = format!("{left_out} of its references stay as they are: it has more than {read}");
            self.tally.problem(&version.key, ProblemReason::TooManyReferences, why);
        }
        let (id, changes) = self.archive.catalog.record_article(&version, size, &references).await?;
        // Before others are waited for, which may wait for memory.
        drop((references, admitted));
        self.tally.queued.add(changes.queued);
        self.queued.notify_one();
        self.ready.announce(changes.ready_articles).await;
        if change == Change::New && version.format == Format::Css {
            self.is_sheet_new.store(true, Ordering::Relaxed);
        }
        Ok(Some(id))
    }

    /// Pages whose mirrors were written before a style sheet of theirs was kept are written again. That is asked once for
    /// all new style sheets of a source: each time, all of its pages are looked at.
    async fn link_from_pages(&self, source: &SourceName) -> Result<(), MirrorError> {
        let pages = self.archive.catalog.pages_with_sheets(source).await?.into_iter();
        let lacking: Vec<_> = pages.filter_map(|(id, may_lack)| may_lack.then_some(id)).collect();
        Ok(self.archive.catalog.make_stale(&lacking).await?)
    }

    /// Keeps a blob; gives the error where it is its place alone that is not free.
    async fn put(&self, bytes: Vec<u8>, media_type: MediaType) -> Result<Result<(), ObjectError>, MirrorError> {
        let key = StoreKey::Blob { digest: Digest::of(&bytes), media_type };
        match self.archive.objects.put(&key, Body::Bytes(bytes)).await {
            Err(error) if error.is_of_one_place() => Ok(Err(error)),
            put => Ok(put.map(|_| Ok(()))?),
        }
    }
}

/// Differences, each with what stands in the place of the mirror of its article.
async fn with_mirrors(source: &RunSource, together: Vec<Difference>) -> Vec<(Difference, Option<Fingerprint>)> {
    let mirrored = |difference: &Difference| match difference {
        Difference::Listed(listed, Some(row)) => row.mirror.map(|_| listed.path.clone()),
        _ => None,
    };
    let mut mirrors = source.mirror_fingerprints(together.iter().filter_map(mirrored).collect()).await.into_iter();
    let found = together.into_iter().map(|difference| {
        let mirror = mirrored(&difference).and_then(|_| mirrors.next().flatten());
        (difference, mirror)
    });
    found.collect()
}

/// The message if more than half of a source's articles are gone at once: its folder may be half mounted, or the wrong
/// one. If as many articles are new as are gone, they were moved.
fn gone_in_bulk(before: &ArticleCounts, after: &ArticleCounts) -> Option<String> {
    let (gone, new) = (after.vanished - before.vanished, after.new - before.new);
    let on_record = (after.seen - before.seen).saturating_sub(new) + gone;
    let is_bulk = gone > 1 && gone > new && gone * 2 > on_record;
    is_bulk.then(|| {
        format!("{gone} of its {on_record} articles are gone from it; their mirrors stay. Is its folder the right one?")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_gone_at_once_deserves_a_look() {
        for (seen, new, vanished, expected) in [
            (4, 0, 5, Some("5 of its 9 articles are gone")),
            (5, 0, 5, None),
            (0, 0, 1, None),
            (1, 0, 2, Some("2 of its 3 articles are gone")),
            (6, 6, 6, None),
            (3, 2, 9, Some("9 of its 10 articles are gone")),
        ] {
            let before = ArticleCounts { seen: 7, new: 1, vanished: 3, ..ArticleCounts::default() };
            let after = ArticleCounts { seen: 7 + seen, new: 1 + new, vanished: 3 + vanished, ..before };
            let found = gone_in_bulk(&before, &after);
            assert_eq!(found.is_some(), expected.is_some(), "{seen} {new} {vanished}: {found:?}");
            assert!(expected.is_none_or(|text| found.is_some_and(|found| found.starts_with(text))));
        }
    }
}
