//! Assets → thumbnails: whatever the settings ask for and the archive lacks is made, for new assets and for old ones.

mod decode_pool;
mod recipe;

use std::sync::Arc;

use crate::archive::{Archive, Body, CatalogError, ObjectError, ReadError, RenditionRow, StoreKey, ThumbnailRow};
use crate::config::{Config, ThumbnailConfig};
use crate::locks::KeyedLocks;
use crate::media::{Rendition, Renditions};
use crate::model::{Asset, Digest, ThumbnailName};

pub use decode_pool::{DecodePermit, DecodePool};
pub use recipe::Recipe;

/// A thumbnail that could not be kept. An image that cannot be decoded is no such error: that is recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The blob cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The thumbnail cannot be written.
    #[error(transparent)]
    Write(#[from] ObjectError),
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// What was done for one asset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Thumbnails that were made.
    pub made: u64,
    /// Thumbnails that could not be made.
    pub failed: u64,
    /// The perceptual hash of the image, where it was decoded.
    pub perceptual_hash: Option<u64>,
}

/// Makes thumbnails.
pub struct Renderer {
    archive: Arc<Archive>,
    recipes: Vec<Recipe>,
    pool: DecodePool,
    /// Assets that someone renders now.
    locks: KeyedLocks<Digest>,
}

impl Renderer {
    /// Makes what `config` asks for, into `archive`.
    pub fn new(archive: Arc<Archive>, config: &Config) -> Self {
        let recipes = config.thumbnail.iter().map(Recipe::new).collect();
        Self { archive, recipes, pool: DecodePool::new(&config.media), locks: KeyedLocks::default() }
    }

    /// The names of the sizes that the settings ask for, with the digests of their recipes.
    pub fn recipes(&self) -> Vec<(ThumbnailName, Digest)> {
        self.recipes.iter().map(|recipe| (recipe.size.name.clone(), recipe.digest)).collect()
    }

    /// What bounds how many images are decoded.
    #[cfg(test)]
    pub(crate) const fn pool(&self) -> &DecodePool {
        &self.pool
    }

    /// Whether a thumbnail of an asset is to be made: the settings ask for it, and it is not among those `on_record`,
    /// which may be of other assets, too.
    pub fn lacks(&self, digest: Digest, on_record: &[ThumbnailRow]) -> bool {
        let of_this = || on_record.iter().filter(|row| row.original == digest);
        !self.recipes.iter().all(|recipe| of_this().any(|row| recipe.is_of(row)))
    }

    /// Makes the thumbnails of an asset that are not on record. Callers that want the same asset at once wait for the
    /// first. A thumbnail that cannot be made is recorded as such and not tried again by the same recipe.
    ///
    /// # Errors
    /// Where the blob cannot be read, or a thumbnail or its row not written.
    pub async fn ensure(&self, digest: Digest, asset: &Asset) -> Result<Rendered, RenderError> {
        if self.recipes.is_empty() {
            return Ok(Rendered::default());
        }
        let _turn = self.locks.lock(digest).await;
        let on_record = self.archive.catalog.thumbnails(&[digest]).await?;
        let lacking: Vec<_> =
            self.recipes.iter().filter(|recipe| !on_record.iter().any(|row| recipe.is_of(row))).collect();
        if lacking.is_empty() {
            return Ok(Rendered::default());
        }
        if !asset.media_type.is_image() {
            self.record_none(digest, &lacking).await?;
            return Ok(Rendered::default());
        }
        self.render(digest, asset, &lacking).await
    }

    async fn render(&self, digest: Digest, asset: &Asset, lacking: &[&Recipe]) -> Result<Rendered, RenderError> {
        let Renditions { sizes, perceptual_hash } = self.decode(digest, asset, lacking).await?;
        let mut rows = Vec::new();
        for (recipe, rendition) in lacking.iter().zip(sizes) {
            let made = match rendition {
                Ok(rendition) => Ok(self.keep(digest, &recipe.size.name, rendition).await?),
                Err(error) => Err(error.to_string()),
            };
            rows.push(ThumbnailRow { original: digest, name: recipe.size.name.clone(), recipe: recipe.digest, made });
        }
        let failed = rows.iter().filter(|row| row.made.is_err()).count() as u64;
        let hash = perceptual_hash.map(|hash| (digest, hash));
        self.archive.catalog.record_thumbnails(&rows, hash.as_slice()).await?;
        Ok(Rendered { made: rows.len() as u64 - failed, failed, perceptual_hash })
    }

    /// Records that what is no image has no thumbnails, so that it does not lack them in every run.
    async fn record_none(&self, digest: Digest, lacking: &[&Recipe]) -> Result<(), RenderError> {
        let none = |recipe: &&Recipe| ThumbnailRow {
            original: digest,
            name: recipe.size.name.clone(),
            recipe: recipe.digest,
            made: Err("it is no image".to_owned()),
        };
        let rows: Vec<_> = lacking.iter().map(none).collect();
        Ok(self.archive.catalog.record_thumbnails(&rows, &[]).await?)
    }

    async fn decode(&self, digest: Digest, asset: &Asset, lacking: &[&Recipe]) -> Result<Renditions, RenderError> {
        let permit = self.pool.permit().await;
        let bytes = self.archive.read_verified(digest, asset.media_type).await?;
        let sizes: Vec<ThumbnailConfig> = lacking.iter().map(|recipe| recipe.size.clone()).collect();
        Ok(permit.thumbnails(bytes, asset.clone(), sizes).await)
    }

    /// Writes a thumbnail; its row is recorded afterwards.
    async fn keep(
        &self,
        original: Digest,
        name: &ThumbnailName,
        rendition: Rendition,
    ) -> Result<RenditionRow, RenderError> {
        let Rendition { media_type, width, height, bytes } = rendition;
        let (size, digest) = (bytes.len() as u64, Digest::of(&bytes));
        let key = StoreKey::Thumbnail { name: name.clone(), original, media_type };
        self.archive.objects.put(&key, Body::Bytes(bytes)).await?;
        Ok(RenditionRow { media_type, width, height, size, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_lacks_a_thumbnail_until_one_by_each_recipe_is_on_record() {
        let renderer = Renderer::new(Arc::new(Archive::in_memory().unwrap()), &Config::default());
        let (digest, other) = (Digest::of(b"a"), Digest::of(b"b"));
        let [(name, recipe)] = &renderer.recipes()[..] else { panic!("the default is one size") };
        let row =
            |original, recipe| ThumbnailRow { original, name: name.clone(), recipe, made: Err("none".to_owned()) };
        assert!(renderer.lacks(digest, &[]));
        assert!(renderer.lacks(digest, &[row(other, *recipe), row(digest, other)]));
        assert!(!renderer.lacks(digest, &[row(other, *recipe), row(digest, *recipe)]));
    }
}
