//! The catalog as a whole: whose it is, whether it is sound, and copies of its file.

use std::path::Path;

use async_trait::async_trait;
use rusqlite::{Connection, Result, params};

use super::{Sqlite, agreement, checksum, identity, integrity};
use crate::archive::catalog::{ArchiveRow, CatalogError, Copies, Identity};
use crate::model::Digest;

#[async_trait]
impl Identity for Sqlite {
    async fn archive(&self) -> Result<ArchiveRow, CatalogError> {
        self.read(identity::archive).await
    }
}

#[async_trait]
impl Copies for Sqlite {
    async fn integrity(&self) -> Result<Vec<String>, CatalogError> {
        let path = self.readers.path().to_owned();
        self.read(move |connection| {
            let mut found = integrity::check(connection)?;
            if checksum::mismatches(&path) {
                found.push("its file was changed since offprint last wrote it".into());
            }
            Ok(found)
        })
        .await
    }

    async fn foreign_rows(&self) -> Result<Vec<String>, CatalogError> {
        self.read(agreement::check).await
    }

    fn unreadable_rows(&self) -> Vec<String> {
        self.unreadable.lock().iter().cloned().collect()
    }

    async fn content_mark(&self) -> Result<Option<Digest>, CatalogError> {
        self.read(content_mark).await.map(Some)
    }

    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError> {
        let file = file.to_owned();
        self.read(move |connection| copy_to(connection, &file)).await
    }
}

/// Sums that differ where what is kept or known of it differs. Each is read from few pages, or by one walk over the
/// articles or the takedowns.
const SUMS: &str = "SELECT t.*, a.*, (SELECT max(id) FROM capture), (SELECT count(*) FROM article_version),
    (SELECT count(*) FROM shown_version), (SELECT count(*) FROM blob), (SELECT count(*) FROM takedown),
    (SELECT sum(at % 1000003) FROM takedown),
    (SELECT sum(next_attempt % 1000003) FROM url WHERE next_attempt IS NOT NULL)
    FROM total t, (SELECT sum(revision + read_at % 1000003), sum(mirror_modified % 1000003), sum(id % 1000003 * vanished)
        FROM article) a";

/// Differs where what the catalog knows differs; runs and their reports do not count.
fn content_mark(connection: &Connection) -> Result<Digest> {
    let mut statement = connection.prepare_cached(SUMS)?;
    let count = statement.column_count();
    let text = statement.query_one([], |row| {
        let values = (0..count).map(|column| row.get::<_, Option<i64>>(column));
        Ok(format!("{:?}", values.collect::<Result<Vec<_>>>()?))
    })?;
    Ok(Digest::of(text.as_bytes()))
}

/// Writes what is committed by now into an empty file. Whoever writes goes on meanwhile.
fn copy_to(connection: &Connection, file: &Path) -> Result<()> {
    connection.execute("VACUUM INTO ?1", params![file.to_string_lossy()])?;
    Ok(())
}
