//! Columns and the values they hold.
//!
//! An invalid value becomes a [`Damaged`] inside the database library's error. [`super::error`] unpacks it again.

use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, RowIndex};
use url::Url;

use super::error::Damaged;
use crate::archive::catalog::UrlState;
use crate::model::{
    ArchiveId, ArticleKey, CaptureKind, Digest, Format, LONGEST_DETAIL, MediaType, Reason, ReferenceKind,
    RefererStrategy, RelativePath, SourceName, ThumbnailName, UrlProblem, start_of,
};

macro_rules! kept_by_name {
    ($($ty:ty, $what:literal;)*) => { $(
        impl ToSql for $ty {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }
        impl FromSql for $ty {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let name = value.as_str()?;
                Self::from_name(name).ok_or_else(|| Damaged::from_sql($what, name))
            }
        }
    )* };
}
kept_by_name! {
    ReferenceKind, "kind of reference";
    UrlProblem, "problem of a URL";
    Reason, "reason";
    RefererStrategy, "Referer strategy";
    MediaType, "media type";
    UrlState, "state of a URL";
    Format, "format";
    CaptureKind, "kind of capture";
}

macro_rules! kept_as_checked_text {
    ($($ty:ty, $what:literal;)*) => { $(
        impl ToSql for $ty {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }
        impl FromSql for $ty {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let text = value.as_str()?;
                Self::new(text).map_err(|_| Damaged::from_sql($what, text.escape_debug()))
            }
        }
    )* };
}
kept_as_checked_text! {
    RelativePath, "path of an article";
    SourceName, "name of a source";
    ThumbnailName, "name of a thumbnail";
}

/// The first and the last time of a range; of the whole calendar, where there is no range.
pub(super) fn millis_of(dates: Option<&Range<Timestamp>>) -> (i64, i64) {
    match dates {
        Some(dates) => (dates.start.as_millisecond(), dates.end.as_millisecond() - 1),
        None => (Timestamp::MIN.as_millisecond(), Timestamp::MAX.as_millisecond()),
    }
}

/// The times before and after the calendar: no row that offprint wrote has one.
pub(super) fn outside_of_calendar() -> [(i64, i64); 2] {
    let (first, last) = millis_of(None);
    [(i64::MIN, first - 1), (last + 1, i64::MAX)]
}

impl UrlState {
    const NAMES: [(Self, &str); 6] = [
        (Self::Document, "document"),
        (Self::New, "new"),
        (Self::Good, "good"),
        (Self::Failed, "failed"),
        (Self::Deferred, "deferred"),
        (Self::Retired, "retired"),
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::New => "new",
            Self::Good => "good",
            Self::Failed => "failed",
            Self::Deferred => "deferred",
            Self::Retired => "retired",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
    }
}

impl ToSql for Digest {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().as_slice().into())
    }
}

impl FromSql for Digest {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let digest = bytes.try_into().map(Self::from_bytes);
        digest.map_err(|_| Damaged::from_sql("digest", format_args!("{} bytes", bytes.len())))
    }
}

impl FromSql for ArchiveId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let id = bytes.try_into().map(|bytes| Self(u128::from_be_bytes(bytes)));
        id.map_err(|_| Damaged::from_sql("archive id", format_args!("{} bytes", bytes.len())))
    }
}

/// A moment, kept in milliseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Millis(pub(super) Timestamp);

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_millisecond().into())
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let millis = value.as_i64()?;
        Timestamp::from_millisecond(millis).map(Self).map_err(|_| Damaged::from_sql("moment", millis))
    }
}

/// A moment that may be absent, as a column takes it.
pub(super) fn millis(at: Option<Timestamp>) -> Option<Millis> {
    at.map(Millis)
}

/// The moment of a column.
pub(super) fn moment(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Timestamp> {
    Ok(row.get::<_, Millis>(column)?.0)
}

/// The moment of a column where it may be absent.
pub(super) fn moment_if_any(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<Millis>>(column)?.map(|at| at.0))
}

/// The key of an article's row.
pub(super) fn article_key(row: &Row<'_>) -> rusqlite::Result<ArticleKey> {
    Ok(ArticleKey { source: row.get("source")?, path: row.get("path")? })
}

/// The URL of a column.
pub(super) fn url_of(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Url> {
    Ok(row.get::<_, Text<Url>>(column)?.0)
}

/// The URL of a column where it may be absent.
pub(super) fn url_if_any(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<Url>> {
    Ok(row.get::<_, Option<Text<Url>>>(column)?.map(|url| url.0))
}

/// A length of time, kept in milliseconds.
#[derive(Clone, Copy)]
pub(super) struct Length(pub(super) Duration);

impl ToSql for Length {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Length {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(Duration::from_millis(value.as_i64()?.unsigned_abs())))
    }
}

/// Something kept as it prints: a URL, a socket address.
pub(super) struct Text<T>(pub(super) T);

impl<T: ToString> ToSql for Text<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_string().into())
    }
}

impl FromSql for Text<Url> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        text.parse().map(Self).map_err(|_| Damaged::from_sql("URL", text))
    }
}

impl FromSql for Text<std::net::SocketAddr> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        text.parse().map(Self).map_err(|_| Damaged::from_sql("address", text))
    }
}

/// What a failure says of itself: of one that no offprint wrote, no more is read than the longest has.
pub(super) struct Detail(pub(super) String);

impl FromSql for Detail {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(start_of(value.as_str()?, LONGEST_DETAIL)))
    }
}

macro_rules! kept_as_number {
    ($($ty:ident)*) => { $(
        impl ToSql for crate::model::$ty {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }
        impl FromSql for crate::model::$ty {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map(Self)
            }
        }
    )* };
}
kept_as_number! { ArticleId CaptureId JobId Revision RunId UrlId }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_format_is_read_back_by_its_name() {
        for (state, name) in UrlState::NAMES {
            assert_eq!((state.as_str(), UrlState::from_name(name)), (name, Some(state)));
        }
        for format in Format::ALL.iter().copied() {
            assert_eq!(Format::from_name(format.as_str()), Some(format));
        }
    }

    #[test]
    fn what_no_offprint_writes_is_refused_by_name() {
        let refused = |result: FromSqlResult<()>| result.unwrap_err().to_string();
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        assert_eq!(refused(ReferenceKind::column_result(text("imgae")).map(drop)), "kind of reference: imgae");
        assert_eq!(refused(Digest::column_result(ValueRef::Blob(b"short")).map(drop)), "digest: 5 bytes");
        assert_eq!(refused(Text::<Url>::column_result(text("no url")).map(drop)), "URL: no url");
        assert_eq!(
            refused(Millis::column_result(ValueRef::Integer(i64::MAX)).map(drop)),
            format!("moment: {}", i64::MAX)
        );
    }
}
