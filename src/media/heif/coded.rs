//! What is coded of an item: as what, with which alpha, and where its bytes are.

use std::borrow::Cow;

use super::{Items, is_alpha, number};
use crate::media::boxes::{boxes, child};
use crate::media::byte_reader::{ByteOrder, ByteReader};
use crate::media::error::MediaError;

impl<'a> Items<'a> {
    /// The type of an item, such as `av01` or `grid` (section 8.11.6).
    pub(in crate::media) fn kind(&self, item: u32) -> Option<&'a [u8]> {
        let table = child(self.meta, b"iinf")?;
        let entries = table.from(if table.u8(0)? == 0 { 6 } else { 8 })?;
        boxes(entries).find_map(|entry| {
            let short = entry.body.u8(0)? == 2;
            let own = number(entry.body, 4, short)?;
            (own == item).then(|| entry.body.slice(if short { 8 } else { 10 }, 4)).flatten()
        })
    }

    /// The item that is the alpha of another.
    pub(in crate::media) fn alpha_of(&self, item: u32) -> Option<u32> {
        let of_it = self.references(*b"auxl").filter(|(_, to)| to.contains(&item));
        of_it.map(|(from, _)| from).find(|from| self.property(*from, b"auxC").is_some_and(is_alpha))
    }

    /// Whether the colors of an item are multiplied by its alpha.
    #[cfg(feature = "avif")]
    pub(in crate::media) fn is_premultiplied(&self, item: u32) -> bool {
        self.references(*b"prem").any(|(from, _)| from == item)
    }

    /// The width and height of an item as it is coded (ISO/IEC 23008-12, section 6.5.3).
    #[cfg(feature = "avif")]
    pub(in crate::media) fn size(&self, item: u32) -> Option<(u32, u32)> {
        let size = self.property(item, b"ispe")?;
        Some((size.be32(4)?, size.be32(8)?))
    }

    /// How many bytes the file has.
    #[cfg(feature = "avif")]
    pub(in crate::media) const fn file_length(&self) -> usize {
        self.file.0.len()
    }

    /// The bytes of an item: from the file, or from the `idat` box (ISO/IEC 14496-12, section 8.11.3).
    pub(in crate::media) fn data(&self, item: u32) -> Result<Cow<'a, [u8]>, MediaError> {
        let place = child(self.meta, b"iloc").and_then(|table| place(table, item));
        let Place { method, extents } = place.ok_or_else(|| MediaError::damaged("an item has no place"))?;
        let whole = match method {
            0 => self.file,
            1 => child(self.meta, b"idat").unwrap_or(ByteReader(&[])),
            other => return Err(MediaError::Variant(format!("an item placed by method {other}"))),
        };
        let part = |(start, length): &(usize, usize)| match length {
            // An extent without a length is all there is.
            0 => whole.from(*start).map(|rest| rest.0),
            _ => whole.slice(*start, *length),
        };
        let parts: Option<Vec<&[u8]>> = extents.iter().map(part).collect();
        let parts = parts.ok_or_else(|| MediaError::damaged("an item lies behind the end"))?;
        match parts[..] {
            [only] => Ok(Cow::Borrowed(only)),
            // Parts that overlap would take memory without end.
            _ if parts.iter().map(|part| part.len()).sum::<usize>() > self.file.len() => {
                Err(MediaError::damaged("the parts of an item overlap"))
            }
            _ => Ok(Cow::Owned(parts.concat())),
        }
    }
}

/// How an image is put together of tiles, row after row (ISO/IEC 23008-12, section 6.6.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::media) struct Grid {
    pub(in crate::media) rows: usize,
    pub(in crate::media) columns: usize,
    pub(in crate::media) width: u32,
    pub(in crate::media) height: u32,
}

impl Grid {
    /// What the bytes of an item of the type `grid` say; `None` if they break off.
    pub(in crate::media) fn of(data: &[u8]) -> Option<Self> {
        let fields = ByteReader(data);
        let is_long = fields.u8(1)? & 1 == 1;
        let side = |long: usize, short: usize| {
            if is_long { fields.be32(long) } else { fields.be16(short).map(u32::from) }
        };
        let (rows, columns) = (usize::from(fields.u8(2)?) + 1, usize::from(fields.u8(3)?) + 1);
        Some(Self { rows, columns, width: side(4, 4)?, height: side(8, 6)? })
    }
}

