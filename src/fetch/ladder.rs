//! What Referer a host is sent.
//!
//! Most hosts that guard against hot-linking let requests without a Referer pass. Some want their own pages, or the
//! article's, or one agreed value. The ladder is climbed only on a refusal, and what worked is remembered per host.

use reqwest::header::HeaderValue;
use url::Url;

use crate::model::{Reason, RefererStrategy};

/// The rungs to try: what worked last, then the others as configured.
pub(super) fn rungs(learned: RefererStrategy, configured: &[RefererStrategy]) -> Vec<RefererStrategy> {
    let first = configured.contains(&learned).then_some(learned);
    let others = configured.iter().copied().filter(|rung| Some(*rung) != first);
    let rungs: Vec<_> = first.into_iter().chain(others).collect();
    if rungs.is_empty() { vec![RefererStrategy::Omit] } else { rungs }
}

/// What a rung sends with a request for `url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Referer {
    /// No Referer.
    Nothing,
    /// This one.
    Value(HeaderValue),
    /// The rung has nothing to send here and is left out.
    Missing,
}

pub(super) fn referer(
    rung: RefererStrategy,
    url: &Url,
    article: Option<&Url>,
    configured: Option<&HeaderValue>,
) -> Referer {
    let value = match rung {
        RefererStrategy::Omit => return Referer::Nothing,
        RefererStrategy::ImageOrigin => HeaderValue::try_from(format!("{}/", url.origin().ascii_serialization())).ok(),
        RefererStrategy::Article => article.and_then(|article| article_referer(article, url)),
        RefererStrategy::Configured => configured.cloned(),
    };
    value.map_or(Referer::Missing, Referer::Value)
}

/// The article's address without credentials, query and fragment. A page that came over TLS is not named in a request
/// without it (RFC 9110, section 10.1.3).
fn article_referer(article: &Url, url: &Url) -> Option<HeaderValue> {
    let downgrade = article.scheme() == "https" && url.scheme() != "https";
    if downgrade || !matches!(article.scheme(), "http" | "https") {
        return None;
    }
    let bare = format!("{}{}", article.origin().ascii_serialization(), article.path());
    HeaderValue::try_from(bare).ok()
}

/// Whether an answer may be due to the Referer, so that another one is worth a try.
pub(super) fn is_refusal(reason: Reason, status: Option<u16>) -> bool {
    match reason {
        Reason::HttpStatus => matches!(status, Some(401 | 403)),
        Reason::Placeholder | Reason::NotAnImage => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RefererStrategy::{Article, Configured, ImageOrigin, Omit};

    #[test]
    fn what_worked_is_tried_first_and_nothing_twice() {
        let configured = [Omit, ImageOrigin, Article];
        assert_eq!(rungs(Omit, &configured), configured);
        assert_eq!(rungs(Article, &configured), [Article, Omit, ImageOrigin]);
        assert_eq!(rungs(Configured, &configured), configured, "it is no longer configured");
        assert_eq!(rungs(Omit, &[]), [Omit]);
    }

    fn check(rung: RefererStrategy, url: &str, article: Option<&str>) -> Option<String> {
        let article = article.map(|article| Url::parse(article).unwrap());
        match referer(rung, &Url::parse(url).unwrap(), article.as_ref(), None) {
            Referer::Value(value) => Some(value.to_str().unwrap().to_owned()),
            Referer::Nothing => Some("nothing".to_owned()),
            Referer::Missing => None,
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
    fn a_rung_without_a_value_is_left_out() {
        assert_eq!(check(Article, "https://img.example/a.png", None), None);
        assert_eq!(check(Article, "https://img.example/a.png", Some("file:///home/me/post.md")), None);
        assert_eq!(check(Article, "http://img.example/a.png", Some("https://news.example/post")), None);
        assert_eq!(check(Configured, "https://img.example/a.png", None), None);
    }
}
