//! The originals of an archive by how they begin, to find one that the catalog does not have.

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
            for key in archive.objects.keys(Prefix::Blobs(shard)).await? {
                let StoreKey::Blob { digest, media_type } = key else { continue };
                if media_type.is_article() {
                    blobs.push((digest, media_type, head(archive, &key).await?));
                }
            }
        }
        Ok(Self(blobs))
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = (Digest, MediaType)> {
        self.0.iter().map(|(digest, media_type, _)| (*digest, *media_type))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Body;
    use crate::fixtures;

    #[tokio::test]
    async fn texts_are_found_by_how_they_begin_and_images_never() {
        let archive = fixtures::archive();
        let long = format!("# Ferry {}", "x".repeat(200));
        let kept = [
            ("# Ferry\n\n![a](http://a/1)", MediaType::Markdown),
            (long.as_str(), MediaType::Markdown),
            ("<h1>Ferry</h1>", MediaType::Html),
            ("# Ferry, an image", MediaType::Png),
        ];
        for (text, media_type) in kept {
            let key = StoreKey::Blob { digest: Digest::of(text.as_bytes()), media_type };
            archive.objects.put(&key, Body::Bytes(text.into())).await.unwrap();
        }
        let blobs = TextBlobs::read(&archive).await.unwrap();
        let of = |text: &str, first: usize| {
            let found = blobs.beginning_like(text.as_bytes(), first).into_iter();
            let mut found: Vec<_> = found.map(|(digest, _)| digest).collect();
            found.sort_unstable();
            found
        };
        let digests = |texts: &[&str]| {
            let mut digests: Vec<_> = texts.iter().map(|text| Digest::of(text.as_bytes())).collect();
            digests.sort_unstable();
            digests
        };
        assert_eq!(of("# Ferry\n\n![a](../blobs/1)", 14 + INSERTED), digests(&[kept[0].0]));
        assert_eq!(of("anything", 0), digests(&[kept[0].0, kept[1].0, kept[2].0]), "where a link comes first");
        assert_eq!(of("# Ferr", INSERTED + 6), digests(&[kept[0].0, kept[1].0]));
        let edited = format!("# Ferry {}y and more", "x".repeat(100));
        assert_eq!(of(&edited, 110), digests(&[kept[1].0]), "only so many bytes of each are kept");
        assert_eq!(of("Edited # Ferry", INSERTED + 8), digests(&[]));
    }
}
