//! Whether the catalog is older than the archive around it, as one from a backup is.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::catalog::CatalogError;
use super::copies::{moment_of, oldest_first};
use super::handle::Archive;
use super::key::{Prefix, StoreKey};
use super::mirrors::UnrecordedMirrors;
use super::objects::ObjectError;
use crate::model::{ArticleKey, saturating_add};

/// A run that was cut off made no copy of the catalog later than this after its beginning.
const LONGEST_RUN: Duration = Duration::from_secs(7 * 86_400);

/// Something in an archive that is newer than its catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Newer {
    /// Mirrors of articles without a row: how many, and one of them.
    Mirrors(usize, ArticleKey),
    /// The report of a run that the catalog does not know.
    Report(StoreKey),
    /// A copy of the catalog that was made after everything that it knows.
    Copy(StoreKey),
}

impl fmt::Display for Newer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mirrors(1, mirror) => {
                write!(f, "the catalog does not know the article of a mirror in the archive, {mirror}")?;
            }
            Self::Mirrors(count, first) => {
                write!(f, "the catalog does not know the articles of {count} mirrors in the archive, such as {first}")?;
            }
            Self::Report(key) => write!(f, "the catalog does not know the run that {key} reports")?,
            Self::Copy(key) => write!(f, "{key} was copied after everything that the catalog knows")?,
        }
        f.write_str(
            ": where it is older than the archive, `offprint verify --rebuild` records what it lacks, and `offprint gc` \
             removes nothing until then",
        )
    }
}

impl Newer {
    /// The mirrors of articles without a row, where there are any.
    pub(crate) fn mirrors(UnrecordedMirrors { unknown, .. }: &UnrecordedMirrors) -> Option<Self> {
        Some(Self::Mirrors(unknown.len(), unknown.first()?.clone()))
    }
}

impl Archive {
    /// What in the archive is newer than its catalog. No mirror is read.
    ///
    /// # Errors
    /// Where the archive cannot be listed, or the catalog not read.
    pub async fn newer_than_catalog<E: From<CatalogError> + From<ObjectError>>(
        &self,
        now: Timestamp,
    ) -> Result<Vec<Newer>, E> {
        let mut newer = self.newer_runs::<E>(now).await?;
        newer.extend(Newer::mirrors(&self.unrecorded_mirrors::<E>().await?));
        Ok(newer)
    }

    /// The reports and copies that are of later runs than the catalog knows. A run sees them before it begins.
    ///
    /// # Errors
    /// As for [`Archive::newer_than_catalog`].
    pub async fn newer_runs<E: From<CatalogError> + From<ObjectError>>(&self, now: Timestamp) -> Result<Vec<Newer>, E> {
        let runs = self.catalog.run_times().await?;
        let known: HashSet<i64> = runs.iter().map(|(began, _)| began.as_second()).collect();
        let reports = self.objects.keys(Prefix::Reports).await?.into_iter().rev();
        let is_unknown = |key: &StoreKey| key.report_moment().is_some_and(|began| !known.contains(&began.as_second()));
        let mut newer: Vec<_> = reports.into_iter().find(is_unknown).map(Newer::Report).into_iter().collect();
        let takedowns = self.catalog.takedowns().await?.into_iter().map(|row| row.at);
        let known = runs.iter().map(|(began, ended)| ended.unwrap_or_else(|| saturating_add(*began, LONGEST_RUN)));
        // Copies are made by runs and by takedowns. Catalogs know moments to the millisecond.
        let newest = known.chain(takedowns).map(Timestamp::as_millisecond).max();
        let copy = oldest_first(self.objects.list(Prefix::CatalogCopies).await?, now).pop().map(|(copy, _)| copy);
        let is_later = |copy: &StoreKey| moment_of(copy).is_some_and(|made| Some(made.as_millisecond()) > newest);
        newer.extend(copy.filter(is_later).map(Newer::Copy));
        Ok(newer)
    }
}
