//! The originals of an archive by how they begin: what finds one that the catalog does not know.

use tokio::io::AsyncReadExt;

use crate::archive::{Archive, ObjectError, Prefix, StoreKey};
use crate::model::{Digest, MediaType};

/// Bytes that are kept of each.
const HEAD: usize = 64;
/// What may be inserted before a link, and so differs from the original before it.
const INSERTED: usize = 16;

/// Every blob that is a text, with its first bytes.
pub(super) struct TextBlobs(Vec<(Digest, MediaType, Vec<u8>)>);

impl TextBlobs {
    /// Lists them.
    pub(super) async fn read(archive: &Archive) -> Result<Self, ObjectError> {
        let mut blobs = Vec::new();
        for shard in 0..=u8::MAX {
            for (key, _) in archive.objects.list(Prefix::Blobs(shard)).await? {
                let StoreKey::Blob { digest, media_type } = key else { continue };
                if matches!(media_type, MediaType::Markdown | MediaType::Html | MediaType::Css) {
                    blobs.push((digest, media_type, head(archive, &key).await?));
                }
            }
        }
        Ok(Self(blobs))
    }

    /// Those that begin as a text does whose first link is at `first`.
    pub(super) fn beginning_like(&self, text: &[u8], first: usize) -> Vec<(Digest, MediaType)> {
        let same = &text[..first.saturating_sub(INSERTED).min(HEAD)];
        let begins = |head: &Vec<u8>| head.starts_with(same);
        self.0.iter().filter(|(_, _, head)| begins(head)).map(|(digest, kind, _)| (*digest, *kind)).collect()
    }
}

async fn head(archive: &Archive, key: &StoreKey) -> Result<Vec<u8>, ObjectError> {
    let mut bytes = Vec::new();
    if let Some(mut reader) = archive.objects.open(key, Some(0..HEAD as u64)).await? {
        reader.read_to_end(&mut bytes).await.map_err(ObjectError::io("read", key))?;
    }
    Ok(bytes)
}
