//! Thumbnails of camera raw, so that the fuzzer stays with its decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offprint::testing::model::MediaType;
use offprint_fuzz::thumbnails::check;

fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
    let raw: Vec<_> = MediaType::ALL.iter().copied().filter(|kind| kind.is_camera_raw()).collect();
    check(bytes, &raw)
});
