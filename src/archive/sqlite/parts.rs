//! The parts of a catalog's file: the tables, indexes, triggers and views of its version, and nothing else.
//!
//! The file may come from somebody else. A trigger in it would run whenever a row is written, and a view could stand
//! where a table should.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use rusqlite::{Connection, Result};

use super::error::catalog_error;
use super::migrate::{MIGRATIONS, apply};
use crate::archive::catalog::CatalogError;
use crate::model::Digest;

/// The definition of each part, as a list of tokens, by its kind and name.
type Parts = BTreeMap<(String, String), Vec<String>>;

/// The [`digest`] of the parts of the newest version. Every command compares it: to run all migrations in memory would
/// take it longer than its work.
const NEWEST: &str = "b3a2aed9c6e3b471c9aed03638d42a93f396e8dcd80ae952a58f3a0f7c175b5b";

/// The tables and indexes that the database makes for itself.
const DEFINED: &str = "SELECT type, name, sql FROM sqlite_schema
    WHERE NOT (type = 'index' AND sql IS NULL) AND name NOT IN ('sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4')";

/// Refuses a file of this version with a further, missing or different part.
pub(super) fn check(connection: &Connection, path: &Path, version: usize) -> std::result::Result<(), CatalogError> {
    let failed = |error| catalog_error(path, &error);
    let found = parts(connection).map_err(failed)?;
    if version == MIGRATIONS.len() && digest(&found).to_string() == NEWEST {
        return Ok(());
    }
    let expected = expected(version).map_err(failed)?;
    let foreign = found.iter().find(|(name, definition)| expected.get(*name) != Some(*definition));
    let difference = match foreign {
        Some(((kind, name), _)) => format!("its {kind} \"{name}\" is none that offprint makes"),
        None => match expected.keys().find(|name| !found.contains_key(*name)) {
            Some((kind, name)) => format!("it lacks the {kind} \"{name}\""),
            None => return Ok(()),
        },
    };
    Err(CatalogError::Foreign { place: path.display().to_string(), difference })
}

fn parts(connection: &Connection) -> Result<Parts> {
    let mut statement = connection.prepare(DEFINED)?;
    let part = |row: &rusqlite::Row<'_>| {
        let definition: String = row.get::<_, Option<_>>(2)?.unwrap_or_default();
        let mut tokens = tokens(&definition);
        // The database reads no further than to the first NUL, which may stand in a comment.
        tokens.extend(definition.contains('\0').then(|| "\0".to_owned()));
        Ok(((row.get(0)?, row.get(1)?), tokens))
    };
    statement.query_map([], part)?.collect()
}

/// One digest of all parts. Each text comes after its length, and the tokens of a part after their number, so that no two
/// lists of parts are written alike.
fn digest(parts: &Parts) -> Digest {
    let of_one = |((kind, name), tokens): (&(String, String), &Vec<String>)| {
        let texts = [kind, name].into_iter().chain(tokens).map(|text| format!("{}:{text}", text.len()));
        texts.fold(format!("{} ", tokens.len()), |all, text| all + &text)
    };
    Digest::of(parts.iter().map(of_one).collect::<String>().as_bytes())
}

/// The parts of a version, as the migrations up to it make them.
fn expected(version: usize) -> Result<&'static Parts> {
    static MADE: [OnceLock<Parts>; MIGRATIONS.len()] = [const { OnceLock::new() }; MIGRATIONS.len()];
    let made = &MADE[version.clamp(1, MIGRATIONS.len()) - 1];
    if made.get().is_none() {
        let connection = Connection::open_in_memory()?;
        for (index, sql) in MIGRATIONS.iter().enumerate().take(version) {
            apply(&connection, index + 1, sql)?;
        }
        // Another thread may have been quicker, with the same.
        let _ = made.set(parts(&connection)?);
    }
    Ok(made.get().expect("it was set above"))
}

/// A definition without its comments, spaces, and the quotes that renaming puts around names.
fn tokens(sql: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), sql.trim_start());
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(token_length(rest, first));
        let is_comment = token.starts_with("--") || token.starts_with("/*");
        if !is_comment {
            found.push(unquoted(token).to_owned());
        }
        rest = after.trim_start();
    }
    found
}

