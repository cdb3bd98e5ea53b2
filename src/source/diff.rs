//! Compares what a source lists with what is recorded of it.

use crate::archive::{ArticleRow, Catalog, CatalogError};
use crate::model::{ArticleKey, ProblemReason, RelativePath, SourceName};

use super::error::SourceError;
use super::listing::{Entries, Entry, Listed, Listing, Skipped};

/// Rows of the catalog that are compared with a listing at a time.
const PAGE: usize = 1000;

/// One thing that a source lists or that is on record of it.
#[derive(Debug)]
pub enum Difference {
    /// The source has this article; beside it the row, where it is on record.
    Listed(Listed, Option<Box<ArticleRow>>),
    /// The article is on record, and the source no longer has it. Only a complete listing shows that.
    Gone(Box<ArticleRow>),
    /// The source lists nothing at all, although this many of its articles are on record. Only a complete listing shows
    /// that, and then none of them counts as gone.
    Empty {
        /// How many.
        on_record: u64,
    },
    /// The source has this, and it is not read.
    Skipped(Skipped),
    /// What there is to say of the source, for a person.
    Note(String),
    /// An address that the source names cannot be read; others of it can.
    Unread(SourceError),
    /// What deserves a look of an article that is read all the same.
    Problem(RelativePath, ProblemReason, String),
    /// A part of the source cannot be read.
    Unreadable(SourceError),
}

/// Compares a listing with the catalog, by key. Neither is ever in memory as a whole.
pub struct Diff<'a> {
    entries: Entries,
    listed: Option<Listed>,
    records: Records<'a>,
    /// Whether what is not listed is gone.
    complete: bool,
    /// Whether nothing was listed so far.
    empty: bool,
}

impl<'a> Diff<'a> {
    /// Compares what a source lists with what `catalog` has of it; with nothing if there is no catalog.
    pub fn new(source: &SourceName, listing: Listing, catalog: Option<&'a dyn Catalog>) -> Self {
        let (entries, complete) = match listing {
            Listing::Complete(entries) => (entries, true),
            Listing::Partial(entries) => (entries, false),
        };
        Self { entries, listed: None, records: Records::new(source, catalog), complete, empty: true }
    }

    /// The next difference; `None` after the last.
    ///
    /// # Errors
    /// Where the catalog cannot be read: what is on record is not known then, and nothing may be concluded.
    pub async fn next(&mut self) -> Result<Option<Difference>, CatalogError> {
        if self.listed.is_none()
            && let Some(other) = self.pull().await?
        {
            return Ok(Some(other));
        }
        if self.complete && self.empty {
            self.complete = false;
            let on_record = self.records.count().await?;
            return Ok((on_record > 0).then_some(Difference::Empty { on_record }));
        }
        if self.complete
            && let Some(gone) = self.records.take_before(self.listed.as_ref()).await?
        {
            return Ok(Some(Difference::Gone(Box::new(gone))));
        }
        let Some(listed) = self.listed.take() else { return Ok(None) };
        let row = self.row_of(&listed).await?;
        Ok(Some(Difference::Listed(listed, row.map(Box::new))))
    }

    /// Takes the next article from the listing, or gives an entry before it that is none.
    async fn pull(&mut self) -> Result<Option<Difference>, CatalogError> {
        while let Some(entry) = self.entries.next().await {
            match entry {
                Entry::Article(listed) => {
                    self.empty = false;
                    self.listed = Some(listed);
                    break;
                }
                Entry::Withdrawn(path) => {
                    if let Some(row) = self.records.find(&path).await? {
                        return Ok(Some(Difference::Gone(Box::new(row))));
                    }
                }
                Entry::Skipped(skipped) => return Ok(Some(Difference::Skipped(skipped))),
                Entry::Problem(path, reason, message) => {
                    return Ok(Some(Difference::Problem(path, reason, message)));
                }
                Entry::Note(note) => return Ok(Some(Difference::Note(note))),
                Entry::Unread(error) => return Ok(Some(Difference::Unread(error))),
                Entry::Unreadable(error) => {
                    // Articles in an unreadable part may still be there: nothing after this counts as gone.
                    self.complete = false;
                    return Ok(Some(Difference::Unreadable(error)));
                }
            }
        }
        Ok(None)
    }

    async fn row_of(&mut self, listed: &Listed) -> Result<Option<ArticleRow>, CatalogError> {
        if self.complete { self.records.take(listed).await } else { self.records.find(&listed.path).await }
    }
}

/// What is on record of a source: in the order of its keys, page by page, or one by one.
struct Records<'a> {
    source: SourceName,
    catalog: Option<&'a dyn Catalog>,
    page: std::vec::IntoIter<ArticleRow>,
    next: Option<ArticleRow>,
    last: Option<ArticleKey>,
    at_end: bool,
}

impl<'a> Records<'a> {
    fn new(source: &SourceName, catalog: Option<&'a dyn Catalog>) -> Self {
        let page = Vec::new().into_iter();
        Self { source: source.clone(), catalog, page, next: None, last: None, at_end: catalog.is_none() }
    }

    /// The next row, without taking it.
    async fn peek(&mut self) -> Result<Option<&ArticleRow>, CatalogError> {
        if self.next.is_none() && !self.at_end {
            self.next = self.page.next();
            if self.next.is_none()
                && let Some(catalog) = self.catalog
            {
                self.page = catalog.articles(Some(&self.source), self.last.as_ref(), PAGE).await?.into_iter();
                self.next = self.page.next();
            }
            self.at_end = self.next.is_none();
            self.last = self.next.as_ref().map(|row| row.version.key.clone());
        }
        Ok(self.next.as_ref())
    }

    /// The next row, if it comes before an article; any next one after the last article.
    async fn take_before(&mut self, listed: Option<&Listed>) -> Result<Option<ArticleRow>, CatalogError> {
        let row = self.peek().await?;
        let is_before = row.is_some_and(|row| listed.is_none_or(|listed| row.version.key.path < listed.path));
        Ok(if is_before { self.next.take() } else { None })
    }

    /// The row of an article that comes next in order.
    async fn take(&mut self, listed: &Listed) -> Result<Option<ArticleRow>, CatalogError> {
        let is_of = self.peek().await?.is_some_and(|row| row.version.key.path == listed.path);
        Ok(if is_of { self.next.take() } else { None })
    }

    /// How many articles are on record that the source had when it was last read.
    async fn count(&mut self) -> Result<u64, CatalogError> {
        let mut count = 0;
        while let Some(row) = self.take_before(None).await? {
            count += u64::from(!row.is_gone);
        }
        Ok(count)
    }

    /// The row of any article.
    async fn find(&self, path: &RelativePath) -> Result<Option<ArticleRow>, CatalogError> {
        let Some(catalog) = self.catalog else { return Ok(None) };
        catalog.article(&ArticleKey { source: self.source.clone(), path: path.clone() }).await
    }
}
