//! The JPEG within a file that stands for its image: of camera raw, the largest of those that the camera made, and of a
//! Photoshop file the thumbnail.

use std::collections::HashSet;

use super::boxes::{boxes, child, first_sample, of_uuid};
use super::byte_reader::{ByteOrder, ByteReader};
use super::camera_raw::{CANON, directories, fuji_jpeg};
use super::ifd::Directory;
use super::probe::size_of_photograph;
use super::psd::Sections;
use crate::model::MediaType;

/// Within so many bytes a JPEG says how large it is: what comes before are segments of at most 64 KiB.
const HEAD: usize = 1 << 20;

/// The preview of a file; `None` where it has none that is a JPEG of eight bits.
pub(super) fn of(bytes: &[u8], media_type: MediaType) -> Option<&[u8]> {
    let file = ByteReader(bytes);
    let candidates: Vec<_> = match media_type {
        MediaType::Psd => Sections::of(file).and_then(|sections| sections.thumbnail()).into_iter().collect(),
        MediaType::Raf => fuji_jpeg(file).into_iter().collect(),
        MediaType::Cr3 => of_canon(file),
        raw if raw.is_camera_raw() => on_tiff(file),
        _ => Vec::new(),
    };
    let mut seen = HashSet::new();
    let distinct = candidates.into_iter().filter(|jpeg| seen.insert((jpeg.0.as_ptr(), jpeg.0.len())));
    let sized = distinct.filter_map(|jpeg| Some((jpeg.0, size_of_photograph(jpeg.window(0, HEAD))?)));
    sized.max_by_key(|(_, (width, height))| u64::from(*width) * u64::from(*height)).map(|(jpeg, _)| jpeg)
}

// Tags of TIFF 6.0 and TIFF/EP.
const COMPRESSION: u16 = 259;
const STRIPS: (u16, u16) = (273, 279);
/// "`JPEGInterchangeFormat`", and its length.
const JPEG: (u16, u16) = (513, 514);
const EXIF: u16 = 34_665;
const MAKER_NOTE: u16 = 37_500;
/// Panasonic's "`JpgFromRaw`".
const JPEG_OF_PANASONIC: u16 = 0x2e;

fn on_tiff(file: ByteReader<'_>) -> Vec<ByteReader<'_>> {
    let mut found: Vec<_> =
        directories(file).flat_map(|image| [named(&image, JPEG), strip(&image)]).flatten().collect();
    if let Some(first) = Directory::first(file) {
        found.extend(first.bytes(JPEG_OF_PANASONIC));
        found.extend(of_olympus(file, &first));
    }
    found
}

/// The part of a file of which two tags name the place and the length.
fn named<'a>(image: &Directory<'a>, (start, length): (u16, u16)) -> Option<ByteReader<'a>> {
    Some(image.part(image.number(start)?.into(), image.number(length)?.into()))
}

/// The only strip of an image in JPEG.
fn strip<'a>(image: &Directory<'a>) -> Option<ByteReader<'a>> {
    let is_jpeg = matches!(image.number(COMPRESSION), Some(6 | 7));
    if is_jpeg && image.numbers(STRIPS.0).nth(1).is_none() { named(image, STRIPS) } else { None }
}

/// The preview that Olympus' note of settings names. Offsets count from where the note begins.
fn of_olympus<'a>(file: ByteReader<'a>, first: &Directory<'a>) -> Option<ByteReader<'a>> {
    const SETTINGS: u16 = 0x2020;
    let note = file.from(first.sub(EXIF)?.place(MAKER_NOTE)?.0)?;
    let at = match note.slice(0, 8)? {
        b"OLYMPUS\0" => 12,
        b"OM SYSTE" => 16,
        _ => return None,
    };
    let order = if note.has(at - 4, b"MM") { ByteOrder::Big } else { ByteOrder::Little };
    let settings = Directory::at_offset(note, order, at)?.sub(SETTINGS)?;
    named(&settings, (0x101, 0x102))
}

