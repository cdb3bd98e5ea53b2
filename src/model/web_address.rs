//! Addresses on the web.

use url::Url;

/// Whether an address is of something on the web: it is asked for over HTTP, and names a host.
pub fn is_web_address(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_host_gives_over_http_is_on_the_web() {
        let is_web = |text: &str| Url::parse(text).is_ok_and(|url| is_web_address(&url));
        assert!(is_web("http://a.example") && is_web("HTTPS://[::1]:8080/x"));
        assert!(!["mailto:a@b", "file:///x", "ftp://a.example/", "http:", "data:,x", "x"].into_iter().any(is_web));
    }
}
