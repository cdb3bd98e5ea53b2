//! Mirrored articles: each is its original with its recorded edits, and its links lead to objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::error::VerifyError;
use super::finding::{Damage, Finding};
use super::mirror_file::MirrorFile;
use super::progress::add;
use super::{MEMORY, Verification, Verifier};
use crate::archive::{ArticleRow, ArticleState, CatalogError, Output, StoreKey, linked_files, rules};
use crate::model::{Digest, Edit, Fingerprint, RelativePath};
use crate::rewrite::splice;

/// Articles taken from the catalog at a time.
const PAGE: usize = 512;

impl Verifier {
    /// Every article in the subset whose mirror is written, unless it is about to be written again.
    pub(super) async fn verify_articles(self: &Arc<Self>, found: &mut Verification) -> Result<(), VerifyError> {
        let (mut last, mut obstacles) = (None, BTreeSet::new());
        loop {
            let page = self.archive.catalog.articles_by_row(last, PAGE).await?;
            let Some((end, _)) = page.last() else { return Ok(()) };
            last = Some(*end);
            let mut rows = Vec::new();
            for (_, row) in page.into_iter().filter(|(id, _)| self.options.subset.covers_row(id.0)) {
                match row {
                    Ok(row) if row.state == ArticleState::Stale => {
                        let missing = self.lost_original(&row).await?;
                        self.report(found, missing);
                        let obstacle = self.obstacle(&row).await?.filter(|place| obstacles.insert(place.clone()));
                        let finding = obstacle.map(|place| Finding::obstacle(place, row.version.key));
                        self.report(found, finding);
                    }
                    Ok(row) => rows.push(row),
                    Err(error) => self.report(found, [Finding::of_row(error)?]),
                }
            }
            let articles = self.side_by_side(rows, Self::check_article).await?;
            self.report(found, articles);
        }
    }

    /// The place of what lies in the archive in the way of a mirror that is about to be written.
    async fn obstacle(&self, row: &ArticleRow) -> Result<Option<String>, VerifyError> {
        let key = &row.version.key;
        match (self.options.find_mirror)(key).output {
            Output::Archive { objects, .. } => Ok(objects.obstacle(&StoreKey::Article(key.clone())).await?),
            Output::Folder(_) => Ok(None),
        }
    }

    /// What is wrong with an article. A row that cannot be read is one finding, and does not end the comparison of
    /// others.
    async fn check_article(self: Arc<Self>, row: ArticleRow) -> Result<Vec<Finding>, CatalogError> {
        let mut found = Vec::new();
        if let Err(error) = self.references(&row).await {
            found.push(Finding::of_row(error)?);
        }
        found.extend(self.lost_original(&row).await?);
        match self.article(row).await {
            Err(error) => found.push(Finding::of_row(error)?),
            Ok(more) => found.extend(more),
        }
        Ok(found)
    }

    /// The original of an article, where no blob of it is on record: nothing else would look for it.
    async fn lost_original(&self, row: &ArticleRow) -> Result<Option<Finding>, CatalogError> {
        let (digest, media_type) = (row.version.original, row.version.format.blob_type());
        let is_lost = match self.archive.catalog.blob(digest).await {
            Ok(row) => row.is_none(),
            // Who verifies the blobs says so.
            Err(error) if error.is_of_one_row() => false,
            Err(error) => return Err(error),
        };
        Ok(is_lost.then_some(Finding::Blob { digest, media_type, damage: Damage::Missing }))
    }

    /// Reads the references of an article, for the errors that are in them.
    async fn references(&self, row: &ArticleRow) -> Result<(), CatalogError> {
        let _rows = self.rows.acquire().await;
        self.archive.catalog.references(row.id).await.map(drop)
    }

    async fn article(&self, row: ArticleRow) -> Result<Vec<Finding>, CatalogError> {
        let Some((digest, fingerprint)) = row.mirror else { return Ok(Vec::new()) };
        let mirror = (self.options.find_mirror)(&row.version.key);
        let mut found = Vec::new();
        let path = &row.version.key.path;
        let _memory = self.memory.acquire_many(self.mebibytes(&row, &mirror).await).await;
        if self.is_elsewhere(&mirror, &row).await {
            add(&self.elsewhere, 1);
        } else if !was_edited(&mirror, path, fingerprint).await
            && let Some(damage) = self.mirror(&mirror, path, digest).await
            && !self.has_made_way(&row, &damage).await?
        {
            found.push(Finding::Mirror { id: row.id, article: row.version.key.clone(), damage });
        }
        found.extend(self.record(&row, digest).await?);
        add(&self.progress.articles, 1);
        // It may have been mirrored again since its row was read.
        if found.is_empty() || self.archive.catalog.article_by_id(row.id).await?.as_ref() != Some(&row) {
            return Ok(Vec::new());
        }
        Ok(found)
    }

    /// Whether nobody says where a mirror is: it is not in the archive, as none of its source, which the settings do not know.
    async fn is_elsewhere(&self, mirror: &MirrorFile, row: &ArticleRow) -> bool {
        let key = &row.version.key;
        !mirror.is_configured
            && !self.in_archive.contains(&key.source)
            && matches!(mirror.output.fingerprint(&key.path).await, Ok(None))
    }

