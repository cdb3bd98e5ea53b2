//! The settings that decide whether a request succeeds: where one changes, what failed for it is worth another attempt.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::config::{Config, HostConfig, Robots};
use crate::model::{Digest, Reason};

/// Hexadecimal digits of a digest in a report: enough to notice a change, and too few to find a cookie by trying.
const DIGITS: usize = 8;

/// Who a request says it is: User-Agent, Referer, headers such as cookies.
const IDENTITY: &str = "identity";
/// How large an image may be.
const SIZE: &str = "size";
/// Which images count readers.
const MIN_SIDE: &str = "min_side";
/// Which addresses and URLs may be requested.
const ALLOWED: &str = "allowed";
/// How hosts are reached.
const NETWORK: &str = "network";
/// How long an answer may take.
const TIME: &str = "time";
/// Whether robots.txt counts.
const ROBOTS: &str = "robots";
/// How many redirects are followed.
const REDIRECTS: &str = "redirects";

/// What decides whether a host can be reached at all.
pub(super) const REACHABILITY: [&str; 2] = [NETWORK, TIME];

/// The settings that decide a failure of this kind; `None` where none does.
pub(super) const fn deciding(reason: Reason, status: Option<u16>) -> Option<&'static str> {
    match (reason, status) {
        (Reason::HttpStatus, Some(400..=403 | 405..=407 | 418 | 429 | 451))
        | (Reason::NotAnImage | Reason::Placeholder, _) => Some(IDENTITY),
        (Reason::TooLarge, _) => Some(SIZE),
        (Reason::TrackingPixel, _) => Some(MIN_SIDE),
        (Reason::ForbiddenAddress | Reason::BadUrl, _) => Some(ALLOWED),
        (Reason::Dns | Reason::Tls | Reason::Connect | Reason::HostDown, _) => Some(NETWORK),
        (Reason::Timeout | Reason::TooSlow, _) => Some(TIME),
        (Reason::Robots, _) => Some(ROBOTS),
        (Reason::TooManyRedirects, _) => Some(REDIRECTS),
        _ => None,
    }
}

/// Whether a failure says that the host, or the whole network, could not be reached.
pub(super) fn is_unreachable(reason: Reason) -> bool {
    deciding(reason, None).is_some_and(|group| REACHABILITY.contains(&group))
}

/// The digests of the settings that decide, by what they decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decisive(BTreeMap<&'static str, String>);

impl Decisive {
    /// Those of some settings.
    pub(super) fn new(config: &Config) -> Self {
        let fetch = &config.fetch;
        let texts = [
            (IDENTITY, identity(config)),
            (SIZE, fetch.max_bytes.0.to_string()),
            (MIN_SIDE, config.media.min_side.to_string()),
            (ALLOWED, format!("{:?} {:?} {:?} {}", fetch.allow_net, fetch.schemes, fetch.ports, fetch.max_url_length)),
            (NETWORK, format!("{} {} {:?}", fetch.proxy, fetch.ca_file.display(), fetch.resolve)),
            (TIME, time(config)),
            (ROBOTS, if fetch.robots == Robots::Respect { "respect" } else { "ignore" }.to_owned()),
            (REDIRECTS, fetch.max_redirects.to_string()),
        ];
        let digest = |text: String| Digest::of(text.as_bytes()).to_string()[..DIGITS].to_owned();
        Self(texts.into_iter().map(|(group, text)| (group, digest(text))).collect())
    }

    /// As a report has them.
    pub(super) fn digests(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(group, digest)| ((*group).to_owned(), digest.clone())).collect()
    }

    /// What is decided by other settings now. What an earlier report does not name has not changed.
    pub(super) fn changed_since(&self, last: &BTreeMap<String, String>) -> BTreeSet<&'static str> {
        let changed =
            |(group, digest): &(&&'static str, &String)| last.get(**group).is_some_and(|last| last != *digest);
        self.0.iter().filter(changed).map(|(group, _)| *group).collect()
    }
}

fn identity(config: &Config) -> String {
    let mut text = format!("{}\n{:?}\n", config.fetch.user_agent, config.fetch.referer);
    for HostConfig { host, referer, referer_value, headers, placeholders, .. } in &config.fetch.host {
        writeln!(text, "{host} {referer:?} {referer_value} {headers:?} {placeholders:?}")
            .expect("a text takes any text");
    }
    text
}

fn time(config: &Config) -> String {
    let fetch = &config.fetch;
    format!(
        "{:?} {:?} {:?} {:?} {}",
        fetch.connect_timeout, fetch.timeout, fetch.read_timeout, fetch.url_timeout, fetch.min_rate.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a change of the settings makes worth another attempt.
    fn changed(change: impl FnOnce(&mut Config)) -> Vec<&'static str> {
        let mut config = Config::default();
        let before = Decisive::new(&config).digests();
        change(&mut config);
        Decisive::new(&config).changed_since(&before).into_iter().collect()
    }

    fn host(headers: &[&str]) -> HostConfig {
        HostConfig {
            host: "a.example".to_owned(),
            group: String::new(),
            per_host: None,
            delay: None,
            referer: None,
            referer_value: String::new(),
            headers: headers.iter().map(ToString::to_string).collect(),
            placeholders: Vec::new(),
        }
    }

    #[test]
    fn a_changed_setting_is_one_for_what_it_decides_and_for_nothing_else() {
        assert_eq!(changed(|_| ()), Vec::<&str>::new());
        assert_eq!(changed(|config| config.fetch.user_agent = "me".to_owned()), [IDENTITY]);
        assert_eq!(changed(|config| config.fetch.host = vec![host(&["Cookie: a=b"])]), [IDENTITY]);
        assert_eq!(changed(|config| config.fetch.max_bytes.0 = 1), [SIZE]);
        assert_eq!(changed(|config| config.media.min_side = 1), [MIN_SIDE]);
        assert_eq!(changed(|config| config.fetch.allow_net = vec!["127.0.0.0/8".parse().unwrap()]), [ALLOWED]);
        assert_eq!(changed(|config| config.fetch.proxy = "http://p.example:1".to_owned()), [NETWORK]);
        assert_eq!(changed(|config| config.fetch.robots = Robots::Respect), [ROBOTS]);
        assert_eq!(changed(|config| config.fetch.max_redirects = 1), [REDIRECTS]);
        assert_eq!(changed(|config| config.fetch.concurrency = 1), Vec::<&str>::new());
    }

    #[test]
    fn an_archive_without_digests_has_not_changed() {
        assert!(Decisive::new(&Config::default()).changed_since(&BTreeMap::new()).is_empty());
    }

    #[test]
    fn what_is_gone_is_decided_by_no_setting() {
        for (reason, status, expected) in [
            (Reason::HttpStatus, Some(403), Some(IDENTITY)),
            (Reason::HttpStatus, Some(404), None),
            (Reason::HttpStatus, Some(500), None),
            (Reason::TooLarge, Some(200), Some(SIZE)),
            (Reason::ForbiddenAddress, None, Some(ALLOWED)),
            (Reason::Truncated, Some(200), None),
        ] {
            assert_eq!(deciding(reason, status), expected, "{reason:?} {status:?}");
        }
    }

    #[test]
    fn a_report_shows_too_little_of_a_digest_to_find_a_secret() {
        assert!(Decisive::new(&Config::default()).digests().values().all(|digest| digest.len() == DIGITS));
    }
}
