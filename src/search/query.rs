//! What people type: words, phrases, what is left out, and filters.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::archive::{ArticleFilter, TextQuery, start_of};
use crate::extract::Phrase;
use crate::model::{HostKey, SourceName};

/// The longest text that is searched for, in bytes.
const LONGEST: usize = 4000;
/// The most words and phrases in it.
const MOST_WORDS: usize = 32;

/// What is wrong with a text that is searched for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// It has no word.
    #[error(
        "there is no word to search for: add one that the articles have, besides filters and what they must not have"
    )]
    NoWords,
    /// A part of it has nothing that is indexed.
    #[error("{0:?} has no letter and no digit to search for: leave it out")]
    NoLetters(String),
    /// A phrase does not end.
    #[error("the phrase {0:?} does not end: close it with a quotation mark")]
    OpenPhrase(String),
    /// A filter has no value that it can have.
    #[error("{name}: cannot be {value:?}: {way_out}")]
    Filter {
        /// Which filter.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it can be.
        way_out: &'static str,
    },
    /// A filter is to be left out.
    #[error("-{0}: cannot be left out: name what is to be found, without -")]
    LeftOut(&'static str),
    /// It is too long.
    #[error("this is too long to search for: use up to {MOST_WORDS} words, and {LONGEST} bytes in all")]
    TooLong,
}

/// What is searched for: words and phrases, and the articles among which they are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct SearchQuery {
    /// The words, the source and the dates.
    pub text: TextQuery,
    /// The same source and dates, and what the articles show.
    pub articles: ArticleFilter,
}

/// The filters by their names, each with what it can be.
const FILTERS: [(&str, &str); 5] = [
    ("source", "name a source of the archive, as in source:posts"),
    ("host", "name a host of images, as in host:img.example.org"),
    ("before", "name a year, a month or a day, as in before:2026-11"),
    ("after", "name a year, a month or a day, as in after:2026-11-22"),
    ("missing", "the one value is yes, as in missing:yes"),
];

/// One part of what people type.
struct Part<'a> {
    is_left_out: bool,
    /// The index of its filter.
    filter: Option<usize>,
    value: &'a str,
}

impl SearchQuery {
    /// Reads what people type: words with white space between them; `"…"` for a phrase; `-` before what articles must not
    /// have; and the filters `source:`, `host:`, `before:`, `after:` and `missing:`.
    ///
    /// # Errors
    /// [`QueryError`], which says what to type instead.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > LONGEST {
            return Err(QueryError::TooLong);
        }
        let (mut query, mut rest) = (Self::default(), text.trim_start());
        while !rest.is_empty() {
            let (part, after) = part(rest)?;
            query.add(&part, &rest[..rest.len() - after.len()])?;
            rest = after.trim_start();
        }
        if query.text.with.is_empty() {
            return Err(QueryError::NoWords);
        }
        if query.text.with.len() + query.text.without.len() > MOST_WORDS {
            return Err(QueryError::TooLong);
        }
        query.text.source.clone_from(&query.articles.source);
        query.text.dates.clone_from(&query.articles.dates);
        Ok(query)
    }

    /// The phrases that articles have.
    pub fn phrases(&self) -> &[Phrase] {
        &self.text.with
    }

    /// Whether the articles are also chosen by what they show, which the index does not know.
    pub(super) const fn is_by_images(&self) -> bool {
        self.articles.missing || self.articles.host.is_some()
    }

    fn add(&mut self, part: &Part<'_>, typed: &str) -> Result<(), QueryError> {
        let Some(filter) = part.filter else {
            let phrase = Phrase::new(part.value).ok_or_else(|| QueryError::NoLetters(typed.to_owned()))?;
            let phrases = if part.is_left_out { &mut self.text.without } else { &mut self.text.with };
            phrases.push(phrase);
            return Ok(());
        };
        let (name, way_out) = FILTERS[filter];
        if part.is_left_out {
            return Err(QueryError::LeftOut(name));
        }
        self.filter(name, part.value).ok_or_else(|| QueryError::Filter { name, value: part.value.to_owned(), way_out })
    }

    fn filter(&mut self, name: &str, value: &str) -> Option<()> {
        let dates = self.articles.dates.clone().unwrap_or(Timestamp::MIN..Timestamp::MAX);
        match name {
            "source" => self.articles.source = Some(SourceName::new(value).ok()?),
            "host" if !value.is_empty() => self.articles.host = Some(HostKey::from_stored(value.to_ascii_lowercase())),
            "before" => self.articles.dates = Some(dates.start..dates.end.min(start_of(day(value)?))),
            "after" => self.articles.dates = Some(dates.start.max(start_of(day(value)?))..dates.end),
            "missing" if value == "yes" => self.articles.missing = true,
            _ => return None,
        }
        Some(())
    }
}

