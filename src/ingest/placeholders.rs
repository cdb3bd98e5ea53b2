//! Which images hosts are known to send in place of others, and which genuine ones they send for several URLs.

use std::collections::HashMap;

use crate::archive::{PlaceholderVerdict, SharedBlob};
use crate::locks::{Mutex, MutexGuard};
use crate::model::{Digest, HostKey};

/// So many genuine shared blobs prove a host honest.
const PROVEN: usize = 3;

/// What is known of blobs that hosts send for several URLs, while requests to these hosts are under way.
#[derive(Debug, Default)]
pub struct KnownPlaceholders {
    known: Mutex<HashMap<HostKey, HashMap<Digest, SharedBlob>>>,
}

impl KnownPlaceholders {
    fn known(&self) -> MutexGuard<'_, HashMap<HostKey, HashMap<Digest, SharedBlob>>> {
        // Nothing that is done under this lock panics in the middle of a change.
        self.known.lock()
    }

    /// Notes more of what some bytes of a host are.
    pub fn learn(&self, host: &HostKey, digest: Digest, more: SharedBlob) {
        let mut known = self.known();
        let shared = known.entry(host.clone()).or_default().entry(digest).or_default();
        shared.verdict = more.verdict.or(shared.verdict);
        shared.replaces_others |= more.replaces_others;
    }

    /// Drops what is known of a host to which no more requests are sent.
    pub fn forget(&self, host: &HostKey) {
        self.known().remove(host);
    }

    /// Whether a host has proven honest: so many of its shared blobs turned out to be genuine, and none a placeholder.
    pub fn is_honest(&self, host: &HostKey) -> bool {
        self.known().get(host).is_some_and(|known| is_honest(known.values()))
    }

    /// What is known of some bytes of a host.
    pub fn get(&self, host: &HostKey, digest: Digest) -> SharedBlob {
        self.known().get(host).and_then(|known| known.get(&digest)).copied().unwrap_or_default()
    }
}

/// Whether what is known of a host's shared blobs proves it honest.
pub fn is_honest<'a>(known: impl Iterator<Item = &'a SharedBlob>) -> bool {
    let mut genuine = 0;
    for shared in known {
        if shared.replaces_others || shared.verdict == Some(PlaceholderVerdict::Placeholder) {
            return false;
        }
        genuine += usize::from(shared.verdict == Some(PlaceholderVerdict::Genuine));
    }
    genuine >= PROVEN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_known_of_one_host_and_only_grows() {
        let placeholders = KnownPlaceholders::default();
        let host = |name: &str| HostKey::from_stored(name.to_owned());
        let digest = Digest::of(b"do not hotlink");
        let learn = |more| placeholders.learn(&host("a.example"), digest, more);
        learn(SharedBlob { verdict: Some(PlaceholderVerdict::Genuine), replaces_others: false });
        learn(SharedBlob { verdict: None, replaces_others: true });
        let both = SharedBlob { verdict: Some(PlaceholderVerdict::Genuine), replaces_others: true };
        assert_eq!(placeholders.get(&host("a.example"), digest), both);
        learn(SharedBlob { verdict: Some(PlaceholderVerdict::Placeholder), replaces_others: false });
        assert_eq!(placeholders.get(&host("a.example"), digest).verdict, Some(PlaceholderVerdict::Placeholder));
        assert_eq!(placeholders.get(&host("b.example"), digest), SharedBlob::default());
        placeholders.forget(&host("a.example"));
        assert_eq!(placeholders.get(&host("a.example"), digest), SharedBlob::default());
    }

    #[test]
    fn a_host_is_honest_by_what_was_proven_and_one_lie_undoes_it() {
        let shared = |verdict, replaces_others| SharedBlob { verdict, replaces_others };
        let genuine = shared(Some(PlaceholderVerdict::Genuine), false);
        let unknown = shared(None, false);
        let placeholder = shared(Some(PlaceholderVerdict::Placeholder), false);
        let replacing = shared(Some(PlaceholderVerdict::Genuine), true);
        for (known, expected) in [
            (vec![], false),
            (vec![genuine; PROVEN - 1], false),
            (vec![unknown; 50], false),
            (vec![genuine; PROVEN], true),
            ([vec![genuine; PROVEN], vec![unknown; 9]].concat(), true),
            ([vec![genuine; 90], vec![placeholder]].concat(), false),
            ([vec![genuine; 90], vec![replacing]].concat(), false),
        ] {
            assert_eq!(is_honest(known.iter()), expected, "{known:?}");
        }
        let placeholders = KnownPlaceholders::default();
        let host = HostKey::from_stored("a.example".to_owned());
        assert!(!placeholders.is_honest(&host), "nothing is known of it");
        for number in 0..PROVEN {
            placeholders.learn(&host, Digest::of(&[u8::try_from(number).unwrap()]), genuine);
        }
        assert!(placeholders.is_honest(&host));
        placeholders.learn(&host, Digest::of(b"x"), placeholder);
        assert!(!placeholders.is_honest(&host));
    }
}
