//! Where pictures are decoded: as many at once as there are cores, and as there is memory for.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::{MediaConfig, ThumbnailConfig};
use crate::media::{self, Renditions};
use crate::model::Asset;

/// Memory is counted in these, because a semaphore gives out no more than 2³² permits at a time.
const KIB: u64 = 1024;

/// Takes pictures in turns, so that what is decoded side by side stays within `media.max_alloc` together.
#[derive(Debug)]
pub struct Workshop {
    limits: MediaConfig,
    cores: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

/// A turn in the workshop, taken before the bytes of a picture are read.
#[derive(Debug)]
pub struct Turn<'a> {
    workshop: &'a Workshop,
    _core: OwnedSemaphorePermit,
}

impl Workshop {
    /// A workshop of as many threads and as much memory as the settings say.
    pub fn new(limits: &MediaConfig) -> Self {
        let cores = match limits.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let memory = Arc::new(Semaphore::new(room(limits) as usize));
        Self { limits: limits.clone(), cores: Arc::new(Semaphore::new(cores)), memory }
    }

    /// Waits for a core.
    pub async fn turn(&self) -> Turn<'_> {
        let core = Arc::clone(&self.cores).acquire_owned().await;
        Turn { workshop: self, _core: core.expect("the semaphore is never closed") }
    }
}

impl Turn<'_> {
    /// Waits for the memory that a picture takes, then makes its renditions on a blocking thread.
    pub async fn thumbnails(self, bytes: Vec<u8>, asset: Asset, sizes: Vec<ThumbnailConfig>) -> Renditions {
        let limits = self.workshop.limits.clone();
        let wanted = media::memory(&bytes, &asset, &sizes, &limits).div_ceil(KIB);
        // What would take more than there is will be refused; it need not wait for everything.
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX).min(room(&limits));
        let memory = Arc::clone(&self.workshop.memory).acquire_many_owned(wanted).await;
        let work = move || {
            let _memory = memory;
            media::thumbnails(&bytes, &asset, &sizes, &limits)
        };
        tokio::task::spawn_blocking(work).await.expect("the thumbnailer catches its decoders' panics")
    }
}

/// How much there is, in KiB; a limit of 0 is none.
fn room(limits: &MediaConfig) -> u32 {
    match limits.max_alloc.0 {
        0 => u32::MAX,
        bytes => u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX),
    }
}
