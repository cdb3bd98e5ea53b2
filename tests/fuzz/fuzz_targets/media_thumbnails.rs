//! Whatever the bytes, thumbnails are made within the limits or there is a reason; no decoder panics or touches memory
//! that is not its own. Run it with an address sanitizer: the JPEG decoder has unsafe kernels, and libwebp is C.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offprint_fuzz::thumbnails::check;

fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus { check(bytes, &[]) });
