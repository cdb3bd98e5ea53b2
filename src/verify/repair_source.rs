//! Where repairs take bytes from.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use crate::model::{ArticleKey, Asset, Digest};
use crate::staging::Staged;

/// Places that may have the same bytes. What they give is compared: only identical bytes are taken.
#[async_trait]
pub trait RepairSource: Send + Sync {
    /// What a URL serves now: from its own host, or from a web archive that captured it at about that time.
    async fn fetch(&self, url: &Url, wanted: Digest, when: Timestamp) -> Option<Staged>;
    /// The file that an article was read from, in its present state.
    async fn read_article(&self, article: &ArticleKey) -> Option<Staged>;
    /// Makes the thumbnails that an asset lacks.
    async fn render(&self, original: Digest, asset: &Asset);
}
