//! The spans that a run is logged in. The table in the crate's documentation names them.

use std::fmt;

use tracing::{Span, debug_span, info_span};
use url::Url;

const MIRROR: &str = "offprint::mirror";
const FETCH: &str = "offprint::fetch";

/// The whole run, by the time when it began.
pub fn run(began: impl fmt::Display) -> Span {
    info_span!(target: MIRROR, "run", run = %began)
}

/// Reading one source.
pub fn source(name: impl fmt::Display) -> Span {
    info_span!(target: MIRROR, "source", %name)
}

/// Reading or writing one article.
pub fn article(article: impl fmt::Display) -> Span {
    debug_span!(target: MIRROR, "article", %article)
}

/// The jobs of one host, while it is leased.
pub fn host(host: impl fmt::Display) -> Span {
    info_span!(target: MIRROR, "host", %host)
}

/// One URL from the request to the commit.
pub fn job(url: &Url) -> Span {
    debug_span!(target: MIRROR, "job", url = %WithoutCredentials(url))
}

/// One request and its response.
pub fn exchange(url: &Url) -> Span {
    debug_span!(target: FETCH, "exchange", url = %WithoutCredentials(url))
}

/// A URL without its user name and password, which must not get into a log.
struct WithoutCredentials<'a>(&'a Url);

impl fmt::Display for WithoutCredentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.username().is_empty() && self.0.password().is_none() {
            return f.write_str(self.0.as_str());
        }
        let mut url = self.0.clone();
        // Both fail only for URLs that have no credentials, such as `data:`.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        f.write_str(url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_do_not_get_into_the_log() {
        for (url, logged) in [
            ("https://me:secret@example.org/a.jpg?x=1", "https://example.org/a.jpg?x=1"),
            ("https://me@example.org/", "https://example.org/"),
            ("https://:secret@example.org/", "https://example.org/"),
            ("data:,x@y", "data:,x@y"),
        ] {
            assert_eq!(WithoutCredentials(&url.parse().unwrap()).to_string(), logged);
        }
    }
}
