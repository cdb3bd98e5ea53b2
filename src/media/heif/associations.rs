//! Changes to what a file says of its items, for a reader that takes a file as a whole.

use std::borrow::Cow;
use std::ops::Range;

use super::super::boxes::{child, descendant};
use super::super::byte_reader::ByteReader;
use super::number;

/// The file, where an index of 0, which stands for no property (ISO/IEC 23008-12, section 9.3.1), is another of the same
/// item: readers take a property that is named twice for one, and some refuse 0.
pub(in crate::media) fn without_empty_associations(file: &[u8]) -> Cow<'_, [u8]> {
    let meta = child(ByteReader(file), b"meta").and_then(|meta| meta.from(4));
    let Some(map) = meta.and_then(|meta| descendant(meta, &[b"iprp", b"ipma"])) else { return Cow::Borrowed(file) };
    let changes = replacements(map).unwrap_or_default();
    if changes.is_empty() {
        return Cow::Borrowed(file);
    }
    let start = map.0.as_ptr().addr() - file.as_ptr().addr();
    let mut mended = file.to_vec();
    for (place, byte) in changes {
        mended[start + place] = byte;
    }
    Cow::Owned(mended)
}

/// Where a file says which item is shown: a number of two or four bytes. `None` if it does not.
pub(in crate::media) fn place_of_primary(file: &[u8]) -> Option<Range<usize>> {
    let named = child(child(ByteReader(file), b"meta")?.from(4)?, b"pitm")?;
    let width = if named.u8(0)? == 0 { 2 } else { 4 };
    let start = named.slice(4, width)?.as_ptr().addr() - file.as_ptr().addr();
    Some(start..start + width)
}

/// Bytes of the map that change, and what they become.
fn replacements(map: ByteReader<'_>) -> Option<Vec<(usize, u8)>> {
    let (short, size) = (map.u8(0)? == 0, if map.u8(3)? & 1 == 1 { 2 } else { 1 });
    let (mut at, mut changes) = (8, Vec::new());
    for _ in 0..map.be32(4)? {
        number(map, at, short)?;
        let first = at + if short { 3 } else { 5 };
        let count = usize::from(map.u8(first - 1)?);
        let indices = map.slice(first, count * size)?;
        // The highest bit says whether a property is essential.
        let is_empty = |index: &[u8]| matches!(index[0], 0 | 0x80) && index[1..].iter().all(|byte| *byte == 0);
        let other = indices.chunks_exact(size).find(|index| !is_empty(index));
        for (place, _) in indices.chunks_exact(size).enumerate().filter(|(_, index)| is_empty(index)) {
            let place = first + place * size;
            changes.extend(other.into_iter().flatten().enumerate().map(|(byte, value)| (place + byte, *value)));
        }
        at = first + count * size;
    }
    Some(changes)
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures::boxed;
    use super::*;

    fn file(map: &[u8]) -> Vec<u8> {
        let properties = boxed(b"iprp", &[&boxed(b"ipco", &[]), &boxed(b"ipma", &[map])]);
        [boxed(b"ftyp", &[b"heic"]), boxed(b"meta", &[&[0; 4], &properties]), b"rest".to_vec()].concat()
    }

    fn check(given: &[u8], expected: &[u8]) {
        assert_eq!(*without_empty_associations(&file(given)), file(expected));
    }

    #[test]
    fn an_empty_index_becomes_another_of_its_item() {
        // Two items: version and flags, their count, then each with its number, how many, and the indices.
        check(
            &[0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 3, 0, 0x85, 0x80, 0, 2, 1, 4],
            &[0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 3, 0x85, 0x85, 0x85, 0, 2, 1, 4],
        );
        // Numbers of four bytes, indices of two.
        check(
            &[1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 2, 0x80, 7, 0x80, 0],
            &[1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 2, 0x80, 7, 0x80, 7],
        );
    }

    #[test]
    fn the_number_of_the_item_that_is_shown_has_its_place() {
        let file = |version: u8, item: &[u8]| {
            boxed(b"meta", &[&[0; 4], &boxed(b"hdlr", &[]), &boxed(b"pitm", &[&[version, 0, 0, 0], item])])
        };
        let number = |file: &[u8]| place_of_primary(file).map(|place| file[place].to_vec());
        assert_eq!(number(&file(0, &[7, 8])), Some(vec![7, 8]));
        assert_eq!(number(&file(1, &[5, 6, 7, 8])), Some(vec![5, 6, 7, 8]));
        assert_eq!((number(&file(1, &[7, 8])), number(b"no boxes")), (None, None));
    }

    #[test]
    fn what_has_no_empty_index_or_breaks_off_stays() {
        for map in [
            &[0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 5][..],
            &[0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 0, 0],
            &[0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 2, 0],
            &[0, 0, 0],
        ] {
            assert!(matches!(without_empty_associations(&file(map)), Cow::Borrowed(_)), "{map:?}");
        }
        assert!(matches!(without_empty_associations(b"no boxes"), Cow::Borrowed(_)));
    }
}
