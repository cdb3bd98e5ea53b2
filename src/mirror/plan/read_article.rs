//! An article that was read: its original, what is recorded of it, and its references.

use std::sync::Arc;

use encoding_rs::Encoding;
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use super::super::astray::{Astray, astray};
use super::super::sources::RunSource;
use super::references::{Resolved, SavedPage};
use crate::archive::{NewReference, StoreKey};
use crate::clock;
use crate::config::Config;
use crate::extract;
use crate::ingest::{self, InlineImages, InlineLimits};
use crate::model::{ArticleKey, ArticleVersion, Digest, Fingerprint, Format, RelativePath, Span};

/// An article that was read, with all that is recorded of it.
pub(in crate::mirror) struct ReadArticle {
    /// The original.
    pub(in crate::mirror) bytes: Vec<u8>,
    /// What is recorded of it.
    pub(in crate::mirror) version: ArticleVersion,
    /// Its references.
    pub(in crate::mirror) references: Vec<NewReference>,
    /// The images that it holds itself.
    pub(in crate::mirror) inline: InlineImages,
    /// What stood in place of some references, by their spans: the URLs gave that, whatever the catalog knows of them.
    pub(in crate::mirror) traced: Vec<(Span, StoreKey)>,
    /// How many references it has beyond those that one article may have.
    pub(in crate::mirror) left_out: usize,
    /// What differs from the record.
    pub(in crate::mirror) change: Change,
    /// The memory that it and its references take, until it is on record.
    pub(in crate::mirror) admitted: Option<OwnedSemaphorePermit>,
}

impl ReadArticle {
    /// Where the first reference stands that would open an object of the archive from the place of the mirror, and leads
    /// nowhere else that is known.
    pub(super) fn opens_archive(&self) -> Option<usize> {
        let leads_astray = |reference: &&NewReference| {
            astray(&self.bytes, &reference.place, reference.requested()) == Some(Astray::Unknown)
        };
        self.references.iter().find(leads_astray).map(|reference| reference.place.span.start)
    }
}

/// What differs between an article and the record of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mirror) enum Change {
    /// It is not on record.
    New,
    /// Its content.
    Content,
    /// Only the settings, or its mirror is not there.
    Settings,
}

/// Reads an original, on a thread for such work: the facts to record about it, and its references. `url` and `charset`
/// are where it came from and what its response named, if that is known.
pub(super) async fn read_original(
    config: &Arc<Config>,
    source: &Arc<RunSource>,
    path: &RelativePath,
    fingerprint: Fingerprint,
    bytes: Vec<u8>,
    (url, charset): (Option<&Url>, Option<&'static Encoding>),
) -> (Box<ReadArticle>, Resolved) {
    let options = source.options(path, url, charset);
    let (config, source, path) = (Arc::clone(config), Arc::clone(source), path.clone());
    let read = tokio::task::spawn_blocking(move || {
        let format = extract::format_of(&path, &bytes);
        let mut extraction = extract::extract(&bytes, format, &options);
        let inline = ingest::take_inline(&mut extraction.references, &InlineLimits::new(&config));
        let is_page = matches!(format, Format::Html | Format::Xhtml);
        let saved = options.base_url.as_ref().zip(extraction.url.as_ref().filter(|_| is_page));
        let saved = saved.map(|(file, page)| SavedPage { file, page });
        let resolved = Resolved::of(&source, &path, config.rewrite.adopt_local, saved, &extraction.references);
        let version = ArticleVersion {
            key: ArticleKey { source: source.name().clone(), path },
            original: Digest::of(&bytes),
            fingerprint,
            format,
            encoding: Some(extraction.encoding.name().to_owned()),
            settings: source.settings,
            title: extraction.title,
            published: extraction.published,
            url: extraction.url,
            read_at: clock::now(),
        };
        let (references, traced, left_out) = (Vec::new(), Vec::new(), extraction.left_out);
        let (change, admitted) = (Change::New, None);
        let article = ReadArticle { bytes, version, references, inline, traced, left_out, change, admitted };
        (Box::new(article), resolved)
    });
    read.await.expect("extraction takes any bytes without a panic")
}
