//! How images are fetched, in general and from single hosts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::units::{HumanDuration, Size};
use super::values::{digests, duration, networks, referers, resolved, some_duration, some_referers};
use crate::model::{Digest, RefererStrategy};

/// How images are fetched.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct FetchConfig {
    pub concurrency: usize,
    pub per_host: usize,
    #[serde(deserialize_with = "duration")]
    pub delay: Duration,
    #[serde(deserialize_with = "duration")]
    pub connect_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub read_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub url_timeout: Duration,
    pub min_rate: Size,
    pub retries: u32,
    #[serde(deserialize_with = "duration")]
    pub retry_wait: Duration,
    #[serde(deserialize_with = "duration")]
    pub max_wait: Duration,
    pub max_bytes: Size,
    pub max_refused: Size,
    pub max_redirects: usize,
    pub max_url_length: usize,
    pub max_head_bytes: Size,
    pub user_agent: String,
    #[serde(deserialize_with = "referers")]
    pub referer: Vec<RefererStrategy>,
    pub robots: RobotsRule,
    /// Whether pages and feeds are requested although robots.txt forbids it. Only the command line can set this.
    #[serde(skip)]
    pub ignore_robots: bool,
    pub recheck: Recheck,
    pub breaker_failures: u32,
    #[serde(deserialize_with = "duration")]
    pub breaker_wait: Duration,
    pub schemes: Vec<String>,
    pub ports: Vec<u16>,
    pub proxy: String,
    pub ca_file: PathBuf,
    #[serde(deserialize_with = "networks")]
    pub allow_net: Vec<IpNet>,
    #[serde(deserialize_with = "resolved")]
    pub resolve: BTreeMap<String, std::net::SocketAddr>,
    pub host: Vec<HostConfig>,
}

/// What differs for the hosts that match a pattern. Keys that are left out have the values of [`FetchConfig`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct HostConfig {
    pub host: String,
    #[serde(default)]
    pub group: String,
    pub per_host: Option<usize>,
    #[serde(default, deserialize_with = "some_duration")]
    pub delay: Option<Duration>,
    #[serde(default, deserialize_with = "some_referers")]
    pub referer: Option<Vec<RefererStrategy>>,
    #[serde(default)]
    pub referer_value: String,
    #[serde(default)]
    pub headers: Vec<String>,
    #[serde(default, deserialize_with = "digests")]
    pub placeholders: Vec<Digest>,
}

/// Whether requests for images obey robots.txt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum RobotsRule {
    /// Images are part of an article that the user already has.
    Ignore,
    /// RFC 9309 for images too.
    Respect,
}

/// When a kept image is requested again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum Recheck {
    /// Never.
    Never,
    /// When its last capture is this old.
    After(Duration),
}

impl<'de> Deserialize<'de> for Recheck {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "never" => Ok(Self::Never),
            age => age.parse::<HumanDuration>().map(|age| Self::After(age.0)).map_err(D::Error::custom),
        }
    }
}
