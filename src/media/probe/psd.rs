//! Photoshop files: their header, and what resources say.

use super::exif;
use crate::media::byte_reader::ByteReader;
use crate::media::icc;
use crate::media::psd::{Mode, Sections};
use crate::model::{Asset, Ending, MediaType};

const ICC_PROFILE: u16 = 1039;
const EXIF: u16 = 1058;

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    let sections = Sections::of(bytes)?;
    (asset.width, asset.height, asset.bit_depth) = (sections.width, sections.height, sections.depth);
    let space = match sections.mode {
        Mode::Gray => "gray",
        Mode::Indexed => "indexed",
        Mode::Rgb => "rgb",
        Mode::Cmyk => "cmyk",
        Mode::Other => "",
    };
    space.clone_into(&mut asset.color_space);
    asset.icc_name = sections.resource(ICC_PROFILE).and_then(|profile| icc::description(profile.0));
    asset.taken = sections.resource(EXIF).and_then(taken);
    ending(&sections)
}

/// When a photograph was taken. The orientation beside it is that of the photograph, not of what was made of it.
fn taken(block: ByteReader<'_>) -> Option<String> {
    let mut photograph = Asset::of_type(MediaType::Psd);
    exif::read(block, &mut photograph);
    photograph.taken
}

/// Whether all samples of the merged image are there.
fn ending(sections: &Sections<'_>) -> Option<Ending> {
    let (compression, samples) = sections.image()?;
    let needed = match compression {
        0 => sections.rows().saturating_mul(sections.row_bytes()),
        1 => sections.row_lengths(samples).fold(sections.table_bytes(), usize::saturating_add),
        _ => 0,
    };
    Some(if samples.len() < needed { Ending::Truncated } else { Ending::Whole })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fixtures::{Entry, Photoshop, tiff};

    fn facts(file: &[u8]) -> Asset {
        let mut asset = Asset::of_type(MediaType::Psd);
        asset.ending = probe(ByteReader(file), &mut asset).unwrap_or(Ending::Truncated);
        asset
    }

    #[test]
    fn the_header_has_the_size_in_both_kinds_and_the_photograph_its_date() {
        let exif = tiff(&[Entry::Short(274, 6), Entry::Text(306, "2024:05:06 07:08:09")], &[]);
        for large in [false, true] {
            let file = Photoshop { large, resources: &[(EXIF, "", &exif)], ..Photoshop::default() }.bytes();
            let asset = facts(&file);
            assert_eq!((asset.width, asset.height, asset.bit_depth, asset.orientation), (2, 2, 8, 1));
            assert_eq!((asset.color_space.as_str(), asset.taken.as_deref()), ("rgb", Some("2024:05:06 07:08:09")));
            assert_eq!(asset.ending, Ending::Whole);
            assert_eq!(facts(&file[..file.len() - 1]).ending, Ending::Truncated);
        }
    }

    #[test]
    fn rows_that_are_compressed_say_how_long_they_are() {
        let samples = [&[0, 2].repeat(6)[..], &[0xff, 9].repeat(6)].concat();
        let file = Photoshop { compression: 1, samples: &samples, ..Photoshop::default() }.bytes();
        assert_eq!(facts(&file).ending, Ending::Whole);
        assert_eq!(facts(&file[..file.len() - 1]).ending, Ending::Truncated);
        assert_eq!(facts(&file[..file.len() - 15]).ending, Ending::Truncated, "within the table");
        assert_eq!(facts(&file[..30]).ending, Ending::Truncated, "within the header");
    }
}
