//! What the settings say of hosts.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use super::pattern::HostPattern;
use crate::config::{FetchConfig, HostConfig};
use crate::fetch::error::FetchError;
use crate::model::{Digest, RefererStrategy};

/// The settings of the hosts that match one pattern.
#[derive(Debug, Clone)]
pub(crate) struct HostSettings {
    /// Hosts of one group share one pacer; empty for none.
    pub(crate) group: String,
    /// Requests in flight to one host.
    pub(crate) per_host: usize,
    /// From the start of one request to the start of the next.
    pub(crate) delay: Duration,
    /// The Referer strategies to try, in order.
    pub(crate) referer: Vec<RefererStrategy>,
    /// What [`RefererStrategy::Configured`] sends.
    pub(crate) referer_value: Option<HeaderValue>,
    /// SHA-256 of what these hosts send in place of images.
    pub(crate) placeholders: Vec<Digest>,
    secrets: Option<Secrets>,
}

/// Headers that only these hosts get. They may be credentials, so they appear in no log, error or kept head.
#[derive(Debug, Clone)]
struct Secrets {
    headers: Vec<(HeaderName, HeaderValue)>,
    scope: HostPattern,
}

/// The configured headers for one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SecretHeaders<'a> {
    /// These are sent.
    Sent(&'a [(HeaderName, HeaderValue)]),
    /// There are some, and this URL does not get them: it is neither https on the default port nor named by scheme or
    /// port in the pattern.
    Withheld,
}

impl HostSettings {
    /// The settings of hosts that no pattern matches.
    pub(crate) fn of_others(config: &FetchConfig) -> Self {
        Self {
            group: String::new(),
            per_host: config.per_host,
            delay: config.delay,
            referer: config.referer.clone(),
            referer_value: None,
            placeholders: Vec::new(),
            secrets: None,
        }
    }

    /// The settings of one `[[fetch.host]]` block.
    pub(crate) fn of_block(config: &FetchConfig, host: &HostConfig, pattern: &HostPattern) -> Result<Self, FetchError> {
        let invalid = |cause| FetchError::Header { key: format!("fetch.host `{}`", host.host), cause };
        let referer_value = (!host.referer_value.is_empty())
            .then(|| HeaderValue::try_from(&host.referer_value))
            .transpose()
            .map_err(|_| invalid("referer_value holds characters that no header can hold"))?;
        let headers = host.headers.iter().map(|line| header_line(line).ok_or_else(|| invalid(NOT_A_HEADER)));
        let headers: Vec<_> = headers.collect::<Result<_, _>>()?;
        Ok(Self {
            group: host.group.clone(),
            per_host: host.per_host.unwrap_or(config.per_host),
            delay: host.delay.unwrap_or(config.delay),
            referer: host.referer.clone().unwrap_or_else(|| config.referer.clone()),
            referer_value,
            placeholders: host.placeholders.clone(),
            secrets: (!headers.is_empty()).then(|| Secrets { headers, scope: pattern.clone() }),
        })
    }

    /// The configured headers for a request to this URL.
    pub(crate) fn secret_headers(&self, url: &Url) -> SecretHeaders<'_> {
        match &self.secrets {
            None => SecretHeaders::Sent(&[]),
            Some(secrets) if secrets.scope.permits_secrets(url) => SecretHeaders::Sent(&secrets.headers),
            Some(_) => SecretHeaders::Withheld,
        }
    }
}

const NOT_A_HEADER: &str = "one of headers is not a header: write \"Name: value\"";

fn header_line(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let name = HeaderName::try_from(name.trim()).ok()?;
    let mut value = HeaderValue::try_from(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}
