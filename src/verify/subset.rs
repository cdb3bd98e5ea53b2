//! A share of everything, so that several nights together cover all.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::model::Digest;

/// The `part`-th of `of` shares, written `n/t`. The shares are disjoint, and together they are everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subset {
    part: u32,
    of: NonZeroU32,
}

/// What was given is not `n/t`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a subset: write the number of a share and how many there are, such as \"3/30\"")]
pub struct NotASubset(String);

/// Up to the number of shards, shares consist of whole shards. Where there are more shares, each is a part of one shard.
const SHARDS: u32 = 256;

impl Subset {
    /// Everything.
    pub const ALL: Self = Self { part: 1, of: NonZeroU32::MIN };

    /// Whether any blob of a shard is in it.
    pub(super) fn covers_shard(self, shard: u8) -> bool {
        let (part, of) = (self.part - 1, self.of.get());
        if of <= SHARDS { u32::from(shard) % of == part } else { part % SHARDS == u32::from(shard) }
    }

    /// Whether a blob of a shard that it covers is in it.
    pub(super) fn covers(self, digest: Digest) -> bool {
        let [shard, a, b, c, ..] = *digest.as_bytes();
        let shares_of_shard = (self.of.get().saturating_sub(u32::from(shard))).div_ceil(SHARDS).max(1);
        u32::from_be_bytes([0, a, b, c]) % shares_of_shard == (self.part - 1) / SHARDS % shares_of_shard
    }

    /// About how many of so many articles are in it.
    pub(super) fn share(self, all: u64) -> u64 {
        all.div_ceil(u64::from(self.of.get()))
    }

    /// Whether an article is in it.
    pub(super) fn covers_row(self, id: i64) -> bool {
        id.rem_euclid(i64::from(self.of.get())) == i64::from(self.part - 1)
    }
}

impl FromStr for Subset {
    type Err = NotASubset;

    fn from_str(text: &str) -> Result<Self, NotASubset> {
        let parts = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        let (part, of): (u32, NonZeroU32) = parts.ok_or_else(|| NotASubset(text.to_owned()))?;
        let valid = (1..=of.get()).contains(&part);
        if valid { Ok(Self { part, of }) } else { Err(NotASubset(text.to_owned())) }
    }
}

impl fmt::Display for Subset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_blob_and_article_is_in_exactly_one_of_the_shares() {
        for of in [1, 2, 7, 30, 256, 257, 1000] {
            let shares: Vec<Subset> = (1..=of).map(|part| format!("{part}/{of}").parse().unwrap()).collect();
            for number in 0..500_u32 {
                let digest = Digest::of(&number.to_be_bytes());
                let shard = digest.as_bytes()[0];
                let covering = shares.iter().filter(|share| share.covers_shard(shard) && share.covers(digest)).count();
                let rows = shares.iter().filter(|share| share.covers_row(i64::from(number))).count();
                assert_eq!((covering, rows), (1, 1), "{number} of {of}");
            }
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1/4294967296"] {
            assert_eq!(text.parse::<Subset>(), Err(NotASubset(text.to_owned())), "{text}");
        }
        assert_eq!("3/30".parse::<Subset>().unwrap().to_string(), "3/30");
    }
}
