//! What follows the `?` of a request: filters, formats, and the place after which a page of a list begins.

use std::fmt::Display;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use url::form_urlencoded;

use super::address::with_query;
use super::error::PageError;
use crate::archive::{DatedArticle, DatedImage, MatchOrder, Ranked};
use crate::model::{ArticleId, Digest, HostKey, RunId, UrlId};

/// The parameters of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: Option<&str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The value of a parameter; none where it is empty, as that of a field of a form that was left empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The same as a value of some type.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn value<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, PageError> {
        self.read(name, |text| text.parse().ok())
    }

    /// The same, as `read` reads it.
    pub(super) fn read<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, PageError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(text).map(Some).ok_or(PageError::Parameter(name))
    }

    /// The place after which the page begins.
    pub(super) fn after<P: Place>(&self) -> Result<Option<P>, PageError> {
        self.read("after", |token| {
            let text = String::from_utf8(BASE64URL_NOPAD.decode(token.as_bytes()).ok()?).ok()?;
            P::parse(&text)
        })
    }

    /// Whether the answer is to be JSON.
    pub(super) fn wants_json(&self) -> bool {
        self.text("format") == Some("json")
    }

    /// The address of the page after this place, with the same filters.
    pub(super) fn next<P: Place>(&self, path: &str, place: Option<&P>) -> Option<String> {
        let token = BASE64URL_NOPAD.encode(place?.text().as_bytes());
        let mut kept: Vec<_> = self.pairs().filter(|(name, _)| *name != "after").collect();
        kept.push(("after", &token));
        Some(with_query(path, &kept))
    }

    /// The address of the first page, where this is another one.
    pub(super) fn first(&self, path: &str) -> Option<String> {
        self.text("after")?;
        Some(with_query(path, &self.pairs().filter(|(name, _)| *name != "after").collect::<Vec<_>>()))
    }

    /// The same page as JSON, relative to it.
    pub(super) fn as_json(&self) -> String {
        let mut kept: Vec<_> = self.pairs().filter(|(name, _)| *name != "format").collect();
        kept.push(("format", "json"));
        with_query("", &kept)
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A place in a list. Its text is in tokens, which callers do not look into.
pub(super) trait Place: Sized {
    fn text(&self) -> String;
    fn parse(text: &str) -> Option<Self>;
}

impl Place for DatedArticle {
    fn text(&self) -> String {
        dated(self.date, self.id.0)
    }

    fn parse(text: &str) -> Option<Self> {
        let (date, id) = undated(text)?;
        Some(Self { date, id: ArticleId(id.parse().ok()?) })
    }
}

impl Place for DatedImage {
    fn text(&self) -> String {
        dated(self.recorded, self.digest)
    }

    fn parse(text: &str) -> Option<Self> {
        let (recorded, digest) = undated(text)?;
        Some(Self { recorded, digest: digest.parse::<Digest>().ok()? })
    }
}

/// A place among what is found, in the order that it has there.
impl Place for MatchOrder {
    fn text(&self) -> String {
        match self {
            Self::Newest(place) => format!("n{}", place.map_or_else(String::new, |place| place.text())),
            Self::Best(place) => format!("b{}", place.map_or_else(String::new, |place| place.text())),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.split_at_checked(1)? {
            ("n", place) => DatedArticle::parse(place).map(|place| Self::Newest(Some(place))),
            ("b", place) => Ranked::parse(place).map(|place| Self::Best(Some(place))),
            _ => None,
        }
    }
}

impl Place for Ranked {
    fn text(&self) -> String {
        format!("{:016x}.{}", self.rank.to_bits(), self.id.0)
    }

    fn parse(text: &str) -> Option<Self> {
        let (rank, id) = text.split_once('.')?;
        let rank = f64::from_bits(u64::from_str_radix(rank, 16).ok()?);
        rank.is_finite().then_some(Self { rank, id: ArticleId(id.parse().ok()?) })
    }
}

impl Place for UrlId {
    fn text(&self) -> String {
        self.0.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Place for RunId {
    fn text(&self) -> String {
        self.0.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Place for HostKey {
    fn text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        Some(Self::from_stored(text.to_owned()))
    }
}

impl Place for usize {
    fn text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

fn dated(at: Timestamp, rest: impl Display) -> String {
    format!("{}.{rest}", at.as_millisecond())
}

fn undated(text: &str) -> Option<(Timestamp, &str)> {
    let (at, rest) = text.split_once('.')?;
    Some((Timestamp::from_millisecond(at.parse().ok()?).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::at;

    fn check<P: Place + PartialEq + std::fmt::Debug>(place: &P) {
        let first = Query::parse(Some("source=posts&after=x"));
        let next = first.next("/list", Some(place)).unwrap();
        assert!(next.starts_with("/list?source=posts&after="), "{next}");
        let query = Query::parse(next.split_once('?').map(|(_, query)| query));
        assert_eq!(query.after::<P>().unwrap().as_ref(), Some(place));
        assert_eq!(query.first("/list").as_deref(), Some("/list?source=posts"));
    }

    #[test]
    fn every_place_is_read_back_from_its_token() {
        check(&DatedArticle { date: at(-5), id: ArticleId(7) });
        check(&DatedImage { recorded: at(1_800_000_000), digest: Digest::of(b"x") });
        check(&UrlId(9));
        check(&MatchOrder::Newest(Some(DatedArticle { date: at(-5), id: ArticleId(7) })));
        check(&MatchOrder::Best(Some(Ranked { rank: -1.5e-6, id: ArticleId(7) })));
        check(&RunId(1));
        check(&HostKey::from_stored("例え.example:8080".to_owned()));
        check(&40_usize);
        assert_eq!(Query::default().next::<UrlId>("/list", None), None);
        assert_eq!(Query::default().first("/list"), None);
    }

    #[test]
    fn what_is_no_token_is_said() {
        for token in ["%20", "x", "!!", "MQ==", "AAAA"] {
            let query = Query::parse(Some(&format!("after={token}")));
            assert!(matches!(query.after::<DatedArticle>(), Err(PageError::Parameter("after"))), "{token}");
        }
        for place in ["", "n", "b1", "x1.1", "b7ff0000000000000.1", "雨1.1"] {
            assert_eq!(MatchOrder::parse(place), None, "{place}");
        }
        assert_eq!(Query::parse(Some("after=")).after::<UrlId>().unwrap(), None);
    }

    #[test]
    fn a_field_that_was_left_empty_is_no_filter() {
        let query = Query::parse(Some("source=&wider=12&format=json&month=x"));
        assert_eq!(query.text("source"), None);
        assert_eq!(query.value::<u32>("wider").unwrap(), Some(12));
        assert!(query.value::<u32>("month").is_err());
        assert!(query.wants_json() && !Query::parse(None).wants_json());
    }
}
