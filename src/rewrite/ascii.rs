//! Links and markup as bytes of a file in any encoding.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// ASCII text in the encoding of the file. Every encoding of the web spells it in one way, as ASCII or, in UTF-16, in
/// two bytes each (Encoding Standard, section 4).
pub(super) fn written(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    if encoding == UTF_16LE {
        text.bytes().flat_map(|byte| [byte, 0]).collect()
    } else if encoding == UTF_16BE {
        text.bytes().flat_map(|byte| [0, byte]).collect()
    } else {
        text.as_bytes().to_vec()
    }
}

/// Whether a link means the same in HTML with and without quotes, in `srcset`, CSS, Markdown, YAML, TOML and JSON.
pub(super) fn needs_no_escape(link: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b':' | b'~' | b'%');
    !link.is_empty() && link.bytes().all(plain)
}
