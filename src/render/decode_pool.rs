//! How many images are decoded side by side: one a core, within the memory that the settings allow.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::{MediaConfig, ThumbnailConfig};
use crate::media::{self, Renditions};
use crate::model::Asset;

/// Memory is counted in these, because a semaphore gives out no more than 2³² permits at a time.
const KIB: u64 = 1024;

/// Bounds decoding: at most `media.threads` images at a time, which take at most `media.max_alloc` together.
#[derive(Debug)]
pub struct DecodePool {
    limits: MediaConfig,
    cores: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

/// The right to decode one image. A caller takes it before it reads the image's bytes, so that bytes that wait for a
/// core are not in memory.
#[derive(Debug)]
pub struct DecodePermit<'a> {
    pool: &'a DecodePool,
    _core: OwnedSemaphorePermit,
}

impl DecodePool {
    /// A pool of as many threads and as much memory as the settings say.
    pub fn new(limits: &MediaConfig) -> Self {
        let cores = match limits.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let memory = Arc::new(Semaphore::new(room(limits) as usize));
        Self { limits: limits.clone(), cores: Arc::new(Semaphore::new(cores)), memory }
    }

    /// Waits for a core.
    pub async fn permit(&self) -> DecodePermit<'_> {
        let core = Arc::clone(&self.cores).acquire_owned().await;
        DecodePermit { pool: self, _core: core.expect("the semaphore is never closed") }
    }
}

impl DecodePermit<'_> {
    /// Waits for the memory that an image takes, then makes its renditions on a blocking thread.
    pub async fn thumbnails(self, bytes: Vec<u8>, asset: Asset, sizes: Vec<ThumbnailConfig>) -> Renditions {
        let limits = self.pool.limits.clone();
        let wanted = media::memory_estimate(&bytes, &asset, &sizes, &limits).div_ceil(KIB);
        // An image that takes more than there is will be refused; it need not wait for everything.
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX).min(room(&limits));
        let memory = Arc::clone(&self.pool.memory).acquire_many_owned(wanted).await;
        let work = move || {
            let _memory = memory;
            media::thumbnails(&bytes, &asset, &sizes, &limits)
        };
        tokio::task::spawn_blocking(work).await.expect("the decoders' panics are caught")
    }
}

/// How much memory there is, in KiB; a limit of 0 is none.
fn room(limits: &MediaConfig) -> u32 {
    match limits.max_alloc.0 {
        0 => u32::MAX,
        bytes => u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX),
    }
}
