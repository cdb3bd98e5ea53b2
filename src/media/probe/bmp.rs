//! Windows bitmap headers (`BITMAPFILEHEADER` and the `BITMAPINFOHEADER` family).

use crate::media::byte_reader::ByteReader;
use crate::model::{Asset, Ending};

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    info_header(bytes.from(14)?, asset)?;
    let pixels = bytes.le32(10)? as usize;
    let header = bytes.le32(14)?;
    let compressed = header >= 40 && !matches!(bytes.le32(30)?, 0 | 3 | 6);
    // Rows are padded to four bytes. The length of compressed rows is unknown without decoding.
    let row = (u64::from(asset.width) * u64::from(bits_per_pixel(bytes, header)?)).div_ceil(32) * 4;
    let needed = row.saturating_mul(asset.height.into()).saturating_add(pixels as u64);
    Some(if compressed { Ending::Whole } else { ending(needed, bytes.len() as u64, row) })
}

/// How pixels end that need so many bytes. Encoders leave out the padding of the last row, or count it wrongly.
pub(super) fn ending(needed: u64, actual: u64, row: u64) -> Ending {
    match needed.saturating_sub(actual) {
        0 => Ending::Whole,
        missing if missing < row => Ending::NoEndMarker,
        _ => Ending::Truncated,
    }
}

fn bits_per_pixel(bytes: ByteReader<'_>, header: u32) -> Option<u16> {
    bytes.le16(14 + if header == 12 { 10 } else { 14 })
}

/// Reads the header that bitmaps and icons share.
pub(super) fn info_header(header: ByteReader<'_>, asset: &mut Asset) -> Option<()> {
    let bits = if header.le32(0)? == 12 {
        asset.width = header.le16(4)?.into();
        asset.height = header.le16(6)?.into();
        header.le16(10)?
    } else {
        asset.width = header.le32(4)?.cast_signed().unsigned_abs();
        // A negative height means that rows run from top to bottom.
        asset.height = header.le32(8)?.cast_signed().unsigned_abs();
        header.le16(14)?
    };
    if bits <= 8 { "indexed" } else { "rgb" }.clone_into(&mut asset.color_space);
    asset.bit_depth = if bits == 16 { 5 } else { 8 };
    // Version 4 headers and later name an alpha mask.
    asset.alpha = header.le32(0)? >= 56 && header.le32(52)? != 0;
    Some(())
}
