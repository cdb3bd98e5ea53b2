//! Mirrored articles: each is its original with its recorded edits, and its links lead to objects.

use std::sync::Arc;

use super::error::VerifyError;
use super::finding::{Damage, Finding};
use super::mirror_file::MirrorFile;
use super::{Verification, Verifier, add};
use crate::archive::{ArticleRow, ArticleState, CatalogError, StoreKey};
use crate::model::{Digest, Edit, Fingerprint, RelativePath};
use crate::rewrite::splice;

/// Articles taken from the catalog at a time.
const PAGE: usize = 512;

impl Verifier {
    /// Every article in the subset whose mirror is written, unless it is about to be written again.
    pub(super) async fn verify_articles(self: &Arc<Self>, found: &mut Verification) -> Result<(), VerifyError> {
        let mut last = None;
        loop {
            let mut rows = self.archive.catalog.articles(None, last.as_ref(), PAGE).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = Some(end.version.key.clone());
            rows.retain(|row| row.state != ArticleState::Stale && self.options.subset.covers_row(row.id.0));
            let articles = self.side_by_side(rows, |verifier, row| async move { verifier.article(row).await }).await?;
            self.report(found, articles);
        }
    }

    async fn article(&self, row: ArticleRow) -> Result<Vec<Finding>, CatalogError> {
        let Some((digest, fingerprint)) = row.mirror else { return Ok(Vec::new()) };
        let mirror = (self.options.find_mirror)(&row.version.key);
        let mut found = Vec::new();
        let path = &row.version.key.path;
        if !was_edited(&mirror, path, fingerprint).await
            && let Some(damage) = self.mirror(&mirror, path, digest).await
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

    /// The recorded edits of an article, and the objects that they link to.
    async fn record(&self, row: &ArticleRow, mirror: Digest) -> Result<Vec<Finding>, CatalogError> {
        let (id, article) = (row.id, &row.version.key);
        let edits = self.archive.catalog.edits(id).await?;
        let mut found = Vec::new();
        // A damaged original is a finding of its own, as a blob.
        if let Some(original) = self.original(row).await
            && !leads_to(&original, &edits, mirror)
        {
            found.push(Finding::Edits { id, article: article.clone() });
        }
        for edit in &edits {
            for file in files_in(&edit.replacement) {
                if !self.is_stored(&file).await {
                    found.push(Finding::Link { id, article: article.clone(), file });
                }
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

/// Whether somebody edited a mirror that is in place: the next run reads it.
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

/// The files of the archive that a replacement links to, relative to the archive's folder. Links are spelled with
/// `[0-9a-z/._-]` only, so nothing in them is escaped, save for UTF-16, which is looked at without its zeros.
fn files_in(replacement: &[u8]) -> Vec<String> {
    let text: String = replacement.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let starts = ["blobs/sha256/", "thumbnails/"].into_iter().flat_map(|folder| text.match_indices(folder));
    let in_link = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '/' | '.' | '_' | '-');
    starts
        .map(|(start, _)| {
            let rest = &text[start..];
            rest[..rest.find(|c| !in_link(c)).unwrap_or(rest.len())].to_owned()
        })
        .filter(|file| file.rsplit('/').next().is_some_and(|name| name.len() > 64))
        .collect()
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

    #[test]
    fn the_files_behind_links_are_found_however_links_begin() {
        let name = "ab/".to_owned() + &"ab".repeat(32) + ".jpg";
        let (blob, small) = (format!("blobs/sha256/{name}"), format!("thumbnails/small/{name}"));
        let check = |text: &str, expected: &[&String]| {
            assert_eq!(files_in(text.as_bytes()).iter().collect::<Vec<_>>(), expected, "{text}");
        };
        check(&format!("../../{blob}"), &[&blob]);
        check(&format!(" src=\"/media/{small}\""), &[&small]);
        check(&format!("../{blob} 2x, ../{blob}"), &[&blob, &blob]);
        check("https://example.org/blobs/sha256/", &[]);
        let wide: Vec<u8> = blob.bytes().flat_map(|byte| [byte, 0]).collect();
        assert_eq!(files_in(&wide), [blob]);
    }
}
