//! The URLs that a run would request: each once, and none of a host to which requests are suspended.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use url::Url;

use super::super::error::MirrorError;
use crate::archive::Archive;
use crate::archive::rules::{Due, HostHold};
use crate::model::{Digest, HostKey};

/// URLs that are listed one by one; the counts are always whole.
const LISTED: usize = 10_000;

/// Some URLs.
#[derive(Debug, Default)]
struct Urls {
    count: u64,
    listed: Vec<String>,
}

impl Urls {
    fn push(&mut self, url: &Url) {
        self.count += 1;
        if self.listed.len() < LISTED {
            self.listed.push(url.to_string());
        }
    }

    fn append(&mut self, other: Self) {
        self.count += other.count;
        let room = LISTED - self.listed.len().min(LISTED);
        self.listed.extend(other.listed.into_iter().take(room));
    }
}

/// The URLs that a run would ask for.
#[derive(Debug, Default)]
pub(super) struct PlannedRequests {
    /// The URLs that were considered, by their digests, and whether they are requested.
    seen: HashMap<Digest, bool>,
    /// The holds of hosts.
    holds: HashMap<HostKey, HostHold>,
    /// Hosts whose circuit breakers the run closes.
    closed: HashSet<HostKey>,
    now: Timestamp,
    urls: Urls,
    /// URLs of hosts to which requests are suspended.
    held: BTreeMap<HostKey, Urls>,
}

impl PlannedRequests {
    /// Nothing yet. With `due`, a hold that a clock which was ahead wrote is ignored, as a run does.
    pub(super) async fn new(archive: Option<&Archive>, now: Timestamp, due: Option<Due>) -> Result<Self, MirrorError> {
        let hosts = match archive {
            Some(archive) => archive.catalog.hosts().await?,
            None => Vec::new(),
        };
        let hold = |hold: HostHold| due.map_or(hold, |due| hold.plausible(due));
        let holds = hosts.into_iter().map(|(host, state)| (host, hold(HostHold::of(&state)))).collect();
        Ok(Self { holds, now, ..Self::default() })
    }

    /// Whether a URL was not considered before.
    pub(super) fn is_new(&mut self, url: &Url) -> bool {
        let mut is_new = false;
        self.seen.entry(digest(url)).or_insert_with(|| {
            is_new = true;
            false
        });
        is_new
    }

    /// Adds a URL that is to be requested.
    pub(super) fn ask(&mut self, url: &Url) {
        if self.seen.insert(digest(url), true) == Some(true) {
            return;
        }
        match HostKey::of(url).filter(|host| self.is_held(host)) {
            Some(host) => self.held.entry(host).or_default().push(url),
            None => self.urls.push(url),
        }
    }

    /// The run closes the circuit breaker of the host of this URL: the user wants it requested again.
    pub(super) fn close_breaker(&mut self, url: &Url) {
        let Some(host) = HostKey::of(url) else { return };
        let is_closed = self.closed.insert(host.clone());
        if is_closed
            && !self.is_held(&host)
            && let Some(held) = self.held.remove(&host)
        {
            self.urls.append(held);
        }
    }

    fn is_held(&self, host: &HostKey) -> bool {
        let Some(hold) = self.holds.get(host) else { return false };
        let hold = if self.closed.contains(host) { hold.breaker_closed() } else { *hold };
        hold.ready_at().is_some_and(|at| at > self.now)
    }

    /// How many URLs are requested, the first of them, and how many wait for their hosts.
    pub(super) fn finish(self) -> (u64, Vec<String>, u64) {
        (self.urls.count, self.urls.listed, self.held.into_values().map(|urls| urls.count).sum())
    }
}

fn digest(url: &Url) -> Digest {
    Digest::of(url.as_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// What is requested at second 100, while `a.example` is held.
    fn asked(hold: HostHold) -> PlannedRequests {
        let holds = HashMap::from([(HostKey::of(&url("http://a.example/")).unwrap(), hold)]);
        PlannedRequests { holds, now: at(100), ..PlannedRequests::default() }
    }

    #[test]
    fn each_url_is_asked_for_once_however_often_it_is_wanted() {
        let mut asked = PlannedRequests::default();
        let (a, b) = (url("http://a.example/1"), url("http://a.example/2"));
        assert!(asked.is_new(&a) && !asked.is_new(&a));
        for wanted in [&a, &a, &b, &a] {
            asked.ask(wanted);
        }
        assert!(!asked.is_new(&b), "it was asked for");
        assert_eq!(asked.finish(), (2, vec![a.to_string(), b.to_string()], 0));
    }

    #[test]
    fn hosts_that_are_not_being_asked_keep_their_urls_unless_their_breakers_are_closed() {
        let later = Some(at(101));
        let (held, other) = (url("http://a.example/1"), url("http://b.example/1"));
        for (hold, closes, expected) in [
            (HostHold { open_until: later, ..HostHold::default() }, false, (1, 1)),
            (HostHold { open_until: later, ..HostHold::default() }, true, (2, 0)),
            (HostHold { open_until: Some(at(100)), ..HostHold::default() }, false, (2, 0)),
            (HostHold { not_before: later, ..HostHold::default() }, false, (1, 1)),
            (HostHold { not_before: later, ..HostHold::default() }, true, (1, 1)),
        ] {
            for closed_first in [true, false] {
                let mut asked = asked(hold);
                if closes && closed_first {
                    asked.close_breaker(&held);
                }
                for url in [&held, &other] {
                    asked.ask(url);
                }
                if closes && !closed_first {
                    asked.close_breaker(&held);
                }
                let (urls, listed, held) = asked.finish();
                assert_eq!((urls, held), expected, "{hold:?} {closes} {closed_first}");
                assert_eq!(listed.len() as u64, urls);
            }
        }
    }

    #[test]
    fn the_list_is_bounded_and_the_count_is_whole() {
        let mut asked = asked(HostHold { open_until: Some(at(101)), ..HostHold::default() });
        for number in 0..=LISTED {
            asked.ask(&url(&format!("http://a.example/{number}")));
            asked.ask(&url(&format!("http://b.example/{number}")));
        }
        asked.close_breaker(&url("http://a.example/"));
        let (count, listed, held) = asked.finish();
        assert_eq!((count, listed.len(), held), (2 * (LISTED as u64 + 1), LISTED, 0));
    }
}
