//! The bytes of an SVG as text.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// The document as text. A byte order mark names its encoding; without one it is read as UTF-8.
pub(super) fn svg_text(bytes: &[u8]) -> Cow<'_, str> {
    match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.decode_with_bom_removal(bytes).0,
        None => String::from_utf8_lossy(bytes),
    }
}
