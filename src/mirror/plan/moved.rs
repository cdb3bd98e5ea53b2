//! Articles that stand elsewhere than they are on record: what was kept of the files beside them goes along.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::OnceCell;
use url::Url;

use super::super::error::MirrorError;
use crate::archive::{Archive, ArticleId, ArticleRow, UrlId};
use crate::model::{ArticleKey, Digest};
use crate::source::{Source, composed};

/// URLs taken from the catalog at a time.
const PAGE: usize = 1000;
/// Files of one name whose articles are looked at: many sites give each article a file of the same name.
const OF_ONE_NAME: usize = 256;
/// Articles that are looked at for one file.
const SHOWING: usize = 16;

/// Finds articles that were moved. It reads the archive and writes nothing.
pub(super) struct Moved {
    archive: Arc<Archive>,
    /// Files that are kept, by their names. Those of a run's beginning: what is recorded later was not moved before.
    kept: OnceCell<HashMap<String, Vec<UrlId>>>,
}

/// The name of the file that a URL names, however the system spells it.
pub(super) fn file_name(url: &Url) -> Option<String> {
    Some(composed(url.to_file_path().ok()?.file_name()?.to_str()?))
}

impl Moved {
    pub(super) fn new(archive: Arc<Archive>) -> Self {
        Self { archive, kept: OnceCell::new() }
    }

    /// What a text of a source, which is on no record, may have been moved from: the articles with the same original that
    /// are no longer where they were; or else the one whose text most of this one is, if it was edited meanwhile.
    pub(super) async fn here(
        &self,
        source: &Source,
        text: &[u8],
        missing: &[Url],
    ) -> Result<Vec<ArticleId>, MirrorError> {
        let same = self.with_original(source, Digest::of(text)).await?;
        if same.is_empty() { self.edited(source, text, missing).await } else { Ok(same) }
    }

    /// A copy of an article that is still there is an article of its own, whose files lie beside it.
    async fn with_original(&self, source: &Source, original: Digest) -> Result<Vec<ArticleId>, MirrorError> {
        let mut moved = Vec::new();
        for key in self.archive.catalog.articles_of_original(original).await? {
            moved.extend(self.moved_away(source, &key).await?.filter(|row| row.version.original == original));
        }
        Ok(moved.into_iter().map(|row| row.id).collect())
    }

    /// The article under a key, where it stands there no more.
    async fn moved_away(&self, source: &Source, key: &ArticleKey) -> Result<Option<ArticleRow>, MirrorError> {
        let Some(row) = self.archive.catalog.article(key).await? else { return Ok(None) };
        let is_of_source = key.source == *source.name();
        let is_there = is_of_source && source.is_folder() && source.file(&key.path).exists();
        Ok(Some(row).filter(|row| !is_there && (row.is_gone || is_of_source)))
    }

    /// Of the articles that showed files of these names, the one that most of the text is from.
    async fn edited(&self, source: &Source, text: &[u8], missing: &[Url]) -> Result<Vec<ArticleId>, MirrorError> {
        let mut best: Option<(f64, ArticleId)> = None;
        for key in self.showed(missing).await? {
            let Some(row) = self.moved_away(source, &key).await? else { continue };
            let version = &row.version;
            let Ok(original) = self.archive.read_verified(version.original, version.format.blob_type()).await else {
                continue;
            };
            let share = shared(text, &original);
            if share >= 0.5 && best.is_none_or(|(most, _)| share > most) {
                best = Some((share, row.id));
            }
        }
        Ok(best.into_iter().map(|(_, id)| id).collect())
    }

    /// The articles that showed kept files of these names.
    async fn showed(&self, missing: &[Url]) -> Result<BTreeSet<ArticleKey>, MirrorError> {
        let kept = self.kept.get_or_try_init(|| self.kept_files()).await?;
        let names: BTreeSet<_> = missing.iter().filter_map(file_name).collect();
        let mut showed = BTreeSet::new();
        for url in names.iter().filter_map(|name| kept.get(name)).flatten() {
            showed.extend(self.archive.catalog.articles_of(*url, SHOWING).await?);
        }
        Ok(showed)
    }

    async fn kept_files(&self) -> Result<HashMap<String, Vec<UrlId>>, MirrorError> {
        let (mut kept, mut last) = (HashMap::<_, Vec<_>>::new(), None);
        loop {
            let rows = self.archive.catalog.file_urls(last, PAGE).await?;
            let Some(end) = rows.last() else { return Ok(kept) };
            last = Some(end.id);
            for row in rows.iter().filter(|row| row.asset.is_some()) {
                let Some(name) = file_name(&row.url) else { continue };
                let of_name = kept.entry(name).or_default();
                if of_name.len() < OF_ONE_NAME {
                    of_name.push(row.id);
                }
            }
        }
    }
}

/// How much of two texts is the same, from 0 to 1: the lines that both have, whatever their order. Blank ones and rulers do
/// not count.
fn shared(one: &[u8], other: &[u8]) -> f64 {
    let lines = |text| {
        let mut lines: HashMap<Vec<u8>, u32> = HashMap::new();
        let trimmed = <[u8]>::split(text, |byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        for line in trimmed.filter(|line| line.iter().any(u8::is_ascii_alphanumeric) || !line.is_ascii()) {
            *lines.entry(line.to_vec()).or_default() += 1;
        }
        lines
    };
    let (one, other) = (lines(one), lines(other));
    let all: u32 = one.values().chain(other.values()).sum();
    let both: u32 = one.iter().map(|(line, count)| other.get(line).map_or(0, |of_other| *count.min(of_other))).sum();
    if all == 0 { 0.0 } else { f64::from(2 * both) / f64::from(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_share_the_lines_that_both_have() {
        let of = |one: &str, other: &str| (shared(one.as_bytes(), other.as_bytes()) * 100.0).round();
        for (one, other, expected) in [
            ("", "", 0.0),
            ("a\nb\n", "a\nb\n", 100.0),
            ("a\nb\n", "b\r\n\r\na", 100.0),
            ("a\n", "a\nmore\n", 67.0),
            ("---\na\n---\n", "---\nb\n---\n", 0.0),
            ("a\na\na\n", "a\n", 50.0),
            ("新\n", "新\nb\n", 67.0),
        ] {
            assert!((of(one, other) - expected).abs() < 0.5, "{one:?} {other:?}: {}", of(one, other));
        }
    }
}
