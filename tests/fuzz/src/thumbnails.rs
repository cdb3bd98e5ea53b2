//! What must hold of pictures, whatever their bytes.

use libfuzzer_sys::Corpus;
use offprint::config::{Animation, Fit, MediaConfig, Size, ThumbnailConfig, ThumbnailFormat};
use offprint::media::{MediaError, probe, sniff, thumbnails};
use offprint::model::MediaType;

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

/// Checks that a thumbnail is made within its box or there is a reason, and that no decoder panics. The first byte
/// chooses between planes and pixels, and how far a JPEG is reduced while it is decoded. Bytes that are not of one of
/// the types are left out of the fuzzer's corpus, so that it stays with one decoder.
pub fn check(bytes: &[u8], only: &[MediaType]) -> Corpus {
    let Some((choice, bytes)) = bytes.split_first() else { return Corpus::Reject };
    if !only.is_empty() && !only.contains(&sniff(bytes)) {
        return Corpus::Reject;
    }
    let format = if choice & 1 == 0 { ThumbnailFormat::Auto } else { ThumbnailFormat::Png };
    let fit = if choice & 2 == 0 { Fit::Inside } else { Fit::Cover };
    let side = [4, 16, 64, 200][usize::from(choice >> 2 & 3)];
    let asset = probe(bytes, &LIMITS);
    for made in thumbnails(bytes, &asset, &[size(side, fit, format)], &LIMITS).sizes {
        assert!(!matches!(made, Err(MediaError::Panicked(_))), "{made:?}");
        assert!(made.is_err() || made.is_ok_and(|made| made.width <= side && made.height <= side));
    }
    Corpus::Keep
}
