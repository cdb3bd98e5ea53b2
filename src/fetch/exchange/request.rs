//! What a request says.

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE,
    REFERER, USER_AGENT,
};
use url::Url;

use crate::fetch::body::resume::Partial;
use crate::fetch::host::Host;
use crate::fetch::host::referer::Referer;
use crate::fetch::host::settings::SecretHeaders;
use crate::fetch::net::guard::Reach;
use crate::model::{HostKey, Validators};

/// One request, ready to be sent.
pub(crate) struct Outgoing<'a> {
    /// Its URL, without fragment.
    pub(crate) url: &'a Url,
    /// The host that answers it.
    pub(crate) host: &'a Host,
    /// The host's key.
    pub(crate) key: &'a HostKey,
    /// Which addresses may answer.
    pub(crate) reach: Reach,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// The headers among them that hold configured secrets.
    pub(crate) secret: Vec<HeaderName>,
    /// Configured headers were not sent, because the URL is not one that gets them.
    pub(crate) secrets_withheld: bool,
    /// The first part of the body, which the response may continue.
    pub(crate) partial: Option<Partial>,
}

/// What the headers of a request depend on.
pub(crate) struct Wanted<'a> {
    /// What offprint calls itself.
    pub(crate) user_agent: &'a HeaderValue,
    /// The types that are wanted.
    pub(crate) accept: &'static str,
    /// The date of the capture that a web archive is asked for (RFC 7089).
    pub(crate) accept_datetime: Option<&'a HeaderValue>,
    /// What the good capture can be compared with, where the host gave it.
    pub(crate) validators: Option<&'a Validators>,
}

impl Wanted<'_> {
    /// The headers of a request, without the configured ones.
    pub(crate) fn headers(&self, referer: Referer, partial: Option<&Partial>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(ACCEPT, HeaderValue::from_static(self.accept));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(date) = self.accept_datetime {
            headers.insert(HeaderName::from_static("accept-datetime"), date.clone());
        }
        if let Referer::Value(value) = referer {
            headers.insert(REFERER, value);
        }
        match partial {
            Some(partial) => add_range(&mut headers, partial),
            None => self.add_conditions(&mut headers),
        }
        headers
    }

    /// Conditions of RFC 9110, section 13.1: the response is 304 where nothing changed.
    fn add_conditions(&self, headers: &mut HeaderMap) {
        let Some(validators) = self.validators else { return };
        let pairs = [(IF_NONE_MATCH, &validators.etag), (IF_MODIFIED_SINCE, &validators.last_modified)];
        for (name, value) in pairs {
            if let Some(value) = value.as_ref().and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        }
    }
}

fn add_range(headers: &mut HeaderMap, partial: &Partial) {
    if let Ok(range) = HeaderValue::try_from(format!("bytes={}-", partial.body.length())) {
        headers.insert(RANGE, range);
        headers.insert(IF_RANGE, partial.version.if_range().clone());
    }
}

impl Outgoing<'_> {
    /// Adds the headers that are configured for the host, where this URL gets them. The first of a name replaces any
    /// other value; a second one is added.
    pub(crate) fn add_secrets(&mut self) {
        let SecretHeaders::Sent(secrets) = self.host.settings.secret_headers(self.url) else {
            self.secrets_withheld = true;
            return;
        };
        for (name, value) in secrets {
            if self.secret.contains(name) {
                self.headers.append(name, value.clone());
            } else {
                self.headers.insert(name, value.clone());
                self.secret.push(name.clone());
            }
        }
    }

    /// Whether a 304 is an answer to it.
    pub(crate) fn is_conditional(&self) -> bool {
        self.headers.contains_key(IF_NONE_MATCH) || self.headers.contains_key(IF_MODIFIED_SINCE)
    }
}
