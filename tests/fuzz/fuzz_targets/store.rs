//! The bytes choose what lies where in an archive, and what is asked of it: nothing outside of it is touched.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offprint_fuzz::archive::use_store(bytes));
