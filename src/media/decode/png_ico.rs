//! PNG, icons and cursors, by the decoders of the `image` crate, which are written in safe Rust.

use std::io::Cursor;

use image::ImageDecoder as _;
use image::codecs::{ico::IcoDecoder, png::PngDecoder};

use super::decoded::Decoded;
use super::image_decoder::{decoder_limits, read, read_mapped, reason};
use super::png_color::{self, Coding};
use super::tone_map::ToneMap;
use super::{png_sums, wide_gamut};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::probe;

/// A PNG still, or the default image of an APNG. Where a checksum differs, the image is shown if its data are whole.
pub(super) fn png(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    match as_it_is(bytes, limits) {
        Err(error @ MediaError::Damaged(_)) => {
            let Some(mended) = png_sums::mended(bytes) else { return Err(error) };
            as_it_is(&mended, limits).map_err(|_| error)
        }
        other => other,
    }
}

fn as_it_is(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let png = PngDecoder::with_limits(Cursor::new(bytes), decoder_limits(limits)).map_err(reason)?;
    let gray = !png.color_type().has_color();
    if let Some(Coding { primaries, transfer }) = png_color::coding(bytes) {
        let tones = ToneMap::of(primaries, transfer);
        let decoded = read_mapped(png, 1, limits, tones.as_ref())?;
        let profile = if tones.is_none() && !gray { wide_gamut::profile(primaries) } else { None };
        return Ok(Decoded { profile, ..decoded });
    }
    let mut decoded = read(png, 1, limits)?;
    decoded.profile = decoded.profile.or_else(|| png_color::profile(bytes, gray));
    Ok(decoded)
}

/// The largest image of an icon or a cursor.
pub(super) fn ico(bytes: ByteReader<'_>, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let entry = probe::largest_in_icon(bytes).ok_or_else(|| MediaError::damaged("no image in the icon"))?;
    let body = bytes.window(entry.start, bytes.len());
    if body.has(0, b"\x89PNG") {
        return png(body.0, limits);
    }
    // The decoder chooses by other rules and knows no cursors, so it gets an icon of this one image.
    let single = single_icon(body).ok_or_else(|| MediaError::damaged("no bitmap in the icon"))?;
    read(IcoDecoder::new(Cursor::new(single)).map_err(reason)?, 1, limits)
}

/// An icon of the bitmap at the start of some bytes, as long as its header says, whatever the directory does. Zeros stand
/// in for what is missing of its pixels and its mask.
fn single_icon(bytes: ByteReader<'_>) -> Option<Vec<u8>> {
    let (width, height) = (bytes.le32(4)?, bytes.le32(8)?.cast_signed().unsigned_abs() / 2);
    if !(1..=256).contains(&width) || !(1..=256).contains(&height) {
        return None;
    }
    let bits = u32::from(bytes.le16(14).filter(|bits| [1, 4, 8, 16, 24, 32].contains(bits))?);
    let colors =
        if bits <= 8 { bytes.le32(32).filter(|count| *count > 0).unwrap_or(1 << bits).min(1 << bits) } else { 0 };
    let row = |bits: u32| (width * bits).div_ceil(32) * 4;
    let length = bytes.le32(0)?.min(256) + 4 * colors + height * (row(bits) + row(1));
    // In the directory, 256 is written as 0.
    let side = |side: u32| u8::try_from(side).unwrap_or(0);
    let mut icon = b"\0\0\x01\0\x01\0".to_vec();
    icon.extend_from_slice(&[side(width), side(height), 0, 0, 1, 0, 32, 0]);
    icon.extend_from_slice(&length.to_le_bytes());
    icon.extend_from_slice(&22_u32.to_le_bytes());
    icon.extend_from_slice(bytes.window(0, length as usize).0);
    icon.resize(22 + length as usize, 0);
    Some(icon)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a bitmap in an icon, of so many bits for each pixel.
    fn bitmap(width: u32, height: u32, bits: u16) -> Vec<u8> {
        let mut header = vec![0; 40];
        header[..4].copy_from_slice(&40_u32.to_le_bytes());
        header[4..8].copy_from_slice(&width.to_le_bytes());
        header[8..12].copy_from_slice(&(2 * height).to_le_bytes());
        header[14..16].copy_from_slice(&bits.to_le_bytes());
        header
    }

    #[test]
    fn a_bitmap_in_an_icon_takes_no_more_than_its_sides_and_bits() {
        for (bits, pixels) in [(1, 1 << 5), (4, 1 << 7), (8, 1 << 8), (24, 3 << 8), (32, 4 << 8)] {
            let icon = single_icon(ByteReader(&bitmap(256, 256, bits))).unwrap();
            let colors = if bits <= 8 { 4 << bits } else { 0 };
            assert_eq!(icon.len(), 22 + 40 + colors + 256 * (pixels + 32), "{bits}");
        }
        for bits in [0, 2, 3, 33, 64, u16::MAX] {
            assert!(single_icon(ByteReader(&bitmap(256, 256, bits))).is_none(), "{bits}");
        }
        for (width, height) in [(0, 1), (257, 1), (1, 257), (u32::MAX, 1)] {
            assert!(single_icon(ByteReader(&bitmap(width, height, 32))).is_none(), "{width} x {height}");
        }
    }
}
