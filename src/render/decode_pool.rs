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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::config::{Config, Size};

    fn limits(threads: usize, max_alloc: u64) -> MediaConfig {
        let mut limits = Config::default().media;
        (limits.threads, limits.max_alloc) = (threads, Size(max_alloc));
        limits
    }

    #[tokio::test]
    async fn so_many_images_are_decoded_at_a_time_and_the_others_wait() {
        let pool = DecodePool::new(&limits(2, 0));
        let first = pool.permit().await;
        let _second = pool.permit().await;
        assert!(pool.permit().now_or_never().is_none(), "both cores are taken");
        drop(first);
        assert!(pool.permit().now_or_never().is_some());
    }

    #[test]
    fn no_number_of_threads_means_one_a_core() {
        let pool = DecodePool::new(&limits(0, 0));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        assert_eq!(pool.cores.available_permits(), cores);
    }

    #[test]
    fn memory_is_counted_in_kibibytes_and_no_limit_is_none() {
        for (bytes, expected) in
            [(1, 1), (1024, 1), (1025, 2), (64 << 20, 64 << 10), (0, u32::MAX), (u64::MAX, u32::MAX)]
        {
            assert_eq!(room(&limits(1, bytes)), expected, "{bytes}");
        }
    }

    #[tokio::test]
    async fn an_image_that_takes_more_than_there_is_does_not_wait_for_ever() {
        let pool = DecodePool::new(&limits(1, 1));
        let size = Config::default().thumbnail[0].clone();
        let bytes = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec();
        let asset = media::probe(&bytes, &pool.limits);
        let made = pool.permit().await.thumbnails(bytes, asset, vec![size]).await;
        assert!(made.sizes.len() == 1 && made.sizes[0].is_err(), "{:?}", made.sizes);
        assert_eq!(pool.memory.available_permits(), 1, "what it took is given back");
    }
}
