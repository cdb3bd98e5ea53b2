//! Articles without a queued URL → their mirrors.

mod active_drawings;
mod astray_links;
mod links;
mod original;
mod owner;
mod recorded;
mod sheet_order;
mod sheets;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Display;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc;
use tracing::Instrument;

use super::article_memory::ArticleMemory;
use super::control::Control;
use super::error::MirrorError;
use super::plan::{Place, Places, Reading, Unread};
use super::render::{Ensured, RenderStage};
use super::sources::{RunSource, Sources};
use super::tally::Tally;
use crate::archive::{
    Archive, ArticleId, ArticleRow, ArticleState, ObjectError, Output, ReferenceRow, StoreKey, WriteOutcome, rules,
};
use crate::config::{Config, RewriteConfig};
use crate::locks::{KeyedLocks, Mutex};
use crate::model::{ArticleKey, Digest, Fingerprint, ProblemReason, RelativePath, Span, ThumbnailName};
use crate::rewrite::{self, Article, LocalLink, Rewritten, Target};
use crate::trace;

use active_drawings::{ActiveDrawings, active_drawings};
use astray_links::AstrayLinks;
use links::{Rule, Shown, Thumbnails};
use owner::Owner;
use sheet_order::SheetOrder;
use sheets::{MissingSheets, Sheets, Written};

/// Mirrors written side by side: each waits for the disk, and such waits are shared.
const WRITTEN_AT_ONCE: usize = 8;
/// Articles taken from the catalog at a time.
const PAGE: usize = 256;

/// Writes mirrors.
pub(super) struct WriteStage {
    archive: Arc<Archive>,
    sources: Sources,
    tally: Arc<Tally>,
    render: Arc<RenderStage>,
    memory: Arc<ArticleMemory>,
    control: Arc<Control>,
    rewrite: RewriteConfig,
    /// The thumbnail that articles show.
    thumbnail: Option<ThumbnailName>,
    /// If an article is announced twice, it is written twice, one after the other: an older plan never replaces a newer
    /// mirror.
    locks: KeyedLocks<ArticleId>,
    /// Problems that are reported already: an article that is announced twice is reported once.
    reported: Mutex<HashSet<(ArticleId, ProblemReason)>>,
    /// Articles whose names may be equal to a disk are written one after the other.
    names: KeyedLocks<Digest>,
    places: Places,
}

/// What an article refers to.
struct References {
    recorded: Vec<ReferenceRow>,
    sheets: Sheets,
}

/// A mirror that was planned.
struct Planned {
    rewritten: Rewritten,
    /// The references that stay remote because they would open what may run scripts.
    active: Vec<Span>,
    /// Where the first address stands that would open a file of the archive: such a mirror is not written.
    opens_archive: Option<usize>,
    /// A thumbnail that it should show is still being made, or a drawing that it opens cannot be read.
    is_for_now: bool,
}

impl WriteStage {
    pub(super) fn new(
        archive: Arc<Archive>,
        config: &Config,
        sources: Sources,
        tally: Arc<Tally>,
        render: Arc<RenderStage>,
        memory: Arc<ArticleMemory>,
        control: Arc<Control>,
    ) -> Self {
        let thumbnail = match config.rewrite.thumbnail_name.as_str() {
            "" => config.thumbnail.first().map(|size| size.name.clone()),
            name => name.parse().ok(),
        };
        let (rewrite, places) = (config.rewrite.clone(), Places::new(Arc::clone(&archive), config));
        Self {
            archive,
            sources,
            tally,
            render,
            memory,
            control,
            rewrite,
            thumbnail,
            locks: KeyedLocks::default(),
            reported: Mutex::default(),
            names: KeyedLocks::default(),
            places,
        }
    }

    /// Writes the mirror of each article that the other stages send.
    pub(super) async fn run(&self, ready: mpsc::Receiver<ArticleId>) -> Result<(), MirrorError> {
        let ready = stream::unfold(ready, async |mut ready| Some((ready.recv().await?, ready)));
        let write =
            async |article| self.write_or_pass_over(article, Reading::GoesOn, MissingSheets::Wait).await.map(drop);
        ready.map(Ok).try_for_each_concurrent(WRITTEN_AT_ONCE, write).await
    }

