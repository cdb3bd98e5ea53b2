//! Duplicate groups: images that look alike, and the best copy of those that are gone.
//!
//! This is only advice. Two images may look alike and differ in what matters, so nothing is merged, removed or shown
//! because of it.

use std::collections::HashMap;

use serde::Serialize;

use super::{LISTED, PAGE};
use crate::archive::{Archive, CatalogError, ReferenceRow, StoreKey, UrlRow};
use crate::media::similar::{NEAR, distance, duplicate_groups};
use crate::model::{ArticleKey, Asset, Digest, MediaType, ReferenceKind};

/// URLs and articles listed beside one image.
const LISTED_BESIDE: usize = 5;

/// Which images look alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Similar {
    /// Images that were compared: those that were decoded and have any structure.
    pub images: u64,
    /// Groups of images that look alike.
    pub groups_found: u64,
    /// Images in the groups other than the best of each.
    pub copies_found: u64,
    /// The largest groups, at most a thousand.
    pub groups: Vec<DuplicateGroup>,
    /// Images that are gone and of which a copy is kept, at most a thousand.
    pub suggestions: Vec<Suggestion>,
}

/// Images that look alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DuplicateGroup {
    /// The one with the most pixels.
    pub best: Match,
    /// The others, the most alike first.
    pub others: Vec<Match>,
}

/// An image that looks like another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Match {
    /// Its digest.
    pub sha256: String,
    /// Its file, relative to the archive's folder.
    pub file: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many of the 64 bits of its perceptual hash differ: in a group, from that of the best image; in a suggestion,
    /// from that of the copy that the article names.
    pub distance: u32,
    /// URLs that gave it, at most five.
    pub urls: Vec<String>,
}

/// The best copy of an image that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// The URL that is gone.
    pub url: String,
    /// Articles that show it, at most five.
    pub articles: Vec<String>,
    /// A URL that one of these articles names for the same image, and whose image is kept.
    pub known_by: String,
    /// The largest image that looks like that one, or that one itself.
    pub best: Match,
}

/// Compares all images of an archive. Takes about a hundred bytes of memory for each.
pub async fn similar(archive: &Archive) -> Result<Similar, CatalogError> {
    let comparison = Comparison::read(archive).await?;
    let mut similar = Similar { images: comparison.images.len() as u64, ..Similar::default() };
    similar.groups_found = comparison.groups.len() as u64;
    similar.copies_found = comparison.groups.iter().map(|group| group.len() as u64 - 1).sum();
    for group in comparison.groups.iter().take(LISTED) {
        similar.groups.push(comparison.group(group, archive).await?);
    }
    similar.suggestions = Suggestions::new(&comparison, archive).all().await?;
    Ok(similar)
}

/// What is known of an image that can be compared.
#[derive(Debug, Clone, Copy)]
struct HashedImage {
    digest: Digest,
    media_type: MediaType,
    size: u64,
    width: u32,
    height: u32,
    hash: u64,
}

impl HashedImage {
    fn of(digest: Digest, size: u64, asset: &Asset) -> Option<Self> {
        let Asset { media_type, width, height, perceptual_hash, .. } = *asset;
        Some(Self { digest, media_type, size, width, height, hash: perceptual_hash? })
    }

    /// What makes a copy better than another: pixels, then bytes. The digest makes the order total.
    fn rank(&self) -> (u64, u64, Digest) {
        (u64::from(self.width) * u64::from(self.height), self.size, self.digest)
    }

    /// The image as a match of another one.
    async fn matched(&self, other: &Self, archive: &Archive) -> Result<Match, CatalogError> {
        let urls = archive.catalog.urls_of(self.digest).await?;
        Ok(Match {
            sha256: self.digest.to_string(),
            file: StoreKey::Blob { digest: self.digest, media_type: self.media_type }.path(),
            media_type: self.media_type.mime(),
            width: self.width,
            height: self.height,
            bytes: self.size,
            distance: distance(self.hash, other.hash),
            urls: urls.iter().take(LISTED_BESIDE).map(ToString::to_string).collect(),
        })
    }
}

/// All images that can be compared, the best first, and the groups of those that look alike, the largest first.
struct Comparison {
    images: Vec<HashedImage>,
    /// Indices of images, the best of a group first.
    groups: Vec<Vec<u32>>,
    /// The best image of the group that an image is in.
    best: HashMap<Digest, u32>,
}

impl Comparison {
    async fn read(archive: &Archive) -> Result<Self, CatalogError> {
        let mut images = Vec::new();
        for shard in 0..=u8::MAX {
            let assets = archive.catalog.assets_on_record(shard).await?.into_iter();
            let assets = assets.collect::<Result<Vec<_>, _>>()?;
            images.extend(assets.iter().filter_map(|row| HashedImage::of(row.digest, row.size, &row.asset)));
        }
        images.sort_by_key(|image| std::cmp::Reverse(image.rank()));
        let hashes: Vec<u64> = images.iter().map(|image| image.hash).collect();
        let mut groups = duplicate_groups(&hashes, NEAR);
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        let members = groups.iter().flat_map(|group| group.iter().map(|&member| (member, group[0])));
        let best = members.map(|(member, best)| (images[member as usize].digest, best)).collect();
        Ok(Self { images, groups, best })
    }

