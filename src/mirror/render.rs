//! Assets → thumbnails: what the settings ask for and the archive lacks is made, for new assets and for old ones.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::control::Control;
use super::error::MirrorError;
use super::tally::Tally;
use crate::archive::{Archive, Derived, Prefix, ThumbnailRow};
use crate::clock;
use crate::config::Config;
use crate::locks::{Mutex, Rounds};
use crate::model::{Asset, Digest, FailedThumbnail, ThumbnailName};
use crate::render::{RenderError, Rendered, Renderer};
use crate::staging::HeldBytes;

/// Assets taken from the catalog at a time.
const PAGE: usize = 256;
/// Shards of thumbnails looked at together, by one hop to the catalog and one to the disk.
const LOOKED_AT_ONCE: u8 = 8;
const _: () = assert!(256 % LOOKED_AT_ONCE as usize == 0, "the last ones end with the last shard");
/// Assets rendered side by side: each waits for a core and then for the disk.
const RENDERED_AT_ONCE: usize = 8;

type Rendering = AbortOnDropHandle<Result<Option<u64>, MirrorError>>;

/// Makes thumbnails. A thumbnail that takes long is made in the background: only the end of the run waits for it.
pub(super) struct RenderStage {
    archive: Arc<Archive>,
    renderer: Arc<Renderer>,
    tally: Arc<Tally>,
    control: Arc<Control>,
    /// How long an article waits for a thumbnail; `None` for as long as it takes.
    article_wait: Option<Duration>,
    /// The assets whose thumbnails are late: no article waits for them any more.
    late: Mutex<HashMap<Digest, Rendering>>,
}

/// Whether the thumbnails of an asset are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ensured {
    /// All possible thumbnails are made, and the perceptual hash of the image if it was decoded for them.
    Done(Option<u64>),
    /// They are still being made.
    Late,
}

impl Ensured {
    /// The perceptual hash of the image, where it was decoded.
    pub(super) fn perceptual_hash(self) -> Option<u64> {
        match self {
            Self::Done(hash) => hash,
            Self::Late => None,
        }
    }
}

impl RenderStage {
    pub(super) fn new(archive: Arc<Archive>, config: &Config, tally: Arc<Tally>, control: Arc<Control>) -> Self {
        let renderer = Arc::new(Renderer::new(Arc::clone(&archive), config));
        let article_wait = Some(config.media.max_time).filter(|time| !time.is_zero());
        Self { archive, renderer, tally, control, article_wait, late: Mutex::default() }
    }

    /// Makes the thumbnails of an asset that are not on record, and waits for them no longer than `media.max_time`.
    /// What is `held` are the bytes of the asset, where the caller has them.
    pub(super) async fn ensure(
        &self,
        digest: Digest,
        asset: &Asset,
        held: Option<HeldBytes>,
    ) -> Result<Ensured, MirrorError> {
        if self.is_late(digest) {
            return Ok(Ensured::Late);
        }
        let Some(article_wait) = self.article_wait else {
            return Ok(Ensured::Done(self.rendering(digest, asset, held).await?));
        };
        let rendering = self.rendering(digest, asset, held).in_current_span();
        let mut rendering = AbortOnDropHandle::new(tokio::spawn(rendering));
        if let Ok(done) = tokio::time::timeout(article_wait, &mut rendering).await {
            return Ok(Ensured::Done(done.expect("rendering does not panic")?));
        }
        self.late.lock().insert(digest, rendering);
        Ok(Ensured::Late)
    }

    /// Where jobs wait for each other before they record what they did.
    pub(super) fn rounds(&self) -> &Arc<Rounds> {
        self.renderer.rounds()
    }

    /// Whether a thumbnail of an asset is to be made, if these are recorded.
    pub(super) fn lacks(&self, digest: Digest, on_record: &[ThumbnailRow]) -> bool {
        self.renderer.lacks(digest, on_record)
    }

    fn is_late(&self, digest: Digest) -> bool {
        let late = self.late.lock();
        late.get(&digest).is_some_and(|rendering| !rendering.is_finished())
    }

