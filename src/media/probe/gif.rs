//! GIF blocks (`GIF89a` specification).

use crate::media::byte_reader::ByteReader;
use crate::media::gif_blocks::{after_sub_blocks, color_table};
use crate::model::{Asset, Ending};

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    asset.width = bytes.le16(6)?.into();
    asset.height = bytes.le16(8)?.into();
    "indexed".clone_into(&mut asset.color_space);
    asset.bit_depth = 8;
    let mut at = 13 + color_table(bytes.u8(10)?);
    asset.frames = 0;
    loop {
        match bytes.u8(at) {
            Some(0x21) => {
                let control = bytes.u8(at + 1)? == 0xf9;
                asset.alpha |= control && bytes.u8(at + 3)? & 1 == 1;
                at = after_sub_blocks(bytes, at + 2)?;
            }
            Some(0x2c) => {
                if asset.frames == 0 {
                    enlarge_screen(bytes, at, asset)?;
                }
                let table = color_table(bytes.u8(at + 9)?);
                at = after_sub_blocks(bytes, at + 11 + table)?;
                asset.frames = asset.frames.saturating_add(1);
            }
            Some(0x3b) => return Some(Ending::Whole),
            // Some encoders leave stray zeros between blocks; decoders skip them.
            Some(0) => at += 1,
            // Neither a block nor the trailer. What precedes it is shown.
            _ => return (asset.frames > 0).then_some(Ending::NoEndMarker),
        }
    }
}

/// Browsers enlarge a screen that is too small for the first frame (sections 18 and 20).
fn enlarge_screen(bytes: ByteReader<'_>, frame: usize, asset: &mut Asset) -> Option<()> {
    let field = |at: usize| bytes.le16(frame + at).map(u32::from);
    asset.width = asset.width.max(field(1)? + field(5)?);
    asset.height = asset.height.max(field(3)? + field(7)?);
    Some(())
}
