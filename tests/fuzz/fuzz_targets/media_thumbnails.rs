//! Whatever the bytes, thumbnails are made within the limits or there is a reason; no decoder panics or touches memory
//! that is not its own. Run it with an address sanitizer: the JPEG decoder has unsafe kernels, and libwebp is C.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offprint::config::{Animation, Fit, MediaConfig, Size, ThumbnailConfig, ThumbnailFormat};
use offprint::media::{MediaError, probe, thumbnails};

const LIMITS: MediaConfig = MediaConfig {
    max_pixels: 1_000_000,
    max_side: 8_000,
    max_alloc: Size(32 << 20),
    max_frames: 8,
    max_time: std::time::Duration::from_secs(5),
    threads: 1,
    min_side: 3,
};

fn size(side: u32, fit: Fit, format: ThumbnailFormat) -> ThumbnailConfig {
    let name = String::new();
    ThumbnailConfig { name, width: side, height: side, fit, format, quality: 70, animation: Animation::Keep }
}

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses between planes and pixels, and how far a JPEG is reduced while it is decoded.
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let format = if choice & 1 == 0 { ThumbnailFormat::Auto } else { ThumbnailFormat::Png };
    let fit = if choice & 2 == 0 { Fit::Inside } else { Fit::Cover };
    let side = [4, 16, 64, 200][usize::from(choice >> 2 & 3)];
    let asset = probe(bytes, &LIMITS);
    for made in thumbnails(bytes, &asset, &[size(side, fit, format)], &LIMITS).sizes {
        assert!(!matches!(made, Err(MediaError::Panicked(_))), "{made:?}");
        assert!(made.is_err() || made.is_ok_and(|made| made.width <= side && made.height <= side));
    }
});
