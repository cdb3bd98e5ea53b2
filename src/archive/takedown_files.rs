//! Takedowns among the objects: what was taken down stays so, whatever becomes of the catalog.
//!
//! Each takedown is a file of its own, which nothing changes afterwards. A catalog that was lost, or is from a backup, takes
//! up from them what it does not know.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::catalog::{CatalogError, TakedownRow, TakedownTarget};
use super::handle::Archive;
use super::key::{Prefix, StoreKey};
use super::objects::{Body, ObjectError};
use crate::model::{Digest, RelativePath};

/// How the moment in the name of a file is written, in UTC.
const WRITTEN: &str = "%Y%m%dT%H%M%S%.6fZ";

/// Digits of the mark in the name of a file.
const MARK: usize = 8;

/// Takedowns in one file. More of them take several.
const MOST: usize = 2000;

/// The longest file that is read, in bytes: an archive may come from somebody else.
const LONGEST: u64 = 16 << 20;

/// The content of a file.
#[derive(Serialize, Deserialize)]
struct TakedownFile {
    takedowns: Vec<Entry>,
}

/// One takedown, as the catalog spells it.
#[derive(Serialize, Deserialize)]
struct Entry {
    kind: String,
    target: String,
    /// When (RFC 3339).
    at: String,
    reason: String,
}

impl Entry {
    fn of(TakedownRow { target, at, reason }: &TakedownRow) -> Self {
        Self { kind: target.kind().to_owned(), target: target.name(), at: at.to_string(), reason: reason.clone() }
    }

    fn row(self) -> Option<TakedownRow> {
        let target = TakedownTarget::parse(&self.kind, &self.target)?;
        Some(TakedownRow { target, at: self.at.parse().ok()?, reason: self.reason })
    }
}

/// What the files say and the catalog does not, and the other way round.
#[derive(Debug, Default)]
pub struct TakedownDifferences {
    /// Takedowns of which the catalog does not know, the earliest first.
    pub unknown: Vec<TakedownRow>,
    /// Takedowns that are in no file.
    pub unwritten: Vec<TakedownRow>,
    /// Files that cannot be read, by their paths.
    pub unreadable: Vec<String>,
}

impl Archive {
    /// Keeps takedowns in files of their own.
    ///
    /// # Errors
    /// Where they cannot be kept.
    pub async fn keep_takedowns(&self, rows: &[TakedownRow], now: Timestamp) -> Result<(), ObjectError> {
        for rows in rows.chunks(MOST) {
            let file = TakedownFile { takedowns: rows.iter().map(Entry::of).collect() };
            let mut json = serde_json::to_vec_pretty(&file).expect("takedowns are plain data");
            json.push(b'\n');
            // Two of one moment are of different targets.
            let target = &rows[0].target;
            let mark = Digest::of(format!("{} {}", target.kind(), target.name()).as_bytes()).to_string();
            let name = RelativePath::new(format!("{}-{}", now.strftime(WRITTEN), &mark[..MARK]));
            let name = name.expect("digits and letters are a path");
            self.objects.put(&StoreKey::Takedown { name }, Body::Bytes(json)).await?;
        }
        Ok(())
    }

    /// Compares the files of takedowns with the catalog.
    ///
    /// # Errors
    /// Where the files cannot be listed, or the catalog not read.
    pub async fn compare_takedowns<E: From<CatalogError> + From<ObjectError>>(&self) -> Result<TakedownDifferences, E> {
        let on_record = self.catalog.takedowns().await?;
        let known: BTreeSet<_> = on_record.iter().map(|row| row.target.clone()).collect();
        let (mut kept, mut unknown) = (BTreeSet::new(), Vec::new());
        let unreadable = self
            .read_all_takedowns(|row| match known.get(&row.target) {
                Some(target) => _ = kept.insert(target),
                None => unknown.push(row),
            })
            .await?;
        let unwritten = on_record.iter().filter(|row| !kept.contains(&row.target)).cloned().collect();
        Ok(TakedownDifferences { unknown, unwritten, unreadable })
    }

    /// The files of takedowns that cannot be read, by their paths.
    ///
    /// # Errors
    /// Where the files cannot be listed.
    pub async fn unreadable_takedowns(&self) -> Result<Vec<String>, ObjectError> {
        self.read_all_takedowns(drop).await
    }

    /// Takes each takedown of each file, one file after the other, and gives the files that cannot be read, by their paths.
    async fn read_all_takedowns(&self, mut take: impl FnMut(TakedownRow) + Send) -> Result<Vec<String>, ObjectError> {
        let mut unreadable = Vec::new();
        for key in self.objects.keys(Prefix::Takedowns).await? {
            match self.read_takedowns(&key).await {
                Some(rows) => rows.into_iter().for_each(&mut take),
                None => unreadable.push(key.path()),
            }
        }
        Ok(unreadable)
    }

    /// The originals that were taken down, under whatever name they come.
    ///
    /// # Errors
    /// Where the catalog cannot be read.
    pub async fn texts_taken_down(&self) -> Result<HashSet<Digest>, CatalogError> {
        let text = |row: TakedownRow| match row.target {
            TakedownTarget::Text(digest) => Some(digest),
            _ => None,
        };
        Ok(self.catalog.takedowns().await?.into_iter().filter_map(text).collect())
    }

    async fn read_takedowns(&self, key: &StoreKey) -> Option<Vec<TakedownRow>> {
        self.objects.stat(key).await.ok().flatten().filter(|file| file.size <= LONGEST)?;
        let bytes = self.objects.read(key).await.ok().flatten()?;
        let file: TakedownFile = serde_json::from_slice(&bytes).ok()?;
        file.takedowns.into_iter().map(Entry::row).collect()
    }
}
