//! Rows that no offprint writes.

use super::received::Received;

/// A value in place of every value of a column.
#[derive(Debug, Clone)]
pub(super) struct Meddling {
    table: String,
    column: String,
    value: &'static str,
}

/// As SQL.
const VALUES: [&str; 12] = [
    "NULL",
    "-1",
    "0",
    "9223372036854775807",
    "-9223372036854775808",
    "1e308",
    "''",
    "'../../../../canary'",
    "'/etc/passwd'",
    "'a' || char(27) || ']0;x' || char(7) || char(8238) || char(10) || char(0) || 'b'",
    "CAST(x'ff00fe' AS TEXT)",
    "zeroblob(4000000)",
];

/// Every value in every column of every table.
pub(super) fn all() -> Vec<Meddling> {
    let received = Received::new();
    let catalog = received.catalog();
    let columns = "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'";
    let mut columns = catalog.prepare(columns).unwrap();
    let columns = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let columns: Vec<(String, String)> = columns.collect::<rusqlite::Result<_>>().unwrap();
    let with_each = |(table, column): &(String, String)| {
        VALUES.map(|value| Meddling { table: table.clone(), column: column.clone(), value })
    };
    columns.iter().flat_map(with_each).collect()
}

impl Meddling {
    /// Writes the value past the table's own rules, which are put back then: the file looks like any other.
    pub(super) fn make(&self, received: &Received) {
        let Self { table, column, value } = self;
        let lax = format!(
            "PRAGMA writable_schema = ON;
             CREATE TABLE saved AS SELECT name AS saved_name, sql AS saved_sql FROM sqlite_schema;
             UPDATE sqlite_schema SET sql = replace(replace(replace(sql, 'STRICT, WITHOUT', 'WITHOUT'), ') STRICT', ')'),
                 'NOT NULL', '') WHERE name = '{table}' AND type = 'table';
             PRAGMA writable_schema = OFF"
        );
        received.catalog().execute_batch(&lax).unwrap();
        // A value that another row has already may be refused: then one row has it.
        let _ = received.catalog().execute_batch(&format!("UPDATE OR IGNORE {table} SET \"{column}\" = {value}"));
        let strict = "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = (SELECT saved_sql FROM saved WHERE saved_name = name)
                 WHERE type = 'table' AND name <> 'saved';
             PRAGMA writable_schema = RESET";
        received.catalog().execute_batch(strict).unwrap();
        received.catalog().execute_batch("DROP TABLE saved; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let _ = std::fs::remove_file(received.place("catalog.db.sha256"));
    }
}
