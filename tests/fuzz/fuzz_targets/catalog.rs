//! Any bytes as the catalog's file of an archive: opened to be read, and every row of it read.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offprint_fuzz::archive::read_catalog(bytes));
