//! Articles of which nothing is left in the queue → their mirrors.

use std::collections::HashMap;

use encoding_rs::Encoding;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::{Mutex, mpsc};
use tracing::Instrument;

use super::sources::RunSource;
use super::{Mirror, MirrorError};
use crate::archive::{
    ArticleId, ArticleRow, ArticleState, ObjectError, ReferenceRow, RenditionRow, StoreKey, UrlRow, UrlState,
    WriteOutcome,
};
use crate::config::{ChangedImages, Images};
use crate::extract;
use crate::model::{Asset, Digest, Fingerprint, LinkWrap, Reference, ReferenceKind, RelativePath, Span};
use crate::rewrite::{self, Article, LocalLink, Rewritten, Target};
use crate::source::fingerprint;
use crate::trace;

/// Mirrors written side by side: each waits for the disk, and such waits are shared.
const WRITTEN_AT_ONCE: usize = 8;
/// Articles wait for their turn in lanes, so that no two of the same are written at once.
pub(super) type Lanes = [Mutex<()>; WRITTEN_AT_ONCE];
/// Articles taken from the catalog at a time.
const PAGE: usize = 256;

/// An asset with its digest and its size in bytes.
type KeptAsset = (Digest, u64, Asset);

impl Mirror {
    /// Writes the mirror of each article that the other stages send.
    pub(super) async fn write_ready(&self, ready: mpsc::Receiver<ArticleId>) -> Result<(), MirrorError> {
        let ready = stream::unfold(ready, async |mut ready| Some((ready.recv().await?, ready)));
        ready.map(Ok).try_for_each_concurrent(WRITTEN_AT_ONCE, |article| self.write(article)).await
    }

    /// Writes the mirrors that are still waiting when nothing more can be asked for: what is missing stays remote in
    /// them, and they are written again when it comes.
    pub(super) async fn write_waiting(&self) -> Result<(), MirrorError> {
        let mut last = None;
        loop {
            let waiting = self.archive.catalog.stale_articles(last, PAGE).await?;
            let Some(end) = waiting.last() else { return Ok(()) };
            last = Some(*end);
            let each = stream::iter(waiting).map(Ok);
            each.try_for_each_concurrent(WRITTEN_AT_ONCE, |article| self.write(article)).await?;
        }
    }

    async fn write(&self, id: ArticleId) -> Result<(), MirrorError> {
        // An article that is announced twice is written twice in turn: an older plan never lands on a newer mirror.
        let lane = usize::try_from(id.0).unwrap_or_default() % self.lanes.len();
        let _turn = self.lanes[lane].lock().await;
        let Some(row) = self.archive.catalog.article_by_id(id).await? else { return Ok(()) };
        match self.sources.get(&row.version.key.source) {
            Some(source) if row.state == ArticleState::Stale => {
                self.write_mirror(source, &row).instrument(trace::article(&row.version.key)).await
            }
            _ => Ok(()),
        }
    }

    /// The rows first, then the file by rename: whoever sees the mirror finds everything it points at.
    async fn write_mirror(&self, source: &RunSource, row: &ArticleRow) -> Result<(), MirrorError> {
        let path = &row.version.key.path;
        if source.is_in_place() && !is_as_read(source, row) {
            self.tally.problem(&row.version.key, "it was changed during the run and is left for the next one");
            return Ok(());
        }
        let original = match self.archive.read_verified(row.version.original, row.version.format.blob_type()).await {
            Ok(original) => original,
            Err(error) => {
                self.tally.problem(&row.version.key, error);
                return Ok(());
            }
        };
        let Rewritten { edits, mirror, left_remote } = self.rewrite(source, row, &original).await?;
        self.report_left_remote(row, &left_remote);
        let digest = Digest::of(&mirror);
        if self.archive.catalog.record_mirror(row.id, row.revision, digest, &edits).await? == WriteOutcome::Conflict {
            // Whatever made it stale again has announced it again, or will.
            return Ok(());
        }
        match self.publish(source, path, digest, mirror).await {
            Ok(fingerprint) => self.archive.catalog.finish_mirror(row.id, fingerprint).await?,
            Err(error) if error.is_full() => return Err(error.into()),
            Err(error) => self.tally.problem(&row.version.key, error),
        }
        Ok(())
    }

