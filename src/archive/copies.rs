//! Copies of the catalog among the objects: a lost catalog is rebuilt from them.

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

/// How the moment in the name of a copy is written, in UTC: finer than two copies can follow each other.
const WRITTEN: &str = "%Y%m%dT%H%M%S%.6fZ";
/// How it is read: copies of earlier versions have whole seconds.
const READ: &str = "%Y%m%dT%H%M%S%.fZ";
/// Digits of the mark in the name of a copy.
const MARK: usize = 16;

impl Archive {
    /// Copies the catalog if a copy is due and something changed since the newest one. Removes the oldest copies beyond
    /// those that are kept, also copies that an interrupted call left. Returns whether a copy was made.
    ///
    /// # Errors
    /// [`CopyError`]; the copies from before stay.
    pub async fn copy_catalog(&self, schedule: CopySchedule, now: Timestamp) -> Result<bool, CopyError> {
        let copies = self.catalog_copies(now).await?;
        let newest = copies.last();
        let is_due = rules::copy_is_due(newest.and_then(|key| Some(parts_of(key)?.0)), schedule, now);
        let made = if is_due { self.copy_what_changed(newest, now).await? } else { None };
        let before: Vec<_> = copies.iter().filter(|key| made.as_ref() != Some(key)).collect();
        let old = rules::old_copies(before.len(), made.is_some(), schedule);
        for key in &before[..old] {
            self.objects.delete(key).await?;
        }
        Ok(made.is_some())
    }

    /// Puts a copy of the catalog as it is now in the place of those that there are, where there are any.
    ///
    /// # Errors
    /// [`CopyError`]; another call finishes the work.
    pub async fn replace_catalog_copies(&self, now: Timestamp) -> Result<(), CopyError> {
        let mut copies = self.catalog_copies(now).await?;
        let Some(newest) = copies.pop() else { return Ok(()) };
        let Some(made) = self.copy_what_changed(Some(&newest), now).await? else {
            return self.delete_all(&copies).await;
        };
        copies.push(newest);
        // One of the same moment had the same name: the new one has taken its place.
        copies.retain(|key| *key != made);
        self.delete_all(&copies).await
    }

    async fn delete_all(&self, keys: &[StoreKey]) -> Result<(), CopyError> {
        for key in keys {
            self.objects.delete(key).await?;
        }
        Ok(())
    }

    /// The oldest first.
    async fn catalog_copies(&self, now: Timestamp) -> Result<Vec<StoreKey>, ObjectError> {
        let listed = self.objects.list(Prefix::CatalogCopies).await?;
        Ok(oldest_first(listed, now).into_iter().map(|(key, _)| key).collect())
    }

    /// Makes a copy unless the newest one knows all that the catalog does.
    async fn copy_what_changed(
        &self,
        newest: Option<&StoreKey>,
        now: Timestamp,
    ) -> Result<Option<StoreKey>, CopyError> {
        let Some(mark) = self.catalog.content_mark().await? else { return Ok(None) };
        let mark = mark.to_string();
        if newest.and_then(parts_of).is_some_and(|(_, of)| of == &mark[..MARK]) {
            return Ok(None);
        }
        let name = format!("{}-{}", now.strftime(WRITTEN), &mark[..MARK]);
        let key = StoreKey::CatalogCopy { name: RelativePath::new(name).expect("digits and letters are a path") };
        self.put_copy(&key).await?;
        Ok(Some(key))
    }

    async fn put_copy(&self, key: &StoreKey) -> Result<(), CopyError> {
        let staging = self.objects.staging();
        let failed = || ObjectError::unstaged(staging);
        let file = staging.create().map_err(failed())?;
        self.catalog.copy_to(file.path()).await?;
        let staged = tokio::task::spawn_blocking(move || file.finish_written()).await;
        let staged = staged.expect("reading a file does not panic").map_err(failed())?;
        self.objects.put(key, Body::Staged(staged)).await?;
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

/// When a copy was made.
pub(super) fn moment_of(copy: &StoreKey) -> Option<Timestamp> {
    parts_of(copy).map(|(made, _)| made)
}

/// When a copy was made, and the mark of what it knew.
fn parts_of(key: &StoreKey) -> Option<(Timestamp, &str)> {
    let StoreKey::CatalogCopy { name } = key else { return None };
    let (made, mark) = name.as_str().split_once('-')?;
    let made = DateTime::strptime(READ, made).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some((made.timestamp(), mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_one_second_differ_and_those_of_earlier_versions_are_read() {
        let moment = |name: &str| {
            let key = StoreKey::CatalogCopy { name: RelativePath::new(name).unwrap() };
            parts_of(&key).map(|(made, mark)| (made.to_string(), mark.to_owned()))
        };
        let read = |made: &str| Some((made.to_owned(), "0f".to_owned()));
        assert_eq!(moment("20260301T000000Z-0f"), read("2026-03-01T00:00:00Z"));
        assert_eq!(moment("20260301T000000.000001Z-0f"), read("2026-03-01T00:00:00.000001Z"));
        let now: Timestamp = "2026-03-01T00:00:00.5000009Z".parse().unwrap();
        let written = format!("{}-0f", now.strftime(WRITTEN));
        assert_eq!(moment(&written), read("2026-03-01T00:00:00.5Z"), "{written}");
        assert_eq!(moment("backup"), None);
    }

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
