//! EXIF (CIPA DC-008): the orientation, and when a photograph was taken.

use crate::media::byte_reader::ByteReader;
use crate::media::ifd::Directory;
use crate::model::Asset;

/// Takes orientation and date from an EXIF block.
pub(super) fn read(block: ByteReader<'_>, asset: &mut Asset) {
    if let Some(directory) = Directory::first(block) {
        read_directory(&directory, asset);
    }
}

/// Takes orientation and date from the first directory of an EXIF block or a TIFF.
pub(super) fn read_directory(directory: &Directory<'_>, asset: &mut Asset) {
    asset.orientation = orientation(directory);
    asset.taken = taken(directory);
}

/// Tag 274. Values that the standard does not define count as upright.
fn orientation(directory: &Directory<'_>) -> u8 {
    let value = directory.number(274).and_then(|value| u8::try_from(value).ok());
    value.filter(|value| (1..=8).contains(value)).unwrap_or(1)
}

/// `DateTimeOriginal`, else `DateTimeDigitized`, else the directory's own `DateTime`.
fn taken(directory: &Directory<'_>) -> Option<String> {
    let exif = directory.sub(34665);
    let of_exif = |tag| exif.as_ref().and_then(|exif| exif.text(tag)).filter(|date| is_date(date));
    of_exif(36867).or_else(|| of_exif(36868)).or_else(|| directory.text(306).filter(|date| is_date(date)))
}

/// Whether a text has the form `YYYY:MM:DD HH:MM:SS`. Cameras without a clock write zeros, which are no date.
fn is_date(text: &str) -> bool {
    let well_formed = text.len() == 19
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 | 13 | 16 => byte == b':',
            10 => byte == b' ',
            _ => byte.is_ascii_digit(),
        });
    well_formed && !text.starts_with("0000")
}
