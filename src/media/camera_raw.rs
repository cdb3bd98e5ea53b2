//! Camera raw: which format a file is that has the structure of TIFF, and where in its own structure each keeps images.

use super::byte_reader::ByteReader;
use super::ifd::{Directory, SUB_IFDS};
use crate::model::MediaType;

const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const MAKE: u16 = 271;
/// "`DNGVersion`" of DNG 1.7.
const DNG_VERSION: u16 = 50_706;

/// What the values of a sensor are to TIFF: behind a color filter array (TIFF/EP, section 5.1), or linear (DNG 1.7,
/// "`PhotometricInterpretation`").
const OF_SENSOR: [u32; 2] = [32_803, 34_892];

/// The makers whose format is that of TIFF with the values of a sensor.
const MAKERS: [(&str, MediaType); 5] = [
    ("NIKON", MediaType::Nef),
    ("SONY", MediaType::Arw),
    ("PENTAX", MediaType::Pef),
    ("RICOH", MediaType::Pef),
    ("SAMSUNG", MediaType::Srw),
];

/// The most directories of one chain, and below one directory. Cameras write no more than five.
const MOST_DIRECTORIES: usize = 8;

/// The camera raw format of a file that has the signature of TIFF; `None` for a TIFF. The values of a sensor make it
/// one, and then the maker or the version of DNG says which.
pub(super) fn sniff(file: ByteReader<'_>) -> Option<MediaType> {
    if file.has(8, b"CR\x02") {
        return Some(MediaType::Cr2);
    }
    let first = Directory::first(file)?;
    let is_of_sensor =
        |image: Directory<'_>| image.number(PHOTOMETRIC_INTERPRETATION).is_some_and(|it| OF_SENSOR.contains(&it));
    if !directories(file).any(is_of_sensor) {
        return None;
    }
    if first.number(DNG_VERSION).is_some() {
        return Some(MediaType::Dng);
    }
    let make = first.text(MAKE)?.to_ascii_uppercase();
    MAKERS.iter().find(|(maker, _)| make.starts_with(maker)).map(|(_, found)| *found)
}

/// The directories of images: the first and those that follow it, and those below each.
pub(super) fn directories(file: ByteReader<'_>) -> impl Iterator<Item = Directory<'_>> {
    let chain = std::iter::successors(Directory::first(file), Directory::next).take(MOST_DIRECTORIES);
    chain.flat_map(|directory| {
        let below: Vec<_> = directory.subs(SUB_IFDS).take(MOST_DIRECTORIES).collect();
        std::iter::once(directory).chain(below)
    })
}

/// The box in which Canon keeps what else is known of an image.
pub(super) const CANON: &[u8; 16] = b"\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48";

/// The JPEG of a raw of Fujifilm's: the header has its place and its length.
pub(super) fn fuji_jpeg(file: ByteReader<'_>) -> Option<ByteReader<'_>> {
    Some(file.window(file.be32(84)? as usize, file.be32(88)? as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fixtures::{Entry, tiff};

    const SENSOR: Entry<'_> = Entry::Short(PHOTOMETRIC_INTERPRETATION, 32_803);

    fn kind(entries: &[Entry<'_>], below: &[Entry<'_>]) -> Option<MediaType> {
        let below: &[&[Entry<'_>]] = if below.is_empty() { &[] } else { &[below] };
        sniff(ByteReader(&tiff(entries, below)))
    }

    #[test]
    fn the_values_of_a_sensor_and_a_maker_make_a_camera_raw() {
        for (make, expected) in [
            ("NIKON CORPORATION", Some(MediaType::Nef)),
            ("SONY", Some(MediaType::Arw)),
            ("Samsung", Some(MediaType::Srw)),
            ("RICOH IMAGING", Some(MediaType::Pef)),
            ("Scanners", None),
        ] {
            assert_eq!(kind(&[Entry::Text(MAKE, make)], &[SENSOR]), expected, "{make}");
            assert_eq!(kind(&[SENSOR, Entry::Text(MAKE, make)], &[]), expected, "{make}");
        }
        assert_eq!(
            kind(&[Entry::Text(MAKE, "SONY"), Entry::Bytes(DNG_VERSION, &[1, 4, 0, 0])], &[SENSOR]),
            Some(MediaType::Dng)
        );
    }

    #[test]
    fn a_plain_tiff_is_none_whatever_made_it() {
        let rgb = Entry::Short(PHOTOMETRIC_INTERPRETATION, 2);
        let preview = [Entry::Long(513, 8), Entry::Long(514, 8)];
        for make in ["NIKON CORPORATION", "SONY"] {
            assert_eq!(kind(&[rgb, Entry::Text(MAKE, make), preview[0], preview[1]], &[rgb]), None);
        }
        assert_eq!(kind(&[rgb, Entry::Bytes(DNG_VERSION, &[1, 4, 0, 0])], &[]), None);
        assert_eq!(kind(&[SENSOR], &[]), None);
        assert_eq!(sniff(ByteReader(b"II*\0")), None);
    }

    #[test]
    fn directories_that_lead_to_themselves_come_to_an_end() {
        let mut file = tiff(&[Entry::Long(SUB_IFDS, 8)], &[]);
        let next = file.len() - 4;
        file[next] = 8;
        assert_eq!(directories(ByteReader(&file)).count(), MOST_DIRECTORIES * 2);
    }
}
