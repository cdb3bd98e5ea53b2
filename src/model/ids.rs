//! What names rows of a catalog, and the catalog itself.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);
    )* };
}

ids! {
    /// An article's row.
    ArticleId
    /// A URL's row.
    UrlId
    /// A capture's row. Captures that were recorded later have greater ones.
    CaptureId
    /// A job in the queue. Jobs that were queued later have greater ones.
    JobId
    /// A run's row.
    RunId
    /// How often an article has become stale.
    Revision
}

/// The identity of an archive: 128 random bits, made with the archive. A copy has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ArchiveId(pub u128);

impl ArchiveId {
    /// The id that is written as 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

impl fmt::Display for ArchiveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_id_is_read_back_as_it_is_written() {
        for id in [ArchiveId(0), ArchiveId(0x2a), ArchiveId(u128::MAX)] {
            assert_eq!(ArchiveId::parse(&id.to_string()), Some(id));
        }
        for text in ["", "2a", &"g".repeat(32), &"+".repeat(32), &"0".repeat(33)] {
            assert_eq!(ArchiveId::parse(text), None, "{text}");
        }
    }
}