    async fn group(&self, group: &[u32], archive: &Archive) -> Result<DuplicateGroup, CatalogError> {
        let best = &self.images[group[0] as usize];
        let mut others = Vec::new();
        for &member in &group[1..] {
            others.push(self.images[member as usize].matched(best, archive).await?);
        }
        Ok(DuplicateGroup { best: best.matched(best, archive).await?, others })
    }

    /// The best image of the group that an image is in, or the image itself.
    fn best_of(&self, image: HashedImage) -> HashedImage {
        self.best.get(&image.digest).map_or(image, |&best| self.images[best as usize])
    }
}

/// A copy of an image that is gone.
struct Copy {
    /// The URL that gave it.
    url: String,
    image: HashedImage,
    /// The best image that looks like it.
    best: HashedImage,
}

/// Looks for copies of images that are gone.
struct Suggestions<'a> {
    comparison: &'a Comparison,
    archive: &'a Archive,
    /// The references of the article that was read last: images that are gone are often in the same article.
    last: Option<(ArticleKey, Vec<ReferenceRow>)>,
}

impl<'a> Suggestions<'a> {
    fn new(comparison: &'a Comparison, archive: &'a Archive) -> Self {
        Self { comparison, archive, last: None }
    }

    async fn all(mut self) -> Result<Vec<Suggestion>, CatalogError> {
        let (mut suggestions, mut last) = (Vec::new(), None);
        loop {
            let urls = self.archive.catalog.failing_urls(last, PAGE).await?;
            let Some(end) = urls.last() else { return Ok(suggestions) };
            last = Some(end.id);
            // A URL that was never requested is not gone.
            for url in urls.iter().filter(|url| url.asset.is_none() && url.facts.attempts > 0) {
                suggestions.extend(self.suggestion(url).await?);
                if suggestions.len() >= LISTED {
                    return Ok(suggestions);
                }
            }
        }
    }

    /// The best copy of an image that is gone, by the other URLs that its articles name for the same image.
    async fn suggestion(&mut self, gone: &UrlRow) -> Result<Option<Suggestion>, CatalogError> {
        let articles = self.archive.catalog.articles_of(gone.id, LISTED_BESIDE).await?;
        for key in &articles {
            let Some(Copy { url: known_by, image, best }) = self.copy_in(key, gone).await? else { continue };
            let best = best.matched(&image, self.archive).await?;
            let articles = articles.iter().map(ToString::to_string).collect();
            return Ok(Some(Suggestion { url: gone.url.to_string(), articles, known_by, best }));
        }
        Ok(None)
    }

    /// The best copy at the other URLs that an article names for the image of a URL that is gone.
    async fn copy_in(&mut self, key: &ArticleKey, gone: &UrlRow) -> Result<Option<Copy>, CatalogError> {
        let comparison = self.comparison;
        let references = self.references(key).await?;
        let shows = |row: &&ReferenceRow| row.url.as_ref().is_some_and(|url| url.id == gone.id);
        let groups: Vec<u32> = references.iter().filter(shows).map(|row| row.place.image_group).collect();
        let same =
            references.iter().filter(|row| groups.contains(&row.place.image_group) && names_an_image(row.place.kind));
        let copies = same.filter_map(|row| {
            let url = row.url.as_ref()?;
            let kept = url.asset.as_ref()?;
            let image = HashedImage::of(kept.digest, kept.size, &kept.asset)?;
            Some(Copy { url: url.url.to_string(), image, best: comparison.best_of(image) })
        });
        Ok(copies.max_by_key(|copy| (copy.best.rank(), copy.image.rank())))
    }

    async fn references(&mut self, key: &ArticleKey) -> Result<&[ReferenceRow], CatalogError> {
        if self.last.as_ref().is_none_or(|(known, _)| known != key) {
            let row = self.archive.catalog.article(key).await?;
            let references = match row {
                Some(row) => self.archive.catalog.references(row.id).await?,
                None => Vec::new(),
            };
            self.last = Some((key.clone(), references));
        }
        Ok(self.last.as_ref().map_or(&[], |(_, references)| references))
    }
}

/// Whether references of this kind and of one image group show the same image.
const fn names_an_image(kind: ReferenceKind) -> bool {
    matches!(
        kind,
        ReferenceKind::Image
            | ReferenceKind::Lazy
            | ReferenceKind::Srcset
            | ReferenceKind::FullSize
            | ReferenceKind::Markdown
    )
}
