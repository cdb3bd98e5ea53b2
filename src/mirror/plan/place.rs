//! Whether the place of a mirror is free for it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::error::MirrorError;
use super::super::sources::RunSource;
use super::trace_original::{MirrorText, Originals};
use crate::archive::{Archive, ArticleRow, Output, rules};
use crate::config::Config;
use crate::model::{ArticleKey, ArticleVersion, Digest, Fingerprint, ProblemReason, RelativePath, SourceName};
use crate::regular_file;
use crate::source::{Source, fingerprint};

/// Whether every article was looked at in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mirror) enum Reading {
    /// What is on record of an article may be from an earlier run still.
    GoesOn,
    Over,
}

/// Whether a mirror may be written; and why not, where a report is to say it.
pub(in crate::mirror) enum Place {
    Free,
    Taken(Option<(ProblemReason, String)>),
}

/// Looks at the places of mirrors.
pub(in crate::mirror) struct Places {
    archive: Arc<Archive>,
    originals: Originals,
    /// Where each source of the settings has its mirrors: two of them may have one folder.
    outputs: Vec<(SourceName, PathBuf)>,
}

/// The place where a mirror is to be written.
enum Destination {
    /// It can be written there.
    Free,
    /// In place, another file is there than the one that was read, or the mirror written over it.
    Changed,
    /// In place, the article's author took it away.
    Gone,
}

/// Another article whose mirror is where this one's belongs.
enum Owner {
    /// Of the same source: the disk takes their names for one.
    SameName(ArticleKey),
    /// Of another source with the same folder.
    SameOutput(ArticleKey),
}

/// Where the sources of the settings have their mirrors.
fn outputs(config: &Config) -> Vec<(SourceName, PathBuf)> {
    let sources = config.source.iter().filter_map(|source| Source::new(source.clone(), &config.store).ok());
    sources.filter(|source| !source.is_in_place()).map(|source| (source.name().clone(), source.mirror(""))).collect()
}

impl Places {
    pub(in crate::mirror) fn new(archive: Arc<Archive>, config: &Config) -> Self {
        Self { originals: Originals::new(Arc::clone(&archive)), archive, outputs: outputs(config) }
    }

    /// Whether the place of a mirror is free for it.
    pub(in crate::mirror) async fn look(
        &self,
        source: &RunSource,
        row: &ArticleRow,
        reading: Reading,
    ) -> Result<Place, MirrorError> {
        let path = &row.version.key.path;
        match place_of(source, row) {
            Destination::Free => {}
            Destination::Gone => return Ok(Place::Taken(None)),
            // It may have changed before the run, and not have been looked at yet, or not be looked at by this run: it stays
            // stale until then.
            Destination::Changed if reading == Reading::GoesOn || !source.reads(path) => return Ok(Place::Taken(None)),
            Destination::Changed => {
                let message = "it was changed during the run and is left for the next one".to_owned();
                return Ok(Place::Taken(Some((ProblemReason::ChangedDuringRun, message))));
            }
        }
        if self.is_given_up(source, path).await {
            return Ok(Place::Taken(None));
        }
        let Some(owner) = self.owner(source, row).await? else { return Ok(Place::Free) };
        // The other one may be gone, and not be known to be yet. The original of this one is kept where it is gone itself,
        // and nobody can rename it any more.
        let is_news = reading == Reading::Over && !row.is_gone && source.reads(path);
        Ok(Place::Taken(is_news.then(|| (ProblemReason::NameCollision, owner.message()))))
    }

    /// Whether a mirror outside of the archive is gone, and so is its article: its user deleted both. Where there never was
    /// one, a catalog that somebody else made has none made.
    async fn is_given_up(&self, source: &RunSource, path: &RelativePath) -> bool {
        let output = source.output(&self.archive);
        is_beside(source, &output) && !source.can_have(path) && matches!(output.fingerprint(path).await, Ok(None))
    }

    /// The other article whose mirror is the file that this one would replace.
    async fn owner(&self, source: &RunSource, row: &ArticleRow) -> Result<Option<Owner>, MirrorError> {
        let key = &row.version.key;
        let output = source.output(&self.archive);
        let there = output.fingerprint(&key.path).await.ok().flatten();
        let Some(file) = there.filter(|file| row.mirror.is_none_or(|(_, own)| own != *file)) else { return Ok(None) };
        let Some(bytes) = output.read(&key.path).await.ok().flatten() else { return Ok(None) };
        let digest = Digest::of(&bytes);
        if let Some(other) = self.owner_by_name(&output, key, file, digest).await? {
            return Ok(Some(Owner::SameName(other)));
        }
        Ok(self.owner_by_output(&output, key, digest).await?.map(Owner::SameOutput))
    }

