//! Which hosts a `[[fetch.host]]` block is for.

use globset::{GlobBuilder, GlobMatcher};
use url::Url;

use crate::fetch::error::FetchError;
use crate::model::HostKey;

/// A pattern such as `*.example.org`, `img.example.org:8443` or `http://old.example.org`.
#[derive(Debug, Clone)]
pub(crate) struct HostPattern {
    scheme: Option<String>,
    name: GlobMatcher,
    port: Option<GlobMatcher>,
}

impl HostPattern {
    /// Reads a pattern.
    pub(crate) fn parse(pattern: &str) -> Result<Self, FetchError> {
        let glob = |part: &str| matcher(part).map_err(|cause| invalid(pattern, cause.to_string()));
        let (scheme, host) = match pattern.split_once("://") {
            Some((scheme, host)) => (Some(scheme.to_ascii_lowercase()), host),
            None => (None, pattern),
        };
        if scheme.as_deref().is_some_and(|scheme| !matches!(scheme, "http" | "https")) {
            return Err(invalid(pattern, "the scheme is neither http nor https".to_owned()));
        }
        // A colon inside the brackets of an IPv6 address separates no port.
        let (name, port) = match host.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        };
        Ok(Self { scheme, name: glob(name)?, port: port.map(glob).transpose()? })
    }

    /// Whether a host is meant, whatever scheme its URLs have.
    pub(crate) fn matches(&self, host: &HostKey) -> bool {
        let (name, port) = match host.as_str().rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((name, port)) => (name, Some(port)),
            None => (host.as_str(), None),
        };
        let port_matches = |glob: &GlobMatcher| match port {
            Some(port) => glob.is_match(port),
            None => glob.is_match("443") || glob.is_match("80"),
        };
        self.name.is_match(name) && self.port.as_ref().is_none_or(port_matches)
    }

    /// Whether a URL of a matching host may get the configured headers: over https on the default port, unless the
    /// pattern names another scheme or a port.
    pub(crate) fn permits_secrets(&self, url: &Url) -> bool {
        let port = url.port_or_known_default().unwrap_or_default().to_string();
        let port_permitted = match &self.port {
            Some(glob) => glob.is_match(port),
            None => url.port().is_none(),
        };
        let scheme_permitted = match &self.scheme {
            Some(scheme) => scheme == url.scheme(),
            None => self.port.is_some() || url.scheme() == "https",
        };
        port_permitted && scheme_permitted
    }
}

fn matcher(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    GlobBuilder::new(pattern).case_insensitive(true).build().map(|glob| glob.compile_matcher())
}

fn invalid(pattern: &str, cause: String) -> FetchError {
    FetchError::Pattern { pattern: pattern.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        HostPattern::parse(text).unwrap()
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn matches(text: &str, host: &str) -> bool {
        pattern(text).matches(&HostKey::of(&url(host)).unwrap())
    }

    #[test]
    fn a_pattern_matches_by_name_and_by_port_where_it_names_one() {
        assert!(matches("*.example.org", "http://a.example.org/") && matches("A.example", "https://a.example:8443/"));
        assert!(
            matches("a.example:8443", "https://a.example:8443/") && !matches("a.example:8443", "https://a.example/")
        );
        assert!(matches("a.example:443", "https://a.example/") && matches("https://a.example", "http://a.example/"));
        assert!(
            !matches("a.example", "https://b.a.example/") && !matches("a.example", "https://a.example.evil.example/")
        );
    }

    #[test]
    fn secrets_need_https_on_the_default_port_unless_the_pattern_says_otherwise() {
        let permits = |text: &str, target: &str| pattern(text).permits_secrets(&url(target));
        assert!(permits("a.example", "https://a.example/"));
        assert!(!permits("a.example", "http://a.example/") && !permits("a.example", "https://a.example:8443/"));
        assert!(permits("http://a.example", "http://a.example/"));
        assert!(
            !permits("http://a.example", "http://a.example:8080/")
                && !permits("http://a.example", "https://a.example/")
        );
        assert!(
            permits("a.example:8080", "http://a.example:8080/") && !permits("a.example:8080", "https://a.example/")
        );
        assert!(permits("https://a.example:8443", "https://a.example:8443/"));
        assert!(!permits("https://a.example:8443", "http://a.example:8443/"));
    }

    #[test]
    fn other_schemes_and_broken_globs_are_refused_by_name() {
        for text in ["ftp://a.example", "{a"] {
            assert!(HostPattern::parse(text).unwrap_err().to_string().contains(text), "{text}");
        }
    }
}
