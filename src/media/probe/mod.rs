//! Facts about media, read from headers without decoding pixels.
//!
//! Each format has its own small header parser. A parser never allocates by a declared size, and walks the bytes a few
//! times at most. A field that is missing or makes no sense leaves its fact unknown.

mod bmff;
mod bmp;
mod exif;
mod gif;
mod ico;
mod jpeg;
mod jpeg_data;
mod jpeg_segments;
mod jxl;
mod png;
mod psd;
mod raw;
mod svg;
mod tiff;
mod webp;

use super::byte_reader::ByteReader;
use super::sniff::sniff;
use crate::config::MediaConfig;
use crate::model::{Asset, Ending, MediaType};

#[cfg(any(feature = "avif", feature = "heic"))]
pub(super) use bmff::icc_profile as icc_of_heif;
pub(super) use ico::largest as largest_in_icon;
pub(super) use jpeg::{is_adobe as is_adobe_jpeg, is_rgb as is_rgb_jpeg, size_of_photograph};
pub(super) use webp::size_of_lossy as size_of_lossy_webp;

/// The type of some bytes and, for media, the facts in its headers. Never fails: bytes of no known type are an asset of
/// [`MediaType::Unknown`]. Headers that break off leave the remaining facts at the defaults of [`Asset::of_type`], with
/// `Ending::Truncated`.
pub fn probe(bytes: &[u8], limits: &MediaConfig) -> Asset {
    let mut asset = Asset::of_type(sniff(bytes));
    let reader = ByteReader(bytes);
    // `None`: the headers break off. The facts found before stay.
    let ending = match asset.media_type {
        MediaType::Jpeg => jpeg::probe(reader, &mut asset),
        MediaType::Png => png::probe(reader, &mut asset),
        MediaType::Gif => gif::probe(reader, &mut asset),
        MediaType::WebP => webp::probe(reader, &mut asset),
        MediaType::Avif | MediaType::Heic | MediaType::Mp4 | MediaType::Jp2 => bmff::probe(reader, &mut asset),
        MediaType::Jxl => jxl::probe(reader, &mut asset),
        MediaType::Bmp => bmp::probe(reader, &mut asset),
        MediaType::Tiff => tiff::probe(reader, &mut asset),
        MediaType::Ico | MediaType::Cur => ico::probe(reader, &mut asset),
        MediaType::Svg => svg::probe(bytes, &mut asset),
        MediaType::Svgz => svg::probe_packed(bytes, &mut asset),
        MediaType::Psd => psd::probe(reader, &mut asset),
        raw if raw.is_camera_raw() => raw::probe(reader, &mut asset),
        _ => Some(Ending::Whole),
    };
    asset.ending = ending.unwrap_or(Ending::Truncated);
    asset.frames = asset.frames.clamp(1, limits.max_frames.saturating_add(1));
    asset
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fixtures::boxed;

    fn facts(bytes: &[u8]) -> Asset {
        let limits = MediaConfig {
            max_pixels: 0,
            max_side: 0,
            max_alloc: crate::config::Size(0),
            max_frames: 100,
            max_time: std::time::Duration::ZERO,
            threads: 1,
            min_side: 0,
            sandbox: crate::config::Sandbox::Off,
            worker: None,
        };
        probe(bytes, &limits)
    }

    fn avif(properties: &[&[u8]], chosen: &[u8]) -> Vec<u8> {
        let pitm = boxed(b"pitm", &[&[0, 0, 0, 0, 0, 1]]);
        let count = u8::try_from(chosen.len()).unwrap();
        let ipma = boxed(b"ipma", &[&[0, 0, 0, 0, 0, 0, 0, 1, 0, 1, count], chosen]);
        let iprp = boxed(b"iprp", &[&boxed(b"ipco", properties), &ipma]);
        let meta = boxed(b"meta", &[&[0; 4], &pitm, &iprp]);
        [boxed(b"ftyp", &[b"avif\0\0\0\0mif1"]), meta, boxed(b"mdat", &[&[0; 40]])].concat()
    }

    fn ispe(width: u32, height: u32) -> Vec<u8> {
        boxed(b"ispe", &[&[0; 4], &width.to_be_bytes(), &height.to_be_bytes()])
    }

    #[test]
    fn avif_takes_the_size_of_its_primary_item() {
        let alpha = boxed(b"auxC", &[&[0; 4], b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"]);
        let pixels = boxed(b"pixi", &[&[0, 0, 0, 0, 3, 10, 10, 10]]);
        let bytes = avif(&[&ispe(64, 64), &ispe(800, 600), &pixels, &alpha], &[2, 3]);
        let asset = facts(&bytes);
        assert_eq!((asset.media_type, asset.width, asset.height), (MediaType::Avif, 800, 600));
        assert_eq!((asset.bit_depth, asset.alpha, asset.ending), (10, true, Ending::Whole));
        assert_eq!(facts(&bytes[..bytes.len() - 1]).ending, Ending::Truncated);
    }

    #[test]
    fn heif_rotation_and_mirroring_are_orientations() {
        let turned = |angle: u8, axis: Option<u8>| {
            let (turn, mirror) = (boxed(b"irot", &[&[angle]]), axis.map(|axis| boxed(b"imir", &[&[axis]])));
            let parts = [Some(ispe(4, 3)), Some(turn), mirror];
            let parts: Vec<Vec<u8>> = parts.into_iter().flatten().collect();
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            facts(&avif(&parts, &[1, 2, 3][..parts.len()])).orientation
        };
        // irot turns anticlockwise; EXIF 8 is shown by turning anticlockwise once, 6 by turning clockwise.
        assert_eq!([0, 1, 2, 3].map(|angle| turned(angle, None)), [1, 8, 3, 6]);
        assert_eq!(turned(0, Some(1)), 2);
        assert_eq!(turned(0, Some(0)), 4);
        assert_eq!([turned(1, Some(0)), turned(3, Some(0))], [5, 7]);
    }

    #[test]
    fn box_sizes_that_lie_do_no_harm() {
        for size in [[0xff; 8], [0, 0, 0, 0, 0, 0, 0, 1], [0x7f; 8]] {
            let huge = [&1_u32.to_be_bytes()[..], b"free", &size, &[0; 8]].concat();
            let asset = facts(&[boxed(b"ftyp", &[b"avif\0\0\0\0"]), huge].concat());
            assert_eq!((asset.media_type, asset.width), (MediaType::Avif, 0));
        }
    }

    #[test]
    fn a_video_has_the_size_of_its_track() {
        let header = |width: u32, height: u32| {
            boxed(b"tkhd", &[&[0; 76], &(width << 16).to_be_bytes(), &(height << 16).to_be_bytes()])
        };
        let moov = boxed(b"moov", &[&boxed(b"trak", &[&header(0, 0)]), &boxed(b"trak", &[&header(1280, 720)])]);
        let asset = facts(&[boxed(b"ftyp", &[b"isom\0\0\0\0"]), moov].concat());
        assert_eq!((asset.media_type, asset.width, asset.height), (MediaType::Mp4, 1280, 720));
    }

    #[test]
    fn jpeg_xl_packs_its_size_in_bits() {
        // Small: 1, height (3 + 1) × 8 in 5 bits, ratio 1 (square) in 3 bits, all metadata at its default.
        let bits = 1_u16 | 3 << 1 | 1 << 6 | 1 << 9;
        let [low, high] = bits.to_le_bytes();
        let asset = facts(&[0xff, 0x0a, low, high, 0, 0]);
        assert_eq!((asset.media_type, asset.width, asset.height), (MediaType::Jxl, 32, 32));
    }

    #[test]
    fn animations_count_their_frames() {
        let image = |at: u8| [0x2c, at, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
        let control = [0x21, 0xf9, 4, 1, 0, 0, 0, 0];
        let gif =
            [&b"GIF89a\x02\0\x03\0\x80\0\0\0\0\0\xff\xff\xff"[..], &control, &image(0), &image(1), b"\x3b"].concat();
        let asset = facts(&gif);
        assert_eq!((asset.width, asset.height, asset.frames, asset.alpha), (2, 3, 2, true));
        assert_eq!(asset.ending, Ending::Whole);
        assert_eq!(facts(&gif[..gif.len() - 1]).ending, Ending::NoEndMarker);
        assert_eq!(facts(&gif[..gif.len() - 2]).ending, Ending::Truncated);

        let extended = [&b"VP8X\x0a\0\0\0\x12\0\0\0\x63\0\0\x31\0\0"[..], &b"ANMF\x02\0\0\0\0\0".repeat(3)].concat();
        let length = u32::try_from(extended.len() + 4).unwrap().to_le_bytes();
        let asset = facts(&[&b"RIFF"[..], &length, b"WEBP", &extended].concat());
        assert_eq!((asset.width, asset.height, asset.frames, asset.alpha), (100, 50, 3, true));
    }

    #[test]
    fn more_frames_than_the_limit_count_as_the_limit() {
        let body = [&b"\0\0\0\x08acTL"[..], &u32::MAX.to_be_bytes(), &[0; 8]].concat();
        let header = b"\0\0\0\rIHDR\0\0\0\x09\0\0\0\x07\x10\x06\0\0\0\0\0\0\0";
        let asset = facts(&[&b"\x89PNG\r\n\x1a\n"[..], header, &body].concat());
        assert_eq!((asset.width, asset.height, asset.frames), (9, 7, 101));
        assert_eq!((asset.bit_depth, asset.alpha, asset.ending), (16, true, Ending::Truncated));
    }

    #[test]
    fn svg_sizes_come_from_lengths_or_the_view_box() {
        let size = |attributes: &str| {
            let asset =
                facts(format!("<?xml version='1.0'?><!-- <svg width='1'> --><svg {attributes}></svg>").as_bytes());
            (asset.width, asset.height)
        };
        assert_eq!(size("width='20' height='10px'"), (20, 10));
        assert_eq!(size("width=\"1in\" height=\"2.54cm\""), (96, 96));
        assert_eq!(size("viewBox='0 0 30 15'"), (30, 15));
        assert_eq!(size("width='60' viewBox='0,0,30,15'"), (60, 30));
        assert_eq!(size("width='100%' height='100%' viewBox='0 0 8 9'"), (8, 9));
        assert_eq!(size("stroke-width='7' data-height='3'"), (0, 0));
        assert_eq!(size("width='-5' height='1e999'"), (0, 0));
    }

    #[test]
    fn jpeg_2000_is_read_in_both_of_its_forms() {
        let ihdr = boxed(b"ihdr", &[&7_u32.to_be_bytes(), &9_u32.to_be_bytes(), &[0, 3, 7, 7, 0, 0]]);
        let header = boxed(b"jp2h", &[&ihdr, &boxed(b"colr", &[&[1, 0, 0, 0, 0, 0, 16]])]);
        let asset = facts(&[&b"\0\0\0\x0cjP  \r\n\x87\n"[..], &header].concat());
        assert_eq!((asset.width, asset.height, asset.bit_depth, asset.color_space.as_str()), (9, 7, 8, "rgb"));
        let siz = [30_u32, 20, 10, 0].map(u32::to_be_bytes).concat();
        let asset = facts(&[&b"\xff\x4f\xff\x51\0\x2f\0\0"[..], &siz, &[0; 20], b"\xff\xd9"].concat());
        assert_eq!((asset.media_type, asset.width, asset.height), (MediaType::Jp2, 20, 20));
    }
}
