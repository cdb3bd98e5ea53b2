//! Assets → thumbnails: whatever the settings ask for and the archive lacks is made, for new assets and for old ones.

pub(crate) mod cage;
mod decode_pool;
mod recipe;
mod system_fonts;

use std::sync::Arc;

use tracing::info;

use crate::archive::{Archive, Body, CatalogError, ObjectError, ReadError, RenditionRow, StoreKey, ThumbnailRow};
use crate::config::{Config, ThumbnailConfig};
use crate::locks::{KeyedLocks, Rounds};
use crate::media::{Rendition, Renditions};
use crate::model::{Asset, Digest, ThumbnailName};
use crate::staging::HeldBytes;

pub use cage::{Cage, CageError, Confinement};
pub use decode_pool::{DecodePermit, DecodePool};
pub use recipe::Recipe;
pub use system_fonts::SystemFonts;

/// A thumbnail could not be stored. An image that cannot be decoded is no such error: that is recorded.
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
    /// No process that decodes can be started.
    #[error(transparent)]
    Cage(#[from] CageError),
}

/// What was done for one asset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Thumbnails that were made.
    pub made: u64,
    /// Thumbnails that could not be made.
    pub failed: u64,
    /// The perceptual hash of the image, where it was decoded.
    pub perceptual_hash: Option<u64>,
    /// Thumbnails whose places in the archive are not free, with the reason. They are on no record, and made once the
    /// places are free.
    pub not_kept: Vec<(ThumbnailName, String)>,
}

/// Makes thumbnails.
pub struct Renderer {
    archive: Arc<Archive>,
    recipes: Vec<Recipe>,
    pool: DecodePool,
    /// Assets that someone renders now.
    locks: KeyedLocks<Digest>,
    /// Where those wait who have something to record.
    rounds: Arc<Rounds>,
}

impl Renderer {
    /// Makes what `config` asks for, into `archive`.
    pub fn new(archive: Arc<Archive>, config: &Config) -> Self {
        let recipes = config.thumbnail.iter().map(Recipe::new).collect();
        Self {
            archive,
            recipes,
            pool: DecodePool::new(&config.media),
            locks: KeyedLocks::default(),
            rounds: Arc::default(),
        }
    }

    /// The names of the sizes that the settings ask for, with the digests of their recipes.
    pub fn recipes(&self) -> Vec<(ThumbnailName, Digest)> {
        self.recipes.iter().map(|recipe| (recipe.size.name.clone(), recipe.digest)).collect()
    }

