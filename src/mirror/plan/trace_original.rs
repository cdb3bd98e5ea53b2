//! The original of a text that offprint wrote, wherever the text is now.
//!
//! A post that is mirrored in place can be renamed, moved, copied, edited or read by another source. Then its path does
//! not identify it, but its links do: they hold the digests of their targets. Nothing that still holds such links is
//! recorded as an original.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::super::error::MirrorError;
use super::align::align;
use super::in_place::original_of;
use super::text_blobs::TextBlobs;
use super::unread::Unread;
use crate::archive::{Archive, ArticleId, ArticleRow, AssetRow, StoreKey, links_in};
use crate::extract::{self, ExtractOptions};
use crate::model::{ArticleKey, ArticleVersion, Digest, Edit, Format, Reference, RelativePath, SourceName, Span};

/// How many objects are used to find articles that show them.
const OBJECTS: usize = 32;
/// How many articles are examined for one object.
const SHOWING: usize = 256;
/// Articles of those that are compared with a text.
pub(super) const CANDIDATES: usize = 16;
/// Texts that a message names.
const NAMED: usize = 5;
/// An original that holds links itself was recorded by an earlier version: its own original is searched for, too.
const DEPTH: usize = 8;

/// A text that was found, and how it is read.
pub(in crate::mirror) struct MirrorText<'a> {
    /// How it is written.
    pub(in crate::mirror) format: Format,
    /// The options of its extraction.
    pub(in crate::mirror) options: &'a ExtractOptions,
    /// The start of links in the mirrors of its source, if the settings give a prefix.
    pub(in crate::mirror) prefix: &'a str,
    /// What is on record under its path.
    pub(in crate::mirror) row: Option<&'a ArticleRow>,
}

/// An original, and what stood in place of its references, by their spans.
pub(super) type Traced = (Vec<u8>, Vec<(Span, StoreKey)>);

/// Finds originals. It reads the archive and writes nothing.
pub(in crate::mirror) struct Originals {
    pub(super) archive: Arc<Archive>,
    blobs: OnceCell<TextBlobs>,
    /// Texts that belong to no article, as messages name them.
    nobodys: OnceCell<Vec<String>>,
    /// Texts that were taken down.
    taken_down: OnceCell<HashSet<Digest>>,
}

impl Originals {
    pub(in crate::mirror) fn new(archive: Arc<Archive>) -> Self {
        Self { archive, blobs: OnceCell::new(), nobodys: OnceCell::new(), taken_down: OnceCell::new() }
    }

    /// Whether an article was taken down, by itself or with its source.
    pub(super) async fn is_taken_down(&self, source: &SourceName, path: &RelativePath) -> Result<bool, MirrorError> {
        let key = ArticleKey { source: source.clone(), path: path.clone() };
        Ok(self.archive.catalog.is_taken_down(&key).await?)
    }

    /// Whether a text was taken down, under whatever name.
    pub(super) async fn is_text_taken_down(&self, text: &[u8]) -> Result<bool, MirrorError> {
        let taken_down = self.taken_down.get_or_try_init(|| self.archive.texts_taken_down()).await?;
        Ok(!taken_down.is_empty() && taken_down.contains(&Digest::of(text)))
    }

    /// The original of a text: the text itself, if nothing in it leads into an archive. Otherwise an error that says
    /// why there is none.
    pub(super) async fn of(
        &self,
        found: &MirrorText<'_>,
        text: Vec<u8>,
    ) -> Result<Result<Vec<u8>, Unread>, MirrorError> {
        let mut text = text;
        for _ in 0..DEPTH {
            let links = found.links(&text);
            if links.is_empty() {
                return Ok(Ok(text));
            }
            text = match self.step(found, &text, &links).await? {
                Some(Ok(original)) => original,
                Some(Err(why)) => return Ok(Err(why)),
                None if links.keys().any(|link| found.is_ours(link)) => return Ok(Err(self.untraced(&links).await?)),
                None => return Ok(Ok(text)),
            };
        }
        Ok(Err(self.untraced(&found.links(&text)).await?))
    }

    /// Whether a text is the original of a version, or differs from it in nothing but links.
    pub(super) async fn is_made_from(&self, found: &MirrorText<'_>, version: &ArticleVersion, text: &[u8]) -> bool {
        let original = self.archive.read_verified(version.original, version.format.blob_type()).await;
        let spans = found.spans(text, &found.links(text));
        original.is_ok_and(|original| original == text || found.pairs(&original, text, &spans).is_some())
    }

    /// The original of a text, and what its links show in place of its references.
    pub(super) async fn traced(
        &self,
        found: &MirrorText<'_>,
        text: Vec<u8>,
    ) -> Result<Result<Traced, Unread>, MirrorError> {
        let links = found.links(&text);
        if links.is_empty() {
            return Ok(Ok((text, Vec::new())));
        }
        let original = match self.of(found, text.clone()).await? {
            Ok(original) => original,
            Err(why) => return Ok(Err(why)),
        };
        let spans = found.spans(&text, &links);
        let pairs = found.pairs(&original, &text, &spans).unwrap_or_default();
        let shown = pairs.into_iter().map(|(reference, link)| (reference.span, spans[link].1.clone())).collect();
        Ok(Ok((original, shown)))
    }