    /// Writes a mirror, unless the same bytes are there, and says what tells that it is not touched from now on.
    async fn publish(
        &self,
        source: &RunSource,
        path: &RelativePath,
        digest: Digest,
        mirror: Vec<u8>,
    ) -> Result<Fingerprint, ObjectError> {
        let output = source.output(&self.archive);
        let there = output.read(path).await.ok().flatten();
        if there.is_some_and(|bytes| Digest::of(&bytes) == digest)
            && let Some(fingerprint) = output.fingerprint(path).await?
        {
            return Ok(fingerprint);
        }
        let fingerprint = output.write(path, mirror).await?;
        self.tally.written.one();
        Ok(fingerprint)
    }

    /// The mirror: the article with the local link of every reference whose image is kept. It is planned from what was
    /// recorded when the article was read.
    async fn rewrite(&self, source: &RunSource, row: &ArticleRow, original: &[u8]) -> Result<Rewritten, MirrorError> {
        let path = &row.version.key.path;
        let (format, options) = (row.version.format, source.options(path));
        let recorded = self.archive.catalog.references(row.id).await?;
        let encoding = row.version.encoding.as_deref().and_then(|name| Encoding::for_label(name.as_bytes()));
        let (encoding, rows) = if let Some(encoding) = encoding {
            (encoding, recorded)
        } else {
            // An earlier version of the program recorded only what can be fetched.
            let extraction = extract::extract(original, format, &options);
            (extraction.encoding, completed(&extraction.references, &recorded))
        };
        let mut shown = Vec::new();
        for reference in &rows {
            let asset = self.asset(reference, &rows);
            shown.extend(self.shown_by(reference, asset).await?.map(|shown| (reference, shown)));
        }
        let full = full_pictures(&shown);
        let link = |(reference, shown): &(&ReferenceRow, Shown)| {
            let full =
                reference.link_wrap.and_then(|link_wrap| full.get(&link_wrap)).map(|file| source.link(path, file));
            (reference.span, LocalLink { shown: source.link(path, &shown.file), full })
        };
        let links: HashMap<Span, LocalLink> = shown.iter().map(link).collect();
        let article = Article { bytes: original, format, encoding, options: &options };
        let targets = rows.iter().map(|row| target(row, links.get(&row.span).cloned())).collect();
        Ok(rewrite::rewrite(&article, self.config.rewrite.lazy, targets))
    }

    /// What is kept and yet stays remote is told, as nothing else would say why.
    fn report_left_remote(&self, row: &ArticleRow, refused: &[Span]) {
        if let Some(first) = refused.first() {
            let (count, at) = (refused.len(), first.start);
            let why = "a local link there would change how the article around it is read";
            self.tally
                .problem(&row.version.key, format!("{count} of its images stay remote, from byte {at} on: {why}"));
        }
    }

    /// The asset that a reference shows from now on.
    fn asset<'a>(&self, row: &'a ReferenceRow, rows: &'a [ReferenceRow]) -> Option<&'a KeptAsset> {
        let first = || row.shown_first.as_ref().filter(|_| self.config.rewrite.changed_images == ChangedImages::First);
        first().or_else(|| sibling(row, rows).or(row.url.as_ref())?.asset.as_ref())
    }

    /// The file of the archive that a reference shows from now on; `None` where it stays as it is.
    async fn shown_by(
        &self,
        reference: &ReferenceRow,
        asset: Option<&KeptAsset>,
    ) -> Result<Option<Shown>, MirrorError> {
        let Some((digest, size, asset)) = asset else { return Ok(None) };
        let whole = StoreKey::Blob { digest: *digest, media_type: asset.media_type }.path();
        let (rewrite, alone) = (&self.config.rewrite, Shown { file: whole.clone(), full: None });
        let in_field =
            reference.kind == ReferenceKind::FrontMatter && rewrite.thumbnail_fields.contains(&reference.name);
        let in_text = reference.link_wrap.is_some() && rewrite.images == Images::ThumbnailLinked;
        if !in_field && !in_text {
            return Ok(Some(alone));
        }
        self.render(*digest, asset).await?;
        let Some((file, made)) = self.thumbnail_of(*digest).await? else { return Ok(Some(alone)) };
        let area = u64::from(asset.width) * u64::from(asset.height);
        let saves = u64::from(made.width) * u64::from(made.height) < area && made.size < *size;
        Ok(Some(match (in_field, saves) {
            (true, _) => Shown { file, full: None },
            (false, true) => Shown { file, full: Some((area, whole)) },
            (false, false) => alone,
        }))
    }

