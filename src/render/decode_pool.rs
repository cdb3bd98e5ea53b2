//! How many images are decoded side by side: one per core, within the memory of the settings, each for a limited time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::cage::{Cage, CageError};
use super::system_fonts::SystemFonts;
use crate::config::{MediaConfig, ThumbnailConfig};
use crate::media::{self, Fonts, MediaError, Renditions};
use crate::model::Asset;
use crate::staging::HeldBytes;

/// The unit in which memory is counted, because a semaphore gives out no more than 2³² permits at a time.
const KIB: u64 = 1024;

/// After so many times `media.max_time`, an image is given up. Large images on slow machines take less.
const GIVE_UP: u32 = 6;

/// No image is given up before this time, however short articles wait.
const LEAST: Duration = Duration::from_secs(10);

/// How many images that were given up may still be decoding while others use their memory. No decoder can be
/// interrupted, so that memory is in use twice then.
const MOST_GIVEN_UP: usize = 2;

/// Bounds decoding: at most `media.threads` images at a time, which take at most `media.max_alloc` together.
#[derive(Debug)]
pub struct DecodePool {
    limits: MediaConfig,
    /// After so long an image is given up.
    give_up: Duration,
    /// An image that waits longer for its memory is given up as well: all the others together cannot take so long, unless
    /// some never end.
    longest_wait: Duration,
    cores: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    /// Images that were given up and are still at work.
    given_up: Arc<AtomicUsize>,
    /// The processes that decode, where the settings ask for them.
    cage: Option<Cage>,
    fonts: Arc<SystemFonts>,
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
        let give_up = if limits.max_time.is_zero() { Duration::MAX } else { LEAST.max(limits.max_time * GIVE_UP) };
        // A worker that has decoded others may be replaced by another, which takes as long again.
        let longest_wait = give_up.saturating_mul(u32::try_from(cores).unwrap_or(u32::MAX)).saturating_mul(2);
        let memory = Arc::new(Semaphore::new(room(limits) as usize));
        let cores = Arc::new(Semaphore::new(cores));
        let cage = Cage::new(limits, give_up);
        let fonts = Arc::default();
        Self { limits: limits.clone(), give_up, longest_wait, cores, memory, given_up: Arc::default(), cage, fonts }
    }

    /// The same pool, which draws text with these fonts.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn with_fonts(self, fonts: SystemFonts) -> Self {
        Self { fonts: Arc::new(fonts), ..self }
    }

    /// Waits for a core.
    pub async fn permit(&self) -> DecodePermit<'_> {
        let core = Arc::clone(&self.cores).acquire_owned().await;
        DecodePermit { pool: self, _core: core.expect("the semaphore is never closed") }
    }
}

impl DecodePermit<'_> {
    /// Waits for the memory that an image takes, then makes its renditions: in a process that decodes, or on a blocking
    /// thread. One that takes far too long is given up: then others may use its core and its memory.
    ///
    /// # Errors
    /// No process that decodes can be started.
    pub async fn thumbnails(
        self,
        bytes: HeldBytes,
        asset: Asset,
        sizes: Vec<ThumbnailConfig>,
    ) -> Result<Renditions, CageError> {
        let limits = self.pool.limits.clone();
        let wanted = media::memory_estimate(&bytes, &asset, &sizes, &limits).div_ceil(KIB);
        // An image that takes more memory than there is will be refused; it need not wait for all of it.
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX).min(room(&limits));
        let memory = Arc::clone(&self.pool.memory).acquire_many_owned(wanted);
        let count = sizes.len();
        let out_of_time = || Renditions::failed(MediaError::OutOfTime, count);
        let Ok(memory) = tokio::time::timeout(self.pool.longest_wait, memory).await else { return Ok(out_of_time()) };
        let memory = memory.expect("the semaphore is never closed");
        if let Some(cage) = &self.pool.cage {
            // The memory is held until this returns.
            let _memory = memory;
            let fonts = self.pool.fonts_of(&bytes, asset).await;
            return cage.thumbnails(&bytes, &sizes, &fonts).await;
        }
        let system = Arc::clone(&self.pool.fonts);
        let work = move || {
            let fonts = system.for_image(&bytes, &asset, &limits);
            media::thumbnails_with(&bytes, &asset, &sizes, &fonts, &limits)
        };
        let made = self.pool.run(memory, work).await;
        Ok(made.unwrap_or_else(out_of_time))
    }
}

