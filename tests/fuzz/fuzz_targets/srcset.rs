//! Any bytes, read as the image candidates of a page.

#![no_main]

use offprint::testing::model::Format;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let page = [b"<img srcset=\"", bytes, b"\"><img data-srcset='", bytes, b"'>"].concat();
    offprint_fuzz::check(&page, Format::Html);
});
