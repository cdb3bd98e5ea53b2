//! An image that lacks only its end marker is distinguished from one that lacks pixels, and shown.

use image::{ExtendedColorType, RgbImage};
use libjpeg_turbo_rs::{Encoder, PixelFormat, Subsampling};
use offprint::testing::config::Fit;
use offprint::testing::media::probe;
use offprint::testing::model::Ending;

use super::images::{jpeg, png, scene};
use super::measure::{pixels, psnr};
use super::{limits, lossless, make_one};

fn ending(bytes: &[u8]) -> Ending {
    probe(bytes, &limits()).ending
}

/// A photograph-like image that is large enough for any way to encode it.
fn image() -> RgbImage {
    scene(150, 101, 31)
}

/// JPEGs of every kind: sequential and progressive, subsampled and not, with restart markers, optimised codes, gray.
fn jpegs() -> Vec<Vec<u8>> {
    let image = image();
    let encoder = |subsampling| Encoder::new(&image, 150, 101, PixelFormat::Rgb).subsampling(subsampling).quality(85);
    let gray: Vec<u8> = image.pixels().map(|pixel| pixel[1]).collect();
    let encoders = [
        encoder(Subsampling::S420),
        encoder(Subsampling::S444),
        encoder(Subsampling::S422).restart_blocks(5),
        encoder(Subsampling::S420).optimize_huffman(true),
        encoder(Subsampling::S420).progressive(true),
        encoder(Subsampling::S444).progressive(true),
        Encoder::new(&gray, 150, 101, PixelFormat::Grayscale).quality(85),
    ];
    let mut all: Vec<Vec<u8>> = encoders.map(|one| one.encode().expect("it can be written")).to_vec();
    all.push(jpeg(&image, 90));
    all
}

fn encoded(format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image().write_to(&mut bytes, format).expect("it can be written");
    bytes.into_inner()
}

/// Without its last `cut` bytes an image has all pixels, and looks the same.
#[track_caller]
fn unclosed(bytes: &[u8], cut: usize) {
    let short = &bytes[..bytes.len() - cut];
    assert_eq!((ending(bytes), ending(short)), (Ending::Whole, Ending::NoEndMarker));
    let made = |bytes: &[u8]| pixels(&make_one(bytes, lossless(75, 75, Fit::Inside)));
    assert!(psnr(&made(bytes), &made(short)) >= 30.0);
}

#[test]
fn a_jpeg_without_its_end_marker_has_all_pixels() {
    for bytes in jpegs() {
        assert!(bytes.ends_with(b"\xff\xd9"));
        unclosed(&bytes, 2);
        unclosed(&bytes, 1);
        // The last scan of a progressive image adds one bit of precision to what the others show.
        let progressive = memchr::memmem::find(&bytes, b"\xff\xc2").is_some();
        for percent in [30, 50, if progressive { 50 } else { 95 }] {
            assert_eq!(ending(&bytes[..bytes.len() * percent / 100]), Ending::Truncated, "{percent} %");
        }
    }
}

#[test]
fn a_png_without_its_last_chunk_has_all_pixels() {
    let bytes = png(150, 101, ExtendedColorType::Rgb8, &image(), None);
    unclosed(&bytes, 12);
    unclosed(&bytes, 3);
    // The checksum of the pixels is missing too.
    assert_eq!(ending(&bytes[..bytes.len() - 14]), Ending::NoEndMarker);
    for percent in [30, 60, 95] {
        assert_eq!(ending(&bytes[..bytes.len() * percent / 100]), Ending::Truncated, "{percent} %");
    }
}

#[test]
fn a_gif_without_its_trailer_has_all_pixels() {
    let bytes = encoded(image::ImageFormat::Gif);
    unclosed(&bytes, 1);
    assert_eq!(ending(&bytes[..bytes.len() / 2]), Ending::Truncated);
}

