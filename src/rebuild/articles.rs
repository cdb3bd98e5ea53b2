//! Articles, each from its mirror and the original that has the same text.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use url::Url;
use walkdir::WalkDir;

use super::blobs::Unrecorded;
use super::pairs::{pairs, shown_by};
use super::progress::RebuildProgress;
use super::rebuilt::{RebuildError, Rebuilt};
use crate::archive::{Archive, ArticleId, ArticleRow, StoreKey};
use crate::config::Config;
use crate::extract;
use crate::mirror::OriginalRecorder;
use crate::model::{ArticleKey, Digest, Edit, Fingerprint, MediaType, RelativePath, SourceName, Span};
use crate::regular_file;
use crate::rewrite::splice;
use crate::source::{Entry, Listing, Location, Source};

/// An article that is mirrored in place, and was recorded.
struct InPlace {
    id: ArticleId,
    mirror: Vec<u8>,
    fingerprint: Fingerprint,
    original: Vec<u8>,
    edits: Vec<Edit>,
}

/// What an article was made from.
enum Origin {
    Known(Digest, MediaType),
    /// Several originals have its text, and its mirror can be made from each.
    OneOf(Vec<(Digest, MediaType)>),
    Unknown,
}

/// An article that may have been made from several originals.
struct Undecided {
    source: Source,
    found: ArticleFiles,
    candidates: Vec<(Digest, MediaType)>,
}

/// Records articles and gathers what their mirrors show.
pub(super) struct Articles<'a> {
    config: Arc<Config>,
    archive: &'a Arc<Archive>,
    unrecorded: &'a Unrecorded,
    shown: HashMap<Url, Digest>,
    in_place: Vec<InPlace>,
    progress: Arc<RebuildProgress>,
    undecided: Vec<Undecided>,
    /// Texts that were taken down.
    taken_down: HashSet<Digest>,
}

/// What is there of an article.
struct ArticleFiles {
    path: RelativePath,
    /// The file of its source, where that has it, and its fingerprint.
    file: Option<(Vec<u8>, Fingerprint)>,
    /// Its mirror.
    mirror: Option<Vec<u8>>,
}

impl<'a> Articles<'a> {
    pub(super) fn new(
        config: &Config,
        archive: &'a Arc<Archive>,
        unrecorded: &'a Unrecorded,
        progress: Arc<RebuildProgress>,
    ) -> Self {
        let (shown, in_place, undecided) = (HashMap::new(), Vec::new(), Vec::new());
        let (config, taken_down) = (Arc::new(config.clone()), HashSet::new());
        Self { config, archive, unrecorded, shown, in_place, progress, undecided, taken_down }
    }

    /// Which blob mirrors show for which URL.
    pub(super) fn shown(&self) -> HashMap<Url, Digest> {
        self.shown.clone()
    }

    /// Records every article of the sources, and those of which only the mirror is left.
    pub(super) async fn record_all(&mut self, sources: Vec<Source>, rebuilt: &mut Rebuilt) -> Result<(), RebuildError> {
        self.taken_down = self.archive.texts_taken_down().await?;
        let mut mirrors = mirrors_in(&self.config.store);
        self.progress.expect_articles(mirrors.values().map(BTreeSet::len).sum());
        for source in sources {
            let left = mirrors.remove(source.name()).unwrap_or_default();
            let recorder = OriginalRecorder::new(&self.config, self.archive, source);
            self.record_source(&recorder, left, rebuilt).await?;
        }
        for (name, left) in mirrors {
            // A folder that was once named on the command line, or a source that the settings no longer have.
            let mut source = Config::default().source.swap_remove(0);
            source.name = name;
            let source = Source::new(source, &self.config.store)?;
            let recorder = OriginalRecorder::new(&self.config, self.archive, source);
            for path in left {
                self.record_vanished(&recorder, path, rebuilt).await?;
            }
        }
        self.record_undecided(rebuilt).await
    }

