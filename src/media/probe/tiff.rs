//! TIFF 6.0, and `BigTIFF`: the first page.

use super::exif;
use crate::media::byte_reader::ByteReader;
use crate::media::icc;
use crate::media::ifd::Directory;
use crate::model::{Asset, Ending};

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    let page = Directory::first(bytes)?;
    asset.width = page.number(256)?;
    asset.height = page.number(257)?;
    asset.bit_depth = page.number(258).and_then(|bits| u8::try_from(bits).ok()).unwrap_or(1);
    exif::read_directory(&page, asset);
    let space = match page.number(262)? {
        0 | 1 => "gray",
        2 => "rgb",
        3 => "indexed",
        5 => "cmyk",
        6 => "ycbcr",
        8..=10 => "lab",
        _ => "",
    };
    space.clone_into(&mut asset.color_space);
    // Extra samples: 1 is premultiplied alpha, 2 is plain alpha (section 18).
    asset.alpha = matches!(page.number(338), Some(1 | 2));
    asset.icc_name = page.bytes(34675).and_then(|profile| icc::description(profile.0));
    Some(ending(&page, bytes.len()))
}

/// Whether the file holds the directory, and all strips or tiles. The last four bytes of the directory point to the next
/// page.
fn ending(page: &Directory<'_>, end: usize) -> Ending {
    match (lacks_pieces(page, end) || !page.has_entries(), page.has_next_pointer()) {
        (true, _) => Ending::Truncated,
        (false, true) => Ending::Whole,
        (false, false) => Ending::NoEndMarker,
    }
}

/// Whether strips or tiles lie behind the end of the file. Tags 273 and 324 hold their offsets, 279 and 325 their lengths.
pub(super) fn lacks_pieces(page: &Directory<'_>, end: usize) -> bool {
    [(273, 279), (324, 325)].iter().any(|&(starts, lengths)| {
        let mut pieces = page.numbers(starts).zip(page.numbers(lengths));
        pieces.any(|(start, length)| start.saturating_add(length) > end as u64)
    })
}
