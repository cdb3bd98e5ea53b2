//! Directives that show an image: `` ```{figure} a.jpg `` and `:::{figure} a.jpg` (`MyST`).

use std::ops::Range;

use memchr::memmem;

use crate::extract::address::has_image_extension;

/// Directives that show the image that stands after their names.
const IMAGES: &[&str] = &["{figure}", "{image}"];

/// The address of a directive that shows an image: what stands after its fence.
pub(in crate::extract::markdown) fn directive_image(info: &str) -> Option<&str> {
    let info = info.trim();
    let address = IMAGES.iter().find_map(|name| info.strip_prefix(name)).map(str::trim);
    address.filter(|address| has_image_extension(address))
}

/// The images of directives between colons in `text[range]`, and where each directive starts.
pub(in crate::extract::markdown) fn directives(text: &str, range: Range<usize>) -> Vec<(usize, Range<usize>)> {
    let mut found = Vec::new();
    for open in memmem::find_iter(&text.as_bytes()[range.clone()], b":::{").map(|at| range.start + at) {
        let line = text[open..range.end].lines().next().unwrap_or_default();
        let before = text[range.start..open].rsplit('\n').next().unwrap_or_default();
        let starts_line = before.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'>' | b':'));
        if let Some(address) = directive_image(&line[3..]).filter(|_| starts_line) {
            let end = open + line.trim_end().len();
            found.push((open, end - address.len()..end));
        }
    }
    found
}
