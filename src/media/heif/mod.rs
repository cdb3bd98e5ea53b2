//! The items of HEIF (ISO/IEC 23008-12) and AVIF: which there are, and what describes them.

#[cfg(feature = "heic")]
pub(super) mod associations;
#[cfg(any(feature = "avif", feature = "heic"))]
pub(super) mod coded;

use super::boxes::{Box4, boxes, child};
use super::byte_reader::ByteReader;

/// The items of a file.
#[derive(Clone, Copy)]
pub(super) struct Items<'a> {
    #[cfg(any(feature = "avif", feature = "heic"))]
    file: ByteReader<'a>,
    /// What the `meta` box holds.
    meta: ByteReader<'a>,
}

impl<'a> Items<'a> {
    /// The items of a file; `None` where it has no `meta` box.
    pub(super) fn of(file: ByteReader<'a>) -> Option<Self> {
        let meta = child(file, b"meta")?.from(4)?;
        Some(Self {
            #[cfg(any(feature = "avif", feature = "heic"))]
            file,
            meta,
        })
    }

    /// The item that is shown (ISO/IEC 14496-12, section 8.11.4).
    pub(super) fn primary(&self) -> Option<u32> {
        let primary = child(self.meta, b"pitm")?;
        number(primary, 4, primary.u8(0)? == 0)
    }

    /// All properties of all items (ISO/IEC 23008-12, section 9.3).
    pub(super) fn all_properties(&self) -> impl Iterator<Item = Box4<'a>> + use<'a> {
        let container = child(self.meta, b"iprp").and_then(|properties| child(properties, b"ipco"));
        container.into_iter().flat_map(boxes)
    }

    /// The properties of an item, in the order in which they apply; all there are, where the file says not which.
    pub(super) fn properties(&self, item: u32) -> Vec<Box4<'a>> {
        let all: Vec<_> = self.all_properties().collect();
        let map = child(self.meta, b"iprp").and_then(|properties| child(properties, b"ipma"));
        match map.and_then(|map| associations(map, item)) {
            Some(chosen) => chosen.into_iter().filter_map(|index| all.get(index.checked_sub(1)?).copied()).collect(),
            None if map.is_none() => all,
            None => Vec::new(),
        }
    }

    /// A property of an item.
    #[cfg(any(feature = "avif", feature = "heic"))]
    pub(super) fn property(&self, item: u32, box_type: &[u8]) -> Option<ByteReader<'a>> {
        self.properties(item).into_iter().find(|found| found.box_type == box_type).map(|found| found.body)
    }

    /// The references of one kind, each from one item to others (ISO/IEC 14496-12, section 8.11.12).
    fn references(&self, kind: [u8; 4]) -> impl Iterator<Item = (u32, Vec<u32>)> + use<'a> {
        let table = child(self.meta, b"iref");
        let short = table.and_then(|table| table.u8(0)) == Some(0);
        let all = table.and_then(|table| table.from(4)).into_iter().flat_map(boxes);
        all.filter(move |found| found.box_type == kind).filter_map(move |found| {
            let width = if short { 2 } else { 4 };
            let count = usize::from(found.body.be16(width)?);
            let to = (0..count).map_while(|index| number(found.body, width + 2 + index * width, short));
            Some((number(found.body, 0, short)?, to.collect()))
        })
    }

    /// The items of which an item is made: the tiles of a grid, row after row.
    pub(super) fn parts(&self, item: u32) -> Vec<u32> {
        self.references(*b"dimg").find(|(from, _)| *from == item).map(|(_, to)| to).unwrap_or_default()
    }
}

/// Whether a property says that an item is the alpha of another (ISO/IEC 23000-22, section 7.3.5.2).
pub(super) fn is_alpha(auxiliary: ByteReader<'_>) -> bool {
    memchr::memmem::find(auxiliary.0, b":alpha").is_some() || auxiliary.0.ends_with(b"auxid:1\0")
}

/// A number of two bytes, or of four.
fn number(bytes: ByteReader<'_>, at: usize, short: bool) -> Option<u32> {
    if short { bytes.be16(at).map(u32::from) } else { bytes.be32(at) }
}

/// The indices, from 1, of the properties that belong to an item; 0 stands for none.
fn associations(map: ByteReader<'_>, item: u32) -> Option<Vec<usize>> {
    let (short, wide) = (map.u8(0)? == 0, map.u8(3)? & 1 == 1);
    let mut at = 8;
    for _ in 0..map.be32(4)? {
        let (id, after) = (number(map, at, short)?, at + if short { 2 } else { 4 });
        let count = usize::from(map.u8(after)?);
        let index = |number: usize| {
            if wide {
                map.be16(after + 1 + 2 * number).map(|index| usize::from(index & 0x7fff))
            } else {
                map.u8(after + 1 + number).map(|index| usize::from(index & 0x7f))
            }
        };
        if id == item {
            return Some((0..count).map_while(index).collect());
        }
        at = after + 1 + count * if wide { 2 } else { 1 };
    }
    None
}

/// A part of an image.
#[cfg_attr(not(any(feature = "avif", feature = "heic")), allow(dead_code, reason = "only decoders ask where it lies"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aperture {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Aperture {
    /// The part of an image that is shown (`clap`, ISO/IEC 14496-12, section 12.1.4.2), in whole pixels; `None` for one
    /// that does not lie within the image.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the image, which has u32 sides"
    )]
    pub(super) fn of(clap: ByteReader<'_>, (width, height): (u32, u32)) -> Option<Self> {
        let length = |at: usize| fraction(clap.be32(at)?.into(), clap.be32(at + 4)?);
        let offset = |at: usize| fraction(clap.be32(at)?.cast_signed().into(), clap.be32(at + 4)?);
        let side = |side: u32, length: f64, offset: f64| {
            // Offsets are those of the centers.
            let (start, length) = (((f64::from(side) - length) / 2.0 + offset).round(), length.round());
            let is_within = length >= 1.0 && start >= 0.0 && start + length <= f64::from(side);
            is_within.then_some((start as u32, length as u32))
        };
        let (left, width) = side(width, length(0)?, offset(16)?)?;
        let (top, height) = side(height, length(8)?, offset(24)?)?;
        Some(Self { left, top, width, height })
    }
}

fn fraction(above: f64, below: u32) -> Option<f64> {
    (below > 0).then(|| above / f64::from(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `clap` box's payload.
    fn clap(fields: [i32; 8]) -> Vec<u8> {
        fields.iter().flat_map(|field| field.to_be_bytes()).collect()
    }

    #[test]
    fn an_aperture_lies_around_the_center_and_its_offset() {
        let of = |fields, size| Aperture::of(ByteReader(&clap(fields)), size);
        let part = |left, top, width, height| Some(Aperture { left, top, width, height });
        assert_eq!(of([50, 1, 30, 1, 0, 1, 0, 1], (100, 80)), part(25, 25, 50, 30));
        assert_eq!(of([100, 2, 30, 1, -25, 1, 50, 2], (100, 80)), part(0, 50, 50, 30));
        assert_eq!(of([99, 1, 79, 1, 1, 2, -1, 2], (100, 80)), part(1, 0, 99, 79));
        for outside in [
            [50, 1, 30, 1, 26, 1, 0, 1],
            [101, 1, 30, 1, 0, 1, 0, 1],
            [0, 1, 30, 1, 0, 1, 0, 1],
            [9, 0, 9, 1, 0, 1, 0, 1],
        ] {
            assert_eq!(of(outside, (100, 80)), None, "{outside:?}");
        }
        assert_eq!(Aperture::of(ByteReader(&[0; 31]), (9, 9)), None);
    }
}