    /// The thumbnail that stands for a picture in articles, if there is one.
    async fn thumbnail_of(&self, digest: Digest) -> Result<Option<(String, RenditionRow)>, MirrorError> {
        let wanted = match self.config.rewrite.thumbnail_name.as_str() {
            "" => self.config.thumbnail.first().map(|size| size.name.as_str()),
            name => Some(name),
        };
        let thumbnails = self.archive.catalog.thumbnails(&[digest]).await?;
        let named = thumbnails.into_iter().find(|thumbnail| Some(thumbnail.name.as_str()) == wanted);
        let made = named.and_then(|thumbnail| Some((thumbnail.name, thumbnail.made.ok()?)));
        Ok(made.map(|(name, made)| {
            (StoreKey::Thumbnail { name, original: digest, media_type: made.media_type }.path(), made)
        }))
    }
}

/// Every reference of an article, with what is recorded of those that can be fetched.
fn completed(references: &[Reference], recorded: &[ReferenceRow]) -> Vec<ReferenceRow> {
    let known: HashMap<Span, &ReferenceRow> = recorded.iter().map(|row| (row.span, row)).collect();
    let row = |reference: &Reference| {
        let recorded = known.get(&reference.span);
        let url = recorded.and_then(|row| row.url.clone());
        ReferenceRow {
            span: reference.span,
            kind: reference.kind,
            name: reference.name.clone(),
            image_group: reference.image_group,
            reveal: reference.reveal,
            link_wrap: reference.link_wrap,
            unfetched: url.is_none().then(|| reference.url.clone()),
            url,
            shown_first: recorded.and_then(|row| row.shown_first.clone()),
        }
    };
    references.iter().map(row).collect()
}

/// A recorded reference as rewriting takes it.
fn target(row: &ReferenceRow, link: Option<LocalLink>) -> Target {
    let unfetched = || row.unfetched.as_ref()?.as_ref().ok().cloned();
    Target {
        span: row.span,
        kind: row.kind,
        image_group: row.image_group,
        url: row.url.as_ref().map(|url| url.url.clone()).or_else(unfetched),
        reveal: row.reveal,
        link_wrap: row.link_wrap,
        link,
    }
}

/// What a reference shows from now on.
struct Shown {
    /// The file of the archive.
    file: String,
    /// Where that is a thumbnail in the text: how many pixels the full picture has, and its file.
    full: Option<(u64, String)>,
}

/// The full picture behind each image that shows a thumbnail: the largest, where its candidates differ in size.
fn full_pictures<'a>(shown: &'a [(&ReferenceRow, Shown)]) -> HashMap<LinkWrap, &'a str> {
    let mut largest: HashMap<LinkWrap, &(u64, String)> = HashMap::new();
    for (reference, shown) in shown {
        let Some((link_wrap, full)) = reference.link_wrap.zip(shown.full.as_ref()) else { continue };
        let known = largest.entry(link_wrap).or_insert(full);
        if full.0 > known.0 {
            *known = full;
        }
    }
    largest.into_iter().map(|(link_wrap, (_, file))| (link_wrap, file.as_str())).collect()
}

/// Another URL of the same picture with a good capture, for an image whose own gave none: a larger or smaller
/// candidate, the full-size file or the copy for readers without JavaScript.
fn sibling<'a>(row: &ReferenceRow, rows: &'a [ReferenceRow]) -> Option<&'a UrlRow> {
    let failed = |url: &UrlRow| url.asset.is_none() && matches!(url.state, UrlState::Failed | UrlState::Retired);
    let gave_none = row.url.as_ref().is_some_and(failed);
    if !gave_none || !matches!(row.kind, ReferenceKind::Image | ReferenceKind::Lazy) {
        return None;
    }
    let good = |other: &&ReferenceRow| {
        other.image_group == row.image_group
            && matches!(
                other.kind,
                ReferenceKind::Image | ReferenceKind::Lazy | ReferenceKind::Srcset | ReferenceKind::FullSize
            )
    };
    let urls = rows.iter().filter(good).filter_map(|other| other.url.as_ref());
    let shown = urls.filter_map(|url| Some((url, url.asset.as_ref()?)));
    let area = |asset: &Asset| u64::from(asset.width) * u64::from(asset.height);
    shown.max_by_key(|(_, (_, _, asset))| area(asset)).map(|(url, _)| url)
}

/// In place, the file that would be replaced must be the one that was read, or the mirror written over it.
fn is_as_read(source: &RunSource, row: &ArticleRow) -> bool {
    fingerprint(&source.file(&row.version.key.path))
        .is_ok_and(|found| found == row.version.fingerprint || row.mirror.is_some_and(|(_, mirror)| mirror == found))
}
