//! A catalog with many rows, for the tests of lists.

use std::path::Path;

use rusqlite::{Connection, Result};

use super::migrate;

/// A catalog with so many articles, each with an image that is missing, and as many images that are kept.
pub(super) fn filled(count: i64) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.set_prepared_statement_cache_capacity(128);
    migrate::migrate(&connection, Path::new("in memory"), migrate::MIGRATIONS).unwrap();
    let sql = "INSERT INTO host (id, key) VALUES (1, 'a.example');
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < COUNT)
            INSERT INTO url (id, url, host_id, state, reason)
            SELECT i, 'https://a.example/' || i, 1, 'failed', 'dns' FROM n;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < COUNT)
            INSERT INTO article (id, source, path, original, size, modified, inode, format, settings, published, read_at)
            SELECT i, 'posts', i || '.md', zeroblob(32), 1, 1, 1, 'md', zeroblob(32), i * 1000, 1 FROM n;
        INSERT INTO reference (article_id, ord, start, \"end\", kind, name, image_group, url_id)
            SELECT id, 0, 0, 1, 'image', 'src', 0, id FROM url;
        INSERT INTO blob (digest, media_type, size, created)
            SELECT unhex(printf('%064x', id)), 'png', 1, id * 1000 FROM url;
        INSERT INTO asset (digest, media_type, width, height, orientation, frames, alpha, bit_depth, color_space, truncated)
            SELECT digest, media_type, 9, 9, 1, 1, 0, 8, 'rgb', 0 FROM blob;";
    connection.execute_batch(&sql.replace("COUNT", &count.to_string())).unwrap();
    connection
}

/// How the database finds the rows of a statement.
pub(super) fn plan(connection: &Connection, sql: &str) -> String {
    let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let lines = explained.raw_query().mapped(|row| row.get::<_, String>("detail"));
    lines.collect::<Result<Vec<_>>>().unwrap().join("; ")
}