    /// Writes the mirrors that are still waiting when nothing more can be requested: what is missing stays remote in
    /// them, and they are written again when it comes. Style sheets come before those that name them.
    pub(super) async fn write_waiting(&self) -> Result<(), MirrorError> {
        if self.sources.iter().any(|source| source.keeps_sheets()) {
            self.write_sheets().await?;
        }
        let mut last = None;
        loop {
            let stale = self.archive.catalog.stale_articles(last, PAGE).await?;
            let Some(end) = stale.last() else { return Ok(()) };
            last = Some(*end);
            self.write_each(stale, MissingSheets::StayRemote).await?;
        }
    }

    /// Writes the style sheets that wait, each after those that it imports. Those that import each other in a ring are written
    /// again one after the other: while one is written there is none of it to link to.
    async fn write_sheets(&self) -> Result<(), MirrorError> {
        let mut again = Vec::new();
        for sheets in SheetOrder::new(&self.archive, &self.sources).steps(&self.control).await? {
            again.extend(self.write_each(sheets, MissingSheets::WriteAgain).await?);
        }
        for sheet in again {
            self.write_each(vec![sheet], MissingSheets::StayRemote).await?;
        }
        Ok(())
    }

    /// Writes articles side by side, unless the user says stop, and gives those that wait.
    async fn write_each(
        &self,
        articles: Vec<ArticleId>,
        missing: MissingSheets,
    ) -> Result<Vec<ArticleId>, MirrorError> {
        let write = async |article| {
            let is_stopped = self.control.is_stopped();
            let written = if is_stopped {
                Written::Done
            } else {
                self.write_or_pass_over(article, Reading::Over, missing).await?
            };
            Ok((written == Written::Waits).then_some(article))
        };
        let each = stream::iter(articles).map(write).buffer_unordered(WRITTEN_AT_ONCE);
        each.try_filter_map(async |waiting| Ok(waiting)).try_collect().await
    }

    async fn write_or_pass_over(
        &self,
        id: ArticleId,
        reading: Reading,
        missing: MissingSheets,
    ) -> Result<Written, MirrorError> {
        let mut written = Written::Done;
        let result = self.write(id, reading, missing).await.map(|done| written = done);
        self.tally.pass_over(format_args!("the article of row {}", id.0), result)?;
        Ok(written)
    }

    async fn write(&self, id: ArticleId, reading: Reading, missing: MissingSheets) -> Result<Written, MirrorError> {
        let _guard = self.locks.lock(id).await;
        let Some(row) = self.archive.catalog.article_by_id(id).await? else { return Ok(Written::Done) };
        match self.sources.get(&row.version.key.source) {
            Some(source) if row.state == ArticleState::Stale => {
                let span = trace::article(&row.version.key);
                self.write_with_sheets(source, &row, reading, missing).instrument(span).await
            }
            _ => Ok(Written::Done),
        }
    }

    /// Writes the mirror of an article, unless that waits for a style sheet.
    async fn write_with_sheets(
        &self,
        source: &RunSource,
        row: &ArticleRow,
        reading: Reading,
        missing: MissingSheets,
    ) -> Result<Written, MirrorError> {
        let Some(original) = self.original(row).await else { return Ok(Written::Done) };
        let recorded = self.archive.catalog.references(row.id).await?;
        let sheets = Sheets::find(&self.archive, source, &row.version.key.path, &recorded).await?;
        if !sheets.are_whole() && missing == MissingSheets::Wait {
            return Ok(Written::Waits);
        }
        let is_written_again = !sheets.unwritten.is_empty() && missing == MissingSheets::WriteAgain;
        self.write_mirror(source, row, reading, &original.bytes, References { recorded, sheets }).await?;
        if is_written_again {
            self.archive.catalog.make_stale(&[row.id]).await?;
            return Ok(Written::Waits);
        }
        Ok(Written::Done)
    }