impl DecodePool {
    /// The fonts for the text of an image. Looking for them reads files.
    async fn fonts_of(&self, bytes: &HeldBytes, asset: Asset) -> Fonts {
        if !asset.media_type.is_svg() {
            return Fonts::default();
        }
        let (system, limits, bytes) = (Arc::clone(&self.fonts), self.limits.clone(), bytes.clone());
        let looking = tokio::task::spawn_blocking(move || system.for_image(&bytes, &asset, &limits));
        looking.await.expect("looking for fonts does not fail")
    }

    /// Runs work on a blocking thread; `None` if it was given up. The memory is free when the work is done.
    async fn run<T: Send + 'static>(
        &self,
        memory: OwnedSemaphorePermit,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (permits, is_freed) = (memory.num_permits(), Arc::new(AtomicBool::new(false)));
        let (freed, given_up) = (Arc::clone(&is_freed), Arc::clone(&self.given_up));
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            if freed.swap(true, Ordering::AcqRel) {
                memory.forget();
                given_up.fetch_sub(1, Ordering::AcqRel);
            }
            done
        });
        if let Ok(done) = tokio::time::timeout(self.give_up, working).await {
            return Some(done.expect("the decoders' panics are caught"));
        }
        self.free(permits, &is_freed);
        None
    }

    /// Lets others use the memory of work that was given up, unless too much such work is still running.
    fn free(&self, permits: usize, is_freed: &AtomicBool) {
        let fewer = |count: usize| (count < MOST_GIVEN_UP).then_some(count + 1);
        if self.given_up.fetch_update(Ordering::AcqRel, Ordering::Acquire, fewer).is_err() {
            return;
        }
        if is_freed.swap(true, Ordering::AcqRel) {
            // It is done just now, and its memory is free already.
            self.given_up.fetch_sub(1, Ordering::AcqRel);
        } else {
            self.memory.add_permits(permits);
        }
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
    use std::sync::mpsc;

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
        let made = pool.permit().await.thumbnails(bytes.into(), asset, vec![size]).await.unwrap();
        assert!(made.sizes.len() == 1 && made.sizes[0].is_err(), "{:?}", made.sizes);
        assert_eq!(pool.memory.available_permits(), 1, "what it took is given back");
    }

    /// Work that goes on until it is let go.
    fn endless() -> (mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
        let (let_go, waits) = mpsc::channel();
        let work = move || {
            // It ends by an error where nobody is left to let it go.
            let _ = waits.recv();
        };
        (let_go, work)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_takes_too_long_is_given_up_and_its_memory_is_for_others() {
        let mut pool = DecodePool::new(&MediaConfig { threads: 1, ..Config::default().media });
        pool.give_up = Duration::from_millis(6);
        let all = pool.memory.available_permits();
        let whole = async || {
            let wanted = u32::try_from(all).unwrap();
            Arc::clone(&pool.memory).acquire_many_owned(wanted).await.unwrap()
        };
        let mut at_work = Vec::new();
        for _ in 0..MOST_GIVEN_UP {
            let (let_go, work) = endless();
            assert_eq!(pool.run(whole().await, work).await, None);
            assert_eq!(pool.memory.available_permits(), all, "the next has all of it");
            at_work.push(let_go);
        }
        let (let_go, work) = endless();
        assert_eq!(pool.run(whole().await, work).await, None);
        assert_eq!(pool.memory.available_permits(), 0, "memory is not in use again and again");
        pool.longest_wait = Duration::from_millis(6);
        let bytes = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec();
        let asset = media::probe(&bytes, &pool.limits);
        let size = Config::default().thumbnail[0].clone();
        let made = pool.permit().await.thumbnails(bytes.into(), asset, vec![size]).await.unwrap();
        assert!(matches!(made.sizes[..], [Err(MediaError::OutOfTime)]), "nobody waits for what never ends: {made:?}");
        drop(let_go);
        drop(whole().await);
        drop(at_work);
        while pool.given_up.load(Ordering::Acquire) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.memory.available_permits(), all);
    }
}
