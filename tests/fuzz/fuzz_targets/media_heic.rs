//! Thumbnails of one type, so that the fuzzer stays with its decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offprint::testing::model::MediaType;
use offprint_fuzz::thumbnails::check;

fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus { check(bytes, &[MediaType::Heic]) });