    async fn owner_by_name(
        &self,
        output: &Output,
        key: &ArticleKey,
        file: Fingerprint,
        digest: Digest,
    ) -> Result<Option<ArticleKey>, MirrorError> {
        let same_bytes = self.archive.catalog.articles_with_mirror(key, digest).await?;
        let name = rules::path_key(&key.path);
        for other in same_bytes.into_iter().filter(|other| rules::path_key(&other.path) == name) {
            let others = output.fingerprint(&other.path).await.ok().flatten();
            if others.is_some_and(|others| others.may_be_one_file(file)) {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }

    async fn owner_by_output(
        &self,
        output: &Output,
        key: &ArticleKey,
        digest: Digest,
    ) -> Result<Option<ArticleKey>, MirrorError> {
        let place = output.place(&key.path);
        for (source, folder) in self.outputs.iter().filter(|(source, _)| *source != key.source) {
            let Some(path) = place.strip_prefix(folder).ok().and_then(|path| path.to_str()) else { continue };
            let Ok(path) = RelativePath::new(path) else { continue };
            let other = ArticleKey { source: source.clone(), path };
            let row = self.archive.catalog.article(&other).await?.filter(|row| !row.is_gone);
            if row.and_then(|row| row.mirror).is_some_and(|(mirror, _)| mirror == digest) {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }

    /// The place of a mirror that a run would write, as far as that can be known before it is made.
    pub(super) async fn planned(
        &self,
        source: &RunSource,
        version: &ArticleVersion,
        row: Option<&ArticleRow>,
    ) -> Result<Place, MirrorError> {
        let place = self.may_replace(source, version, row, version.original).await?;
        let is_waiting = |row: &&ArticleRow| row.version == *version;
        match (place, row.filter(is_waiting)) {
            (Place::Free, Some(row)) => self.look(source, row, Reading::Over).await,
            (place, _) => Ok(place),
        }
    }

    /// Whether the file at the place of a mirror may be replaced by one of this digest, or, in a dry run, of an article with
    /// this original: offprint wrote it, or its text is kept. What somebody else wrote into an output stays, and the report
    /// says so.
    pub(in crate::mirror) async fn may_replace(
        &self,
        source: &RunSource,
        version: &ArticleVersion,
        row: Option<&ArticleRow>,
        digest: Digest,
    ) -> Result<Place, MirrorError> {
        let (output, path) = (source.output(&self.archive), &version.key.path);
        if !is_beside(source, &output) {
            return Ok(Place::Free);
        }
        let there = output.fingerprint(path).await.ok().flatten();
        if output.is_obstructed(path).await {
            return Ok(taken(&output.place(path)));
        }
        let own = row.and_then(|row| row.mirror).map(|(_, own)| own);
        if there.is_none_or(|file| own == Some(file)) {
            return Ok(Place::Free);
        }
        // What cannot be read cannot be known: writing says why, or the next run looks again.
        let bytes = output.read(path).await?.unwrap_or_default();
        if Digest::of(&bytes) == digest || self.is_kept(source, version, row, &bytes).await? {
            return Ok(Place::Free);
        }
        Ok(taken(&output.place(path)))
    }

    async fn is_kept(
        &self,
        source: &RunSource,
        version: &ArticleVersion,
        row: Option<&ArticleRow>,
        bytes: &[u8],
    ) -> Result<bool, MirrorError> {
        let options = source.options(&version.key.path, version.url.as_ref(), version.charset());
        let prefix = source.config.links.as_str();
        let found = MirrorText { format: version.format, options: &options, prefix, row };
        if source.can_have(&version.key.path) {
            return self.originals.keep(&found, bytes).await;
        }
        // Of what the source has not, the catalog alone says which text is ours, and somebody else may have made it: then a
        // text is replaced by nothing but itself with other links.
        Ok(self.originals.is_made_from(&found, version, bytes).await)
    }
}

/// Whether mirrors are in a folder of their own that is no part of the archive: a user's files may be there, too.
fn is_beside(source: &RunSource, output: &Output) -> bool {
    !source.is_in_place() && !matches!(output, Output::Archive { .. })
}

/// The place of a mirror for the first run: the archive is not made yet, so that nothing there is from it.
pub(super) fn of_first_run(source: &RunSource, version: &ArticleVersion) -> Place {
    let place = source.mirror(&version.key.path);
    let is_free = source.is_in_place()
        || place.symlink_metadata().is_err()
        || regular_file::read(&place).is_ok_and(|there| Digest::of(&there) == version.original);
    if is_free { Place::Free } else { taken(&place) }
}

/// What offprint did not write lies in the place of a mirror.
fn taken(place: &Path) -> Place {
    let message = format!(
        "the place of its mirror holds a file that offprint did not write, or that was changed since: move {} away, or \
         give the source another `output`",
        place.display()
    );
    Place::Taken(Some((ProblemReason::PlaceTaken, message)))
}

impl Owner {
    /// What is wrong, and the way out.
    fn message(&self) -> String {
        match self {
            Self::SameName(ArticleKey { path, .. }) => format!(
                "its mirror would be one file with that of {path}: this disk takes their names for one; rename one of them"
            ),
            Self::SameOutput(other) => format!(
                "its mirror would be one file with that of {other}: both sources write to one folder; give one of them \
                 another `output`, or rename one of the articles"
            ),
        }
    }
}

fn place_of(source: &RunSource, row: &ArticleRow) -> Destination {
    if !source.is_in_place() {
        return Destination::Free;
    }
    match fingerprint(&source.file(&row.version.key.path)) {
        Ok(found) if found == row.version.fingerprint => Destination::Free,
        Ok(found) if row.mirror.is_some_and(|(_, mirror)| mirror == found) => Destination::Free,
        Err(cause) if cause.kind() == ErrorKind::NotFound => Destination::Gone,
        _ => Destination::Changed,
    }
}