/// Where the bytes of an item are.
struct Place {
    method: u8,
    /// Where each part begins, and how long it is.
    extents: Vec<(usize, usize)>,
}

/// The fields of an `iloc` box, one after another: their widths are fields, too.
struct Fields<'a> {
    table: ByteReader<'a>,
    at: usize,
}

impl Fields<'_> {
    /// The next field, of so many bytes.
    fn take(&mut self, width: u8) -> Option<u64> {
        let at = self.at;
        self.at += usize::from(width);
        match width {
            0 => Some(0),
            1 => self.table.u8(at).map(u64::from),
            2 => self.table.be16(at).map(u64::from),
            4 => self.table.be32(at).map(u64::from),
            8 => self.table.u64(at, ByteOrder::Big),
            _ => None,
        }
    }
}

fn place(table: ByteReader<'_>, item: u32) -> Option<Place> {
    let (version, widths) = (table.u8(0)?, table.be16(4)?.to_be_bytes());
    let [of_offset, of_length] = [widths[0] >> 4, widths[0] & 15];
    let [of_base, of_index] = [widths[1] >> 4, if version == 0 { 0 } else { widths[1] & 15 }];
    let of_item = if version < 2 { 2 } else { 4 };
    let of_extent = usize::from(of_index + of_offset + of_length);
    let mut fields = Fields { table, at: 6 };
    for _ in 0..fields.take(of_item)? {
        let id = fields.take(of_item)?;
        let method = if version == 0 { 0 } else { fields.take(2)? & 15 };
        // The file itself, not another that it names.
        fields.take(2)?;
        let base = fields.take(of_base)?;
        let count = usize::try_from(fields.take(2)?).ok()?;
        if id != u64::from(item) {
            fields.at = fields.at.checked_add(count * of_extent)?;
            continue;
        }
        let extents = (0..count).map(|_| {
            fields.take(of_index)?;
            let (offset, length) = (fields.take(of_offset)?, fields.take(of_length)?);
            Some((usize::try_from(base.checked_add(offset)?).ok()?, usize::try_from(length).ok()?))
        });
        let extents = extents.collect::<Option<_>>()?;
        return Some(Place { method: u8::try_from(method).ok()?, extents });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fixtures::boxed;

    /// A file whose items have their bytes at these places, by this method.
    fn file(version: u8, method: u8, extents: &[(u32, u32)]) -> Vec<u8> {
        let count = u8::try_from(extents.len()).unwrap();
        let places: Vec<u8> =
            extents.iter().flat_map(|(at, length)| [at.to_be_bytes(), length.to_be_bytes()].concat()).collect();
        let by: &[u8] = if version == 0 { &[] } else { &[0, method] };
        let item = |id: u8| [&[0, id][..], by, &[0, 0, 0, count], &places].concat();
        let other = [&[0, 8][..], by, &[0, 0, 0, 1], &[0xff; 8]].concat();
        let table = boxed(b"iloc", &[&[version, 0, 0, 0, 0x44, 0, 0, 2], &other, &item(9)]);
        boxed(b"meta", &[&[0; 4], &boxed(b"idat", &[b"in the box"]), &table])
    }

    fn data(file: &[u8]) -> Result<Vec<u8>, MediaError> {
        Items::of(ByteReader(file)).unwrap().data(9).map(Cow::into_owned)
    }

    #[test]
    fn bytes_of_an_item_are_in_the_file_or_in_a_box_in_parts_or_to_the_end() {
        let whole = file(0, 0, &[(4, 4)]);
        assert_eq!(data(&whole).unwrap(), b"meta");
        assert_eq!(data(&file(0, 0, &[(6, 2), (4, 2)])).unwrap(), b"tame");
        assert_eq!(data(&file(1, 1, &[(3, 3)])).unwrap(), b"the");
        assert_eq!(data(&file(1, 1, &[(7, 0)])).unwrap(), b"box");
        assert_eq!(data(&file(0, 0, &[(0, 0)])).unwrap(), file(0, 0, &[(0, 0)]));
    }

    #[test]
    fn bytes_that_are_not_there_or_come_again_and_again_are_damage() {
        for wrong in [
            file(0, 0, &[(4, u32::MAX)]),
            file(0, 0, &[(u32::MAX, 0)]),
            file(0, 0, &[(0, 0); 9]),
            file(1, 1, &[(0, 11)]),
            file(0, 0, &[]),
        ] {
            let found = data(&wrong);
            assert!(matches!(found, Err(MediaError::Damaged(_))) || found == Ok(Vec::new()), "{found:?}");
        }
        assert!(matches!(data(&file(1, 2, &[(0, 1)])), Err(MediaError::Variant(_))));
        let whole = file(0, 0, &[(4, 4)]);
        for end in 8..whole.len() {
            let _ = Items::of(ByteReader(&whole[..end])).map(|items| items.data(9).is_ok());
        }
    }

    #[test]
    fn a_grid_has_sides_of_two_bytes_or_of_four() {
        let grid = |width, height| Some(Grid { rows: 2, columns: 3, width, height });
        assert_eq!(Grid::of(&[0, 0, 1, 2, 1, 0, 0, 9]), grid(256, 9));
        assert_eq!(Grid::of(&[0, 1, 1, 2, 0, 1, 0, 0, 0, 0, 0, 9]), grid(65_536, 9));
        assert_eq!((Grid::of(&[0, 1, 1, 2, 0, 1, 0, 0]), Grid::of(&[])), (None, None));
    }

    #[test]
    fn items_have_types_parts_and_properties_in_their_order() {
        let entry = |id: u8, kind: &[u8]| boxed(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], kind, b"\0"]);
        let kinds = boxed(b"iinf", &[&[0; 5], &[2], &entry(1, b"grid"), &entry(2, b"av01")]);
        let reference = |kind: &[u8], ids: &[u8]| {
            let to: Vec<u8> = ids[1..].iter().flat_map(|id| [0, *id]).collect();
            boxed(kind, &[&[0, ids[0], 0, u8::try_from(ids.len() - 1).unwrap()], &to])
        };
        let links = [reference(b"dimg", &[1, 3, 2, 3]), reference(b"auxl", &[4, 1]), reference(b"auxl", &[5, 1])];
        let links = boxed(b"iref", &[&[0; 4], &links.concat(), &reference(b"prem", &[1, 5])]);
        let auxiliary = |kind: &[u8]| boxed(b"auxC", &[&[0; 4], kind, b"\0"]);
        let all = [
            auxiliary(b"urn:x:depth"),
            auxiliary(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"),
            boxed(b"irot", &[&[1]]),
        ];
        let map = boxed(b"ipma", &[&[0; 4], &[0, 0, 0, 3], &[0, 4, 1, 1], &[0, 5, 1, 2], &[0, 1, 2, 3, 0x81]]);
        let properties = boxed(b"iprp", &[&boxed(b"ipco", &[&all.concat()]), &map]);
        let meta = boxed(b"meta", &[&[0; 4], &boxed(b"pitm", &[&[0, 0, 0, 0, 0, 1]]), &kinds, &links, &properties]);
        let items = Items::of(ByteReader(&meta)).unwrap();
        assert_eq!((items.primary(), items.kind(1), items.kind(2)), (Some(1), Some(&b"grid"[..]), Some(&b"av01"[..])));
        assert_eq!((items.kind(3), items.parts(1), items.parts(2)), (None, vec![3, 2, 3], vec![]));
        assert_eq!((items.alpha_of(1), items.alpha_of(2)), (Some(5), None), "the other is its depth");
        #[cfg(feature = "avif")]
        assert!(items.is_premultiplied(1) && !items.is_premultiplied(2));
        let kinds: Vec<_> = items.properties(1).iter().map(|found| found.box_type).collect();
        assert_eq!(kinds, [b"irot", b"auxC"]);
        assert!(items.properties(2).is_empty() && items.property(1, b"ispe").is_none());
    }
}
