//! Any bytes as what a process that decodes says to the program.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offprint_fuzz::worker::understand(bytes));
