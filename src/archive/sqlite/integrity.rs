//! Whether the catalog's file is sound.

use rusqlite::{Connection, Result};

/// The most rows without what they refer to that are reported.
const MOST_DANGLING: usize = 1000;

/// What triggers count: a statement that finds a row where the count is wrong, and what is counted.
const COUNTED: [(&str, &str); 3] = [
    (
        "SELECT 1 FROM host LEFT JOIN (SELECT host_id, count(*) AS jobs FROM job GROUP BY host_id)
             ON host_id = id WHERE pending <> coalesce(jobs, 0)
         UNION ALL SELECT 1 FROM article a LEFT JOIN (SELECT article_id, count(DISTINCT url_id) AS urls
             FROM job JOIN reference USING (url_id) GROUP BY article_id) ON article_id = a.id
             WHERE a.waiting <> coalesce(urls, 0)",
        "counts of jobs",
    ),
    ("SELECT * FROM counted EXCEPT SELECT * FROM total", "sums"),
    (
        "SELECT * FROM counted_rendered EXCEPT SELECT * FROM rendered
         UNION ALL SELECT * FROM (SELECT * FROM rendered WHERE assets <> 0 EXCEPT SELECT * FROM counted_rendered)",
        "counts of thumbnails",
    ),
];

/// The database's own checks: of its pages and indexes, of rows that name others, and of what triggers count.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>> {
    let mut found: Vec<String> =
        connection.prepare("PRAGMA integrity_check")?.query_map([], |row| row.get(0))?.collect::<Result<_>>()?;
    found.retain(|line| line != "ok");
    found.extend(dangling(connection)?);
    for (is_wrong, what) in COUNTED {
        if connection.prepare(is_wrong)?.exists([])? {
            found.push(format!("its {what} are not those of its rows"));
        }
    }
    Ok(found)
}

/// Rows that name others which are not there.
fn dangling(connection: &Connection) -> Result<Vec<String>> {
    let mut check = connection.prepare("PRAGMA foreign_key_check")?;
    let dangling = check.query_map([], |row| {
        let (table, other): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!("a row of {table} names one of {other} that is not there"))
    })?;
    dangling.take(MOST_DANGLING).collect()
}
