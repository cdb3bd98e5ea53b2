//! The pages of the archive.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// The pages of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ServeConfig {
    pub listen: SocketAddr,
    pub hosts: Vec<String>,
    pub token_file: PathBuf,
    pub max_connections: usize,
}