    fn rendering(
        &self,
        digest: Digest,
        asset: &Asset,
        held: Option<HeldBytes>,
    ) -> impl Future<Output = Result<Option<u64>, MirrorError>> + Send + use<> {
        let (archive, renderer, tally) = (self.archive.clone(), Arc::clone(&self.renderer), Arc::clone(&self.tally));
        let asset = asset.clone();
        async move { render(&archive, &renderer, &tally, (digest, &asset), held).await }
    }

    /// Waits for late thumbnails, and makes every thumbnail that the settings ask for and the archive lacks, whatever
    /// shows its asset. It ends early with the run.
    pub(super) async fn run(&self) -> Result<(), MirrorError> {
        tokio::select! {
            result = self.sweep() => result,
            () = self.control.ended() => Ok(()),
        }
    }

    async fn sweep(&self) -> Result<(), MirrorError> {
        let late = self.late.take();
        for rendering in late.into_values() {
            rendering.await.expect("rendering does not panic")?;
        }
        let recipes = self.renderer.recipes();
        self.forget_lost(&recipes).await?;
        let mut last = None;
        while !recipes.is_empty() {
            let lacking = self.archive.catalog.assets_lacking(&recipes, last, PAGE).await?;
            let Some(end) = lacking.last() else { break };
            last = Some(end.digest);
            let each = stream::iter(&lacking).map(Ok::<_, MirrorError>);
            let render = async |row: &crate::archive::AssetRow| {
                self.tally.pass_over(row.digest, self.rendering(row.digest, &row.asset, None).await.map(drop))
            };
            each.try_for_each_concurrent(RENDERED_AT_ONCE, render).await?;
        }
        Ok(())
    }
}

impl RenderStage {
    /// Forgets thumbnails that are on record and not there: somebody removed them. Those that the settings ask for are made
    /// again, with the same names; what mirrors show of the others makes way for what there is.
    async fn forget_lost(&self, recipes: &[(ThumbnailName, Digest)]) -> Result<(), MirrorError> {
        let catalog = &self.archive.catalog;
        // Before they are listed: what is put or removed meanwhile is compared by the next run.
        let state = self.names_state().await;
        if state.is_some() && state == catalog.compared(Derived::Thumbnails).await? {
            return Ok(());
        }
        let mut is_whole = true;
        for first in (0..=u8::MAX).step_by(usize::from(LOOKED_AT_ONCE)) {
            let (lost, all_listed) = self.lost(first..=first + (LOOKED_AT_ONCE - 1)).await?;
            is_whole &= all_listed;
            let is_wanted = |(_, name): &(Digest, ThumbnailName)| recipes.iter().any(|(wanted, _)| wanted == name);
            let (wanted, others): (Vec<_>, Vec<_>) = lost.into_iter().partition(is_wanted);
            if !wanted.is_empty() {
                catalog.discard_thumbnails(&wanted).await?;
            }
            if !others.is_empty() {
                catalog.forget_thumbnails(&others).await?;
            }
        }
        match state.filter(|_| is_whole) {
            Some(state) => Ok(catalog.record_compared(Derived::Thumbnails, state).await?),
            None => Ok(()),
        }
    }

    /// The state of the names of all thumbnails, which is another one each week: a disk can lose files without a change of
    /// their folder.
    async fn names_state(&self) -> Option<Digest> {
        let state = self.archive.objects.names_state((0..=u8::MAX).map(Prefix::Thumbnails).collect()).await?;
        Some(Digest::of(format!("{state} {}", clock::week()).as_bytes()))
    }

    /// The thumbnails of some shards that are on record and not there, and whether all of these could be listed.
    async fn lost(&self, shards: RangeInclusive<u8>) -> Result<(Vec<(Digest, ThumbnailName)>, bool), MirrorError> {
        // Rows before files: what is on record was put before.
        let rows = self.archive.catalog.thumbnails_on_record(shards.clone()).await?;
        let listed = self.archive.objects.keys_of_all(shards.clone().map(Prefix::Thumbnails).collect()).await;
        // Where a folder cannot be listed, nobody knows what is lost: `verify` names it.
        let all_listed = listed.len() == shards.len() && listed.iter().all(Result::is_ok);
        let listed = shards.zip(listed).filter_map(|(shard, keys)| Some((shard, HashSet::from_iter(keys.ok()?))));
        let there: HashMap<u8, HashSet<_>> = listed.collect();
        let is_lost = |row: &&ThumbnailRow| {
            let of_shard = there.get(&row.original.as_bytes()[0]);
            row.key().zip(of_shard).is_some_and(|(key, there)| !there.contains(&key))
        };
        let lost = rows.iter().flatten().filter(is_lost).map(|row| (row.original, row.name.clone())).collect();
        Ok((lost, all_listed))
    }
}

