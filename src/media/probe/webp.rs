//! WebP chunks (RFC 9649).

use super::exif;
use crate::media::byte_reader::ByteReader;
use crate::media::icc;
use crate::media::riff::{Chunk, Chunks};
use crate::model::{Asset, Ending};

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    "rgb".clone_into(&mut asset.color_space);
    asset.bit_depth = 8;
    let end = (bytes.le32(4)? as usize).checked_add(8)?;
    let mut chunks = Chunks::of_file(bytes);
    let mut found = WebpFacts::default();
    while chunks.position() < end {
        let Some(chunk) = chunks.next() else { return Some(found.ending()) };
        found.take(chunk, asset)?;
        asset.frames = found.frames.max(1);
        if !chunk.whole {
            // A bitstream that breaks off is not counted in `found`.
            let holds_pixels = matches!(chunk.fourcc, b"VP8 " | b"VP8L" | b"ALPH" | b"ANMF");
            return Some(if holds_pixels { Ending::Truncated } else { found.ending() });
        }
    }
    Some(Ending::Whole)
}

/// What the chunks so far hold.
#[derive(Default)]
struct WebpFacts {
    animated: bool,
    frames: u32,
    still: bool,
}

impl WebpFacts {
    fn take(&mut self, chunk: Chunk<'_>, asset: &mut Asset) -> Option<()> {
        let body = chunk.body;
        match chunk.fourcc {
            b"VP8X" => self.animated = extended(body, asset)?,
            b"VP8 " if asset.width == 0 => (asset.width, asset.height) = size_of_lossy(body)?,
            b"VP8L" if asset.width == 0 => lossless(body, asset)?,
            b"ANMF" if self.animated => self.frames += 1,
            b"ICCP" => asset.icc_name = icc::description(body.0),
            b"EXIF" => exif::read(after_prefix(body), asset),
            _ => {}
        }
        self.still |= matches!(chunk.fourcc, b"VP8 " | b"VP8L");
        Some(())
    }

    /// The ending of a file that breaks off behind these chunks.
    fn ending(&self) -> Ending {
        if self.still || self.frames > 0 { Ending::NoEndMarker } else { Ending::Truncated }
    }
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
