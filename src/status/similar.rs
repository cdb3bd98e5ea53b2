//! Pictures that look alike, and the best copy of those that are gone.
//!
//! Advice and nothing else: two pictures may look alike and differ in what matters, so nothing is merged, removed or
//! shown because of it.

use std::collections::HashMap;

use serde::Serialize;

use super::{LISTED, PAGE};
use crate::archive::{Archive, CatalogError, ReferenceRow, StoreKey, UrlRow};
use crate::media::similar::{NEAR, distance, duplicate_groups};
use crate::model::{ArticleKey, Asset, Digest, MediaType, ReferenceKind};

/// URLs and articles named beside one picture.
const NAMED: usize = 5;

/// Which pictures look alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Similar {
    /// Pictures that were compared: those that were decoded and have any structure.
    pub pictures: u64,
    /// Groups of those that look alike.
    pub families_found: u64,
    /// Pictures in them that are not the best of theirs.
    pub copies_found: u64,
    /// The largest families, at most a thousand.
    pub families: Vec<Family>,
    /// References whose own image is gone and of which a copy is kept, at most a thousand.
    pub best_copies: Vec<Offer>,
}

/// Pictures that look alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Family {
    /// The one of most pixels.
    pub best: Likeness,
    /// The others, the most alike first.
    pub others: Vec<Likeness>,
}

/// A picture of a family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Likeness {
    /// Its digest.
    pub sha256: String,
    /// Its file in the archive.
    pub file: String,
    /// What it is.
    pub media_type: &'static str,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its size in bytes.
    pub bytes: u64,
    /// In how many of 64 bits its hash differs from that of the best, or the best's from that of the known one.
    pub distance: u32,
    /// URLs that it was had from, at most five.
    pub urls: Vec<String>,
}

/// The best copy of an image that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// The URL that is gone.
    pub url: String,
    /// Articles that show it, at most five.
    pub articles: Vec<String>,
    /// A URL that one of them names for the same picture, and that is kept.
    pub known_by: String,
    /// The largest picture that looks like that one, or it itself.
    pub best: Likeness,
}

/// Compares all pictures of an archive. Takes about a hundred bytes of memory for each.
pub async fn similar(archive: &Archive) -> Result<Similar, CatalogError> {
    let kinship = Kinship::read(archive).await?;
    let mut similar = Similar { pictures: kinship.rows.len() as u64, ..Similar::default() };
    similar.families_found = kinship.families.len() as u64;
    similar.copies_found = kinship.families.iter().map(|family| family.len() as u64 - 1).sum();
    for family in kinship.families.iter().take(LISTED) {
        similar.families.push(kinship.family(family, archive).await?);
    }
    similar.best_copies = Offers::new(&kinship, archive).all().await?;
    Ok(similar)
}

/// What is known of a picture that can be compared.
#[derive(Debug, Clone, Copy)]
struct Hashed {
    digest: Digest,
    media_type: MediaType,
    size: u64,
    width: u32,
    height: u32,
    hash: u64,
}

impl Hashed {
    fn of(digest: Digest, size: u64, asset: &Asset) -> Option<Self> {
        let Asset { media_type, width, height, perceptual_hash, .. } = *asset;
        Some(Self { digest, media_type, size, width, height, hash: perceptual_hash? })
    }

    /// What makes a copy better than another: pixels, then bytes; the digest only so that the order is one.
    fn rank(&self) -> (u64, u64, Digest) {
        (u64::from(self.width) * u64::from(self.height), self.size, self.digest)
    }

    /// As it is told, beside the one it is like.
    async fn likeness(&self, other: &Self, archive: &Archive) -> Result<Likeness, CatalogError> {
        let urls = archive.catalog.urls_of(self.digest).await?;
        Ok(Likeness {
            sha256: self.digest.to_string(),
            file: StoreKey::Blob { digest: self.digest, media_type: self.media_type }.path(),
            media_type: self.media_type.mime(),
            width: self.width,
            height: self.height,
            bytes: self.size,
            distance: distance(self.hash, other.hash),
            urls: urls.iter().take(NAMED).map(ToString::to_string).collect(),
        })
    }
}

/// All pictures that can be compared, the best first, and their families, the largest first.
struct Kinship {
    rows: Vec<Hashed>,
    families: Vec<Vec<u32>>,
    /// The best of the family that a picture is in.
    best: HashMap<Digest, u32>,
}

