//! Settings that no fetcher can be made of.

use std::path::PathBuf;

/// Settings that no fetcher can be made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The file of certificate authorities cannot be used.
    #[error("fetch.ca_file {}: {cause}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The proxy's URL cannot be used. The error does not repeat it, because it may hold a password.
    #[error("fetch.proxy: {0}; write a URL such as \"http://proxy:3128\" or \"socks5://proxy:1080\"")]
    Proxy(String),
    /// A setting holds characters that no header can hold.
    #[error("{key}: {cause}")]
    Header {
        /// The setting.
        key: String,
        /// What is wrong with it, without the value, which may be a secret.
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
    /// A key of `[fetch.resolve]` ends in no port.
    #[error("fetch.resolve: `{0}` ends in no port: write \"host\" or \"host:port\"")]
    Resolve(String),
    /// A key of `[fetch.resolve]` names a port that its IP address does not have.
    #[error("fetch.resolve: requests to `{0}` go to the port that their URLs name: give the address the same port")]
    ResolvePort(String),
    /// A template gives no URL: its place in the list, from 1. The error does not repeat it, because it may hold a key.
    #[error(
        "fallback.templates: number {0} gives no http or https URL: write one with {{url}} in it, and {{timestamp}}"
    )]
    Template(usize),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot start: {0}")]
    Client(String),
}