/// Makes the thumbnails of an asset that are not recorded, and gives its perceptual hash if it was decoded. A blob that
/// cannot be read gets none: `verify` names it.
async fn render(
    archive: &Archive,
    renderer: &Renderer,
    tally: &Tally,
    (digest, asset): (Digest, &Asset),
    held: Option<HeldBytes>,
) -> Result<Option<u64>, MirrorError> {
    let Rendered { made, failed, perceptual_hash, not_kept } = match renderer.ensure(digest, asset, held).await {
        Err(RenderError::Read(_)) => return Ok(None),
        // It is on no record, and so the next run makes it.
        Err(RenderError::Cage(error)) => {
            tally.not_decoded(error);
            return Ok(None);
        }
        result => result?,
    };
    tally.thumbnails.add(made);
    tally.thumbnails_failed.add(failed);
    for (name, why) in not_kept {
        tally.misplaced(format_args!("the thumbnail \"{name}\" of {digest}"), why);
    }
    if failed > 0 {
        note_failed(archive, renderer, tally, digest).await?;
    }
    Ok(perceptual_hash)
}

/// Notes the thumbnails that an asset cannot have by the settings of now, and why.
async fn note_failed(archive: &Archive, renderer: &Renderer, tally: &Tally, digest: Digest) -> Result<(), MirrorError> {
    let recipes = renderer.recipes();
    for row in archive.catalog.thumbnails(&[digest]).await? {
        if let (Err(detail), true) = (row.made, recipes.contains(&(row.name.clone(), row.recipe))) {
            let name = row.name.to_string();
            // Its capture may not be on record yet: the report looks for an address.
            tally.failed_thumbnail(FailedThumbnail { image: digest, url: None, name, detail });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::archive::{Body, StoreKey};
    use crate::media;

    /// A GIF of one pixel.
    const DOT: &[u8] =
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

    /// A stage that decodes one image at a time and waits for no image, over an archive with one image.
    async fn stage() -> (RenderStage, Digest, Asset) {
        let mut config = Config::default();
        (config.media.threads, config.media.max_time) = (1, Duration::from_millis(1));
        let archive = Arc::new(Archive::in_memory().unwrap());
        let bytes = DOT.to_vec();
        let (digest, asset) = (Digest::of(&bytes), media::probe(&bytes, &config.media));
        let key = StoreKey::Blob { digest, media_type: asset.media_type };
        archive.objects.put(&key, Body::Bytes(bytes)).await.unwrap();
        let tally = Arc::<Tally>::default();
        let (budgets, stop) = (config.run.clone(), CancellationToken::new());
        let control = Arc::new(Control::new(budgets, Arc::clone(&archive), Arc::clone(&tally), stop));
        (RenderStage::new(archive, &config, tally, control), digest, asset)
    }

    #[tokio::test]
    async fn a_thumbnail_that_takes_long_is_made_on_the_side() {
        let (stage, digest, asset) = stage().await;
        let renderer = Arc::clone(&stage.renderer);
        let busy = renderer.pool().permit().await;
        assert_eq!(stage.ensure(digest, &asset, None).await.unwrap(), Ensured::Late);
        assert_eq!(stage.ensure(digest, &asset, None).await.unwrap(), Ensured::Late, "nobody waits for it twice");
        drop(busy);
        stage.run().await.unwrap();
        assert_eq!(stage.archive.catalog.thumbnails(&[digest]).await.unwrap().len(), 1);
        assert_eq!(stage.tally.thumbnails.get() + stage.tally.thumbnails_failed.get(), 1);
        assert!(!stage.lacks(digest, &stage.archive.catalog.thumbnails(&[digest]).await.unwrap()));
    }
}
