//! SVG: the size that its root element declares (SVG 2, section 8.2).

use crate::media::markup::{ascii_of_utf16, is_utf16, prologue};
use crate::media::svgz;
use crate::model::{Asset, Ending};

#[expect(clippy::unnecessary_wraps, reason = "every format's reader has the same form")]
pub(super) fn probe(bytes: &[u8], asset: &mut Asset) -> Option<Ending> {
    asset.alpha = true;
    "rgb".clone_into(&mut asset.color_space);
    asset.bit_depth = 8;
    let text = beginning(bytes);
    if let Some((width, height)) = root(&text).and_then(size) {
        asset.width = width;
        asset.height = height;
    }
    Some(if ends(bytes) { Ending::Whole } else { Ending::Truncated })
}

/// The same of a packed one. How it ends is what the packing says.
pub(super) fn probe_packed(bytes: &[u8], asset: &mut Asset) -> Option<Ending> {
    let (text, breaks_off) = svgz::unpacked(bytes, MOST_UNPACKED);
    probe(&text, asset)?;
    Some(if breaks_off { Ending::Truncated } else { Ending::Whole })
}

/// The most bytes that are unpacked for what an SVG declares, and to see that it ends.
const MOST_UNPACKED: usize = 1 << 20;

/// The beginning as text, the prologue included; of UTF-16 only its ASCII characters, which suffice for a root element.
fn beginning(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(1 << 20)];
    if is_utf16(head) {
        return ascii_of_utf16(head).into_iter().map(char::from).collect();
    }
    String::from_utf8_lossy(head).into_owned()
}

/// Whether the root element is closed. Only comments and white space may follow it.
fn ends(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(1 << 16)..];
    // In UTF-16 a zero accompanies each of these bytes.
    let ascii: Vec<u8> = tail.iter().copied().filter(|&byte| byte != 0).collect();
    memchr::memmem::rfind(&ascii, b"</").is_some_and(|at| ascii[at..].contains(&b'>'))
        || memchr::memmem::rfind(&ascii, b"/>").is_some()
}

/// The root element's tag, with its attributes.
fn root(text: &str) -> Option<&str> {
    // The prologue ends with an ASCII character, so the rest starts at a character boundary.
    let rest = prologue(text.trim_start_matches('\u{feff}').as_bytes()).rest;
    let rest = &text[text.len() - rest.len()..];
    Some(&rest[..end_of_tag(rest)?])
}

/// The offset of the end of a tag: the first `>` outside quotes.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.bytes().position(|byte| match quote {
        Some(open) => {
            if byte == open {
                quote = None;
            }
            false
        }
        None if matches!(byte, b'"' | b'\'') => {
            quote = Some(byte);
            false
        }
        None => byte == b'>',
    })
}

/// The value of an attribute.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.match_indices(name).find_map(|(at, _)| {
        let before = tag[..at].ends_with(|c: char| c.is_ascii_whitespace());
        let rest = tag[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|c| before && matches!(c, '"' | '\''))?;
        rest[1..].split(quote).next()
    })
}

/// Width and height in pixels: as declared, or from the view box if they are missing or relative.
fn size(tag: &str) -> Option<(u32, u32)> {
    let length = |name| attribute(tag, name).and_then(pixels);
    let view = attribute(tag, "viewBox").and_then(view_box);
    let (width, height) = match (length("width"), length("height"), view) {
        (Some(width), Some(height), _) => (width, height),
        (Some(width), None, Some((w, h))) => (width, width * h / w),
        (None, Some(height), Some((w, h))) => (height * w / h, height),
        (None, None, Some(view)) => view,
        _ => return None,
    };
    Some((whole(width)?, whole(height)?))
}

fn whole(length: f64) -> Option<u32> {
    let rounded = length.ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    (rounded >= 1.0 && rounded <= f64::from(u32::MAX)).then_some(rounded as u32)
}

/// An absolute length in pixels (CSS Values 4, section 6.2); `None` for a relative one.
fn pixels(length: &str) -> Option<f64> {
    let length = length.trim();
    let unit_at = length.find(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E' || c == '%');
    let (number, unit) = length.split_at(unit_at.unwrap_or(length.len()));
    let factor = match unit.trim() {
        "" | "px" => 1.0,
        "pt" => 96.0 / 72.0,
        "pc" => 16.0,
        "in" => 96.0,
        "cm" => 96.0 / 2.54,
        "mm" => 96.0 / 25.4,
        _ => return None,
    };
    number.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0).map(|number| number * factor)
}

fn view_box(value: &str) -> Option<(f64, f64)> {
    let numbers = value.split(|c: char| c.is_ascii_whitespace() || c == ',').filter(|part| !part.is_empty());
    let numbers: Vec<f64> = numbers.take(5).map_while(|part| part.parse().ok()).collect();
    match numbers[..] {
        [_, _, width, height] if width > 0.0 && height > 0.0 => Some((width, height)),
        _ => None,
    }
}