    /// The rows first, then the file by rename: whoever sees the mirror finds everything it points at.
    async fn write_mirror(
        &self,
        source: &RunSource,
        row: &ArticleRow,
        reading: Reading,
        original: &[u8],
        references: References,
    ) -> Result<(), MirrorError> {
        let path = &row.version.key.path;
        let place = source.output(&self.archive).place(path);
        let _name = self.names.lock(Digest::of(rules::path_key(&place.to_string_lossy()).as_bytes())).await;
        if !self.is_free(row, self.places.look(source, row, reading).await?) {
            return Ok(());
        }
        let planned = self.plan(source, row, original, references).await?;
        let Planned { rewritten, active, opens_archive, is_for_now } = planned;
        if let Some(at) = opens_archive {
            let Unread { reason, message } = Unread::opens_archive(at);
            self.report(row, reason, message);
            return Ok(());
        }
        let Rewritten { edits, mirror, left_remote } = rewritten;
        self.report_left_remote(row, ProblemReason::StaysRemote, &left_remote);
        self.report_left_remote(row, ProblemReason::ActiveDrawing, &active);
        let digest = Digest::of(&mirror);
        if !self.is_free(row, self.places.may_replace(source, &row.version, Some(row), digest).await?) {
            return Ok(());
        }
        if self.archive.catalog.record_mirror(row.id, row.revision, digest, &edits).await? == WriteOutcome::Conflict {
            // Whatever made it stale again has announced it again, or will.
            return Ok(());
        }
        self.publish_recorded(source, row, digest, &mirror).await?;
        if is_for_now {
            self.archive.catalog.make_stale(&[row.id]).await?;
        }
        Ok(())
    }

    /// Writes the file of a mirror that is on record.
    async fn publish_recorded(
        &self,
        source: &RunSource,
        row: &ArticleRow,
        digest: Digest,
        mirror: &[u8],
    ) -> Result<(), MirrorError> {
        let path = &row.version.key.path;
        let owner = Owner::of(source, path);
        match self.publish_in_the_way(source, path, digest, mirror).await {
            Ok(fingerprint) => {
                if let Some(message) = owner.message_if_other(source, path) {
                    self.report(row, ProblemReason::OtherOwner, message);
                }
                self.archive.catalog.finish_mirror(row.id, fingerprint).await?;
            }
            Err(error) if error.is_full() => return Err(error.into()),
            Err(error) => self.report(row, ProblemReason::NotWritten, error),
        }
        Ok(())
    }

    /// Whether a mirror may be written. Where it may not, the report says so.
    fn is_free(&self, row: &ArticleRow, place: Place) -> bool {
        match place {
            Place::Free => true,
            Place::Taken(problem) => {
                if let Some((reason, message)) = problem {
                    self.report(row, reason, message);
                }
                false
            }
        }
    }

    /// Writes a mirror. If the mirror of a vanished article has the name of one of its folders, that one is removed
    /// first.
    async fn publish_in_the_way(
        &self,
        source: &RunSource,
        path: &RelativePath,
        digest: Digest,
        mirror: &[u8],
    ) -> Result<Fingerprint, ObjectError> {
        match self.publish(source, path, digest, mirror).await {
            Err(error) if !error.is_full() && self.makes_way(source, path).await => {
                self.publish(source, path, digest, mirror).await.map_err(|_| error)
            }
            result => result,
        }
    }

    /// Removes the mirror of an article that is gone and whose name is now that of a folder. Its original is kept.
    async fn makes_way(&self, source: &RunSource, path: &RelativePath) -> bool {
        let Output::Archive { objects, source: name } = source.output(&self.archive) else { return false };
        for (end, _) in path.match_indices('/') {
            let Ok(above) = RelativePath::new(&path[..end]) else { continue };
            let key = ArticleKey { source: name.clone(), path: above };
            let row = self.archive.catalog.article(&key).await.ok().flatten();
            if row.is_some_and(|row| row.state == ArticleState::Vanished) {
                return objects.delete(&StoreKey::Article(key)).await.unwrap_or(false);
            }
        }
        false
    }

    /// Writes a mirror, unless the same bytes are there, and gives its fingerprint.
    async fn publish(
        &self,
        source: &RunSource,
        path: &RelativePath,
        digest: Digest,
        mirror: &[u8],
    ) -> Result<Fingerprint, ObjectError> {
        let output = source.output(&self.archive);
        let there = output.read(path).await.ok().flatten();
        if there.is_some_and(|bytes| Digest::of(&bytes) == digest)
            && let Some(fingerprint) = output.fingerprint(path).await?
        {
            return Ok(fingerprint);
        }
        let fingerprint = output.write(path, mirror.to_vec()).await?;
        self.tally.written.one();
        Ok(fingerprint)
    }

