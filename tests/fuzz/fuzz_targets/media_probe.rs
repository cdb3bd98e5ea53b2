//! Whatever the bytes, probing them ends, and says something that makes sense.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offprint::testing::config::{MediaConfig, Size};
use offprint::testing::media::probe;

const LIMITS: MediaConfig = MediaConfig {
    max_pixels: 4_000_000,
    max_side: 20_000,
    max_alloc: Size(64 << 20),
    max_frames: 50,
    max_time: std::time::Duration::from_secs(5),
    threads: 1,
    min_side: 3,
    sandbox: offprint::testing::config::Sandbox::Off,
    worker: None,
};

fuzz_target!(|bytes: &[u8]| {
    let asset = probe(bytes, &LIMITS);
    assert!((1..=8).contains(&asset.orientation));
    assert!((1..=LIMITS.max_frames + 1).contains(&asset.frames));
});