    async fn record_source(
        &mut self,
        recorder: &OriginalRecorder,
        mut left: BTreeSet<RelativePath>,
        rebuilt: &mut Rebuilt,
    ) -> Result<(), RebuildError> {
        let (source, mut is_seen) = (recorder.source(), !recorder.source().is_folder());
        // A source that cannot be read now is read by the next run.
        if let Ok(Listing::Complete(mut entries) | Listing::Partial(mut entries)) = source.list() {
            while let Some(entry) = entries.next().await {
                let Entry::Article(listed) = entry else { continue };
                is_seen = true;
                left.remove(&listed.path);
                let key = ArticleKey { source: source.name().clone(), path: listed.path.clone() };
                if self.is_taken_down(&key).await? {
                    continue;
                }
                let Location::File { path: file, fingerprint } = listed.location else { continue };
                let mirror = regular_file::read(&source.mirror(&listed.path)).ok();
                let file = regular_file::read(&file).ok().map(|bytes| (bytes, fingerprint));
                self.record(recorder, ArticleFiles { path: listed.path, file, mirror }, rebuilt).await?;
            }
        }
        if !is_seen {
            rebuilt.unseen.push(source.name().to_string());
        }
        for path in left {
            self.record_vanished(recorder, path, rebuilt).await?;
        }
        Ok(())
    }

    async fn record_vanished(
        &mut self,
        recorder: &OriginalRecorder,
        path: RelativePath,
        rebuilt: &mut Rebuilt,
    ) -> Result<(), RebuildError> {
        let key = ArticleKey { source: recorder.source().name().clone(), path: path.clone() };
        if self.is_taken_down(&key).await? {
            return Ok(());
        }
        let mirror = regular_file::read(&recorder.source().mirror(&path)).ok();
        if let Some(id) = self.record(recorder, ArticleFiles { path, file: None, mirror }, rebuilt).await? {
            self.archive.catalog.mark_vanished(&[id]).await?;
        }
        Ok(())
    }

    /// Whether an article was taken down. A mirror of it in the archive, as from a backup, goes.
    async fn is_taken_down(&self, key: &ArticleKey) -> Result<bool, RebuildError> {
        let is_taken_down = self.archive.catalog.is_taken_down(key).await?;
        if is_taken_down {
            self.archive.objects.delete(&StoreKey::Article(key.clone())).await?;
        }
        Ok(is_taken_down)
    }

    /// Records an article, unless it is recorded with this mirror. Gives its row if it was recorded now.
    async fn record(
        &mut self,
        recorder: &OriginalRecorder,
        found: ArticleFiles,
        rebuilt: &mut Rebuilt,
    ) -> Result<Option<ArticleId>, RebuildError> {
        self.progress.article();
        let key = ArticleKey { source: recorder.source().name().clone(), path: found.path.clone() };
        let row = self.archive.catalog.article(&key).await?;
        if row.as_ref().is_some_and(|row| is_as_recorded(row, &found)) {
            return Ok(None);
        }
        if found.file.as_ref().is_some_and(|(bytes, _)| self.taken_down.contains(&Digest::of(bytes))) {
            return Ok(None);
        }
        match self.original_of(recorder, &found, row.as_ref()).await? {
            Origin::Known(digest, _) if self.taken_down.contains(&digest) => Ok(None),
            Origin::Known(digest, media_type) => {
                self.record_original(recorder, found, (digest, media_type), rebuilt).await
            }
            Origin::OneOf(candidates) => {
                self.undecided.push(Undecided { source: recorder.source().clone(), found, candidates });
                Ok(None)
            }
            Origin::Unknown => {
                if found.mirror.is_some() && row.is_none() {
                    rebuilt.without_original.push(key.to_string());
                }
                Ok(None)
            }
        }
    }

