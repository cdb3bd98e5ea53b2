//! What must hold of images, whatever their bytes.

use std::path::Path;

use libfuzzer_sys::Corpus;
use offprint::testing::config::{Animation, Fit, MediaConfig, Size, ThumbnailConfig, ThumbnailFormat};
use offprint::testing::media::{MediaError, probe, sniff, thumbnails};
use offprint::testing::model::MediaType;

const LIMITS: MediaConfig = MediaConfig {
    max_pixels: 1 << 18,
    max_side: 8_000,
    max_alloc: Size(32 << 20),
    max_frames: 8,
    max_time: std::time::Duration::from_secs(20),
    threads: 1,
    min_side: 3,
    sandbox: offprint::testing::config::Sandbox::Off,
    worker: None,
};

fn size(side: u32, fit: Fit, format: ThumbnailFormat) -> ThumbnailConfig {
    let name = "fuzz".parse().expect("it is plain");
    ThumbnailConfig { name, width: side, height: side, fit, format, quality: 70, animation: Animation::Keep }
}

/// Keeps the first input that made a decoder say this; numbers in it differ from input to input.
fn collect(said: &str, input: &[u8], folder: &Path) {
    let name: String = said.chars().filter(char::is_ascii_alphabetic).take(60).collect();
    let file = folder.join(name);
    if !file.exists() {
        std::fs::write(file, input).expect("the folder of panics can be written");
    }
}

/// Checks that a thumbnail is made within its box or there is a reason, and that no decoder panics. The first byte
/// chooses between planes and pixels, and how far a JPEG is reduced while it is decoded. Bytes that are not of one of
/// the types are left out of the fuzzer's corpus, so that it stays with one decoder.
///
/// A panic is caught and costs one image, so that it need not end a long search for worse: with
/// `OFFPRINT_COLLECT_PANICS` naming a folder, one input for each kind of panic is kept there instead.
pub fn check(input: &[u8], only: &[MediaType]) -> Corpus {
    let Some((choice, bytes)) = input.split_first() else { return Corpus::Reject };
    if !only.is_empty() && !only.contains(&sniff(bytes)) {
        return Corpus::Reject;
    }
    let format = if choice & 1 == 0 { ThumbnailFormat::Auto } else { ThumbnailFormat::Png };
    let fit = if choice & 2 == 0 { Fit::Inside } else { Fit::Cover };
    let side = [4, 16, 64, 200][usize::from(choice >> 2 & 3)];
    let asset = probe(bytes, &LIMITS);
    let made = thumbnails(bytes, &asset, &[size(side, fit, format)], &LIMITS).sizes.remove(0);
    if let (Err(MediaError::Panicked(said)), Some(folder)) = (&made, std::env::var_os("OFFPRINT_COLLECT_PANICS")) {
        collect(said, input, Path::new(&folder));
        return Corpus::Reject;
    }
    assert!(!matches!(made, Err(MediaError::Panicked(_))), "{made:?}");
    assert!(made.is_err() || made.is_ok_and(|made| made.width <= side && made.height <= side));
    Corpus::Keep
}
