//! Hosts, and what is learned of them from run to run.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::named::named;

/// The server of a URL, to which the pace applies: `host`, or `host:port` if the port is not the scheme's default.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostKey(String);

impl HostKey {
    /// The host of this URL; `file:` for all files of this machine, and `ni:` for all images that articles hold; `None`
    /// if the URL names none.
    pub fn of(url: &Url) -> Option<Self> {
        if matches!(url.scheme(), "file" | "ni") {
            return Some(Self(format!("{}:", url.scheme())));
        }
        let host = url.host_str()?;
        Some(Self(match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }))
    }

    /// The key as it was written to a catalog.
    pub fn from_stored(key: String) -> Self {
        Self(key)
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

named! {
    /// Which Referer a host gets. If it refuses one, the next is tried.
    pub enum RefererStrategy {
        /// None.
        Omit = "none",
        /// The origin of the image itself.
        ImageOrigin = "image_origin",
        /// The article's URL, without query and credentials.
        Article = "article",
        /// The value configured for the host.
        Configured = "configured",
    }
}

/// What has been learned about a host and is kept from run to run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct HostState {
    /// The Referer strategy that last worked.
    pub referer: RefererStrategy,
    /// Connection failures since the last answer.
    pub failures: u32,
    /// The circuit breaker is open: no request is sent before this moment.
    pub open_until: Option<Timestamp>,
    /// The host asked not to be requested until this moment (`Retry-After`).
    pub not_before: Option<Timestamp>,
    /// The spacing between requests that the host has been slowed down to, beyond the configured one.
    pub delay: Duration,
}

impl HostState {
    /// The longest time for which a host is held, whatever it asks for and however often it failed.
    pub const LONGEST_HOLD: Duration = Duration::from_secs(24 * 60 * 60);
}

impl Default for HostState {
    fn default() -> Self {
        Self { referer: RefererStrategy::Omit, failures: 0, open_until: None, not_before: None, delay: Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_host_key_names_the_port_only_where_it_is_unusual() {
        let key = |url: &str| HostKey::of(&Url::parse(url).unwrap()).map(|key| key.to_string());
        assert_eq!(key("https://example.org/a").as_deref(), Some("example.org"));
        assert_eq!(key("http://example.org:8080/a").as_deref(), Some("example.org:8080"));
        assert_eq!(key("http://example.org:80/").as_deref(), Some("example.org"));
        assert_eq!(key("mailto:someone@example.org"), None);
    }

    proptest! {
        /// Two URLs have one key if one server answers both, and its stored text parses back to the key.
        #[test]
        fn a_key_is_host_and_port(host in "[a-c]{1,3}\\.example", port in prop::option::of(1..9_u16), path in "[a-z/]{0,5}") {
            let authority = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
            let of = |text: String| HostKey::of(&Url::parse(&text).unwrap()).unwrap();
            let key = of(format!("https://{authority}/{path}"));
            prop_assert_eq!(key.as_str(), authority.as_str());
            prop_assert_eq!(&of(format!("http://me:secret@{authority}/?q")), &key);
            prop_assert_eq!(HostKey::from_stored(key.to_string()), key);
        }
    }

    #[test]
    fn files_and_inline_images_have_one_key_each() {
        let key = |url: &str| HostKey::of(&Url::parse(url).unwrap()).map(|key| key.to_string());
        assert_eq!(key("file:///a.png"), key("file:///b/c.png"));
        assert_eq!(key("ni:///sha-256;abc").as_deref(), Some("ni:"));
        assert_ne!(key("file:///a.png"), key("ni:///a"));
        assert_eq!(key("https://EXAMPLE.org/"), key("http://example.org/"), "as URLs spell hosts");
        assert_eq!((key("data:,x"), key("https://[::1]:8080/").as_deref()), (None, Some("[::1]:8080")));
    }

    #[test]
    fn an_unknown_host_has_nothing_that_holds_it() {
        let state = HostState::default();
        assert_eq!((state.failures, state.open_until, state.not_before, state.delay), (0, None, None, Duration::ZERO));
        assert_eq!(state.referer, RefererStrategy::Omit);
        for strategy in RefererStrategy::ALL {
            assert_eq!(RefererStrategy::from_name(strategy.as_str()), Some(*strategy));
        }
    }
}