    /// What every other mirror shows may decide what an article was made from. Otherwise it is not guessed.
    async fn record_undecided(&mut self, rebuilt: &mut Rebuilt) -> Result<(), RebuildError> {
        for Undecided { source, found, candidates } in std::mem::take(&mut self.undecided) {
            let (is_gone, recorder) = (found.file.is_none(), OriginalRecorder::new(&self.config, self.archive, source));
            let mirror = found.mirror.clone().unwrap_or_default();
            let fitting = recorder.fitting(&found.path, &mirror, &candidates, &self.shown).await?;
            if let [original] = fitting[..] {
                let id = self.record_original(&recorder, found, original, rebuilt).await?;
                self.archive.catalog.mark_vanished(id.filter(|_| is_gone).as_slice()).await?;
                continue;
            }
            let blob = |(digest, media_type): &(Digest, MediaType)| {
                StoreKey::Blob { digest: *digest, media_type: *media_type }.path()
            };
            let possible: Vec<_> = candidates.iter().map(blob).collect();
            let article = format!("{}/{}", recorder.source().name(), found.path);
            rebuilt.without_original.push(format!("{article}: it is one of {}", possible.join(", ")));
        }
        Ok(())
    }

    async fn record_original(
        &mut self,
        recorder: &OriginalRecorder,
        found: ArticleFiles,
        (digest, media_type): (Digest, MediaType),
        rebuilt: &mut Rebuilt,
    ) -> Result<Option<ArticleId>, RebuildError> {
        let source = recorder.source();
        let Ok(original) = self.archive.read_verified(digest, media_type).await else { return Ok(None) };
        // A file with other content is read by the next run.
        let as_read = |(bytes, found): &(Vec<u8>, Fingerprint)| {
            let is_original = source.is_in_place() || Digest::of(bytes) == digest;
            is_original.then_some(*found)
        };
        let untouched = found.file.as_ref().and_then(as_read).unwrap_or(Fingerprint { size: 0, modified: 0, inode: 0 });
        let id = recorder.record(&found.path, untouched, original.clone()).await?;
        rebuilt.articles += 1;
        if let Some(mirror) = found.mirror {
            let edits = self.compare(recorder, id, &found.path, &original, &mirror).await?;
            if source.is_in_place() {
                self.in_place.push(InPlace { id, mirror, fingerprint: untouched, original, edits });
            }
        }
        Ok(Some(id))
    }

    /// The original of an article: its file, where that is kept; otherwise the one that has the text of its mirror. Of
    /// several with that text it is the one that differs from the mirror in nothing but links.
    async fn original_of(
        &self,
        recorder: &OriginalRecorder,
        found: &ArticleFiles,
        row: Option<&ArticleRow>,
    ) -> Result<Origin, RebuildError> {
        let file = found.file.as_ref().map(|(bytes, _)| Digest::of(bytes));
        if let Some(digest) = file
            && let Some(media_type) = self.unrecorded.original(digest)
        {
            return Ok(Origin::Known(digest, media_type));
        }
        let Some(mirror) = found.mirror.as_ref() else { return Ok(Origin::Unknown) };
        let same_text = self.unrecorded.originals_of(mirror, extract::format_of(&found.path, mirror));
        match same_text[..] {
            [] => {}
            [(digest, media_type)] => return Ok(Origin::Known(digest, media_type)),
            _ => {
                let fitting = recorder.fitting(&found.path, mirror, &same_text, &self.shown).await?;
                return Ok(match fitting[..] {
                    [(digest, media_type)] => Origin::Known(digest, media_type),
                    [] => Origin::OneOf(same_text),
                    _ => Origin::OneOf(fitting),
                });
            }
        }
        // In place, the mirror is the file: an article that was never mirrored is its own original.
        let on_record = row.map(|row| (row.version.original, row.version.format.blob_type()));
        Ok(on_record.map_or(Origin::Unknown, |(digest, media_type)| Origin::Known(digest, media_type)))
    }

