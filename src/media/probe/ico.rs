//! Windows icons and cursors: a directory of bitmaps and PNGs.

use super::{bmp, png};
use crate::media::byte_reader::ByteReader;
use crate::model::Asset;

/// One image of an icon.
pub(in crate::media) struct Entry {
    /// The offset of its bytes.
    pub(in crate::media) start: usize,
    /// The number of its bytes.
    pub(in crate::media) length: usize,
    /// Its width as the directory has it: 0 means 256.
    pub(in crate::media) width: u8,
    /// Its height, likewise.
    pub(in crate::media) height: u8,
}

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<()> {
    let entry = largest(bytes)?;
    let body = ByteReader(bytes.slice(entry.start, entry.length)?);
    asset.alpha = true;
    if body.has(0, b"\x89PNG") {
        png::probe(body, asset)?;
    } else {
        bmp::info_header(body, asset)?;
        asset.alpha = true;
        // A mask follows the bitmap of an icon, and the height counts both.
        asset.height /= 2;
    }
    Some(())
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
        Some((rank, Entry { start, length, width, height }))
    });
    entries.max_by_key(|(rank, _)| *rank).map(|(_, entry)| entry)
}
