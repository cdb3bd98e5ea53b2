//! Any bytes as what a host answers, head and body.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offprint_fuzz::answer::fetch(bytes));
