//! Camera raw: the size of the image of the sensor, and how the camera was held.

use super::tiff::lacks_pieces;
use super::{bmff, exif, jpeg};
use crate::media::boxes::{child, descendant, of_uuid};
use crate::media::byte_reader::ByteReader;
use crate::media::camera_raw::{CANON, directories, fuji_jpeg};
use crate::media::ifd::Directory;
use crate::model::{Asset, Ending, MediaType};

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    match asset.media_type {
        MediaType::Raf => fuji(bytes, asset),
        MediaType::Cr3 => canon(bytes, asset),
        MediaType::Rw2 => panasonic(bytes, asset),
        _ => on_tiff(bytes, asset),
    }
}

/// The largest of the images. The others are previews.
fn on_tiff(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    exif::read_directory(&Directory::first(bytes)?, asset);
    let sizes = directories(bytes).filter_map(|image| Some((image.number(256)?, image.number(257)?)));
    let pixels = |(width, height): &(u32, u32)| u64::from(*width) * u64::from(*height);
    (asset.width, asset.height) = sizes.max_by_key(pixels)?;
    let is_cut = directories(bytes).any(|image| lacks_pieces(&image, bytes.len()));
    Some(if is_cut { Ending::Truncated } else { Ending::Whole })
}

/// The borders of what is shown of the sensor. The lengths of its strips are not those of TIFF.
fn panasonic(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    let first = Directory::first(bytes)?;
    exif::read_directory(&first, asset);
    let [top, left, bottom, right] = [4, 5, 6, 7].map(|border| first.number(border));
    (asset.width, asset.height) = (right?.checked_sub(left?)?, bottom?.checked_sub(top?)?);
    Some(Ending::Whole)
}

/// A directory of its own has the facts.
fn canon(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    let block = child(of_uuid(descendant(bytes, &[b"moov"])?, CANON)?, b"CMT1")?;
    let first = Directory::first(block)?;
    exif::read_directory(&first, asset);
    (asset.width, asset.height) = (first.number(256)?, first.number(257)?);
    Some(bmff::ending(bytes))
}

/// How many records of the sensor are looked at. Cameras write about twenty.
const MOST_RECORDS: u32 = 256;

/// Records of the sensor have the size, and the JPEG has the rest.
fn fuji(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    let mut photograph = Asset::of_type(MediaType::Jpeg);
    jpeg::probe(fuji_jpeg(bytes)?, &mut photograph);
    (asset.orientation, asset.taken) = (photograph.orientation, photograph.taken);
    let (mut at, records) = (bytes.be32(92)? as usize + 4, bytes.be32(bytes.be32(92)? as usize)?);
    (asset.width, asset.height) = (photograph.width, photograph.height);
    for _ in 0..records.min(MOST_RECORDS) {
        // The height and the width without the borders of the sensor.
        if bytes.be16(at)? == 0x111 {
            (asset.height, asset.width) = (bytes.be16(at + 4)?.into(), bytes.be16(at + 6)?.into());
        }
        at += 4 + usize::from(bytes.be16(at + 2)?);
    }
    let end = u64::from(bytes.be32(100)?) + u64::from(bytes.be32(104)?);
    Some(if end > bytes.len() as u64 { Ending::Truncated } else { Ending::Whole })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fixtures::{Entry, JPEG, boxed, fuji_raw, tiff};

    fn facts(media_type: MediaType, file: &[u8]) -> (u32, u32, u8, Ending) {
        let mut asset = Asset::of_type(media_type);
        let ending = probe(ByteReader(file), &mut asset).unwrap_or(Ending::Truncated);
        (asset.width, asset.height, asset.orientation, ending)
    }

    #[test]
    fn on_tiff_the_size_is_that_of_the_largest_image() {
        let small = [Entry::Long(256, 160), Entry::Long(257, 120), Entry::Short(274, 8)];
        let raw = [Entry::Long(256, 6000), Entry::Long(257, 4000), Entry::Data(273, 279, &[7; 50])];
        let file = tiff(&small, &[&raw]);
        assert_eq!(facts(MediaType::Nef, &file), (6000, 4000, 8, Ending::Whole));
        let mut cut = file.clone();
        // Where the values of the sensor begin.
        let at = memchr::memmem::find(&file, &[17, 1, 4, 0, 1, 0, 0, 0]).unwrap() + 8;
        cut[at + 1] = 0xff;
        assert_eq!(facts(MediaType::Nef, &cut).3, Ending::Truncated);
        assert_eq!(facts(MediaType::Nef, &file[..40]).3, Ending::Truncated);
    }

    #[test]
    fn borders_have_the_size_of_panasonic() {
        let borders = [(4, 10), (5, 20), (6, 3010), (7, 4020)].map(|(tag, at)| Entry::Short(tag, at));
        assert_eq!(facts(MediaType::Rw2, &tiff(&borders, &[])), (4000, 3000, 1, Ending::Whole));
        assert_eq!(facts(MediaType::Rw2, &tiff(&borders[..3], &[])).3, Ending::Truncated);
    }

    #[test]
    fn canon_has_a_directory_in_its_own_box() {
        let block = tiff(&[Entry::Long(256, 6000), Entry::Long(257, 4000), Entry::Short(274, 6)], &[]);
        let uuid = boxed(b"uuid", &[CANON, &boxed(b"CMT1", &[&block])]);
        let file = [boxed(b"ftyp", &[b"crx \0\0\0\x01"]), boxed(b"moov", &[&uuid])].concat();
        assert_eq!(facts(MediaType::Cr3, &file), (6000, 4000, 6, Ending::Whole));
        assert_eq!(facts(MediaType::Cr3, &file[..40]).3, Ending::Truncated);
    }

    #[test]
    fn fuji_has_records_of_the_sensor_and_a_jpeg() {
        let file = fuji_raw(JPEG, (4000, 6000));
        assert_eq!(facts(MediaType::Raf, &file), (6000, 4000, 1, Ending::Whole));
        assert_eq!(facts(MediaType::Raf, &file[..file.len() - 1]).3, Ending::Truncated);
        let turned = include_bytes!("../../../tests/data/images/turned.jpg");
        assert_eq!(facts(MediaType::Raf, &fuji_raw(turned, (4000, 6000))).2, 6);
    }
}
