//! Which Referer a host is sent.
//!
//! Most hosts that guard against hot-linking accept requests without a Referer. Some want their own pages, or the
//! article's, or one agreed value. The strategies are tried in order, only after a refusal, and the one that worked is
//! remembered per host.

use reqwest::header::HeaderValue;
use url::Url;

use crate::model::{Failure, Reason, RefererStrategy};

/// The order in which strategies are tried: the one that worked last, then the others as configured.
pub(crate) fn fallback_order(learned: RefererStrategy, configured: &[RefererStrategy]) -> Vec<RefererStrategy> {
    let first = configured.contains(&learned).then_some(learned);
    let others = configured.iter().copied().filter(|strategy| Some(*strategy) != first);
    let order: Vec<_> = first.into_iter().chain(others).collect();
    if order.is_empty() { vec![RefererStrategy::Omit] } else { order }
}

/// What a strategy sends with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Referer {
    /// No Referer.
    Omitted,
    /// This one.
    Value(HeaderValue),
    /// The strategy has no value for this request, so it is skipped.
    Unavailable,
}

/// What a strategy sends with a request for `url`.
pub(crate) fn referer(
    strategy: RefererStrategy,
    url: &Url,
    article: Option<&Url>,
    configured: Option<&HeaderValue>,
) -> Referer {
    let value = match strategy {
        RefererStrategy::Omit => return Referer::Omitted,
        RefererStrategy::ImageOrigin => HeaderValue::try_from(format!("{}/", url.origin().ascii_serialization())).ok(),
        RefererStrategy::Article => article.and_then(|article| article_referer(article, url)),
        RefererStrategy::Configured => configured.cloned(),
    };
    value.map_or(Referer::Unavailable, Referer::Value)
}

/// The article's URL without credentials, query and fragment. The URL of a page that came over TLS is not sent in a
/// request without TLS (RFC 9110, section 10.1.3).
fn article_referer(article: &Url, url: &Url) -> Option<HeaderValue> {
    let downgrade = article.scheme() == "https" && url.scheme() != "https";
    if downgrade || !matches!(article.scheme(), "http" | "https") {
        return None;
    }
    let bare = format!("{}{}", article.origin().ascii_serialization(), article.path());
    HeaderValue::try_from(bare).ok()
}

/// Whether another Referer may change the response.
pub(crate) fn is_refusal(failure: &Failure) -> bool {
    match failure.reason {
        Reason::HttpStatus => matches!(failure.status, Some(401 | 403)),
        Reason::Placeholder | Reason::NotAnImage => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RefererStrategy::{Article, Configured, ImageOrigin, Omit};

    #[test]
    fn the_strategy_that_worked_comes_first_and_none_comes_twice() {
        let configured = [Omit, ImageOrigin, Article];
        assert_eq!(fallback_order(Omit, &configured), configured);
        assert_eq!(fallback_order(Article, &configured), [Article, Omit, ImageOrigin]);
        assert_eq!(fallback_order(Configured, &configured), configured, "it is no longer configured");
        assert_eq!(fallback_order(Omit, &[]), [Omit]);
    }

    fn check(strategy: RefererStrategy, url: &str, article: Option<&str>) -> Option<String> {
        let article = article.map(|article| Url::parse(article).unwrap());
        match referer(strategy, &Url::parse(url).unwrap(), article.as_ref(), None) {
            Referer::Value(value) => Some(value.to_str().unwrap().to_owned()),
            Referer::Omitted => Some("nothing".to_owned()),
            Referer::Unavailable => None,
        }
    }

    #[test]
    fn a_referer_never_holds_credentials_a_query_or_a_fragment() {
        let image = "https://img.example:8443/a/b.png?key=1";
        let article = Some("https://me:secret@news.example/2026/post.html?token=x#part");
        assert_eq!(check(Omit, image, article).as_deref(), Some("nothing"));
        assert_eq!(check(ImageOrigin, image, article).as_deref(), Some("https://img.example:8443/"));
        assert_eq!(check(Article, image, article).as_deref(), Some("https://news.example/2026/post.html"));
    }

    #[test]
    fn a_strategy_without_a_value_is_skipped() {
        assert_eq!(check(Article, "https://img.example/a.png", None), None);
        assert_eq!(check(Article, "https://img.example/a.png", Some("file:///home/me/post.md")), None);
        assert_eq!(check(Article, "http://img.example/a.png", Some("https://news.example/post")), None);
        assert_eq!(check(Configured, "https://img.example/a.png", None), None);
    }
}
