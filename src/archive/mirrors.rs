//! Mirrors in the archive, compared with what the catalog says of them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;

use super::catalog::{ArticleRow, CatalogError};
use super::handle::Archive;
use super::key::{Prefix, StoreKey};
use super::links::linked_files;
use super::objects::ObjectError;
use super::rules;
use crate::model::{ArticleId, ArticleKey, SourceName};

/// Articles taken from the catalog at a time.
const PAGE: usize = 1000;

/// Mirrors without rows: the catalog is older than they are.
#[derive(Debug, Default)]
pub(crate) struct UnrecordedMirrors {
    /// Of articles without a row.
    pub(crate) unknown: Vec<ArticleKey>,
    /// The same, of sources that the catalog does not know at all: an output of a source may lie there.
    pub(crate) of_unknown_sources: Vec<ArticleKey>,
    /// The sources that have a mirror in the archive.
    pub(crate) sources: BTreeSet<SourceName>,
}

impl Archive {
    /// Compares the mirrors in the archive with the catalog. No mirror is read.
    ///
    /// # Errors
    /// Where the mirrors cannot be listed, or the catalog not read.
    pub(crate) async fn unrecorded_mirrors<E: From<CatalogError> + From<ObjectError>>(
        &self,
    ) -> Result<UnrecordedMirrors, E> {
        let keys = self.objects.keys(Prefix::Mirrors).await?.into_iter();
        let mut listed: BTreeSet<_> = keys.filter_map(article_of).collect();
        let mut found = UnrecordedMirrors::default();
        found.sources.extend(listed.iter().map(|key| key.source.clone()));
        if listed.is_empty() {
            return Ok(found);
        }
        let (mut names, mut is_readable) = (BTreeSet::new(), true);
        let page = |last| self.catalog.article_keys_by_row(last, PAGE);
        each(page, |key| match key {
            Ok(key) => {
                listed.remove(&key);
                names.insert((key.source, rules::path_key(&key.path)));
            }
            Err(_) => is_readable = false,
        })
        .await?;
        // A disk may spell a name in another way than it was given.
        let is_unknown = |key: &ArticleKey| !names.contains(&(key.source.clone(), rules::path_key(&key.path)));
        // A key that cannot be read may be that of any.
        let unknown = listed.into_iter().filter(|key| is_readable && is_unknown(key) && !is_in_the_way(key, &names));
        let sources: BTreeSet<_> = names.iter().map(|(source, _)| source).collect();
        (found.unknown, found.of_unknown_sources) = unknown.partition(|key| sources.contains(&key.source));
        Ok(found)
    }

    /// The mirrors in the archive that are not the files which their rows describe. No mirror is read.
    ///
    /// # Errors
    /// As for [`Archive::unrecorded_mirrors`].
    pub(crate) async fn changed_mirrors<E: From<CatalogError> + From<ObjectError>>(
        &self,
    ) -> Result<Vec<ArticleKey>, E> {
        let files = self.objects.list(Prefix::Mirrors).await?.into_iter();
        let files: BTreeMap<_, _> = files.filter_map(|(key, file)| Some((article_of(key)?, file))).collect();
        let is_other = |row: &ArticleRow, file| row.mirror.is_none_or(|(_, recorded)| recorded != file);
        let differs = |row: &ArticleRow| files.get(&row.version.key).is_some_and(|file| is_other(row, *file));
        let mut changed = Vec::new();
        let page = |last| self.catalog.articles_by_row(last, PAGE);
        each(page, |row| changed.extend(row.ok().filter(differs).map(|row| row.version.key))).await?;
        Ok(changed)
    }

    /// The objects that these mirrors link to, by their paths in the archive.
    ///
    /// # Errors
    /// Where a mirror cannot be read.
    pub(crate) async fn linked_by(
        &self,
        mirrors: impl IntoIterator<Item = ArticleKey>,
    ) -> Result<BTreeSet<String>, ObjectError> {
        let mut linked = BTreeSet::new();
        for key in mirrors.into_iter().map(StoreKey::Article) {
            if let Some(bytes) = self.objects.read(&key).await? {
                linked.extend(linked_files(&bytes));
            }
        }
        Ok(linked)
    }
}

/// Passes on what a listing of articles by row gives, page by page.
async fn each<'a, T: Send>(
    page: impl Fn(Option<ArticleId>) -> BoxFuture<'a, Result<Vec<(ArticleId, T)>, CatalogError>> + Send,
    mut take: impl FnMut(T) + Send,
) -> Result<(), CatalogError> {
    let mut last = None;
    loop {
        let rows = page(last).await?;
        let Some((end, _)) = rows.last() else { return Ok(()) };
        last = Some(*end);
        for (_, row) in rows {
            take(row);
        }
    }
}

fn article_of(key: StoreKey) -> Option<ArticleKey> {
    if let StoreKey::Article(key) = key { Some(key) } else { None }
}

/// Whether a file has the name of a folder in which articles on record are: it is no mirror, but in the way of theirs.
fn is_in_the_way(key: &ArticleKey, names: &BTreeSet<(SourceName, String)>) -> bool {
    let folder = (key.source.clone(), rules::path_key(&key.path) + "/");
    let first = names.range(&folder..).next();
    first.is_some_and(|(source, path)| *source == folder.0 && path.starts_with(&folder.1))
}
