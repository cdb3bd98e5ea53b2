//! Limits on feeds.

use std::time::Duration;

use serde::Deserialize;

use super::units::Size;
use super::values::duration;

/// Limits on feeds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct FeedConfig {
    pub max_bytes: Size,
    pub max_depth: usize,
    pub max_tag: Size,
    pub max_nodes: usize,
    #[serde(deserialize_with = "duration")]
    pub max_wait: Duration,
    pub max_page_nodes: usize,
    pub max_page_depth: usize,
    #[serde(deserialize_with = "duration")]
    pub max_page_time: Duration,
}
