//! Copies of the catalog among the objects: what a lost catalog is made anew from.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::catalog::CatalogError;
use super::handle::Archive;
use super::key::{Prefix, StoreKey};
use super::objects::{Body, ObjectError};
use super::rules::{self, CopySchedule};
use crate::model::RelativePath;

/// A copy of the catalog could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The catalog cannot be read, or its copy not written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The copy cannot be kept.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// How the moment in the name of a copy is written, in UTC.
const MOMENT: &str = "%Y%m%dT%H%M%SZ";
/// Digits of the mark in the name of a copy.
const MARK: usize = 16;

impl Archive {
    /// Copies the catalog where that is due and something changed since the newest copy, and removes the oldest copies
    /// beyond those that are kept, also those that an earlier call was cut off before. Whether a copy was made.
    ///
    /// # Errors
    /// [`CopyError`]; the copies from before stay.
    pub async fn copy_catalog(&self, schedule: CopySchedule, now: Timestamp) -> Result<bool, CopyError> {
        let copies = oldest_first(self.objects.list(Prefix::CatalogCopies).await?, now);
        let is_made = self.copy_if_due(copies.last().and_then(|(key, _)| parts_of(key)), schedule, now).await?;
        let old = rules::old_copies(copies.len(), is_made, schedule);
        for (key, _) in &copies[..old] {
            self.objects.delete(key).await?;
        }
        Ok(is_made)
    }

    async fn copy_if_due(
        &self,
        newest: Option<(Timestamp, &str)>,
        schedule: CopySchedule,
        now: Timestamp,
    ) -> Result<bool, CopyError> {
        if !rules::copy_is_due(newest.map(|(made, _)| made), schedule, now) {
            return Ok(false);
        }
        let Some(mark) = self.catalog.content_mark().await? else { return Ok(false) };
        let mark = mark.to_string();
        if newest.is_some_and(|(_, of)| of == &mark[..MARK]) {
            return Ok(false);
        }
        let name = format!("{}-{}", now.strftime(MOMENT), &mark[..MARK]);
        self.put_copy(RelativePath::new(name).expect("digits and letters are a path")).await?;
        Ok(true)
    }

    async fn put_copy(&self, name: RelativePath) -> Result<(), CopyError> {
        let staging = self.objects.staging();
        let failed = || ObjectError::io("write to", &staging.folder().display());
        let file = staging.create().map_err(failed())?;
        self.catalog.copy_to(file.path()).await?;
        let staged = tokio::task::spawn_blocking(move || file.finish_written()).await;
        let staged = staged.expect("reading a file does not panic").map_err(failed())?;
        self.objects.put(&StoreKey::CatalogCopy { name }, Body::Staged(staged)).await?;
        Ok(())
    }
}

/// Copies in the order in which they were made. One from a moment ahead was made while the clock was ahead: it is older
/// than those that were made since.
pub(super) fn oldest_first<F>(mut copies: Vec<(StoreKey, F)>, now: Timestamp) -> Vec<(StoreKey, F)> {
    copies.sort_by_key(|(key, _)| {
        let made = parts_of(key).map(|(made, _)| made);
        (made.is_none_or(|made| made <= now), made)
    });
    copies
}

/// When a copy was made, and the mark of what it knew.
fn parts_of(key: &StoreKey) -> Option<(Timestamp, &str)> {
    let StoreKey::CatalogCopy { name } = key else { return None };
    let (made, mark) = name.as_str().split_once('-')?;
    let made = DateTime::strptime(MOMENT, made).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some((made.timestamp(), mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_from_a_moment_ahead_is_older_than_those_made_since() {
        let copy = |name: &str| {
            let key = StoreKey::CatalogCopy { name: RelativePath::new(name).unwrap() };
            (key, ())
        };
        let made = ["20260301T000000Z-a", "20260302T000000Z-b", "20370101T000000Z-c"];
        let now = "2026-03-03T00:00:00Z".parse().unwrap();
        let sorted = oldest_first(made.map(copy).to_vec(), now);
        let names: Vec<_> = sorted.iter().map(|(key, ())| key.path()).collect();
        assert!(names[0].contains("2037") && names[1].contains("0301") && names[2].contains("0302"), "{names:?}");
    }
}
