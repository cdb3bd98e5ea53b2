//! Windows icons and cursors: a directory of bitmaps and PNGs.

use super::{bmp, png};
use crate::media::byte_reader::ByteReader;
use crate::model::{Asset, Ending};

/// One image of an icon.
pub(in crate::media) struct Entry {
    /// The offset of its bytes.
    pub(in crate::media) start: usize,
    /// The number of its bytes.
    length: usize,
}

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    let entry = largest(bytes)?;
    asset.alpha = true;
    // A PNG knows its end better than the directory does.
    if let Some(image) = bytes.from(entry.start).filter(|image| image.has(0, b"\x89PNG")) {
        return png::probe(image, asset);
    }
    let body = bytes.window(entry.start, entry.length);
    bmp::info_header(body, asset)?;
    asset.alpha = true;
    // A mask follows the bitmap of an icon, and the height counts both.
    asset.height /= 2;
    if body.len() == entry.length {
        return Some(Ending::Whole);
    }
    bitmap_ending(body, asset)
}

/// The ending of a bitmap that is shorter than the directory says. Its mask counts as padding: without it the icon is
/// shown all the same.
fn bitmap_ending(body: ByteReader<'_>, asset: &Asset) -> Option<Ending> {
    let bits = body.le16(14)?;
    let palette = if bits <= 8 { 4 << bits } else { 0 };
    let row = (u64::from(asset.width) * u64::from(bits)).div_ceil(32) * 4;
    let pixels = (u64::from(body.le32(0)?) + palette).saturating_add(row.saturating_mul(asset.height.into()));
    Some(match bmp::ending(pixels, body.len() as u64, row) {
        Ending::Truncated => Ending::Truncated,
        _ => Ending::NoEndMarker,
    })
}

/// The largest image; of images of equal size, the one with more colors. A side of 0 means 256.
pub(in crate::media) fn largest(bytes: ByteReader<'_>) -> Option<Entry> {
    let count = usize::from(bytes.le16(4)?);
    let entries = (0..count).map_while(|index| {
        let at = 6 + 16 * index;
        let (width, height) = (bytes.u8(at)?, bytes.u8(at + 1)?);
        let side = |side: u8| if side == 0 { 256_u32 } else { u32::from(side) };
        let rank = (side(width) * side(height), bytes.le16(at + 6)?);
        let (start, length) = (bytes.le32(at + 12)? as usize, bytes.le32(at + 8)? as usize);
        Some((rank, Entry { start, length }))
    });
    entries.max_by_key(|(rank, _)| *rank).map(|(_, entry)| entry)
}