    /// Where this waits for others before it records thumbnails. Whoever records what belongs to them waits there, too.
    pub(crate) const fn rounds(&self) -> &Arc<Rounds> {
        &self.rounds
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
    /// first. A thumbnail that cannot be made is recorded as such and not tried again by the same recipe. What is `held` are
    /// the bytes of the asset, where the caller has them: otherwise they are read.
    ///
    /// # Errors
    /// Where the blob cannot be read, or a thumbnail or its row not written.
    pub async fn ensure(
        &self,
        digest: Digest,
        asset: &Asset,
        held: Option<HeldBytes>,
    ) -> Result<Rendered, RenderError> {
        if self.recipes.is_empty() {
            return Ok(Rendered::default());
        }
        let _guard = self.locks.lock(digest).await;
        let on_record = self.archive.catalog.thumbnails(&[digest]).await?;
        let taken = self.take_over(asset, &on_record).await?;
        let has = |recipe: &Recipe| on_record.iter().chain(&taken).any(|row| recipe.is_of(row));
        let lacking: Vec<_> = self.recipes.iter().filter(|recipe| !has(recipe)).collect();
        if lacking.is_empty() {
            return Ok(Rendered::default());
        }
        if !asset.media_type.is_image() {
            self.record_none(digest, &lacking).await?;
            return Ok(Rendered::default());
        }
        let renditions = self.decode(digest, asset, held, &lacking).await?;
        self.record(digest, renditions, &lacking).await
    }

    /// Records the thumbnails that an earlier version made as this one would.
    async fn take_over(&self, asset: &Asset, on_record: &[ThumbnailRow]) -> Result<Vec<ThumbnailRow>, RenderError> {
        let taken_over = |row| self.recipes.iter().find_map(|recipe| recipe.taken_over(row, asset.media_type));
        let taken: Vec<_> = on_record.iter().filter_map(taken_over).collect();
        if !taken.is_empty() {
            self.archive.catalog.record_thumbnails(&taken, &[]).await?;
        }
        Ok(taken)
    }

    /// Keeps renditions, and records them.
    async fn record(
        &self,
        digest: Digest,
        renditions: Renditions,
        lacking: &[&Recipe],
    ) -> Result<Rendered, RenderError> {
        let Renditions { sizes, perceptual_hash } = renditions;
        let (mut rows, mut not_kept) = (Vec::new(), Vec::new());
        for (recipe, rendition) in lacking.iter().zip(sizes) {
            let made = match rendition {
                Ok(rendition) => match self.keep(digest, &recipe.size.name, rendition).await {
                    Err(RenderError::Write(error)) if error.is_of_one_place() => {
                        not_kept.push((recipe.size.name.clone(), error.to_string()));
                        continue;
                    }
                    kept => Ok(kept?),
                },
                Err(error) => {
                    info!(image = %digest, size = %recipe.size.name, %error, "no thumbnail");
                    Err(error.to_string())
                }
            };
            rows.push(ThumbnailRow { original: digest, name: recipe.size.name.clone(), recipe: recipe.digest, made });
        }
        let failed = rows.iter().filter(|row| row.made.is_err()).count() as u64;
        let hash = perceptual_hash.map(|hash| (digest, hash));
        self.rounds.turn().await;
        self.archive.catalog.record_thumbnails(&rows, hash.as_slice()).await?;
        Ok(Rendered { made: rows.len() as u64 - failed, failed, perceptual_hash, not_kept })
    }

    /// Records that a blob that is no image has no thumbnails, so that later runs do not try to make them.
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

    async fn decode(
        &self,
        digest: Digest,
        asset: &Asset,
        held: Option<HeldBytes>,
        lacking: &[&Recipe],
    ) -> Result<Renditions, RenderError> {
        let permit = self.pool.permit().await;
        let bytes = match held {
            Some(bytes) => bytes,
            None => self.archive.read_verified(digest, asset.media_type).await?.into(),
        };
        let sizes: Vec<ThumbnailConfig> = lacking.iter().map(|recipe| recipe.size.clone()).collect();
        Ok(permit.thumbnails(bytes, asset.clone(), sizes).await?)
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
    use crate::{fixtures, media};

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

    /// A GIF of one pixel.
    const DOT: &[u8] =
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

    /// An archive with these bytes, kept as what they are.
    async fn kept(bytes: &[u8]) -> (Arc<Archive>, Digest, Asset) {
        let archive = fixtures::archive();
        let asset = media::probe(bytes, &Config::default().media);
        let key = StoreKey::Blob { digest: Digest::of(bytes), media_type: asset.media_type };
        archive.objects.put(&key, Body::Bytes(bytes.to_vec())).await.unwrap();
        (archive, Digest::of(bytes), asset)
    }

    fn sizes(names: &[&str]) -> Config {
        let mut config = Config::default();
        let size = |name: &&str| ThumbnailConfig { name: name.parse().unwrap(), ..config.thumbnail[0].clone() };
        config.thumbnail = names.iter().map(size).collect();
        config
    }

    #[tokio::test]
    async fn each_size_is_made_once_and_a_new_one_is_made_of_what_is_kept() {
        let (archive, digest, asset) = kept(DOT).await;
        let ensure = async |config: &Config| {
            let renderer = Renderer::new(Arc::clone(&archive), config);
            let Rendered { made, failed, .. } = renderer.ensure(digest, &asset, None).await.unwrap();
            (made, failed)
        };
        assert_eq!(ensure(&sizes(&[])).await, (0, 0));
        assert_eq!(ensure(&sizes(&["small"])).await, (1, 0));
        assert_eq!(ensure(&sizes(&["small"])).await, (0, 0), "it is there");
        assert_eq!(ensure(&sizes(&["small", "large"])).await, (1, 0), "only the new one");
        let mut other = sizes(&["small", "large"]);
        other.thumbnail[0].quality = 33;
        assert_eq!(ensure(&other).await, (1, 0), "by another recipe");
        for row in archive.catalog.thumbnails(&[digest]).await.unwrap() {
            let made = row.made.as_ref().unwrap();
            let fingerprint = archive.objects.stat(&row.key().unwrap()).await.unwrap().unwrap();
            assert_eq!((fingerprint.size, made.width, made.height), (made.size, 1, 1), "each has its file");
        }
    }

    /// Of the version before, an image that this one shows in another way, or that had no thumbnail, has one made, and any
    /// other keeps the one that it has.
    #[tokio::test]
    async fn thumbnails_of_the_version_before_are_kept_unless_they_would_be_others() {
        let drawing = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><path d='M0 0h9v9'/></svg>";
        let digest = Digest::of(b"made before");
        let one_before =
            || Ok(RenditionRow { media_type: crate::model::MediaType::Png, width: 1, height: 1, size: 9, digest });
        let none = Err("it could not be read".to_owned());
        for (bytes, made, made_again) in [(DOT, one_before(), 0), (drawing, one_before(), 1), (DOT, none, 1)] {
            let (archive, digest, asset) = kept(bytes).await;
            let renderer = Renderer::new(Arc::clone(&archive), &sizes(&["small"]));
            let size = &renderer.recipes[0].size;
            let (name, recipe) = (size.name.clone(), Recipe::earlier(size)[1]);
            let before = ThumbnailRow { original: digest, name, recipe, made: made.clone() };
            archive.catalog.record_thumbnails(&[before], &[]).await.unwrap();
            assert_eq!(renderer.ensure(digest, &asset, None).await.unwrap().made, made_again);
            let rows = archive.catalog.thumbnails(&[digest]).await.unwrap();
            assert!(!renderer.lacks(digest, &rows) && rows.len() == 1);
            assert!(rows[0].made.is_ok() && (rows[0].made == made) == (made_again == 0));
        }
    }

    #[tokio::test]
    async fn callers_that_want_the_same_at_once_make_it_once() {
        let (archive, digest, asset) = kept(DOT).await;
        let renderer = Renderer::new(archive, &sizes(&["small"]));
        let ensured = futures_util::future::join_all((0..8).map(|_| renderer.ensure(digest, &asset, None))).await;
        let made: u64 = ensured.into_iter().map(|rendered| rendered.unwrap().made).sum();
        assert_eq!(made, 1);
    }

    #[tokio::test]
    async fn what_cannot_be_decoded_is_on_record_and_not_tried_again() {
        for bytes in [&DOT[..20], b"%PDF-1.7\n"] {
            let (archive, digest, asset) = kept(bytes).await;
            let renderer = Renderer::new(Arc::clone(&archive), &sizes(&["small"]));
            let first = renderer.ensure(digest, &asset, None).await.unwrap();
            assert_eq!((first.made, first.failed), (0, u64::from(asset.media_type.is_image())));
            let rows = archive.catalog.thumbnails(&[digest]).await.unwrap();
            assert!(rows.len() == 1 && rows[0].made.is_err() && rows[0].key().is_none());
            assert!(!renderer.lacks(digest, &rows));
            assert_eq!(renderer.ensure(digest, &asset, None).await.unwrap(), Rendered::default());
        }
    }

    #[tokio::test]
    async fn a_blob_that_is_missing_is_an_error_and_leaves_no_record() {
        let (archive, _, asset) = kept(DOT).await;
        let gone = Digest::of(b"not there");
        let renderer = Renderer::new(Arc::clone(&archive), &sizes(&["small"]));
        assert!(matches!(renderer.ensure(gone, &asset, None).await, Err(RenderError::Read(_))));
        assert_eq!(archive.catalog.thumbnails(&[gone]).await.unwrap(), [], "it is made when the blob is back");
    }
}
