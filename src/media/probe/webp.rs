//! WebP chunks (RFC 9649).

use super::exif;
use crate::media::byte_reader::ByteReader;
use crate::media::icc;
use crate::media::riff::{Chunk, Chunks};
use crate::model::Asset;

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<()> {
    "rgb".clone_into(&mut asset.color_space);
    asset.bit_depth = 8;
    let end = (bytes.le32(4)? as usize).checked_add(8)?;
    let mut chunks = Chunks::of_file(bytes);
    let (mut animated, mut frames) = (false, 0);
    while chunks.position() < end {
        let Chunk { fourcc, body, whole } = chunks.next()?;
        match fourcc {
            b"VP8X" => animated = extended(body, asset)?,
            b"VP8 " if asset.width == 0 => (asset.width, asset.height) = size_of_lossy(body)?,
            b"VP8L" if asset.width == 0 => lossless(body, asset)?,
            b"ANMF" if animated => frames += 1,
            b"ICCP" => asset.icc_name = icc::description(body.0),
            b"EXIF" => exif::read(after_prefix(body), asset),
            _ => {}
        }
        if !whole {
            return None;
        }
        asset.frames = frames.max(1);
    }
    Some(())
}

/// Some encoders write the prefix of JPEG, `Exif\0\0`, before the TIFF structure.
fn after_prefix(body: ByteReader<'_>) -> ByteReader<'_> {
    ByteReader(body.0.strip_prefix(b"Exif\0\0").unwrap_or(body.0))
}

/// Section 2.7.1. Returns whether the file is an animation.
fn extended(body: ByteReader<'_>, asset: &mut Asset) -> Option<bool> {
    let features = body.u8(0)?;
    asset.alpha = features & 0x10 != 0;
    asset.width = body.le24(4)? + 1;
    asset.height = body.le24(7)? + 1;
    Some(features & 0x02 != 0)
}

/// Width and height in the frame header of VP8 (RFC 6386, section 9.1): 14 bits each.
pub(in crate::media) fn size_of_lossy(body: ByteReader<'_>) -> Option<(u32, u32)> {
    let side = |at: usize| body.le16(at).map(|bits| u32::from(bits & 0x3fff));
    body.has(3, b"\x9d\x01\x2a").then(|| side(6).zip(side(8))).flatten()
}

/// The header of the lossless bitstream (section 3.4).
fn lossless(body: ByteReader<'_>, asset: &mut Asset) -> Option<()> {
    if body.u8(0)? != 0x2f {
        return None;
    }
    let bits = body.le32(1)?;
    asset.width = (bits & 0x3fff) + 1;
    asset.height = (bits >> 14 & 0x3fff) + 1;
    asset.alpha = bits >> 28 & 1 == 1;
    Some(())
}
