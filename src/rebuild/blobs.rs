//! Blobs without a row, each judged again by its bytes.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio::io::AsyncReadExt;

use super::progress::RebuildProgress;
use super::rebuilt::{RebuildError, Rebuilt};
use super::text::text_digest;
use crate::archive::{Archive, ObjectError, Prefix, StoreKey};
use crate::clock;
use crate::config::{Config, MediaConfig};
use crate::extract::ExtractOptions;
use crate::media;
use crate::model::{Asset, Digest, Format, MediaType};

/// Blobs on no record.
#[derive(Default)]
pub(super) struct Unrecorded {
    /// Images and other media: what they are, and their sizes.
    pub(super) media: HashMap<Digest, (Asset, u64)>,
    /// Originals, with the digest of their text and when they were written.
    originals: HashMap<Digest, (MediaType, Timestamp)>,
    by_text: HashMap<Digest, Vec<Digest>>,
}

impl Unrecorded {
    /// Compares the store with the catalog. A blob with a row and without a file is lost; one with a file and without a
    /// row is read.
    pub(super) async fn find(
        archive: &Archive,
        limits: &MediaConfig,
        progress: &RebuildProgress,
        rebuilt: &mut Rebuilt,
    ) -> Result<Self, RebuildError> {
        let mut unrecorded = Self::default();
        for shard in 0..=u8::MAX {
            progress.expect_files(archive.objects.keys(Prefix::Blobs(shard)).await?.len());
        }
        for shard in 0..=u8::MAX {
            let rows = archive.catalog.blobs_on_record(shard).await?.into_iter();
            let mut on_record: HashMap<_, _> =
                rows.map(|row| row.map(|row| (row.key(), row))).collect::<Result<_, _>>()?;
            for (key, found) in archive.objects.list(Prefix::Blobs(shard)).await? {
                progress.file();
                if on_record.remove(&key).is_none() {
                    unrecorded.read(archive, limits, &key, found.written(), rebuilt).await?;
                }
            }
            for (key, row) in on_record {
                lose(archive, row.digest, row.media_type).await?;
                rebuilt.lost.push(key.path());
            }
        }
        Ok(unrecorded)
    }

    async fn read(
        &mut self,
        archive: &Archive,
        limits: &MediaConfig,
        key: &StoreKey,
        written: Timestamp,
        rebuilt: &mut Rebuilt,
    ) -> Result<(), RebuildError> {
        let StoreKey::Blob { digest, media_type } = *key else { return Ok(()) };
        let Some(mut reader) = archive.objects.open(key, None).await? else { return Ok(()) };
        let mut bytes = Vec::new();
        let read = reader.read_to_end(&mut bytes).await.map_err(ObjectError::io("read", key));
        if read.is_err() || Digest::of(&bytes) != digest {
            rebuilt.damaged.push(key.path());
            return Ok(());
        }
        let found = media::probe(&bytes, limits);
        if media_type.is_article() {
            let text = text_digest(&bytes, format_of(media_type), &plain_options());
            self.originals.insert(digest, (media_type, written));
            self.by_text.entry(text).or_default().push(digest);
        } else {
            // Links in mirrors end in the extension that it is kept under.
            self.media.insert(digest, (Asset { media_type, ..found }, bytes.len() as u64));
        }
        Ok(())
    }

    /// Whether these bytes are an original that is kept, and as what.
    pub(super) fn original(&self, digest: Digest) -> Option<MediaType> {
        self.originals.get(&digest).map(|(media_type, _)| *media_type)
    }

    /// The originals that have the text of a mirror, oldest first.
    pub(super) fn originals_of(&self, mirror: &[u8], format: Format) -> Vec<(Digest, MediaType)> {
        let text = text_digest(mirror, format_of(format.blob_type()), &plain_options());
        let same = self.by_text.get(&text).into_iter().flatten();
        let of_type = same.filter_map(|digest| Some((self.originals.get(digest)?, *digest)));
        let mut found: Vec<_> = of_type.filter(|((media_type, _), _)| *media_type == format.blob_type()).collect();
        found.sort_by_key(|((_, written), digest)| (*written, *digest));
        found.into_iter().map(|((media_type, _), digest)| (digest, *media_type)).collect()
    }

    /// How many originals and how many images have got no place in the catalog.
    pub(super) async fn unplaced(&self, archive: &Archive) -> Result<(u64, u64), RebuildError> {
        let (mut originals, mut images) = (0, 0);
        for digest in self.originals.keys() {
            originals += u64::from(archive.catalog.blob(*digest).await?.is_none());
        }
        for (digest, _) in self.media.iter().filter(|(_, (asset, _))| asset.media_type.is_image()) {
            images += u64::from(archive.catalog.blob(*digest).await?.is_none());
        }
        Ok((originals, images))
    }
}

/// A blob with a row and without a file: an image becomes due again. An original stays recorded, as a backup may have
/// it.
async fn lose(archive: &Archive, digest: Digest, media_type: MediaType) -> Result<(), RebuildError> {
    if archive.catalog.articles_of_original(digest).await?.is_empty() {
        archive.catalog.lose_asset(digest, clock::now()).await?;
        archive.catalog.forget_blob(digest, media_type).await?;
    }
    Ok(())
}

/// The format by which the text of an original is compared. An original and its mirror are read in the same way.
pub(super) const fn format_of(media_type: MediaType) -> Format {
    match media_type {
        MediaType::Html => Format::Html,
        MediaType::Css => Format::Css,
        _ => Format::Markdown,
    }
}

/// The shipped options: texts that are compared are read in the same way, whatever the settings say.
pub(super) fn plain_options() -> ExtractOptions {
    ExtractOptions { style_sheets: true, ..ExtractOptions::new(&Config::default().rewrite, None) }
}