    /// Why a text with these links is not read, with the texts that may be its original.
    async fn untraced(&self, links: &Links) -> Result<Unread, MirrorError> {
        let first = links.keys().next().map_or("", String::as_str);
        let nobodys = self.nobodys.get_or_try_init(|| self.find_nobodys()).await?;
        Ok(Unread::untraced(links.len(), first, nobodys))
    }

    async fn find_nobodys(&self) -> Result<Vec<String>, MirrorError> {
        let mut found = Vec::new();
        for (digest, media_type) in self.text_blobs().await?.all() {
            if self.archive.catalog.articles_of_original(digest).await?.is_empty() {
                found.push(StoreKey::Blob { digest, media_type }.path());
            }
            if found.len() == NAMED {
                break;
            }
        }
        Ok(found)
    }

    /// What a text was made from, by the strongest evidence that there is.
    async fn step(
        &self,
        found: &MirrorText<'_>,
        text: &[u8],
        links: &Links,
    ) -> Result<Option<Result<Vec<u8>, Unread>>, MirrorError> {
        let digest = Digest::of(text);
        if let Some(row) = found.row.filter(|row| row.mirror.is_some_and(|(mirror, _)| mirror == digest))
            && row.version.original != digest
        {
            let original = self.archive.read_verified(row.version.original, row.version.format.blob_type()).await;
            return Ok(Some(original.map_err(Unread::from)));
        }
        for (original, format) in self.archive.catalog.originals_of_mirror(digest).await? {
            if original != digest
                && let Ok(original) = self.archive.read_verified(original, format.blob_type()).await
            {
                return Ok(Some(Ok(original)));
            }
        }
        let own = found.row.map(|row| row.id);
        if let Some(original) = self.by_edits(found, text, own.as_slice()).await? {
            return Ok(Some(Ok(original)));
        }
        let candidates = self.candidates(found, links).await?;
        if let Some(original) = self.earlier_version(found, text, links, &candidates).await? {
            return Ok(Some(Ok(original)));
        }
        if let Some(original) = self.by_edits(found, text, &candidates).await? {
            return Ok(Some(Ok(original)));
        }
        self.by_blob(found, text, links).await.map(|original| original.map(Ok))
    }

    /// Articles that the text may come from: the one of its path first, then those that show the most of what it shows.
    async fn candidates(&self, found: &MirrorText<'_>, links: &Links) -> Result<Vec<ArticleId>, MirrorError> {
        let mut shared: HashMap<ArticleId, usize> = HashMap::new();
        for digest in links.values().filter_map(shown).take(OBJECTS) {
            for article in self.archive.catalog.articles_showing(digest).await?.into_iter().take(SHOWING) {
                *shared.entry(article).or_default() += 1;
            }
        }
        let own = found.row.map(|row| row.id);
        let mut others: Vec<_> = shared.into_iter().filter(|(id, _)| Some(*id) != own).collect();
        others.sort_by_key(|(id, count)| (std::cmp::Reverse(*count), *id));
        Ok(own.into_iter().chain(others.into_iter().map(|(id, _)| id)).take(CANDIDATES).collect())
    }

    /// The version of a candidate whose mirror the text is, if the images that it shows prove that.
    async fn earlier_version(
        &self,
        found: &MirrorText<'_>,
        text: &[u8],
        links: &Links,
        candidates: &[ArticleId],
    ) -> Result<Option<Vec<u8>>, MirrorError> {
        let spans = found.spans(text, links);
        for id in candidates {
            for version in self.archive.catalog.versions(*id).await?.into_iter().rev().take(CANDIDATES) {
                let blob = self.archive.read_verified(version.original, version.format.blob_type()).await;
                let Ok(original) = blob else { continue };
                if self.agreement(found, &original, text, &spans).await? == Agreement::Proven {
                    return Ok(Some(original));
                }
            }
        }
        Ok(None)
    }

    /// The text with the recorded splices of candidates undone, if that leaves no link.
    async fn by_edits(
        &self,
        found: &MirrorText<'_>,
        text: &[u8],
        candidates: &[ArticleId],
    ) -> Result<Option<Vec<u8>>, MirrorError> {
        let mut recorded: Vec<Vec<Edit>> = Vec::new();
        for id in candidates {
            recorded.push(self.archive.catalog.edits(*id).await?);
        }
        let mut text = text.to_vec();
        loop {
            let before = text.clone();
            for edits in &recorded {
                text = original_of(&text, found.format, edits, &links_in(&text), found.options);
                if found.links(&text).is_empty() {
                    return Ok(Some(text));
                }
            }
            if text == before {
                return Ok(None);
            }
        }
    }

