//! What all pages have: the head, the way to other pages, and the answer as JSON.

use askama::Template;
use hyper::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::{RoundMode, TimestampRound, ToSpan, Unit};
use serde::{Serialize, Serializer};

use super::super::error::PageError;
use super::super::policy::own;
use super::super::query::Query;
use super::super::response::{Response, whole};
use crate::archive::{CatalogError, start_of};

/// Rows of a page of a list.
pub(super) const ROWS: usize = 60;

/// The head of a page, and the pages around it.
#[derive(Debug, Clone, Default, Serialize)]
pub(in super::super) struct Frame {
    /// Which entry of the navigation it belongs to.
    #[serde(skip)]
    pub(in super::super) here: &'static str,
    pub(in super::super) title: String,
    /// The page above it.
    #[serde(skip)]
    pub(in super::super) up: Option<String>,
    pub(in super::super) previous: Option<String>,
    pub(in super::super) next: Option<String>,
    /// The rows that it leaves out since they cannot be read: each with what is wrong with it.
    pub(in super::super) unreadable: Vec<String>,
    /// The same page as JSON.
    #[serde(skip)]
    pub(in super::super) json: String,
    /// The way to the folder of the static index, from a page of it.
    #[serde(skip)]
    pub(in super::super) root: String,
    /// What is searched for.
    #[serde(skip)]
    pub(in super::super) searched: String,
}

impl Frame {
    pub(super) fn new(here: &'static str, title: impl Into<String>, query: &Query) -> Self {
        Self { here, title: title.into(), json: query.as_json(), ..Self::default() }
    }

    /// The head of a page of the static index, which lies in so many folders of it.
    pub(in super::super) fn of_file(here: &'static str, title: impl Into<String>, depth: usize) -> Self {
        Self { here, title: title.into(), root: "../".repeat(depth), ..Self::default() }
    }

    /// What was read. Of a row that cannot be read there is nothing, and the page says so.
    pub(super) fn read<T: Default>(&mut self, read: Result<T, CatalogError>) -> Result<T, PageError> {
        readable(read, &mut self.unreadable)
    }

    /// The same, with the pages around it.
    pub(in super::super) fn among(self, up: Option<String>, previous: Option<String>, next: Option<String>) -> Self {
        Self { up, previous, next, ..self }
    }
}

/// What was read. Of a row that cannot be read there is nothing, and `unreadable` says why.
pub(super) fn readable<T: Default>(
    read: Result<T, CatalogError>,
    unreadable: &mut Vec<String>,
) -> Result<T, PageError> {
    match read {
        Err(error) if error.is_of_one_row() => {
            let why = error.to_string();
            unreadable.extend((!unreadable.contains(&why)).then_some(why));
            Ok(T::default())
        }
        read => Ok(read?),
    }
}

/// The response with a page, as HTML or as JSON.
pub(super) fn respond(query: &Query, page: &(impl Template + Serialize)) -> Result<Response, PageError> {
    respond_with(StatusCode::OK, query, page)
}

/// The same, with this status.
pub(super) fn respond_with(
    status: StatusCode,
    query: &Query,
    page: &(impl Template + Serialize),
) -> Result<Response, PageError> {
    if query.wants_json() {
        let json = serde_json::to_string_pretty(page).map_err(askama::Error::custom)?;
        return Ok(whole(own(status, "application/json"), json));
    }
    Ok(whole(own(status, "text/html; charset=utf-8"), page.render()?))
}

/// A moment: for programs as RFC 3339, for people to the minute in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Moment(pub(super) Timestamp);

impl Moment {
    /// As an element of HTML. There is nothing in it to escape.
    pub(in super::super) fn html(&self) -> String {
        self.element("%Y-%m-%d %H:%M")
    }

    /// The day alone.
    pub(in super::super) fn day(&self) -> String {
        self.element("%Y-%m-%d")
    }

    fn element(&self, format: &str) -> String {
        format!("<time datetime=\"{}\">{}</time>", self.rfc3339(), self.0.strftime(format))
    }

    /// To the second.
    pub(super) fn rfc3339(&self) -> String {
        let seconds = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Trunc);
        self.0.round(seconds).unwrap_or(self.0).to_string()
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

/// The first day of a month that is written as `2026-11`.
pub(in super::super) fn month(text: &str) -> Option<Date> {
    Date::strptime("%Y-%m-%d", format!("{text}-01")).ok()
}

/// The moments of the month that begins on this day (UTC).
pub(super) fn moments_of(month: Date) -> std::ops::Range<Timestamp> {
    start_of(month)..start_of(month.saturating_add(1.month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_for_programs_and_for_people() {
        let at = Moment("2026-11-22T03:04:59.9Z".parse().unwrap());
        assert_eq!(at.html(), "<time datetime=\"2026-11-22T03:04:59Z\">2026-11-22 03:04</time>");
        assert_eq!(at.day(), "<time datetime=\"2026-11-22T03:04:59Z\">2026-11-22</time>");
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"2026-11-22T03:04:59Z\"");
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let december = moments_of(month("2026-12").unwrap());
        assert_eq!(december.end.to_string(), "2027-01-01T00:00:00Z");
        assert_eq!(moments_of(month("2027-01").unwrap()).start, december.end);
        for wrong in ["2026", "2026-13", "x", "2026-12-01", ""] {
            assert_eq!(month(wrong), None, "{wrong}");
        }
    }
}