/// The first part of a text, and what follows it.
fn part(text: &str) -> Result<(Part<'_>, &str), QueryError> {
    let bare = text.strip_prefix('-').filter(|rest| !rest.is_empty());
    let (is_left_out, mut rest) = (bare.is_some(), bare.unwrap_or(text));
    let named = |(name, _): &(&str, &str)| {
        let start = rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        start && rest[name.len()..].starts_with(':')
    };
    let filter = FILTERS.iter().position(named);
    if let Some(filter) = filter {
        rest = &rest[FILTERS[filter].0.len() + 1..];
    }
    let is_quote = |c: char| matches!(c, '"' | '“' | '”');
    let (value, after) = match rest.strip_prefix(is_quote) {
        Some(phrase) => phrase.split_once(is_quote).ok_or_else(|| QueryError::OpenPhrase(phrase.to_owned()))?,
        None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
    };
    Ok((Part { is_left_out, filter, value }, after))
}

/// The first day of a year, of a month, or the day itself.
fn day(text: &str) -> Option<Date> {
    let whole = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    Date::strptime("%Y-%m-%d", whole).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> SearchQuery {
        SearchQuery::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn terms(phrases: &[Phrase]) -> Vec<String> {
        phrases.iter().map(|phrase| phrase.terms().join(" ")).collect()
    }

    #[test]
    fn words_phrases_and_what_is_left_out_are_read_as_they_are_meant() {
        for (text, with, without) in [
            ("rain", &["rain"][..], &[][..]),
            ("  Rain\u{3000}雨天 ", &["rain", "雨天"], &[]),
            ("\"night  market\" -rain", &["night market"], &["rain"]),
            ("“night market” -\"after rain\"", &["night market"], &["after rain"]),
            ("\"a\"\"b\"c", &["a", "b", "c"], &[]),
            ("gen-itgc http://a.example/x", &["gen itgc", "http a example x"], &[]),
            ("x OR y AND NOT z*", &["x", "or", "y", "and", "not", "z"], &[]),
            ("a\0b", &["a b"], &[]),
            ("title:x", &["title x"], &[]),
        ] {
            let query = parsed(text);
            assert_eq!(terms(&query.text.with), with, "{text}");
            assert_eq!(terms(&query.text.without), without, "{text}");
            assert_eq!(query.articles, ArticleFilter::default(), "{text}");
        }
    }

    #[test]
    fn filters_choose_the_articles() {
        let query =
            parsed("rain source:posts Host:IMG.example:8080 missing:yes after:2025 before:2026-11 before:2026-11-22");
        assert!(query.articles.missing && query.is_by_images());
        assert_eq!(query.articles.source.as_deref(), Some("posts"));
        assert_eq!(query.articles.host, Some(HostKey::from_stored("img.example:8080".to_owned())));
        let dates = query.articles.dates.unwrap();
        assert_eq!(dates.start.to_string(), "2025-01-01T00:00:00Z");
        assert_eq!(dates.end.to_string(), "2026-11-01T00:00:00Z", "the earlier of two counts");
        assert_eq!(query.text.dates, Some(dates));
        assert_eq!(query.text.source, query.articles.source);
        assert!(!parsed("rain source:\"posts\"").is_by_images());
    }

    #[test]
    fn what_cannot_be_searched_for_says_what_to_type() {
        let many = "a ".repeat(MOST_WORDS + 1);
        let long = "a".repeat(1 << 20);
        for (text, error) in [
            ("", "no word"),
            (" \t", "no word"),
            ("source:posts", "no word"),
            ("-rain", "no word"),
            ("-", "\"-\" has no letter"),
            ("rain -。。", "\"-。。\" has no letter"),
            ("\"\"", "has no letter"),
            ("rain \"night market", "close it with a quotation mark"),
            ("-source:posts rain", "-source: cannot be left out"),
            ("rain source:", "source: cannot be \"\": name a source"),
            ("rain source:Ä/..", "name a source"),
            ("rain host:", "name a host"),
            ("rain before:tomorrow", "before: cannot be \"tomorrow\": name a year"),
            ("rain after:2026-13", "name a year"),
            ("rain missing:no", "the one value is yes"),
            (&many, "up to 32 words"),
            (&long, "up to 32 words"),
        ] {
            let refused = SearchQuery::parse(text).err().unwrap_or_else(|| panic!("accepted: {text}")).to_string();
            assert!(refused.contains(error), "{text:.50}: {refused}");
        }
    }

    proptest! {
        /// Whatever is typed is read or refused, and every term is made of letters and digits.
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}|[\"“a雨:\\-\\* 0souxrce]{0,60}") {
            if let Ok(query) = SearchQuery::parse(&text) {
                let all = query.text.with.iter().chain(&query.text.without);
                for term in all.flat_map(Phrase::terms) {
                    prop_assert!(!term.contains(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()), "{term:?}");
                }
            }
        }
    }
}