/// Where Canon keeps a preview outside of the movie.
const PREVIEW: &[u8; 16] = b"\xea\xf4\x2b\x5e\x1c\x98\x4b\x88\xb9\xfb\xb7\xdc\x40\x6e\x4d\x16";
/// The most tracks that are looked at. Cameras write five.
const MOST_TRACKS: usize = 16;

/// A thumbnail, a preview, and the first sample of a track, each with a header of its own.
fn of_canon(file: ByteReader<'_>) -> Vec<ByteReader<'_>> {
    let movie = child(file, b"moov");
    let thumbnail = movie.and_then(|movie| child(of_uuid(movie, CANON)?, b"THMB"));
    let preview = of_uuid(file, PREVIEW).and_then(|found| child(found.from(8)?, b"PRVW"));
    let headed = [thumbnail, preview].into_iter().flatten().filter_map(behind_header);
    let tracks = movie.into_iter().flat_map(boxes).filter(|found| found.box_type == b"trak").take(MOST_TRACKS);
    let samples = tracks.filter_map(|track| first_sample(track.body)).map(|(start, length)| file.window(start, length));
    headed.chain(samples).collect()
}

/// What a JPEG has before it in a box is some sixteen bytes, fewer or more by version.
fn behind_header(body: ByteReader<'_>) -> Option<ByteReader<'_>> {
    body.from(memchr::memmem::find(body.window(0, 64).0, b"\xff\xd8\xff")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fixtures::{self, Entry, Photoshop, boxed, fuji_raw, tiff};

    /// 24 × 16 pixels, as all samples.
    const SMALL: &[u8] = fixtures::JPEG;

    /// The same with another size in its frame, which nothing here decodes, and another kind of frame.
    fn jpeg(side: u8, frame: u8, depth: u8) -> Vec<u8> {
        let mut bytes = SMALL.to_vec();
        let at = memchr::memmem::find(&bytes, b"\xff\xc0").unwrap();
        (bytes[at + 1], bytes[at + 4], bytes[at + 6], bytes[at + 8]) = (frame, depth, side, side);
        bytes
    }

    #[test]
    fn on_tiff_it_is_the_largest_that_is_no_lossless_one() {
        let large = jpeg(200, 0xc0, 8);
        let (raw, deep) = (jpeg(250, 0xc3, 8), jpeg(251, 0xc1, 12));
        let strip = |bytes| [Entry::Short(COMPRESSION, 7), Entry::Data(273, 279, bytes)];
        let file = tiff(&[Entry::Data(513, 514, SMALL)], &[&strip(&raw), &strip(&large), &strip(&deep)]);
        for kind in [MediaType::Nef, MediaType::Dng, MediaType::Cr2, MediaType::Arw] {
            assert_eq!(of(&file, kind), Some(large.as_slice()));
        }
        assert_eq!(of(&file, MediaType::Tiff), None);
        let uncompressed = tiff(&[Entry::Short(COMPRESSION, 1), Entry::Data(273, 279, SMALL)], &[]);
        assert_eq!(of(&uncompressed, MediaType::Nef), None);
    }

    #[test]
    fn offsets_that_lead_nowhere_are_no_preview() {
        for (start, length) in [(u32::MAX, 9), (8, u32::MAX), (u32::MAX, u32::MAX), (0, 0)] {
            let file = tiff(&[Entry::Long(513, start), Entry::Long(514, length)], &[]);
            assert_eq!(of(&file, MediaType::Nef), None);
        }
    }

    #[test]
    fn only_the_beginning_of_a_jpeg_is_looked_at() {
        let padded = |segments: usize| {
            let comment = [&[0xff, 0xfe, 0xff, 0xff][..], &vec![b'x'; 65_533]].concat();
            [&SMALL[..2], &comment.repeat(segments), &SMALL[2..]].concat()
        };
        let file = |jpeg: &[u8]| tiff(&[Entry::Data(513, 514, jpeg)], &[]);
        let (near, far) = (padded(2), padded(17));
        assert_eq!(of(&file(&near), MediaType::Nef), Some(near.as_slice()));
        assert_eq!(of(&file(&far), MediaType::Nef), None, "its frame is more than {HEAD} bytes away");
    }

    #[test]
    fn panasonic_and_olympus_have_places_of_their_own() {
        let file = tiff(&[Entry::Bytes(JPEG_OF_PANASONIC, SMALL)], &[]);
        assert_eq!(of(&file, MediaType::Rw2), Some(SMALL));
        for name in [&b"OLYMPUS\0II\x03\0"[..], b"OM SYSTEM\0\0\0II\x04\0"] {
            assert_eq!(of(&with_note(&note(name)), MediaType::Orf), Some(SMALL));
        }
        assert_eq!(of(&with_note(&note(b"NIKON\0II\x03\0\0\0")), MediaType::Orf), None);
    }

    /// A note of settings: its name, a directory with the place of another, that, and a preview.
    fn note(name: &[u8]) -> Vec<u8> {
        let entry = |tag: u16, value: usize| {
            [&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &u32::try_from(value).unwrap().to_le_bytes()].concat()
        };
        let start = name.len();
        let first = [&[1, 0][..], &entry(0x2020, start + 18), &[0; 4]].concat();
        let second = [&[2, 0][..], &entry(0x101, start + 48), &entry(0x102, SMALL.len()), &[0; 4]].concat();
        [name, &first, &second, SMALL].concat()
    }

    /// A file whose first directory is that of EXIF, too.
    fn with_note(note: &[u8]) -> Vec<u8> {
        let file = |at| tiff(&[Entry::Long(EXIF, at), Entry::Bytes(MAKER_NOTE, note)], &[]);
        file(u32::from_le_bytes(file(0)[4..8].try_into().unwrap()))
    }

    #[test]
    fn canon_has_a_thumbnail_a_preview_and_a_track() {
        let (thumbnail, preview, track) = (jpeg(20, 0xc0, 8), jpeg(40, 0xc0, 8), jpeg(80, 0xc0, 8));
        let thumbnail = boxed(b"uuid", &[CANON, &boxed(b"THMB", &[&[0; 16], &thumbnail])]);
        let outer = boxed(b"uuid", &[PREVIEW, &[0; 8], &boxed(b"PRVW", &[&[0; 16], &preview])]);
        let of_track = |start: u64, length: usize| {
            let sizes = [&[0; 4][..], &u32::try_from(length).unwrap().to_be_bytes(), &[0, 0, 0, 1]].concat();
            let chunks = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &start.to_be_bytes()].concat();
            let table = boxed(b"stbl", &[&boxed(b"stsz", &[&sizes]), &boxed(b"co64", &[&chunks])]);
            boxed(b"trak", &[&boxed(b"mdia", &[&boxed(b"minf", &[&table])])])
        };
        let file = |start: u64| {
            let movie = boxed(b"moov", &[&thumbnail, &of_track(start, track.len())]);
            [boxed(b"ftyp", &[b"crx \0\0\0\x01"]), movie, outer.clone(), boxed(b"mdat", &[&track])].concat()
        };
        let whole = file(0);
        assert_eq!(of(&whole, MediaType::Cr3), Some(preview.as_slice()), "the track leads nowhere");
        let start = whole.len() - track.len();
        assert_eq!(of(&file(start as u64), MediaType::Cr3), Some(track.as_slice()));
    }

    #[test]
    fn fuji_and_photoshop_have_one() {
        assert_eq!(of(&fuji_raw(SMALL, (9, 9)), MediaType::Raf), Some(SMALL));
        let resource = [&[0, 0, 0, 1][..], &[0; 24], SMALL].concat();
        let file = Photoshop { resources: &[(1036, "", &resource)], ..Photoshop::default() }.bytes();
        assert_eq!(of(&file, MediaType::Psd), Some(SMALL));
        assert_eq!(of(&Photoshop::default().bytes(), MediaType::Psd), None);
    }
}
