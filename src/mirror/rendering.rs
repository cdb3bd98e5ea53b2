//! Assets → thumbnails: what the settings ask for and the archive lacks is made, for new assets and for old ones.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::Mirror;
use super::error::MirrorError;
use crate::model::{Asset, Digest};
use crate::render::{RenderError, Rendered};

/// Assets taken from the catalog at a time.
const PAGE: usize = 256;
/// Assets rendered side by side: each waits for a core and then for the disk.
const RENDERED_AT_ONCE: usize = 8;

impl Mirror {
    /// Makes the thumbnails of an asset that are not on record, and gives its perceptual hash where it was decoded. A blob
    /// that cannot be read gets none: `verify` names it.
    pub(super) async fn render(&self, digest: Digest, asset: &Asset) -> Result<Option<u64>, MirrorError> {
        let Rendered { made, failed, perceptual_hash } = match self.renderer.ensure(digest, asset).await {
            Err(RenderError::Read(_)) => return Ok(None),
            rendered => rendered?,
        };
        self.tally.thumbnails.add(made);
        self.tally.thumbnails_failed.add(failed);
        Ok(perceptual_hash)
    }

    /// Makes every thumbnail that the settings ask for and the archive lacks, whatever its asset is shown by.
    pub(super) async fn render_lacking(&self) -> Result<(), MirrorError> {
        let recipes = self.renderer.recipes();
        let mut last = None;
        while !recipes.is_empty() && !self.control.is_stopped() && !self.control.is_time_up() {
            let lacking = self.archive.catalog.assets_lacking(&recipes, last, PAGE).await?;
            let Some(end) = lacking.last() else { break };
            last = Some(end.digest);
            let each = stream::iter(&lacking).map(Ok::<_, MirrorError>);
            each.try_for_each_concurrent(RENDERED_AT_ONCE, |row| async {
                self.render(row.digest, &row.asset).await.map(drop)
            })
            .await?;
        }
        Ok(())
    }
}
