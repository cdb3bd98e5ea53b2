//! Where else a picture may be that its URL does not give: at the same address over TLS, and in web archives.

use jiff::Timestamp;
use url::Url;

use super::Mirror;
use crate::fetch::{Answer, Fetched, Request};
use crate::model::{Failure, Reason, Validators};

impl Mirror {
    /// Asks one place after the other until one has the picture. What was asked and answered is added to what was before;
    /// where no place has it, the URL's own failure is what is told.
    pub(super) async fn elsewhere(
        &self,
        request: &Request<'_>,
        published: Option<Timestamp>,
        mut fetched: Fetched,
    ) -> Fetched {
        let Err(failure) = &fetched.outcome else { return fetched };
        let is_gone = failure.is_gone();
        if let Some(url) = over_tls(request.url).filter(|_| may_differ_over_tls(failure)) {
            let answer = self.fetcher.fetch(&Request { url: &url, ..*request }).await;
            fetched = or_else(fetched, answer);
        }
        if let Some(fallback) = self.fallback.as_ref().filter(|_| is_gone && fetched.outcome.is_err()) {
            let when = published.unwrap_or_else(Timestamp::now);
            if let Some(answer) = fallback.fetch(&self.fetcher, request, when).await {
                fetched = or_else(fetched, answer);
            }
        }
        fetched
    }
}

/// The same address over TLS, for a URL without it on its scheme's own port.
fn over_tls(url: &Url) -> Option<Url> {
    let mut secure = url.clone();
    let is_plain = url.scheme() == "http" && url.port().is_none();
    (is_plain && secure.set_scheme("https").is_ok()).then_some(secure)
}

/// A host that has no address, or one that must not be reached, has none over TLS either.
const fn may_differ_over_tls(failure: &Failure) -> bool {
    !matches!(failure.reason, Reason::Dns | Reason::ForbiddenAddress | Reason::BadUrl | Reason::Robots)
}

/// The second answer where it is good; its validators are of another address and compare with nothing.
fn or_else(mut fetched: Fetched, answer: Fetched) -> Fetched {
    fetched.exchanges.extend(answer.exchanges);
    fetched.refused = fetched.refused.or(answer.refused);
    if let Ok(Answer::Body { staged, .. }) = answer.outcome {
        fetched.outcome = Ok(Answer::Body { staged, validators: Validators::default() });
    }
    fetched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_on_its_own_port_has_a_secure_sibling() {
        let check = |url: &str| over_tls(&Url::parse(url).unwrap()).map(|url| url.to_string());
        assert_eq!(check("http://a.example/b?c=1").as_deref(), Some("https://a.example/b?c=1"));
        assert_eq!(check("http://a.example:80/").as_deref(), Some("https://a.example/"));
        assert_eq!(check("http://a.example:8080/"), None);
        assert_eq!(check("https://a.example/"), None);
        assert_eq!(check("file:///a.jpg"), None);
    }
}
