//! JPEG XL: the size header and image metadata of the codestream (ISO/IEC 18181-1, annexes D.1 to D.3).

use super::bmff;
use crate::media::boxes::boxes;
use crate::media::byte_reader::ByteReader;
use crate::model::{Asset, Ending};

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    let bare = bytes.has(0, b"\xff\x0a");
    let codestream = if bare { bytes } else { in_container(bytes)? };
    let mut bits = Bits { bytes: codestream.from(2)?, at: 0 };
    (asset.width, asset.height) = size(&mut bits)?;
    metadata(&mut bits, asset)?;
    // A codestream has no end marker.
    Some(if bare { Ending::Whole } else { bmff::ending(bytes) })
}

/// The codestream of a container: `jxlc`, or the first of `jxlp` (ISO/IEC 18181-2).
fn in_container(bytes: ByteReader<'_>) -> Option<ByteReader<'_>> {
    boxes(bytes).find_map(|found| match found.box_type {
        b"jxlc" => Some(found.body),
        b"jxlp" => found.body.from(4),
        _ => None,
    })
}

/// Bits, least significant first.
struct Bits<'a> {
    bytes: ByteReader<'a>,
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for shift in 0..count {
            let bit = self.bytes.u8(self.at / 8)? >> (self.at % 8) & 1;
            value |= u32::from(bit) << shift;
            self.at += 1;
        }
        Some(value)
    }

    fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// `U32`: two bits choose one of four distributions, each an offset and a number of bits (section B.2.2).
    fn number(&mut self, distributions: [(u32, u32); 4]) -> Option<u32> {
        let (offset, count) = distributions[self.take(2)? as usize];
        self.take(count)?.checked_add(offset)
    }
}

fn size(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    let small = bits.flag()?;
    let side = |bits: &mut Bits<'_>| {
        if small { Some((bits.take(5)? + 1) * 8) } else { bits.number([(1, 9), (1, 13), (1, 18), (1, 30)]) }
    };
    let height = side(bits)?;
    let (over, under) = match bits.take(3)? {
        0 => return Some((side(bits)?, height)),
        ratio => RATIOS[ratio as usize - 1],
    };
    Some((u32::try_from(u64::from(height) * over / under).ok()?, height))
}

const RATIOS: [(u64, u64); 7] = [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)];

fn metadata(bits: &mut Bits<'_>, asset: &mut Asset) -> Option<()> {
    "rgb".clone_into(&mut asset.color_space);
    asset.bit_depth = 8;
    if bits.flag()? {
        return Some(());
    }
    if bits.flag()? {
        asset.orientation = u8::try_from(bits.take(3)? + 1).ok()?;
        if bits.flag()? {
            size(bits)?;
        }
        if bits.flag()? {
            preview(bits)?;
        }
        if bits.flag()? {
            // The headers do not count the frames. An animation has at least two.
            asset.frames = 2;
            animation(bits)?;
        }
    }
    asset.bit_depth = u8::try_from(depth(bits)?).ok()?;
    bits.flag()?;
    let extra_channels = bits.number([(0, 0), (1, 0), (2, 4), (1, 12)])?;
    // The first extra channel is alpha if all its fields are at their defaults, or if its type is 0.
    asset.alpha = extra_channels > 0 && (bits.flag()? || bits.number([(0, 0), (1, 0), (2, 4), (18, 6)])? == 0);
    Some(())
}

fn preview(bits: &mut Bits<'_>) -> Option<()> {
    let by_eight = bits.flag()?;
    let side = |bits: &mut Bits<'_>| {
        if by_eight {
            bits.number([(16, 0), (32, 0), (1, 5), (33, 9)])
        } else {
            bits.number([(1, 6), (65, 8), (321, 10), (1345, 12)])
        }
    };
    side(bits)?;
    if bits.take(3)? == 0 {
        side(bits)?;
    }
    Some(())
}

fn animation(bits: &mut Bits<'_>) -> Option<()> {
    bits.number([(100, 0), (1000, 0), (1, 10), (1, 30)])?;
    bits.number([(1, 0), (1001, 0), (1, 8), (1, 10)])?;
    bits.number([(0, 0), (0, 3), (0, 16), (0, 32)])?;
    bits.flag().map(|_| ())
}

fn depth(bits: &mut Bits<'_>) -> Option<u32> {
    if bits.flag()? {
        let depth = bits.number([(32, 0), (16, 0), (24, 0), (1, 6)])?;
        bits.take(4)?;
        Some(depth)
    } else {
        bits.number([(8, 0), (10, 0), (12, 0), (1, 6)])
    }
}
