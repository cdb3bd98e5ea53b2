//! The boxes of ISO base media files (ISO/IEC 14496-12, section 4.2).

use super::byte_reader::{ByteOrder, ByteReader};

/// One box.
#[derive(Clone, Copy)]
pub(super) struct Box4<'a> {
    /// The four-letter type.
    pub(super) box_type: &'a [u8],
    /// The payload, cut where the file ends.
    pub(super) body: ByteReader<'a>,
    /// Whether the file holds the whole payload.
    pub(super) whole: bool,
}

/// The largest number of boxes at one level. Files in use have fewer.
const MAX_BOXES: usize = 4096;

/// Consecutive boxes.
pub(super) fn boxes(bytes: ByteReader<'_>) -> impl Iterator<Item = Box4<'_>> {
    let mut at = 0;
    let next = move || {
        let box_type = bytes.slice(at + 4, 4)?;
        let (head, size) = match bytes.be32(at)? {
            0 => (8, bytes.len() - at),
            1 => (16, usize::try_from(bytes.u64(at + 8, ByteOrder::Big)?).ok()?),
            size => (8, size as usize),
        };
        let length = size.checked_sub(head)?;
        let body = bytes.window(at + head, length);
        at = at.checked_add(size)?.min(bytes.len());
        Some(Box4 { box_type, body, whole: body.len() == length })
    };
    std::iter::from_fn(next).take(MAX_BOXES)
}

/// The payload of the first box of a type.
pub(super) fn child<'a>(bytes: ByteReader<'a>, box_type: &[u8]) -> Option<ByteReader<'a>> {
    boxes(bytes).find(|found| found.box_type == box_type).map(|found| found.body)
}

/// The payload of the first box at a path of types.
pub(super) fn descendant<'a>(bytes: ByteReader<'a>, path: &[&[u8]]) -> Option<ByteReader<'a>> {
    path.iter().try_fold(bytes, |parent, box_type| child(parent, box_type))
}

/// The payload of a box that somebody else than the standard defined, by its UUID (section 4.2.2).
pub(super) fn of_uuid<'a>(bytes: ByteReader<'a>, uuid: &[u8; 16]) -> Option<ByteReader<'a>> {
    boxes(bytes)
        .filter(|found| found.box_type == b"uuid" && found.body.has(0, uuid))
        .find_map(|found| found.body.from(16))
}

/// The first sample of a track: where it begins and how long it is (sections 8.7.3 and 8.7.5).
pub(super) fn first_sample(track: ByteReader<'_>) -> Option<(usize, usize)> {
    let table = descendant(track, &[b"mdia", b"minf", b"stbl"])?;
    let sizes = child(table, b"stsz")?;
    let size = sizes.be32(4).filter(|size| *size > 0).or_else(|| sizes.be32(12))?;
    let short = child(table, b"stco").and_then(|chunks| chunks.be32(8)).map(u64::from);
    let start = short.or_else(|| child(table, b"co64")?.u64(8, ByteOrder::Big))?;
    Some((usize::try_from(start).ok()?, size as usize))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::boxed;
    use super::*;

    #[test]
    fn boxes_are_found_by_their_path_and_by_their_uuid() {
        let uuid = *b"0123456789abcdef";
        let inner = boxed(b"uuid", &[&uuid, &boxed(b"leaf", &[b"of uuid"])]);
        let file =
            [boxed(b"free", &[]), boxed(b"root", &[&boxed(b"stem", &[&boxed(b"leaf", &[b"x"])])]), inner].concat();
        let file = ByteReader(&file);
        assert_eq!(descendant(file, &[b"root", b"stem", b"leaf"]).unwrap().0, b"x");
        assert!(descendant(file, &[b"root", b"leaf"]).is_none());
        assert_eq!(child(of_uuid(file, &uuid).unwrap(), b"leaf").unwrap().0, b"of uuid");
        assert!(of_uuid(file, b"0123456789abcdeg").is_none());
    }

    #[test]
    fn a_box_of_no_size_reaches_to_the_end() {
        let file = [boxed(b"ftyp", &[b"abcd"]), b"\0\0\0\0mdatrest".to_vec()].concat();
        let last = boxes(ByteReader(&file)).last().unwrap();
        assert_eq!((last.box_type, last.body.0, last.whole), (&b"mdat"[..], &b"rest"[..], true));
    }

    #[test]
    fn the_first_sample_is_that_of_the_first_chunk() {
        let track = |sizes: &[u32], chunks: Vec<u8>| {
            let words: Vec<u8> = sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
            let table = boxed(b"stbl", &[&boxed(b"stsz", &[&[0; 4], &words]), &chunks]);
            boxed(b"mdia", &[&boxed(b"minf", &[&table])])
        };
        let short = boxed(b"stco", &[&[0; 4], &1_u32.to_be_bytes(), &77_u32.to_be_bytes()]);
        let long = boxed(b"co64", &[&[0; 4], &1_u32.to_be_bytes(), &99_u64.to_be_bytes()]);
        assert_eq!(first_sample(ByteReader(&track(&[0, 2, 30, 40], short))), Some((77, 30)));
        assert_eq!(first_sample(ByteReader(&track(&[50, 2], long.clone()))), Some((99, 50)));
        assert_eq!(first_sample(ByteReader(&track(&[0, 0], long))), None);
    }
}
