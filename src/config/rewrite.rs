//! What is extracted from articles, and how they are rewritten.

use serde::Deserialize;

use super::units::Size;

/// What is extracted from articles, and how they are rewritten.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct RewriteConfig {
    pub images: Images,
    pub lazy: Lazy,
    pub thumbnail_fields: Vec<String>,
    pub thumbnail_name: String,
    pub front_matter_keys: Vec<String>,
    pub front_matter_urls: bool,
    pub lazy_attributes: Vec<String>,
    pub media: Vec<MediaKind>,
    pub json_ld: bool,
    pub data_urls: DataUrls,
    pub adopt_local: AdoptLocal,
    pub changed_images: ChangedImages,
    pub max_article: Size,
}

/// What a mirrored article shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum Images {
    /// Every image as it was fetched.
    Original,
    /// Images within the text at the size of a thumbnail, in a link to the full one.
    ThumbnailLinked,
}

/// What becomes of lazily loaded images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum Lazy {
    /// They show without JavaScript.
    Reveal,
    /// Only their own attributes are edited.
    Keep,
}

/// The kinds of media that can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum MediaKind {
    Image,
    Poster,
    Video,
    Audio,
    Track,
}

/// What happens to images that an article holds itself, as `data:` URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum DataUrls {
    /// They stay where they are.
    Keep,
    /// They are kept as blobs, and the mirror shows those.
    Lift,
}

/// Whether images that lie beside an article go into the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum AdoptLocal {
    /// Yes where the mirror is written elsewhere, no in place.
    Auto,
    /// Yes.
    Always,
    /// No.
    Never,
}

/// Which version an article shows of an image whose bytes changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum ChangedImages {
    /// The one that it showed before the change.
    First,
    /// The newest.
    Newest,
}
