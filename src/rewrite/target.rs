//! The input of rewriting: an article, and its references with the links that they get.

use encoding_rs::Encoding;
use url::Url;

use crate::extract::ExtractOptions;
use crate::model::{Format, Reference, ReferencePlace};

/// An article and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct Article<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// How it is written.
    pub format: Format,
    /// The encoding that [`crate::extract::extract`] found, by its name in the Encoding Standard.
    pub encoding: &'static Encoding,
    /// The options that its references were extracted with.
    pub options: &'a ExtractOptions,
}

/// A reference as rewriting needs it, and the link that replaces it.
///
/// All of it can be recorded when an article is read, so that writing its mirror takes no second extraction; the raw
/// text is taken from the article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it stands.
    pub place: ReferencePlace,
    /// The URL, absolute.
    pub url: Option<Url>,
    /// The link that it gets; `None` leaves it remote.
    pub link: Option<LocalLink>,
}

impl Target {
    /// A reference that was just extracted, and the link that it gets.
    pub fn new(reference: &Reference, link: Option<LocalLink>) -> Self {
        Self { place: reference.place(), url: reference.url.clone().ok(), link }
    }
}

/// The link that a reference gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalLink {
    /// The local link that replaces it.
    pub shown: String,
    /// If that is a smaller image in the text: the local link of the full one, which encloses it.
    pub full: Option<String>,
}

impl From<String> for LocalLink {
    fn from(shown: String) -> Self {
        Self { shown, full: None }
    }
}
