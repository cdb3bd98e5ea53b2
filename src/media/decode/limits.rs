//! Checks against the limits of `[media]`, made before memory is allocated.

use crate::config::MediaConfig;
use crate::media::error::MediaError;

/// Refuses sizes beyond the limits.
pub(in crate::media) fn check_size(width: u32, height: u32, limits: &MediaConfig) -> Result<(), MediaError> {
    if width == 0 || height == 0 {
        return Err(MediaError::damaged("the size is zero"));
    }
    check("side", width.max(height).into(), limits.max_side.into())?;
    check("pixels", u64::from(width) * u64::from(height), limits.max_pixels)
}

/// Refuses a decoding that needs more memory than one image may take.
pub(super) fn check_memory(needed: u64, limits: &MediaConfig) -> Result<(), MediaError> {
    check("bytes of memory", needed, limits.max_alloc.0)
}

/// Refuses a value beyond its limit. A limit of 0 is none.
pub(super) fn check(what: &'static str, actual: u64, limit: u64) -> Result<(), MediaError> {
    if limit > 0 && actual > limit { Err(MediaError::over(what, actual, limit)) } else { Ok(()) }
}
