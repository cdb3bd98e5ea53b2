//! Any bytes between the fences of front matter; the first byte chooses the language.

#![no_main]

use offprint::testing::model::Format;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((language, content)) = bytes.split_first() else { return };
    let (open, close): (&[u8], &[u8]) = match language % 4 {
        0 => (b"---\n", b"\n---\n"),
        1 => (b"+++\n", b"\n+++\n"),
        2 => (b";;;\n", b"\n;;;\n"),
        _ => (b"{", b"\n"),
    };
    offprint_fuzz::check(&[open, content, close].concat(), Format::Markdown);
});
