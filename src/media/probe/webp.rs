//! WebP chunks (RFC 9649).

use super::super::fields::Fields;
use super::super::icc;
use super::exif;
use crate::model::Asset;

pub(super) fn probe(bytes: Fields<'_>, asset: &mut Asset) -> Option<()> {
    "rgb".clone_into(&mut asset.color_space);
    asset.bit_depth = 8;
    let end = (bytes.le32(4)? as usize).checked_add(8)?;
    let mut at: usize = 12;
    let mut frames = 0;
    while at < end {
        let length = bytes.le32(at + 4)? as usize;
        let kind = bytes.slice(at, 4)?;
        let body = bytes.window(at + 8, length);
        match kind {
            b"VP8X" => extended(body, asset)?,
            b"VP8 " if asset.width == 0 => lossy(body, asset)?,
            b"VP8L" if asset.width == 0 => lossless(body, asset)?,
            b"ANMF" => frames += 1,
            b"ICCP" => asset.icc_name = icc::description(body.0),
            b"EXIF" => exif::read(after_prefix(body), asset),
            _ => {}
        }
        bytes.slice(at + 8, length)?;
        at = at.checked_add(8 + length + length % 2)?;
        asset.frames = frames.max(1);
    }
    Some(())
}

/// Some writers put JPEG's `Exif\0\0` before the TIFF structure.
fn after_prefix(body: Fields<'_>) -> Fields<'_> {
    Fields(body.0.strip_prefix(b"Exif\0\0").unwrap_or(body.0))
}

/// Section 2.7.1.
fn extended(body: Fields<'_>, asset: &mut Asset) -> Option<()> {
    asset.alpha = body.u8(0)? & 0x10 != 0;
    asset.width = body.le24(4)? + 1;
    asset.height = body.le24(7)? + 1;
    Some(())
}

/// The frame header of VP8 (RFC 6386, section 9.1): 14 bits each of width and height.
fn lossy(body: Fields<'_>, asset: &mut Asset) -> Option<()> {
    if !body.has(3, b"\x9d\x01\x2a") {
        return None;
    }
    asset.width = u32::from(body.le16(6)? & 0x3fff);
    asset.height = u32::from(body.le16(8)? & 0x3fff);
    Some(())
}

/// The header of the lossless bitstream (section 3.4).
fn lossless(body: Fields<'_>, asset: &mut Asset) -> Option<()> {
    if body.u8(0)? != 0x2f {
        return None;
    }
    let bits = body.le32(1)?;
    asset.width = (bits & 0x3fff) + 1;
    asset.height = (bits >> 14 & 0x3fff) + 1;
    asset.alpha = bits >> 28 & 1 == 1;
    Some(())
}
