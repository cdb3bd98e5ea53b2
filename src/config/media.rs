//! Thumbnails, and limits on images.

use std::ffi::OsString;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units::Size;
use super::values::duration;
use crate::model::ThumbnailName;

/// One named size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ThumbnailConfig {
    pub name: ThumbnailName,
    pub width: u32,
    pub height: u32,
    pub fit: Fit,
    pub format: ThumbnailFormat,
    pub quality: u8,
    pub animation: Animation,
}

/// How an image is fitted into its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum Fit {
    /// The whole image within width and height.
    Inside,
    /// As inside, unless an image is more than three times as long as its box allows: then a part that can be
    /// recognised, the top of a tall one or the middle of a wide one.
    Auto,
    /// Fill width and height; what exceeds them is cropped.
    Cover,
    /// Fill width and height, and keep the top.
    #[serde(rename = "cover-top")]
    CoverTop,
    /// As wide as `width`, whatever the height.
    Width,
}

/// What a thumbnail is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum ThumbnailFormat {
    /// JPEG, or WebP where it is transparent.
    Auto,
    /// JPEG, on white.
    Jpeg,
    /// WebP.
    WebP,
    /// PNG.
    Png,
    /// AVIF, by the feature `avif` of the build.
    Avif,
}

/// What becomes of an animation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum Animation {
    /// Its first frame that is not blank.
    Still,
    /// An animated thumbnail.
    Keep,
}

/// Limits on images.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct MediaConfig {
    pub max_pixels: u64,
    pub max_side: u32,
    pub max_alloc: Size,
    pub max_frames: u32,
    #[serde(deserialize_with = "duration")]
    pub max_time: Duration,
    pub threads: usize,
    pub min_side: u32,
    pub sandbox: Sandbox,
    /// The command that starts a process which decodes: no setting, but for the program to name. Where it is `None`,
    /// images are decoded in this process, whatever `sandbox` says.
    #[serde(skip)]
    pub worker: Option<Vec<OsString>>,
}

/// Where images are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum Sandbox {
    /// In processes of their own, which can do nothing but compute.
    Process,
    /// In the process that asks for it.
    Off,
}

impl MediaConfig {
    /// Whether an image of this size only counts readers. One of an unknown size does not.
    pub fn is_tracker(&self, width: u32, height: u32) -> bool {
        [width, height].iter().all(|side| (1..=self.min_side).contains(side))
    }
}