/// Cut in the middle, an image shows the rows that are there, and one color in place of the others.
#[track_caller]
fn cut_off(bytes: &[u8]) {
    let short = &bytes[..bytes.len() / 2];
    assert_eq!(ending(short), Ending::Truncated);
    let [whole, cut] = [bytes, short].map(|bytes| pixels(&make_one(bytes, lossless(75, 75, Fit::Inside))));
    let rows = |image: &RgbImage, top, height| image::imageops::crop_imm(image, 0, top, 75, height).to_image();
    assert_eq!(cut.dimensions(), whole.dimensions());
    assert!(psnr(&rows(&whole, 0, 15), &rows(&cut, 0, 15)) >= 30.0);
    let lowest = rows(&cut, 45, 5);
    assert!(lowest.pixels().all(|pixel| pixel == lowest.get_pixel(0, 0)), "{lowest:?}");
}

#[test]
fn images_that_are_cut_off_show_what_is_there() {
    let image = image();
    cut_off(&encoded(image::ImageFormat::Gif));
    cut_off(&png(150, 101, ExtendedColorType::Rgb8, &image, None));
    let deep: Vec<u8> = image.iter().flat_map(|sample| (u16::from(*sample) * 257).to_ne_bytes()).collect();
    cut_off(&png(150, 101, ExtendedColorType::Rgb16, &deep, None));
    let gray: Vec<u8> = image.pixels().flat_map(|pixel| [pixel[1], 255]).collect();
    cut_off(&png(150, 101, ExtendedColorType::La8, &gray, None));
}

#[test]
fn a_bitmap_that_lacks_a_few_bytes_is_shown() {
    let bytes = encoded(image::ImageFormat::Bmp);
    unclosed(&bytes, 2);
    unclosed(&bytes, 300);
    assert_eq!(ending(&bytes[..bytes.len() / 2]), Ending::Truncated);
}

/// An icon of one bitmap of 24 bits, with its mask.
fn icon(side: u8) -> Vec<u8> {
    let (width, row) = (usize::from(side), (usize::from(side) * 3).next_multiple_of(4));
    let mask = width * width.div_ceil(32) * 4;
    let length = u32::try_from(40 + row * width + mask).expect("small").to_le_bytes();
    let mut bytes =
        [&b"\0\0\x01\0\x01\0"[..], &[side, side, 0, 0, 1, 0, 24, 0], &length, &22_u32.to_le_bytes()].concat();
    bytes.extend(40_u32.to_le_bytes());
    bytes.extend(u32::from(side).to_le_bytes());
    bytes.extend((2 * u32::from(side)).to_le_bytes());
    bytes.extend([1, 0, 24, 0]);
    bytes.extend([0; 24]);
    bytes.extend((0..row * width).map(|at| u8::try_from(at % 251).expect("below 251")));
    bytes.resize(bytes.len() + mask, 0);
    bytes
}

#[test]
fn an_icon_without_its_mask_is_shown() {
    let bytes = icon(32);
    unclosed(&bytes, 4);
    unclosed(&bytes, 128);
    assert_eq!(ending(&bytes[..bytes.len() / 2]), Ending::Truncated);
}

#[test]
fn a_webp_without_its_metadata_is_shown() {
    let mut bytes = webp::Encoder::from_rgb(&image(), 150, 101).encode(80.0).to_vec();
    bytes.extend([&b"EXIF"[..], &20_u32.to_le_bytes(), &[0; 20]].concat());
    let length = u32::try_from(bytes.len() - 8).expect("small").to_le_bytes();
    bytes[4..8].copy_from_slice(&length);
    unclosed(&bytes, 7);
    unclosed(&bytes, 28);
    assert_eq!(ending(&bytes[..bytes.len() / 2]), Ending::Truncated);
}

#[test]
fn a_png_that_never_ends_is_not_unpacked_forever() {
    let header = [&60_000_u32.to_be_bytes()[..], &60_000_u32.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 600 << 20), &mut packed).expect("a vector takes all");
    let packed = packed.finish().expect("a vector takes all");
    let chunk = super::hostile::chunk;
    let bytes = [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &packed)].concat();
    assert_eq!(ending(&bytes), Ending::Truncated);
}