    /// The only blob of which the text can be a mirror: the catalog may be older than both.
    async fn by_blob(
        &self,
        found: &MirrorText<'_>,
        text: &[u8],
        links: &Links,
    ) -> Result<Option<Vec<u8>>, MirrorError> {
        if !links.keys().any(|link| found.is_ours(link)) {
            return Ok(None);
        }
        let spans = found.spans(text, links);
        let blobs = self.text_blobs().await?;
        let mut possible = Vec::new();
        for (digest, media_type) in blobs.beginning_like(text, spans.first().map_or(0, |(span, _)| span.start)) {
            let Ok(original) = self.archive.read_verified(digest, media_type).await else { continue };
            match self.agreement(found, &original, text, &spans).await? {
                Agreement::Proven => return Ok(Some(original)),
                Agreement::Possible => possible.push(original),
                Agreement::None => {}
            }
        }
        Ok(possible.pop().filter(|_| possible.is_empty()))
    }

    /// The texts of the archive, which are listed once.
    pub(super) async fn text_blobs(&self) -> Result<&TextBlobs, MirrorError> {
        Ok(self.blobs.get_or_try_init(|| TextBlobs::read(&self.archive)).await?)
    }

    /// Whether a text can be the mirror of an original.
    pub(super) async fn agreement(
        &self,
        found: &MirrorText<'_>,
        original: &[u8],
        text: &[u8],
        links: &[(Span, StoreKey)],
    ) -> Result<Agreement, MirrorError> {
        let Some(pairs) = found.pairs(original, text, links) else { return Ok(Agreement::None) };
        let mut agreement = Agreement::Proven;
        for (reference, link) in &pairs {
            agreement = agreement.min(self.had(reference, &links[*link].1).await?);
        }
        Ok(agreement)
    }

    /// Whether the URL of a reference had the asset behind a link.
    async fn had(&self, reference: &Reference, key: &StoreKey) -> Result<Agreement, MirrorError> {
        let (Ok(url), Some(wanted)) = (&reference.url, shown(key)) else { return Ok(Agreement::Possible) };
        let Some(row) = self.archive.catalog.url(url).await? else { return Ok(Agreement::Possible) };
        let Some(AssetRow { digest: newest, .. }) = row.asset else { return Ok(Agreement::Possible) };
        if newest == wanted {
            return Ok(Agreement::Proven);
        }
        let captures = self.archive.catalog.captures(row.id).await?;
        let had = captures.iter().any(|capture| capture.digest == Some(wanted));
        Ok(if had { Agreement::Proven } else { Agreement::None })
    }
}

/// How well an original explains a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Agreement {
    /// It does not.
    None,
    /// Nothing speaks against it.
    Possible,
    /// Every link leads to what the URL in its place is recorded to have given.
    Proven,
}

/// Links of a text, with what they lead to.
pub(super) type Links = BTreeMap<String, StoreKey>;

impl MirrorText<'_> {
    /// The references of a text that lead to blobs or thumbnails of some archive.
    pub(super) fn links(&self, text: &[u8]) -> Links {
        let mut links = links_in(text);
        if !links.is_empty() {
            let references = self.references(text, &links);
            links.retain(|link, _| references.iter().any(|reference| reference.raw == *link));
        }
        links
    }

    fn references(&self, text: &[u8], links: &Links) -> Vec<Reference> {
        let options = ExtractOptions { local_links: links.keys().cloned().collect(), ..self.options.clone() };
        extract::extract(text, self.format, &options).references
    }

    /// Where the links stand, in order.
    pub(super) fn spans(&self, text: &[u8], links: &Links) -> Vec<(Span, StoreKey)> {
        let references = self.references(text, links).into_iter();
        references.filter_map(|reference| Some((reference.span, links.get(&reference.raw)?.clone()))).collect()
    }

    /// Which reference of an original each link of a text stands for, where nothing else differs.
    pub(super) fn pairs(
        &self,
        original: &[u8],
        text: &[u8],
        links: &[(Span, StoreKey)],
    ) -> Option<Vec<(Reference, usize)>> {
        let references = extract::extract(original, self.format, self.options).references;
        let spans: Vec<_> = links.iter().map(|(span, _)| *span).collect();
        let pairs = align(original, &references, text, &spans)?;
        if pairs.is_empty() || !self.links(original).is_empty() {
            return None;
        }
        Some(pairs.into_iter().map(|(reference, link)| (references[reference].clone(), link)).collect())
    }

    /// Whether a link is one that offprint wrote. A link to another site is a URL as any other.
    fn is_ours(&self, link: &str) -> bool {
        let is_elsewhere = link.contains("://") || link.starts_with("//");
        !is_elsewhere || (!self.prefix.is_empty() && link.starts_with(self.prefix))
    }
}

/// The asset that a link shows.
pub(super) const fn shown(key: &StoreKey) -> Option<Digest> {
    match key {
        StoreKey::Blob { digest, .. } => Some(*digest),
        StoreKey::Thumbnail { original, .. } => Some(*original),
        _ => None,
    }
}
