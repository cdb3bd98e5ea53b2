//! SVG that is packed with gzip (SVG 2, section 1.5: conforming viewers read it, and its files end in `.svgz`).

use std::io::Read;

use flate2::read::GzDecoder;

/// The first bytes of gzip (RFC 1952, section 2.3.1) with the only method that there is.
const GZIP: &[u8] = b"\x1f\x8b\x08";

/// The largest SVG, unpacked. Larger ones are data rather than images, and take minutes to draw.
pub(super) const LARGEST: usize = 16 << 20;

/// Whether some bytes are packed.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(GZIP)
}

/// The first bytes of what is packed, so many at most, and whether it breaks off before that. A small file may stand for
/// gigabytes, so that no more is unpacked.
pub(super) fn unpacked(bytes: &[u8], most: usize) -> (Vec<u8>, bool) {
    let mut text = Vec::new();
    let read = GzDecoder::new(bytes).take(most as u64).read_to_end(&mut text);
    (text, read.is_err())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::config::Config;
    use crate::media::{probe, sniff, thumbnails};
    use crate::model::{Ending, MediaType};

    const SVG: &[u8] = include_bytes!("../../tests/data/images/scene.svg");

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn what_is_packed_comes_back_up_to_the_limit() {
        let text = b"<svg/>".repeat(1000);
        let file = packed(&text);
        assert!(is_packed(&file) && !is_packed(&text));
        assert_eq!(unpacked(&file, text.len() + 1), (text.clone(), false));
        assert_eq!(unpacked(&file, 6), (b"<svg/>".to_vec(), false), "no more is looked at");
        let (start, breaks_off) = unpacked(&file[..file.len() - 9], text.len() + 1);
        assert!(breaks_off && text.starts_with(&start));
        assert_eq!(unpacked(b"\x1f\x8b\x08", 9), (Vec::new(), true));
    }

    #[test]
    fn a_packed_drawing_is_one_and_shows_the_same() {
        let config = Config::default();
        let made = |bytes: &[u8]| {
            let asset = probe(bytes, &config.media);
            let made = thumbnails(bytes, &asset, &config.thumbnail, &config.media);
            (asset, made.sizes[0].as_ref().unwrap().bytes.clone(), made.perceptual_hash)
        };
        let (plain, file) = (made(SVG), packed(SVG));
        let (asset, thumbnail, hash) = made(&file);
        assert_eq!((asset.media_type, asset.width, asset.height), (MediaType::Svgz, plain.0.width, plain.0.height));
        assert_eq!((thumbnail, hash), (plain.1, plain.2));
        assert_eq!(probe(&file[..file.len() - 9], &config.media).ending, Ending::Truncated);
    }

    #[test]
    fn what_else_is_packed_is_nothing_that_is_known() {
        for other in [&b"text"[..], b"", &packed(SVG), b"<html></html>"] {
            assert_eq!(sniff(&packed(other)), MediaType::Unknown);
        }
    }

    /// A few kilobytes stand for more than is ever drawn.
    #[test]
    fn a_drawing_that_unpacks_to_gigabytes_costs_its_thumbnail_alone() {
        let config = Config::default();
        let file = packed(&[SVG, &vec![b' '; LARGEST][..]].concat());
        let asset = probe(&file, &config.media);
        let made = thumbnails(&file, &asset, &config.thumbnail, &config.media);
        assert!(file.len() < 1 << 16 && asset.width > 0);
        assert!(matches!(made.sizes[0], Err(crate::media::MediaError::OverLimit { .. })));
    }
}
