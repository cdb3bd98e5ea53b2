//! The settings that decide whether a request succeeds: when one changes, URLs that failed because of it are tried
//! again.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Config, FetchConfig, HostConfig, Recheck, RobotsRule};
use crate::model::{Digest, Reason};

/// Hexadecimal digits of a digest in a report: enough to notice a change, and too few to find a cookie by trying.
const DIGITS: usize = 8;

/// Who a request says it is: User-Agent, Referer, headers such as cookies.
const IDENTITY: &str = "identity";
/// How large an image may be.
const SIZE: &str = "size";
/// Which images count readers.
const MIN_SIDE: &str = "min_side";
/// Which IP addresses and URLs may be requested.
const ALLOWED: &str = "allowed";
/// How hosts are reached.
const NETWORK: &str = "network";
/// How long an answer may take.
const TIME: &str = "time";
/// Whether robots.txt counts.
const ROBOTS: &str = "robots";
/// How many redirects are followed.
const REDIRECTS: &str = "redirects";

/// When good images are asked for again. It decides no failure.
const RECHECK: &str = "recheck";

/// What decides whether a host can be reached at all.
pub(super) const REACHABILITY: [&str; 2] = [NETWORK, TIME];

/// The settings that decide a failure of this kind; `None` if none does.
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
pub(super) struct RequestSettings(BTreeMap<&'static str, String>);

impl RequestSettings {
    /// Those of some settings.
    pub(super) fn new(config: &Config) -> Self {
        let fetch = &config.fetch;
        let groups = [
            (IDENTITY, identity(config)),
            (SIZE, vec![("max_bytes", fetch.max_bytes.0.to_string())]),
            (MIN_SIDE, vec![("min_side", config.media.min_side.to_string())]),
            (ALLOWED, allowed(fetch)),
            (NETWORK, network(fetch)),
            (TIME, time(fetch)),
            (ROBOTS, vec![("robots", robots_text(fetch.robots).to_owned())]),
            (REDIRECTS, vec![("max_redirects", fetch.max_redirects.to_string())]),
            (RECHECK, vec![("recheck", recheck_text(fetch.recheck))]),
        ];
        Self(groups.into_iter().map(|(group, settings)| (group, digest(&settings))).collect())
    }

    /// As a report has them.
    pub(super) fn digests(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(group, digest)| ((*group).to_owned(), digest.clone())).collect()
    }

    /// Whether good images are asked for again at other times than a run with these digests made them due.
    pub(super) fn rechecks_otherwise_than(&self, last: &BTreeMap<String, String>) -> bool {
        self.0.get(RECHECK) != last.get(RECHECK)
    }

    /// What is decided by settings that changed. A setting that an earlier report does not name has not changed.
    pub(super) fn changed_since(&self, last: &BTreeMap<String, String>) -> BTreeSet<&'static str> {
        let changed =
            |(group, digest): &(&&'static str, &String)| last.get(**group).is_some_and(|last| last != *digest);
        self.0.iter().filter(changed).map(|(group, _)| *group).collect()
    }
}