    /// The mirror: the article with the local link of every reference whose image is kept. It is planned from what was
    /// recorded when the article was read.
    async fn plan(
        &self,
        source: &RunSource,
        row: &ArticleRow,
        original: &[u8],
        References { recorded, sheets }: References,
    ) -> Result<Planned, MirrorError> {
        let path = &row.version.key.path;
        let options = source.options(path, row.version.url.as_ref(), row.version.charset());
        let (encoding, rows) = recorded::references(row, original, &options, recorded);
        let mut rule = Rule { rewrite: &self.rewrite, active: HashSet::new() };
        let ActiveDrawings { digests, unread } = active_drawings(&self.archive, &rule, &rows).await?;
        rule.active = digests;
        if let Some(error) = &unread {
            self.report(
                row,
                ProblemReason::ActiveDrawing,
                format!("a drawing stays remote where it is opened: {error}"),
            );
        }
        let (thumbnails, lacks_thumbnail) = self.thumbnails(&rule, &rows).await?;
        let shown = rule.shown(&rows, &thumbnails);
        let mut links = local_links(source, path, &shown);
        links.extend(sheets.links);
        let astray = AstrayLinks::find(original, &rows, &links);
        links.extend(astray.remote());
        let article = Article { bytes: original, format: row.version.format, encoding, options: &options };
        let targets = rows.iter().map(|row| target(row, links.get(&row.place.span).cloned())).collect();
        let rewritten = rewrite::rewrite(&article, self.rewrite.lazy, targets);
        let is_for_now = lacks_thumbnail || unread.is_some();
        let opens_archive = astray.first_left(&rewritten);
        Ok(Planned { rewritten, active: rule.left_remote(&rows), opens_archive, is_for_now })
    }

    /// The thumbnails that an article shows, with their files; and whether one of them is late. Makes those that the
    /// archive lacks, side by side. It queries the catalog once, and once more if something was made.
    async fn thumbnails(&self, rule: &Rule<'_>, rows: &[ReferenceRow]) -> Result<(Thumbnails, bool), MirrorError> {
        let assets: BTreeMap<_, _> = rule.with_thumbnail(rows).map(|kept| (kept.digest, &kept.asset)).collect();
        if assets.is_empty() {
            return Ok((Thumbnails::new(), false));
        }
        let originals: Vec<_> = assets.keys().copied().collect();
        let mut on_record = self.archive.catalog.thumbnails(&originals).await?;
        let lacking: Vec<_> = assets.iter().filter(|(digest, _)| self.render.lacks(**digest, &on_record)).collect();
        let ensure = lacking.into_iter().map(|(digest, asset)| self.render.ensure(*digest, asset, None));
        let ensured = futures_util::future::try_join_all(ensure).await?;
        if !ensured.is_empty() {
            on_record = self.archive.catalog.thumbnails(&originals).await?;
        }
        let wanted = on_record.into_iter().filter(|row| Some(&row.name) == self.thumbnail.as_ref());
        let made = wanted.filter_map(|row| Some((row.original, (row.key()?.path(), row.made.ok()?))));
        Ok((made.collect(), ensured.contains(&Ensured::Late)))
    }

    /// Reports images that are kept and yet stay remote: nothing else would say why.
    fn report_left_remote(&self, row: &ArticleRow, reason: ProblemReason, refused: &[Span]) {
        if let Some(first) = refused.first() {
            let (count, at) = (refused.len(), first.start);
            let why = match reason {
                ProblemReason::ActiveDrawing => "opened there, they could run scripts as a part of the site",
                _ => "a local link there would change how the article around it is read",
            };
            self.report(row, reason, format!("{count} of its images stay remote, from byte {at} on: {why}"));
        }
    }

    /// Reports a problem of an article, once in a run.
    fn report(&self, row: &ArticleRow, reason: ProblemReason, message: impl Display) {
        if self.reported.lock().insert((row.id, reason)) {
            self.tally.problem(&row.version.key, reason, message);
        }
    }
}

/// The local links of an article, by the spans that they replace.
fn local_links(source: &RunSource, path: &RelativePath, shown: &[(&ReferenceRow, Shown)]) -> HashMap<Span, LocalLink> {
    let full = links::full_images(shown);
    let link = |(reference, shown): &(&ReferenceRow, Shown)| {
        let full =
            reference.place.link_wrap.and_then(|link_wrap| full.get(&link_wrap)).map(|file| source.link(path, file));
        (reference.place.span, LocalLink { shown: source.link(path, &shown.file), full })
    };
    shown.iter().map(link).collect()
}

/// A recorded reference as rewriting takes it.
fn target(row: &ReferenceRow, link: Option<LocalLink>) -> Target {
    Target { place: row.place.clone(), url: row.requested().cloned(), link }
}
