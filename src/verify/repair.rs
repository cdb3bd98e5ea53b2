//! Repairs: a blob gets identical bytes or none, derived files are made again, and damaged bytes are quarantined.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::Timestamp;
use tokio::io::AsyncReadExt;
use url::Url;

use super::error::VerifyError;
use super::finding::{Damage, Finding};
use super::mirror_file::{FindMirror, MirrorFile};
use super::repair_source::RepairSource;
use crate::archive::{Archive, Body, ObjectError, Output, StoreKey};
use crate::extract;
use crate::model::{ArticleKey, Digest, MediaType, ThumbnailName};
use crate::rewrite::unsplice;
use crate::staging::Staged;

/// Bytes copied at a time.
const PIECE: usize = 256 << 10;

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum Repair {
    /// The blob has its bytes again.
    Restored,
    /// The file is derived from others, and is made again: at once, or by the next run.
    Regenerated,
    /// No place has the same bytes. What was left of them is in `quarantine`, and the next run requests the image again,
    /// as if it had never been kept.
    Quarantined,
    /// It needs a person.
    Unrepairable,
}

impl Repair {
    /// What became of something in the way.
    pub(super) const fn of_obstacle(is_moved: bool) -> Self {
        if is_moved { Self::Regenerated } else { Self::Unrepairable }
    }

    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Regenerated => "regenerated",
            Self::Quarantined => "quarantined",
            Self::Unrepairable => "unrepairable",
        }
    }
}

/// Repairs what was found, under the archive's lock. The result is in the order of the findings.
pub async fn repair(
    archive: &Archive,
    findings: &[Finding],
    source: &dyn RepairSource,
    find_mirror: &FindMirror,
    now: Timestamp,
) -> Result<Vec<Repair>, VerifyError> {
    let repairer = Repairer { archive, source, find_mirror, now };
    let mut repairs = vec![Repair::Unrepairable; findings.len()];
    // What is in the way first, then blobs: derived files are made from them.
    for stage in 0..3 {
        for (finding, repair) in findings.iter().zip(&mut repairs) {
            if stage_of(finding) == stage {
                *repair = match repairer.repair(finding).await {
                    // What the file system refuses for one file, it need not refuse for another.
                    Err(VerifyError::Objects(error)) if !error.is_full() => Repair::Unrepairable,
                    result => result?,
                };
            }
        }
    }
    Ok(repairs)
}

const fn stage_of(finding: &Finding) -> u8 {
    match finding {
        Finding::Misplaced { .. } => 0,
        Finding::Blob { .. } => 1,
        _ => 2,
    }
}

struct Repairer<'a> {
    archive: &'a Archive,
    source: &'a dyn RepairSource,
    find_mirror: &'a FindMirror,
    now: Timestamp,
}