/// A setting by its name in the config file, and its value as text. Both are independent of names in the code, so that
/// renaming something in the code requests nothing again.
type Setting = (&'static str, String);

fn digest(settings: &[Setting]) -> String {
    let lines: Vec<_> = settings.iter().map(|(name, value)| format!("{name}={value:?}\n")).collect();
    Digest::of(lines.concat().as_bytes()).to_string()[..DIGITS].to_owned()
}

/// Several values of one setting, in their order.
fn each<T: ToString>(name: &'static str, values: &[T]) -> impl Iterator<Item = Setting> {
    values.iter().map(move |value| (name, value.to_string()))
}

fn identity(config: &Config) -> Vec<Setting> {
    let mut settings = vec![("user_agent", config.fetch.user_agent.clone())];
    settings.extend(each("referer", &config.fetch.referer));
    for host in &config.fetch.host {
        let HostConfig { host, group: _, per_host: _, delay: _, referer, referer_value, headers, placeholders } = host;
        settings.extend([("host", host.clone()), ("referer_value", referer_value.clone())]);
        settings.extend(each("referer", referer.as_deref().unwrap_or_default()));
        settings.extend(each("header", headers));
        settings.extend(each("placeholder", placeholders));
    }
    settings
}

fn allowed(fetch: &FetchConfig) -> Vec<Setting> {
    let lists = each("allow_net", &fetch.allow_net).chain(each("scheme", &fetch.schemes));
    let lists = lists.chain(each("port", &fetch.ports));
    lists.chain([("max_url_length", fetch.max_url_length.to_string())]).collect()
}

fn network(fetch: &FetchConfig) -> Vec<Setting> {
    let known = fetch.resolve.iter().map(|(host, address)| ("resolve", format!("{host} {address}")));
    let ca_file = fetch.ca_file.to_string_lossy().into_owned();
    known.chain([("proxy", fetch.proxy.clone()), ("ca_file", ca_file)]).collect()
}

fn time(fetch: &FetchConfig) -> Vec<Setting> {
    let limits = [
        ("connect_timeout", fetch.connect_timeout),
        ("timeout", fetch.timeout),
        ("read_timeout", fetch.read_timeout),
        ("url_timeout", fetch.url_timeout),
    ];
    let limits = limits.map(|(name, limit)| (name, limit.as_millis().to_string()));
    limits.into_iter().chain([("min_rate", fetch.min_rate.0.to_string())]).collect()
}

fn recheck_text(recheck: Recheck) -> String {
    match recheck {
        Recheck::Never => "never".to_owned(),
        Recheck::After(age) => age.as_millis().to_string(),
    }
}

const fn robots_text(robots: RobotsRule) -> &'static str {
    match robots {
        RobotsRule::Ignore => "ignore",
        RobotsRule::Respect => "respect",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RefererStrategy;

    /// What a change of the settings makes worth another attempt.
    fn changed(change: impl FnOnce(&mut Config)) -> Vec<&'static str> {
        let mut config = Config::default();
        let before = RequestSettings::new(&config).digests();
        change(&mut config);
        RequestSettings::new(&config).changed_since(&before).into_iter().collect()
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
        assert_eq!(changed(|config| config.fetch.robots = RobotsRule::Respect), [ROBOTS]);
        assert_eq!(changed(|config| config.fetch.max_redirects = 1), [REDIRECTS]);
        let week = Recheck::After(std::time::Duration::from_secs(7 * 86_400));
        assert_eq!(changed(|config| config.fetch.recheck = week), [RECHECK]);
        assert_eq!(changed(|config| config.fetch.concurrency = 1), Vec::<&str>::new());
    }

    /// The digests depend on names and values of the config file alone, and not on names in the code.
    #[test]
    fn the_digests_of_known_settings_stay_as_they_are() {
        let mut config = Config::default();
        config.fetch.user_agent = "offprint".to_owned();
        config.fetch.allow_net = vec!["127.0.0.0/8".parse().unwrap()];
        config.fetch.resolve = [("a.example".to_owned(), "127.0.0.1:80".parse().unwrap())].into();
        let mut listed = host(&["Cookie: a=b"]);
        listed.referer = Some(RefererStrategy::ALL.to_vec());
        config.fetch.host = vec![listed];
        let digests: Vec<_> = RequestSettings::new(&config).digests().into_iter().collect();
        let expected = [
            ("allowed", "95ad677d"),
            ("identity", "7fc95b8f"),
            ("min_side", "fbb38634"),
            ("network", "1d5eb386"),
            ("recheck", "844bc117"),
            ("redirects", "98eb3df1"),
            ("robots", "e9cc69a2"),
            ("size", "36de4104"),
            ("time", "1ec1efd7"),
        ];
        assert_eq!(digests, expected.map(|(group, digest)| (group.to_owned(), digest.to_owned())));
    }

    /// Settings of different names or values, or in another order, never have one digest.
    #[test]
    fn values_do_not_run_into_each_other() {
        let digest = |settings: &[(&'static str, &str)]| {
            super::digest(&settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>())
        };
        let all = [
            digest(&[("a", "b"), ("c", "d")]),
            digest(&[("a", "b\"\nc=\"d")]),
            digest(&[("a", "bc"), ("d", "")]),
            digest(&[("c", "d"), ("a", "b")]),
            digest(&[("a", ""), ("b", "cd")]),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn an_archive_without_digests_has_not_changed() {
        assert!(RequestSettings::new(&Config::default()).changed_since(&BTreeMap::new()).is_empty());
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
        assert!(RequestSettings::new(&Config::default()).digests().values().all(|digest| digest.len() == DIGITS));
    }
}
