//! What can go wrong before and while fetching.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::model::Reason;

/// Settings that no fetcher can be made of.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The file of certificate authorities cannot be used.
    #[error("fetch.ca_file {}: {cause}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The proxy's address cannot be used.
    #[error(
        "fetch.proxy `{value}`: {cause}; write an address such as \"http://proxy:3128\" or \"socks5://proxy:1080\""
    )]
    Proxy {
        /// What was given.
        value: String,
        /// Why.
        cause: String,
    },
    /// A text that is sent in a header holds what no header can.
    #[error("{key}: {cause}")]
    Header {
        /// The setting.
        key: String,
        /// What is wrong with it. It does not repeat the value, which may be a secret.
        cause: &'static str,
    },
    /// A host pattern cannot be read.
    #[error("fetch.host `{pattern}`: {cause}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        cause: String,
    },
    /// A key of `[fetch.resolve]` ends in what is no port.
    #[error("fetch.resolve: `{0}` ends in no port: write \"host\" or \"host:port\"")]
    Resolve(String),
    /// A key of `[fetch.resolve]` names a port that its address does not have.
    #[error("fetch.resolve: `{0}` is asked at the port that its URLs name: give its address the same port")]
    ResolvePort(String),
    /// A template gives no URL.
    #[error("fallback.templates: `{0}` gives no http or https URL: write one with {{url}} in it, and {{timestamp}}")]
    Template(String),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot start: {0}")]
    Client(String),
}

/// Why an attempt gave no good body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) reason: Reason,
    pub(super) status: Option<u16>,
    pub(super) detail: String,
    /// The host is not asked before this moment, so there is no point in trying on.
    pub(super) deferred_until: Option<Timestamp>,
    /// It took so long already that it is not tried again in this run.
    pub(super) waited_out: bool,
}

impl Trouble {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, status: None, detail: detail.into(), deferred_until: None, waited_out: false }
    }

    pub(super) fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    pub(super) fn waited_out(self) -> Self {
        Self { waited_out: true, ..self }
    }

    pub(super) fn until(self, moment: Timestamp) -> Self {
        Self { deferred_until: Some(moment), ..self }
    }
}