/// The length of the token that a text begins with.
fn token_length(text: &str, first: char) -> usize {
    let upto = |end: &str, after: usize| text[after..].find(end).map_or(text.len(), |at| after + at + end.len());
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match first {
        '-' if text.starts_with("--") => upto("\n", 2),
        '/' if text.starts_with("/*") => upto("*/", 2),
        '\'' | '"' => upto(&first.to_string(), 1),
        c if is_word(c) => text.find(|c| !is_word(c)).unwrap_or(text.len()),
        c => c.len_utf8(),
    }
}

/// A plain name without the quotes around it.
fn unquoted(token: &str) -> &str {
    let name = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let is_plain = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    name.filter(is_plain).unwrap_or(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for (index, sql) in MIGRATIONS.iter().enumerate() {
            apply(&connection, index + 1, sql).unwrap();
        }
        connection
    }

    /// Writes over a row of the schema itself.
    fn rewritten(set: &str) -> String {
        format!("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET {set} WHERE name = 'job_ends'")
    }

    fn found(sql: &str) -> String {
        let connection = newest();
        connection.execute_batch(sql).unwrap();
        let checked = check(&connection, Path::new("catalog.db"), MIGRATIONS.len());
        checked.map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn what_the_migrations_make_is_accepted_and_nothing_else_is() {
        assert_eq!(found("ANALYZE"), "");
        for (sql, part) in [
            ("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM blob; END", "trigger \"t\""),
            ("CREATE VIEW v AS SELECT 1", "view \"v\""),
            ("CREATE TABLE more (x)", "table \"more\""),
            ("CREATE INDEX i ON run (began)", "index \"i\""),
            ("ALTER TABLE run ADD COLUMN more TEXT", "table \"run\""),
            ("DROP TRIGGER job_ends", "it lacks the trigger \"job_ends\""),
            ("DROP TABLE feed; CREATE VIEW feed AS SELECT 1", "view \"feed\""),
            (&rewritten("type = type || char(0) || 'x'"), "trigger\0x \"job_ends\""),
            (&rewritten("sql = sql || ' /*' || char(0) || '*/'"), "trigger \"job_ends\""),
        ] {
            let said = found(sql);
            assert!(said.contains(part) && said.contains("catalog.db"), "{sql}: {said}");
        }
    }

    #[test]
    fn the_newest_parts_are_those_that_the_migrations_make() {
        assert_eq!(
            digest(&parts(&newest()).unwrap()).to_string(),
            NEWEST,
            "the schema has changed: NEWEST is the left one"
        );
        let of = |sql: &str| digest(&BTreeMap::from([(("table".to_owned(), "a".to_owned()), tokens(sql))]));
        assert_ne!(of("CREATE TABLE a (b)"), of("CREATE TABLE a (b, c)"));
        assert_eq!(of("CREATE TABLE a(b)"), of("CREATE TABLE \"a\" ( b )"));
    }

    #[test]
    fn definitions_are_compared_by_what_they_mean() {
        assert_eq!(
            tokens("CREATE TABLE \"a\" (b, -- a comment\n 'c  d' /* more */)"),
            tokens("CREATE TABLE a(b,'c  d')")
        );
        assert_ne!(tokens("a'--'b"), tokens("a'--\n'b"));
        assert_ne!(tokens("ab"), tokens("a b"));
        assert_ne!(tokens("'a -- b'"), tokens("'a'"));
        assert_eq!(tokens("'x"), ["'x"]);
    }

    #[test]
    fn no_two_lists_of_parts_have_one_digest() {
        let part = |kind: &str, name: &str, tokens: &[&str]| {
            ((kind.to_owned(), name.to_owned()), tokens.iter().map(|token| (*token).to_owned()).collect())
        };
        let lists = [
            vec![part("table", "a", &["x", "y"])],
            vec![part("table", "a", &["xy"])],
            vec![part("table", "ax", &["y"])],
            vec![part("tablea", "x", &["y"])],
            vec![part("table", "a", &["x"]), part("table", "y", &[])],
            vec![part("table", "a", &["x", "1:y"])],
            vec![part("table\0a", "x", &["y"])],
        ];
        let digests: std::collections::BTreeSet<_> =
            lists.iter().map(|list| digest(&list.iter().cloned().collect())).collect();
        assert_eq!(digests.len(), lists.len());
    }
}
