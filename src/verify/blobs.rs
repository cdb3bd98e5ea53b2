//! Blobs and thumbnails: every row has its object, and every object has its bytes.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tokio::io::AsyncReadExt;

use super::progress::add;
use super::{Damage, Finding, SIDE_BY_SIDE, Verification, Verifier, VerifyError};
use crate::archive::{BlobRow, CatalogError, ObjectReader, Prefix, ReadRows, StoreKey, ThumbnailRow};
use crate::model::{Digest, Hasher};

/// Bytes read at a time.
const PIECE: usize = 256 << 10;

/// A file that is longer than its record by more than this is not read: the maker of the archive decides how long it
/// is.
const SLACK: u64 = 1 << 20;

impl Verifier {
    /// One of the 256 shards.
    pub(super) async fn verify_shard(self: &Arc<Self>, shard: u8, found: &mut Verification) -> Result<(), VerifyError> {
        // Lists objects before rows: most blobs that a run puts meanwhile then have their rows. Where the folder cannot be
        // listed, each blob on record in it is a finding of its own.
        let files = match self.archive.objects.list(Prefix::Blobs(shard)).await {
            Ok(files) => files,
            Err(error) => {
                self.report(found, [Finding::Folder { detail: error.to_string() }]);
                Vec::new()
            }
        };
        let rows = self.archive.catalog.blobs_on_record(shard).await?;
        let mut rows = self.readable(rows, found)?;
        let on_record: BTreeSet<_> = rows.iter().map(BlobRow::key).collect();
        found.orphans += files.iter().filter(|(key, _)| !on_record.contains(key)).count() as u64;
        rows.retain(|row| self.options.subset.covers(row.digest));
        let blobs = self.side_by_side(rows, |verifier, row| async move { verifier.blob(row).await }).await?;
        self.report(found, blobs);
        let assets = self.archive.catalog.assets_on_record(shard).await?;
        self.readable(assets, found)?;
        let thumbnails = self.archive.catalog.thumbnails_on_record(shard..=shard).await?;
        let mut thumbnails = self.readable(thumbnails, found)?;
        thumbnails.retain(|row| self.options.subset.covers(row.original));
        let thumbnails =
            self.side_by_side(thumbnails, |verifier, row| async move { verifier.thumbnail(row).await }).await?;
        self.report(found, thumbnails);
        Ok(())
    }

    /// The rows that can be read. Each other one is a finding.
    fn readable<T>(&self, rows: ReadRows<T>, found: &mut Verification) -> Result<Vec<T>, VerifyError> {
        let mut readable = Vec::with_capacity(rows.len());
        for row in rows {
            match row {
                Ok(row) => readable.push(row),
                Err(error) => self.report(found, [Finding::of_row(error)?]),
            }
        }
        Ok(readable)
    }

    async fn blob(&self, row: BlobRow) -> Result<Option<Finding>, CatalogError> {
        let BlobRow { digest, media_type, size, .. } = row;
        let damage = self.object(&row.key(), digest, size).await;
        add(&self.progress.blobs, 1);
        // It may have been removed since its row was read.
        if damage.is_none() || self.archive.catalog.blob(digest).await?.is_none() {
            return Ok(None);
        }
        Ok(damage.map(|damage| Finding::Blob { digest, media_type, damage }))
    }

    async fn thumbnail(&self, row: ThumbnailRow) -> Result<Option<Finding>, CatalogError> {
        let (Ok(made), Some(key)) = (&row.made, row.key()) else { return Ok(None) };
        let damage = self.object(&key, made.digest, made.size).await;
        add(&self.progress.thumbnails, 1);
        // It may have been made again since its row was read.
        if damage.is_none() || !self.archive.catalog.thumbnails(&[row.original]).await?.contains(&row) {
            return Ok(None);
        }
        let media_type = made.media_type;
        Ok(damage.map(|damage| Finding::Thumbnail { original: row.original, name: row.name, media_type, damage }))
    }

    /// What is wrong with an object.
    async fn object(&self, key: &StoreKey, expected: Digest, size: u64) -> Option<Damage> {
        if let Ok(Some(file)) = self.archive.objects.stat(key).await
            && file.size > size.saturating_add(SLACK)
        {
            return Some(Damage::Longer { found: file.size, expected: size });
        }
        let reader = match self.archive.objects.open(key, None).await {
            Ok(Some(reader)) => reader,
            Ok(None) => return Some(Damage::Missing),
            Err(error) => return Some(Damage::Unreadable { cause: error.to_string() }),
        };
        match self.hash(reader).await {
            Ok(found) if found == expected => None,
            Ok(found) => Some(Damage::Changed { found }),
            Err(cause) => Some(Damage::Unreadable { cause: cause.to_string() }),
        }
    }

    async fn hash(&self, mut reader: ObjectReader) -> io::Result<Digest> {
        let (mut hasher, mut piece) = (Hasher::default(), vec![0; PIECE]);
        loop {
            let count = reader.read(&mut piece).await?;
            if count == 0 {
                return Ok(hasher.finish());
            }
            hasher.update(&piece[..count]);
            add(&self.progress.bytes, count);
            self.pace.read(count).await;
        }
    }

    /// Checks many things on all cores, and gives the findings in the order of the things.
    pub(super) async fn side_by_side<T, O, L>(
        self: &Arc<Self>,
        things: Vec<T>,
        look: impl Fn(Arc<Self>, T) -> L,
    ) -> Result<Vec<Finding>, VerifyError>
    where
        L: Future<Output = Result<O, CatalogError>> + Send + 'static,
        O: IntoIterator<Item = Finding> + Send + 'static,
    {
        let looks = things.into_iter().map(|thing| tokio::spawn(look(Arc::clone(self), thing)));
        let mut looked = stream::iter(looks).buffered(SIDE_BY_SIDE);
        let mut found = Vec::new();
        while let Some(result) = looked.next().await {
            found.extend(result.expect("looking neither panics nor outlives the runtime")?);
        }
        Ok(found)
    }
}