impl Repairer<'_> {
    async fn repair(&self, finding: &Finding) -> Result<Repair, VerifyError> {
        match finding {
            Finding::Catalog { .. } | Finding::Folder { .. } | Finding::Stray { .. } => Ok(Repair::Unrepairable),
            Finding::Misplaced { place, article, .. } => {
                let mirror = article.clone().map(|article| StoreKey::Article(article).path());
                let is_moved = self.archive.objects.put_aside(mirror.as_ref().unwrap_or(place)).await?;
                Ok(Repair::of_obstacle(is_moved))
            }
            Finding::Blob { digest, media_type, damage } => self.repair_blob(*digest, *media_type, damage).await,
            Finding::Thumbnail { original, name, .. } => self.regenerate_thumbnail(*original, name).await,
            Finding::Mirror { id, article, damage } => {
                if *damage != Damage::Missing {
                    self.put_mirror_aside(article).await?;
                }
                self.archive.catalog.make_stale(&[*id]).await?;
                Ok(Repair::Regenerated)
            }
            Finding::Edits { id, .. } | Finding::Link { id, .. } => {
                self.archive.catalog.make_stale(&[*id]).await?;
                Ok(Repair::Regenerated)
            }
        }
    }

    async fn regenerate_thumbnail(&self, original: Digest, name: &ThumbnailName) -> Result<Repair, VerifyError> {
        self.archive.catalog.forget_thumbnails(&[(original, name.clone())]).await?;
        let shard = self.archive.catalog.assets_on_record(original.as_bytes()[0]).await?;
        if let Some(row) = shard.iter().flatten().find(|row| row.digest == original) {
            self.source.render(original, &row.asset).await;
        }
        Ok(Repair::Regenerated)
    }

    async fn repair_blob(&self, digest: Digest, media_type: MediaType, damage: &Damage) -> Result<Repair, VerifyError> {
        let same = self.find(digest).await?;
        if *damage != Damage::Missing {
            self.quarantine(digest, media_type).await?;
        }
        if let Some(same) = same {
            self.archive.keep(same, media_type).await?;
            return Ok(Repair::Restored);
        }
        // Nothing can fetch an original again. Its row stays, so that a copy from a backup can still be restored.
        let is_original = !self.archive.catalog.articles_of_original(digest).await?.is_empty();
        if is_original {
            return Ok(Repair::Unrepairable);
        }
        self.archive.catalog.lose_asset(digest, self.now).await?;
        self.archive.catalog.forget_blob(digest, media_type).await?;
        Ok(Repair::Quarantined)
    }

    /// Identical bytes from the nearest place that has them.
    async fn find(&self, digest: Digest) -> Result<Option<Staged>, VerifyError> {
        let same = |candidate: &Staged| candidate.digest == digest;
        for article in self.archive.catalog.articles_of_original(digest).await? {
            if let Some(found) = self.undo_mirror(&article).await?.filter(same) {
                return Ok(Some(found));
            }
            if let Some(found) = self.source.read_article(&article).await.filter(same) {
                return Ok(Some(found));
            }
        }
        for (url, when) in self.candidates(digest).await? {
            if let Some(found) = self.source.fetch(&url, digest, when).await.filter(same) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The original of an article, by undoing the splices of its mirror.
    async fn undo_mirror(&self, article: &ArticleKey) -> Result<Option<Staged>, VerifyError> {
        let Some(row) = self.archive.catalog.article(article).await? else { return Ok(None) };
        let edits = self.archive.catalog.edits(row.id).await?;
        let mirror = (self.find_mirror)(article).output.read(&article.path).await.ok().flatten();
        let original = mirror.and_then(|mirror| unsplice(&mirror, &edits).ok());
        Ok(original.and_then(|original| self.archive.objects.staging().write(&original).ok()))
    }

    /// The URLs that gave these bytes and those that they were redirected to, with when they last did; and those that sent
    /// them as something that was refused.
    async fn candidates(&self, digest: Digest) -> Result<Vec<(Url, Timestamp)>, VerifyError> {
        let (mut candidates, mut known) = (Vec::new(), BTreeSet::new());
        for url in self.archive.catalog.urls_of(digest).await? {
            let Some(row) = self.archive.catalog.url(&url).await? else { continue };
            let captures = self.archive.catalog.captures(row.id).await?;
            let same = captures.into_iter().filter(|capture| capture.digest == Some(digest));
            let hops = same.flat_map(|capture| capture.exchanges).map(|exchange| (exchange.url, exchange.at)).rev();
            let first = (url, row.facts.good.map_or(self.now, |(_, last)| last));
            candidates.extend(std::iter::once(first).chain(hops).filter(|(url, _)| known.insert(url.clone())));
        }
        let evidence = self.archive.catalog.urls_that_sent(digest).await?.into_iter().map(|url| (url, self.now));
        candidates.extend(evidence.filter(|(url, _)| known.insert(url.clone())));
        Ok(candidates)
    }

    /// Puts what is in place of a mirror aside: outside the archive somebody may have written it, and within it is in the
    /// way if it is no file.
    async fn put_mirror_aside(&self, article: &ArticleKey) -> Result<(), VerifyError> {
        let MirrorFile { output, in_place, .. } = (self.find_mirror)(article);
        if matches!(output, Output::Archive { .. }) {
            // A file there is replaced.
            self.archive.objects.put_aside(&StoreKey::Article(article.clone()).path()).await?;
            return Ok(());
        }
        if in_place {
            return Ok(());
        }
        let Some(bytes) = output.read(&article.path).await? else { return Ok(()) };
        let media_type = extract::format_of(&article.path, &bytes).blob_type();
        let key = StoreKey::Quarantine { digest: Digest::of(&bytes), media_type };
        self.archive.objects.put(&key, Body::Bytes(bytes)).await?;
        output.remove(&article.path).await?;
        Ok(())
    }

    /// Quarantines the damaged bytes: a part of an image may be better than none.
    async fn quarantine(&self, digest: Digest, media_type: MediaType) -> Result<(), VerifyError> {
        let key = StoreKey::Blob { digest, media_type };
        let size = self.archive.catalog.blob(digest).await?.map_or(0, |(_, size)| size);
        let staged = self.stage_part(&key, size).await.map_err(ObjectError::io("copy", &key))?;
        self.archive.objects.put(&StoreKey::Quarantine { digest, media_type }, Body::Staged(staged)).await?;
        self.archive.objects.delete(&key).await?;
        Ok(())
    }

    /// A copy of an object: as many bytes as it should have, and up to where it can be read.
    async fn stage_part(&self, key: &StoreKey, size: u64) -> io::Result<Staged> {
        let mut staged = self.archive.objects.staging().create()?;
        if let Ok(Some(reader)) = self.archive.objects.open(key, None).await {
            let (mut reader, mut piece) = (reader.take(size), vec![0; PIECE]);
            while let Ok(count @ 1..) = reader.read(&mut piece).await {
                staged.write_all(&piece[..count])?;
            }
        }
        Ok(staged.finish())
    }
}
