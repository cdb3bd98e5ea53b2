//! The catalog in one database file, kept by `rusqlite`.
//!
//! One thread writes ([`writer`]), any number of connections read ([`readers`]). Write-ahead logging lets both go on
//! side by side, and `synchronous=FULL` makes a commit outlive a loss of power. Each trait of the catalog is implemented
//! in the file that has its SQL.

mod agreement;
mod article_facts;
mod article_lists;
mod articles;
mod assets;
mod bounded;
mod captures;
mod checksum;
mod codec;
mod connection;
mod copy;
#[cfg(all(test, target_os = "linux"))]
mod cost;
mod document_rows;
mod documents;
mod effects;
mod error;
mod feeds;
#[cfg(test)]
mod filled;
mod garbage;
mod identity;
mod image_lists;
mod integrity;
mod inventory;
mod jobs;
mod leases;
mod listings;
mod marks;
mod migrate;
mod mirrors;
mod origins;
mod pages;
mod parts;
mod placeholders;
mod queue;
mod readers;
mod references;
mod repairs;
mod revisits;
mod runs;
mod search;
mod takedown_rows;
mod takedowns;
mod urls;
mod uses;
mod values;
mod versions;
mod walk;
mod writer;

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;

use self::error::{catalog_error, refused};
use self::readers::Readers;
use self::walk::Walked;
use self::writer::{Extent, Writer};
use crate::archive::catalog::{CatalogError, ListPage, ReadRows};
use crate::locks::Mutex;
use crate::model::ArchiveId;

pub(super) use self::connection::BESIDE;
pub(super) use self::identity::{CatalogFile, look};
pub(super) use self::search::SqliteSearch;

/// The catalog in one file.
pub(super) struct Sqlite {
    /// `None` if the file is only read.
    writer: Option<Writer>,
    readers: Readers,
    /// What there is to say of the rows that listings left out.
    unreadable: Mutex<BTreeSet<String>>,
}

impl Sqlite {
    /// Opens the file to read and write. Makes or upgrades it where needed. The caller holds the archive's lock, so
    /// that leases which are left belong to no process. A catalog from before there were ids takes the id of the
    /// archive, if that has one.
    pub(super) fn to_write(path: &Path, id: Option<ArchiveId>) -> Result<Self, CatalogError> {
        let failed = |error| catalog_error(path, &error);
        checksum::remove(path).map_err(|error| refused(path, format!("cannot remove its checksum: {error}")))?;
        let connection = connection::to_write(path).map_err(failed)?;
        let before = migrate::version(&connection).map_err(failed)?;
        migrate::migrate(&connection, path, migrate::MIGRATIONS)?;
        identity::adopt(&connection, before, id).map_err(failed)?;
        leases::end_all(&connection).map_err(failed)?;
        let writer = Writer::start(connection, path.to_owned())
            .map_err(|error| refused(path, format!("cannot start the thread that writes it: {error}")))?;
        Ok(Self { writer: Some(writer), readers: Readers::new(path), unreadable: Mutex::default() })
    }

    /// Opens the file to read only. `None` if its schema is older and must be upgraded first.
    pub(super) fn to_read(path: &Path) -> Result<Option<Self>, CatalogError> {
        let readers = Readers::new(path);
        let known = migrate::MIGRATIONS.len();
        let found = readers.with(|connection| migrate::refuse_newer(connection, path, known))??;
        Ok((found == known).then_some(Self { writer: None, readers, unreadable: Mutex::default() }))
    }

    /// Runs a call that changes a few rows, and gives its result once that is durable.
    async fn write<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> rusqlite::Result<T> + Clone + Send + 'static,
    ) -> Result<T, CatalogError> {
        self.write_of(Extent::Few, call).await
    }

    /// The same of a call that may change any number of rows.
    async fn write_any<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> rusqlite::Result<T> + Clone + Send + 'static,
    ) -> Result<T, CatalogError> {
        self.write_of(Extent::Any, call).await
    }

    async fn write_of<T: Send + 'static>(
        &self,
        extent: Extent,
        call: impl FnOnce(&Connection) -> rusqlite::Result<T> + Clone + Send + 'static,
    ) -> Result<T, CatalogError> {
        match &self.writer {
            Some(writer) => writer.call(extent, call).await,
            None => Err(refused(self.readers.path(), "it was opened for reading only")),
        }
    }

    /// Runs a listing of which each row is read by itself.
    async fn read_rows<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> rusqlite::Result<Vec<rusqlite::Result<T>>> + Send + 'static,
    ) -> Result<ReadRows<T>, CatalogError> {
        Ok(self.with_errors(self.read(call).await?))
    }

    /// Rows with their errors as the catalog's.
    fn with_errors<T>(&self, rows: Vec<rusqlite::Result<T>>) -> ReadRows<T> {
        let path = self.readers.path();
        rows.into_iter().map(|row| row.map_err(|error| catalog_error(path, &error))).collect()
    }

    /// The rows of a listing that can be read. The others are noted: one row never ends what is done with the rest.
    async fn read_readable<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> rusqlite::Result<Vec<rusqlite::Result<T>>> + Send + 'static,
    ) -> Result<Vec<T>, CatalogError> {
        let rows = self.read_rows(call).await?;
        Ok(self.noted(rows))
    }

    /// The rows that could be read. The others are noted.
    fn noted<T>(&self, rows: ReadRows<T>) -> Vec<T> {
        let mut readable = Vec::new();
        for row in rows {
            match row {
                Ok(row) => readable.push(row),
                Err(error) => drop(self.unreadable.lock().insert(error.to_string())),
            }
        }
        readable
    }

    /// Reads for a list. A call that takes too long is stopped.
    async fn list<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, CatalogError> {
        self.readers.call_in_time(call).await
    }

    /// A page of a list of which each row is read by itself.
    async fn list_page<T: Send + 'static, P: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> rusqlite::Result<Walked<T, P>> + Send + 'static,
    ) -> Result<ListPage<T, P>, CatalogError> {
        let Walked { rows, unreadable, next } = self.list(call).await?;
        let path = self.readers.path();
        let unreadable: Vec<_> = unreadable.iter().map(|error| catalog_error(path, error).to_string()).collect();
        self.unreadable.lock().extend(unreadable.iter().cloned());
        Ok(ListPage { rows, unreadable, next })
    }

    /// Runs a call that only reads.
    async fn read<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, CatalogError> {
        self.readers.call(call).await
    }
}

/// The readers close first: the last connection to close puts the write-ahead log into the file, and one that only
/// reads cannot.
impl Drop for Sqlite {
    fn drop(&mut self) {
        self.readers.close();
        if let Some(writer) = self.writer.take() {
            drop(writer);
            checksum::write(self.readers.path());
        }
    }
}