    /// The memory that comparing an article takes, in MiB: for its original, its mirror, and the mirror that is made
    /// again.
    async fn mebibytes(&self, row: &ArticleRow, mirror: &MirrorFile) -> u32 {
        let key = StoreKey::Blob { digest: row.version.original, media_type: row.version.format.blob_type() };
        let original = self.archive.objects.stat(&key).await.ok().flatten();
        let mirror = mirror.output.fingerprint(&row.version.key.path).await.ok().flatten();
        let bytes =
            [original, original, mirror].into_iter().flatten().map(|file| file.size).fold(0, u64::saturating_add);
        u32::try_from((bytes >> 20) + 1).unwrap_or(u32::MAX).min(MEMORY)
    }

    /// Whether a mirror may differ or be missing without damage: no run writes the mirror of an article that is gone
    /// again, and if the file system does not distinguish its name from that of another article, the other's mirror is
    /// in its place.
    async fn has_made_way(&self, row: &ArticleRow, damage: &Damage) -> Result<bool, CatalogError> {
        if !rules::mirror_may_be_missing(row.is_gone) {
            return Ok(false);
        }
        let Damage::Changed { found } = damage else { return Ok(true) };
        let key = &row.version.key;
        let others = self.archive.catalog.articles_with_mirror(key, *found).await?;
        Ok(others.iter().any(|other| rules::path_key(&other.path) == rules::path_key(&key.path)))
    }

    /// The recorded edits of an article, and the objects that they link to.
    async fn record(&self, row: &ArticleRow, mirror: Digest) -> Result<Vec<Finding>, CatalogError> {
        let (id, article) = (row.id, &row.version.key);
        // A damaged original is a finding of its own, as a blob, and so is one that is not on record.
        let original = self.original(row).await;
        let rows = self.rows.acquire().await;
        let edits = self.archive.catalog.edits(id).await?;
        let differs = original.is_some_and(|original| !leads_to(&original, &edits, mirror));
        let links: BTreeSet<_> = edits.iter().flat_map(|edit| linked_files(&edit.replacement)).collect();
        drop((edits, rows));
        let mut found: Vec<_> = differs.then(|| Finding::Edits { id, article: article.clone() }).into_iter().collect();
        for file in links {
            if !self.is_stored(&file).await {
                found.push(Finding::Link { id, article: article.clone(), file });
            }
        }
        Ok(found)
    }

    /// What is wrong with a mirror.
    async fn mirror(&self, mirror: &MirrorFile, path: &RelativePath, expected: Digest) -> Option<Damage> {
        let bytes = match mirror.output.read(path).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Some(Damage::Missing),
            Err(error) => return Some(Damage::Unreadable { cause: error.to_string() }),
        };
        add(&self.progress.bytes, bytes.len());
        self.pace.read(bytes.len()).await;
        let found = Digest::of(&bytes);
        (found != expected).then_some(Damage::Changed { found })
    }

    /// Whether a link leads to something that is stored.
    async fn is_stored(&self, file: &str) -> bool {
        match StoreKey::parse(file) {
            Some(key) => matches!(self.archive.objects.stat(&key).await, Ok(Some(_))),
            None => false,
        }
    }

    /// The original of an article, where it is whole.
    async fn original(&self, row: &ArticleRow) -> Option<Vec<u8>> {
        let (digest, media_type) = (row.version.original, row.version.format.blob_type());
        let bytes = self.archive.read_verified(digest, media_type).await.ok()?;
        self.pace.read(bytes.len()).await;
        Some(bytes)
    }
}

/// Whether a mirror in place was edited: the next run reads it.
async fn was_edited(mirror: &MirrorFile, path: &RelativePath, recorded: Fingerprint) -> bool {
    mirror.in_place && mirror.output.fingerprint(path).await.ok().flatten() != Some(recorded)
}

/// Whether edits replace what they say they replace, and give the mirror.
fn leads_to(original: &[u8], edits: &[Edit], mirror: Digest) -> bool {
    let mut at = 0;
    let in_order = edits.iter().all(|edit| {
        let follows = at <= edit.span.start && edit.span.start <= edit.span.end;
        at = edit.span.end;
        follows && original.get(edit.span.start..edit.span.end) == Some(edit.raw.as_slice())
    });
    in_order && Digest::of(&splice(original, edits)) == mirror
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    fn edit(start: usize, raw: &str, replacement: &str) -> Edit {
        Edit { span: Span::new(start, start + raw.len()), raw: raw.into(), replacement: replacement.into() }
    }

    #[test]
    fn edits_that_give_the_mirror_are_distinguished_from_those_that_do_not() {
        let mirror = Digest::of(b"a 1 b 2");
        assert!(leads_to(b"a x b y", &[edit(2, "x", "1"), edit(6, "y", "2")], mirror));
        for wrong in [
            vec![edit(2, "x", "1"), edit(6, "y", "3")],
            vec![edit(2, "z", "1"), edit(6, "y", "2")],
            vec![edit(6, "y", "2"), edit(2, "x", "1")],
            vec![edit(2, "x", "1"), edit(90, "y", "2")],
            vec![edit(2, "x", "1")],
        ] {
            assert!(!leads_to(b"a x b y", &wrong, mirror), "{wrong:?}");
        }
    }
}
