//! Settings of extraction.

use std::collections::HashSet;

use encoding_rs::Encoding;
use url::Url;

use crate::config::{DataUrls, MediaKind, RewriteConfig};

/// Settings of extraction: what it takes besides the bytes.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct ExtractOptions {
    /// What relative URLs are resolved against, if the article does not say.
    pub base_url: Option<Url>,
    /// The charset that the response named; it takes precedence over the article's own declaration.
    pub charset: Option<&'static Encoding>,
    /// Front-matter keys that hold an image, besides the well-known ones.
    pub front_matter_keys: Vec<String>,
    /// Whether any front-matter value that is an http(s) URL ending in an image extension counts.
    pub front_matter_urls: bool,
    /// Attributes that hold a lazily loaded image, besides the well-known ones.
    pub lazy_attributes: Vec<String>,
    /// The kinds of media that are references.
    pub media: Vec<MediaKind>,
    /// Whether images named in JSON-LD are references.
    pub json_ld: bool,
    /// Whether `data:` URLs that say they are images are references.
    pub data_urls: bool,
    /// Whether the style sheets of pages and of style sheets are references.
    pub style_sheets: bool,
    /// The local links of a mirror. A value that is recognised only by looking like the URL of an image, such as that
    /// of an unknown attribute or key, is recognised in the mirror if it is one of these: it replaced such a URL.
    pub local_links: HashSet<String>,
}

impl ExtractOptions {
    /// The options that a configuration asks for.
    pub fn new(config: &RewriteConfig, base_url: Option<Url>) -> Self {
        Self {
            base_url,
            charset: None,
            front_matter_keys: config.front_matter_keys.clone(),
            front_matter_urls: config.front_matter_urls,
            lazy_attributes: config.lazy_attributes.clone(),
            media: config.media.clone(),
            json_ld: config.json_ld,
            data_urls: config.data_urls == DataUrls::Lift,
            style_sheets: false,
            local_links: HashSet::new(),
        }
    }
}

impl Default for ExtractOptions {
    /// The options of the default configuration.
    fn default() -> Self {
        Self {
            base_url: None,
            charset: None,
            front_matter_keys: Vec::new(),
            front_matter_urls: true,
            lazy_attributes: Vec::new(),
            media: vec![MediaKind::Image, MediaKind::Poster],
            json_ld: false,
            data_urls: false,
            style_sheets: false,
            local_links: HashSet::new(),
        }
    }
}
