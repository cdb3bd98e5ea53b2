//! Which articles match.

use std::time::Duration;

use rusqlite::types::ToSql;
use rusqlite::{Connection, Result, Row, named_params};

use super::super::codec::{millis_of, moment};
use crate::archive::catalog::DatedArticle;
use crate::archive::search_index::{MOST_MATCHES, MatchOrder, Ranked, TextMatch, TextMatches, TextQuery, WEIGHTS};
use crate::extract::Phrase;

/// After this time a search is stopped.
pub(super) const TIME: Duration = Duration::from_secs(2);

/// Which rows are meant.
const MEANT: &str = "entry MATCH :match AND (:source IS NULL OR i.source = :source) AND i.date BETWEEN :from AND :to";
/// The rows of the texts, each with its article.
const OF_TEXTS: &str = "entry CROSS JOIN indexed i ON i.article_id = entry.rowid";
/// The articles, each with its text: where most articles match, the newest are found sooner.
const OF_ARTICLES: &str = "indexed i CROSS JOIN entry ON entry.rowid = i.article_id";
pub(super) fn matches(
    connection: &Connection,
    query: &TextQuery,
    order: MatchOrder,
    limit: usize,
) -> Result<TextMatches> {
    let text = expression(query);
    let (from, to) = millis_of(query.dates.as_ref());
    let meant: [(&str, &dyn ToSql); 4] =
        [(":match", &text), (":source", &query.source), (":from", &from), (":to", &to)];
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {OF_TEXTS} WHERE {MEANT} LIMIT {})", MOST_MATCHES + 1);
    let count: u64 = connection.prepare(&sql)?.query_one(&meant[..], |row| row.get(0))?;
    let mut rows = match order {
        MatchOrder::Newest(before) => newest(connection, &meant, count > MOST_MATCHES, before, limit + 1)?,
        MatchOrder::Best(after) => best(connection, &meant, after, limit + 1)?,
    };
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok(TextMatches { rows, has_more, count })
}

fn newest(
    connection: &Connection,
    meant: &[(&str, &dyn ToSql)],
    are_many: bool,
    before: Option<DatedArticle>,
    limit: usize,
) -> Result<Vec<TextMatch>> {
    let rows = if are_many { OF_ARTICLES } else { OF_TEXTS };
    let sql = format!(
        "SELECT i.article_id, i.original, i.date FROM {rows} WHERE {MEANT} AND (i.date, i.article_id) < (:date, :id)
         ORDER BY i.date DESC, i.article_id DESC LIMIT :limit"
    );
    let (date, id) = before.map_or((i64::MAX, i64::MAX), |before| (before.date.as_millisecond(), before.id.0));
    let place = |row: &Row<'_>| Ok(MatchOrder::Newest(Some(DatedArticle { date: moment(row, 2)?, id: row.get(0)? })));
    rows_of(connection, &sql, meant, named_params! { ":date": date, ":id": id, ":limit": limit }, place)
}

fn best(
    connection: &Connection,
    meant: &[(&str, &dyn ToSql)],
    after: Option<Ranked>,
    limit: usize,
) -> Result<Vec<TextMatch>> {
    let [title, text, caption] = WEIGHTS;
    let rank = format!("bm25(entry, {text}, {title}, {caption})");
    let sql = format!(
        "SELECT * FROM (SELECT i.article_id AS id, i.original, {rank} AS rank FROM {OF_TEXTS} WHERE {MEANT})
         WHERE (rank, id) > (:rank, :id) ORDER BY rank, id LIMIT :limit"
    );
    let (rank, id) = after.map_or((f64::MIN, 0), |after| (after.rank, after.id.0));
    let place = |row: &Row<'_>| Ok(MatchOrder::Best(Some(Ranked { rank: row.get(2)?, id: row.get(0)? })));
    rows_of(connection, &sql, meant, named_params! { ":rank": rank, ":id": id, ":limit": limit }, place)
}

fn rows_of(
    connection: &Connection,
    sql: &str,
    meant: &[(&str, &dyn ToSql)],
    page: &[(&str, &dyn ToSql)],
    place: impl Fn(&Row<'_>) -> Result<MatchOrder>,
) -> Result<Vec<TextMatch>> {
    let parameters: Vec<_> = meant.iter().chain(page).copied().collect();
    let read = |row: &Row<'_>| Ok(TextMatch { id: row.get(0)?, original: row.get(1)?, place: place(row)? });
    connection.prepare(sql)?.query_map(&parameters[..], read)?.collect()
}

/// The query as FTS5 takes it. Its terms hold letters and digits alone: none can end its quotes.
fn expression(query: &TextQuery) -> String {
    let all = |phrases: &[Phrase], operator: &str| phrases.iter().map(quoted).collect::<Vec<_>>().join(operator);
    let with = all(&query.with, " AND ");
    match all(&query.without, " OR ") {
        without if without.is_empty() => with,
        without => format!("({with}) NOT ({without})"),
    }
}

fn quoted(phrase: &Phrase) -> String {
    format!("\"{}\"{}", phrase.terms().join(" "), if phrase.is_prefix() { " *" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(texts: &[&str]) -> Vec<Phrase> {
        texts.iter().map(|text| Phrase::new(text).unwrap()).collect()
    }

    #[test]
    fn every_phrase_is_quoted_and_holds_nothing_that_ends_its_quotes() {
        for (with, without, expected) in [
            (&["rain"][..], &[][..], "\"rain\""),
            (&["night market", "树"], &[], "\"night market\" AND \"树\" *"),
            (&["操作系统"], &["a", "b c"], "(\"操作 作系 系统\") NOT (\"a\" OR \"b c\")"),
            (&["\" OR x:* NEAR(\"", "^a + {b}"], &[], "\"or x near\" AND \"a b\""),
            (&["AND", "OR", "NOT"], &["NEAR"], "(\"and\" AND \"or\" AND \"not\") NOT (\"near\")"),
        ] {
            let query = TextQuery { with: phrases(with), without: phrases(without), ..TextQuery::default() };
            assert_eq!(expression(&query), expected, "{with:?} without {without:?}");
        }
    }
}
