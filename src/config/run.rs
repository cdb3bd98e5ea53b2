//! Budgets, schedules, notifications, and archives of others.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::units::Size;
use super::values::{duration, durations};

/// Budgets and schedules.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct RunConfig {
    #[serde(deserialize_with = "duration")]
    pub max_time: Duration,
    pub max_requests: u64,
    pub max_bytes: Size,
    pub min_free: Size,
    #[serde(deserialize_with = "durations")]
    pub retry_schedule: Vec<Duration>,
    pub retire_after: u32,
    #[serde(deserialize_with = "duration")]
    pub grace: Duration,
    #[serde(deserialize_with = "duration")]
    pub catalog_copy_every: Duration,
    pub catalog_copies: usize,
}

/// Who is notified of a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ReportConfig {
    pub keep: usize,
    pub webhook: String,
    pub ping_start: String,
    pub ping_success: String,
    pub ping_failure: String,
    pub prometheus: PathBuf,
}

/// Where to look for images that are gone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct FallbackConfig {
    pub templates: Vec<String>,
    #[serde(deserialize_with = "duration")]
    pub delay: Duration,
}
