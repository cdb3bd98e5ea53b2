//! Values that are written as text: durations, Referer strategies, digests.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error as _};

use super::units::HumanDuration;
use crate::model::{Digest, RefererStrategy};

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    HumanDuration::deserialize(deserializer).map(|duration| duration.0)
}

pub(super) fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

pub(super) fn durations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
    Ok(Vec::<HumanDuration>::deserialize(deserializer)?.into_iter().map(|duration| duration.0).collect())
}

pub(super) fn referers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RefererStrategy>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names
        .iter()
        .map(|name| {
            RefererStrategy::from_name(name).ok_or_else(|| {
                let known: Vec<_> = RefererStrategy::ALL.iter().map(|strategy| strategy.as_str()).collect();
                D::Error::custom(format!("`{name}` is not a Referer strategy; there are {}", known.join(", ")))
            })
        })
        .collect()
}

pub(super) fn digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let no_digest = |text: &str| D::Error::custom(format!("`{text}` is no SHA-256: write its 64 hex digits"));
    texts.iter().map(|text| text.to_ascii_lowercase().parse().map_err(|_| no_digest(text))).collect()
}

pub(super) fn some_referers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<RefererStrategy>>, D::Error> {
    referers(deserializer).map(Some)
}