    /// Compares an original with its mirror: which blob is shown for which URL, and what was spliced.
    async fn compare(
        &mut self,
        recorder: &OriginalRecorder,
        id: ArticleId,
        path: &RelativePath,
        original: &[u8],
        mirror: &[u8],
    ) -> Result<Vec<Edit>, RebuildError> {
        let rows = self.archive.catalog.references(id).await?;
        let format = extract::format_of(path, original);
        let in_mirror = extract::extract(mirror, format, &recorder.options(path)).references;
        let slots: Vec<_> = rows.iter().map(|row| (row.place.kind, row.place.name.as_str())).collect();
        let others: Vec<_> = in_mirror.iter().map(|other| (other.kind, other.name.as_str())).collect();
        let mut edits = Vec::new();
        for (at, other) in pairs(&slots, &others) {
            let (row, other) = (&rows[at], &in_mirror[other]);
            let (Some(raw), Some(replacement)) =
                (original.get(row.place.span.start..row.place.span.end), mirror.get(other.span.start..other.span.end))
            else {
                continue;
            };
            if raw != replacement {
                edits.push(Edit { span: row.place.span, raw: raw.to_vec(), replacement: replacement.to_vec() });
            }
            if let Some((url, digest)) = row.url.as_ref().zip(shown_by(other)) {
                self.shown.entry(url.url.clone()).or_insert(digest);
            }
        }
        Ok(edits)
    }

    /// Records the mirrors that replace the originals, so that no run takes one for an original.
    pub(super) async fn record_mirrors_in_place(&self) -> Result<(), RebuildError> {
        for InPlace { id, mirror, fingerprint, original, edits } in &self.in_place {
            let Some(row) = self.archive.catalog.article_by_id(*id).await? else { continue };
            let edits = if splice(original, edits) == *mirror { edits.clone() } else { one_edit(original, mirror) };
            self.archive.catalog.record_mirror(*id, row.revision, Digest::of(mirror), &edits).await?;
            self.archive.catalog.finish_mirror(*id, *fingerprint).await?;
        }
        Ok(())
    }
}

/// Whether the article and its mirror are as recorded.
fn is_as_recorded(row: &ArticleRow, found: &ArticleFiles) -> bool {
    let mirror = found.mirror.as_ref().map(|mirror| Digest::of(mirror));
    mirror.is_none() || row.mirror.map(|(digest, _)| digest) == mirror
}

/// The one splice that makes an original its mirror: everything between their common beginning and their common end.
fn one_edit(original: &[u8], mirror: &[u8]) -> Vec<Edit> {
    let start = original.iter().zip(mirror).take_while(|(one, other)| one == other).count();
    let (rest, other) = (&original[start..], &mirror[start..]);
    let end = rest.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    let (raw, replacement) = (&rest[..rest.len() - end], &other[..other.len() - end]);
    if raw.is_empty() && replacement.is_empty() {
        return Vec::new();
    }
    let span = Span::new(start, start + raw.len());
    vec![Edit { span, raw: raw.to_vec(), replacement: replacement.to_vec() }]
}

/// The mirrors that lie in the archive, by source.
fn mirrors_in(store: &Path) -> BTreeMap<SourceName, BTreeSet<RelativePath>> {
    let mut mirrors: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let files = WalkDir::new(store.join(StoreKey::mirrors())).into_iter().filter_map(Result::ok);
    for file in files.filter(|entry| entry.file_type().is_file()) {
        let below = file.path().strip_prefix(store).ok().and_then(Path::to_str);
        if let Some(StoreKey::Article(ArticleKey { source, path })) = below.and_then(StoreKey::parse) {
            mirrors.entry(source).or_default().insert(path);
        }
    }
    mirrors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_makes_any_original_any_mirror() {
        for (original, mirror) in [("", ""), ("abc", "abc"), ("abc", "axc"), ("aa", "aaa"), ("x", ""), ("", "y")] {
            let edits = one_edit(original.as_bytes(), mirror.as_bytes());
            assert_eq!(splice(original.as_bytes(), &edits), mirror.as_bytes(), "{original} {mirror}");
            assert!(edits.len() <= 1);
        }
    }
}
