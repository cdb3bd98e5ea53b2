//! Any bytes, read as a style sheet.

#![no_main]

use offprint::testing::model::Format;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offprint_fuzz::check(bytes, Format::Css));
