//! What is recorded of an article's references.

use std::path::Path;

use url::{Position, Url};

use super::super::error::MirrorError;
use super::moved::{Moved, file_name};
use crate::archive::{Archive, ArticleId, NewReference, UrlRow};
use crate::config::AdoptLocal;
use crate::ingest::NI_SCHEME;
use crate::model::Reference;
use crate::source::{LocalFile, Source};

/// The references as the catalog keeps them, and their missing files.
pub(super) struct Resolved {
    pub(super) references: Vec<NewReference>,
    /// Which reference, and where its file may have been.
    missing: Vec<(usize, Vec<Url>)>,
}

/// A page that was saved as a file, and says where it was.
#[derive(Clone, Copy)]
pub(super) struct SavedPage<'a> {
    /// The file's URL.
    pub(super) file: &'a Url,
    /// The page's.
    pub(super) page: &'a Url,
}

impl SavedPage<'_> {
    /// Where an image of the page was that does not lie beside the file.
    fn origin_of(self, reference: &Reference, url: &Url) -> Option<Url> {
        let from_root = || url[Position::BeforePath..].to_owned();
        let address = if reference.raw.starts_with('/') { Some(from_root()) } else { self.file.make_relative(url) };
        self.page.join(&address?).ok().filter(Url::has_host)
    }
}

/// What a reference names.
enum Named {
    /// Something that is fetched or adopted.
    Url(Url),
    /// A file that is missing: the URL that is fetched in its place, and where the file may have been.
    MissingFile(Url, Vec<Url>),
    /// Nothing that is kept.
    Nothing,
}

impl Resolved {
    /// Finds out what references name: a file on the disk comes before the web. It asks the file system, so it is not
    /// for the runtime.
    pub(super) fn of(
        source: &Source,
        path: &str,
        adopt: AdoptLocal,
        saved: Option<SavedPage<'_>>,
        references: &[Reference],
    ) -> Self {
        let adopts = source.adopts(adopt);
        let mut missing = Vec::new();
        let mut new = Vec::with_capacity(references.len());
        for (at, reference) in references.iter().enumerate() {
            let url = match named(source, path, adopts, saved, reference) {
                Named::Url(url) => Some(url),
                Named::MissingFile(url, places) => {
                    missing.push((at, places));
                    Some(url)
                }
                Named::Nothing => None,
            };
            new.push(NewReference::new(reference, url));
        }
        Self { references: new, missing }
    }

    /// Points references whose file is gone to what is kept of it: a kept copy stays. `known` is the article as it is on
    /// record, where it is; one that is not may be another that was moved, and edited.
    pub(super) async fn keep_copies(
        mut self,
        archive: &Archive,
        source: &Source,
        known: Option<ArticleId>,
        (moved, text): (&Moved, &[u8]),
    ) -> Result<Vec<NewReference>, MirrorError> {
        if self.missing.is_empty() {
            return Ok(self.references);
        }
        let records = if let Some(known) = known {
            vec![known]
        } else {
            let missing: Vec<_> = self.missing.iter().filter_map(|(_, places)| places.first().cloned()).collect();
            moved.here(source, text, &missing).await?
        };
        let mut shown = Vec::new();
        for article in records {
            shown.extend(archive.catalog.references(article).await?.into_iter().filter_map(|row| row.url));
        }
        for (at, places) in self.missing {
            if let Some(kept) = kept_copy(archive, &places, &shown).await? {
                self.references[at].url = Some(kept);
            }
        }
        Ok(self.references)
    }
}

fn named(source: &Source, path: &str, adopts: bool, saved: Option<SavedPage<'_>>, reference: &Reference) -> Named {
    let Ok(url) = &reference.url else { return Named::Nothing };
    if !reference.kind.is_media() {
        return Named::Nothing;
    }
    if url.scheme() == NI_SCHEME {
        return Named::Url(url.clone());
    }
    let file_url = |file: &Path| Url::from_file_path(file).ok();
    match source.local(path, reference) {
        Some(LocalFile::Found(file)) if adopts => file_url(&file).map_or(Named::Nothing, Named::Url),
        Some(LocalFile::Missing(places)) => {
            let places: Vec<_> = places.iter().filter_map(|place| file_url(place)).collect();
            let origin = || saved.and_then(|saved| saved.origin_of(reference, url));
            let asked = if url.has_host() { Some(url.clone()) } else { origin().or_else(|| places.first().cloned()) };
            asked.map_or(Named::Nothing, |asked| Named::MissingFile(asked, places))
        }
        None if url.has_host() => Named::Url(url.clone()),
        // A file that is not adopted is shown from where it lies.
        Some(LocalFile::Found(_)) | None => Named::Nothing,
    }
}

/// The file of which a copy is kept: in one of these places, or one of the same name that the article showed before.
async fn kept_copy(archive: &Archive, places: &[Url], shown: &[UrlRow]) -> Result<Option<Url>, MirrorError> {
    for place in places {
        if archive.catalog.url(place).await?.is_some_and(|row| row.asset.is_some()) {
            return Ok(Some(place.clone()));
        }
    }
    // Some systems write a character of a name as two.
    let wanted = places.first().and_then(file_name);
    let is_it = |row: &&UrlRow| row.asset.is_some() && row.url.scheme() == "file" && file_name(&row.url) == wanted;
    Ok(shown.iter().find(is_it).map(|row| row.url.clone()))
}
