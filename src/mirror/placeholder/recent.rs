//! What hosts sent lately.

use std::collections::{HashMap, VecDeque};

use crate::locks::Mutex;
use crate::model::{Digest, HostKey};

/// How many of a host's newest captures are examined.
const RECENT: usize = 64;

/// The newest captures of each host, while requests to it are under way.
#[derive(Debug, Default)]
pub(super) struct RecentCaptures(Mutex<HashMap<HostKey, VecDeque<Digest>>>);

/// How many of a host's newest captures are one blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// Those that are.
    pub(super) same: usize,
    /// All of them.
    pub(super) of: usize,
}

impl RecentCaptures {
    /// Notes what a host sent just now.
    pub(super) fn note(&self, host: HostKey, digest: Digest) {
        let mut hosts = self.0.lock();
        let recent = hosts.entry(host).or_default();
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back(digest);
    }

    /// Drops what is known of a host to which no more requests are sent.
    pub(super) fn forget(&self, host: &HostKey) {
        self.0.lock().remove(host);
    }

    /// How many of a host's newest captures are this blob; `None` if none is known.
    pub(super) fn share(&self, host: &HostKey, digest: Digest) -> Option<Share> {
        let hosts = self.0.lock();
        let recent = hosts.get(host)?;
        Some(Share { same: recent.iter().filter(|other| **other == digest).count(), of: recent.len() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_newest_captures_of_a_host_count() {
        let recent = RecentCaptures::default();
        let host = |name: &str| HostKey::from_stored(name.to_owned());
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        (0..RECENT).for_each(|_| recent.note(host("a.example"), old));
        (0..10).for_each(|_| recent.note(host("a.example"), new));
        assert_eq!(recent.share(&host("a.example"), old), Some(Share { same: RECENT - 10, of: RECENT }));
        assert_eq!(recent.share(&host("a.example"), new), Some(Share { same: 10, of: RECENT }));
        assert_eq!(recent.share(&host("b.example"), new), None);
        recent.forget(&host("a.example"));
        assert_eq!(recent.share(&host("a.example"), new), None);
    }

    proptest! {
        /// The shares of all blobs add up to what was sent lately, and each host is counted by itself.
        #[test]
        fn shares_add_up_to_what_was_sent(sent in prop::collection::vec((0..2_usize, 0..4_u16), 0..200)) {
            let recent = RecentCaptures::default();
            let host = |at: usize| HostKey::from_stored(format!("{at}.example"));
            for (at, bytes) in &sent {
                recent.note(host(*at), Digest::of(&bytes.to_be_bytes()));
            }
            for at in 0..2 {
                let of_host: Vec<_> = sent.iter().filter(|(other, _)| *other == at).map(|(_, bytes)| *bytes).collect();
                let newest = &of_host[of_host.len().saturating_sub(RECENT)..];
                for bytes in 0..4 {
                    let share = recent.share(&host(at), Digest::of(&u16::to_be_bytes(bytes)));
                    let same = newest.iter().filter(|other| **other == bytes).count();
                    let expected = (!newest.is_empty()).then_some(Share { same, of: newest.len() });
                    prop_assert_eq!(share, expected);
                }
            }
        }
    }
}