impl Kinship {
    async fn read(archive: &Archive) -> Result<Self, CatalogError> {
        let mut rows = Vec::new();
        for shard in 0..=u8::MAX {
            let assets = archive.catalog.assets_on_record(shard).await?;
            rows.extend(assets.iter().filter_map(|row| Hashed::of(row.digest, row.size, &row.asset)));
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.rank()));
        let hashes: Vec<u64> = rows.iter().map(|row| row.hash).collect();
        let mut families = duplicate_groups(&hashes, NEAR);
        families.sort_by_key(|family| std::cmp::Reverse(family.len()));
        let members = families.iter().flat_map(|family| family.iter().map(|&member| (member, family[0])));
        let best = members.map(|(member, best)| (rows[member as usize].digest, best)).collect();
        Ok(Self { rows, families, best })
    }

    async fn family(&self, family: &[u32], archive: &Archive) -> Result<Family, CatalogError> {
        let best = &self.rows[family[0] as usize];
        let mut others = Vec::new();
        for &member in &family[1..] {
            others.push(self.rows[member as usize].likeness(best, archive).await?);
        }
        Ok(Family { best: best.likeness(best, archive).await?, others })
    }
}

/// A URL, what was had from it, and the best that looks like that.
type Copied = (String, Hashed, Hashed);

/// Looks for what could stand in for images that are gone.
struct Offers<'a> {
    kinship: &'a Kinship,
    archive: &'a Archive,
    /// The references of the article that was looked at last: what is gone often went together.
    last: Option<(ArticleKey, Vec<ReferenceRow>)>,
}

impl<'a> Offers<'a> {
    fn new(kinship: &'a Kinship, archive: &'a Archive) -> Self {
        Self { kinship, archive, last: None }
    }

    async fn all(mut self) -> Result<Vec<Offer>, CatalogError> {
        let (mut offers, mut last) = (Vec::new(), None);
        loop {
            let urls = self.archive.catalog.failing_urls(last, PAGE).await?;
            let Some(end) = urls.last() else { return Ok(offers) };
            last = Some(end.id);
            // What was tried and gave nothing; what is still to be asked for is not gone.
            for url in urls.iter().filter(|url| url.asset.is_none() && url.attempts > 0) {
                offers.extend(self.of(url).await?);
                if offers.len() >= LISTED {
                    return Ok(offers);
                }
            }
        }
    }

    /// The best copy of an image that is gone, told by what its articles name for the same picture.
    async fn of(&mut self, gone: &UrlRow) -> Result<Option<Offer>, CatalogError> {
        let articles = self.archive.catalog.articles_of(gone.id, NAMED).await?;
        for key in &articles {
            let Some((known_by, known, best)) = self.copy_in(key, gone).await? else { continue };
            let best = best.likeness(&known, self.archive).await?;
            let articles = articles.iter().map(ToString::to_string).collect();
            return Ok(Some(Offer { url: gone.url.to_string(), articles, known_by, best }));
        }
        Ok(None)
    }

    /// What an article names for the same picture as a URL that is gone: where that was had from, it, and the best that
    /// looks like it.
    async fn copy_in(&mut self, key: &ArticleKey, gone: &UrlRow) -> Result<Option<Copied>, CatalogError> {
        let kinship = self.kinship;
        let references = self.references(key).await?;
        let shows = |row: &&ReferenceRow| row.url.as_ref().is_some_and(|url| url.id == gone.id);
        let pictures: Vec<u32> = references.iter().filter(shows).map(|row| row.image_group).collect();
        let same = references.iter().filter(|row| pictures.contains(&row.image_group) && names_a_picture(row.kind));
        let copies = same.filter_map(|row| {
            let url = row.url.as_ref()?;
            let (digest, size, asset) = url.asset.as_ref()?;
            let known = Hashed::of(*digest, *size, asset)?;
            let best = kinship.best.get(digest).map_or(known, |&best| kinship.rows[best as usize]);
            Some((url.url.to_string(), known, best))
        });
        Ok(copies.max_by_key(|(_, known, best)| (best.rank(), known.rank())))
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

/// Whether references of this kind and of one number show the same picture.
const fn names_a_picture(kind: ReferenceKind) -> bool {
    matches!(
        kind,
        ReferenceKind::Image
            | ReferenceKind::Lazy
            | ReferenceKind::Srcset
            | ReferenceKind::FullSize
            | ReferenceKind::Markdown
    )
}
