//! The proxy of the settings.

use reqwest::Proxy;
use url::Url;

use crate::fetch::error::FetchError;

/// A proxy that stands between offprint and every host.
#[derive(Debug, Clone)]
pub(crate) struct ProxySetting {
    /// What the HTTP client uses.
    pub(crate) proxy: Proxy,
    /// Its host.
    pub(crate) host: String,
    /// It resolves the names of the hosts itself.
    pub(crate) resolves_remotely: bool,
}

impl ProxySetting {
    /// Reads `fetch.proxy`; `None` if it is empty.
    ///
    /// # Errors
    /// It is not the address of a proxy. The error does not repeat the value, which may hold a password.
    pub(crate) fn parse(value: &str) -> Result<Option<Self>, FetchError> {
        if value.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(value).map_err(|error| FetchError::Proxy(error.to_string()))?;
        let known = matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h");
        let (true, Some(host)) = (known, url.host_str()) else {
            return Err(FetchError::Proxy("it is not the URL of an HTTP or SOCKS proxy".to_owned()));
        };
        let proxy = Proxy::all(url.as_str()).map_err(|_| FetchError::Proxy("it cannot be used".to_owned()))?;
        let resolves_remotely = !matches!(url.scheme(), "socks4" | "socks5");
        Ok(Some(Self { proxy, host: host.to_owned(), resolves_remotely }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mistyped_proxy_is_quoted() {
        for value in [
            "me:hush@proxy:3128",
            "http://me:hush@",
            "http://me:hush@proxy:port",
            "ftp://me:hush@proxy",
            "http://me:hush#proxy:3128",
            "://me:hush@proxy",
            "socks5://me:hush@:1080",
        ] {
            let message = ProxySetting::parse(value).unwrap_err().to_string();
            assert!(message.starts_with("fetch.proxy: ") && message.contains("http://proxy:3128"), "{message}");
            assert!(!message.contains("hush"), "{value}: {message}");
        }
    }

    #[test]
    fn socks5_and_socks4_leave_the_names_to_us() {
        let remote = |value: &str| ProxySetting::parse(value).unwrap().map(|proxy| proxy.resolves_remotely);
        assert_eq!(remote(""), None);
        assert_eq!((remote("socks5://p:1080"), remote("socks4://p:1080")), (Some(false), Some(false)));
        assert_eq!((remote("socks5h://p:1080"), remote("http://p:3128")), (Some(true), Some(true)));
    }
}
