//! What one pass over an article finds.

use encoding_rs::Encoding;
use jiff::Timestamp;
use url::Url;

use crate::model::Reference;

/// What one pass over an article finds.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Extraction {
    /// Its references, ordered by their spans, which do not overlap.
    pub references: Vec<Reference>,
    /// How many references there are beyond the limit of one article, or at least as many. These stay unchanged.
    pub left_out: usize,
    /// The encoding the file is written in, and so the one that splices are written in.
    pub encoding: &'static Encoding,
    /// The title, of the front matter or the document.
    pub title: Option<String>,
    /// When it was published, where it says so.
    pub published: Option<Timestamp>,
    /// Where it was published: its canonical URL, where it says so.
    pub url: Option<Url>,
}
