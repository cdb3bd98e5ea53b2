//! Images that are stored lying on their side or mirrored are shown upright, and nothing else of their metadata is kept.

use image::RgbImage;
use image::imageops::{flip_horizontal, rotate90, rotate180, rotate270};
use offprint::testing::config::{Animation, Fit, ThumbnailConfig, ThumbnailFormat};
use offprint::testing::media::{Rendition, probe};

use super::images::{jpeg_with_exif, scene};
use super::measure::{pixels, psnr};
use super::{limits, lossless, make, make_one, size};
use crate::corpus::{corpus, say};

/// How a camera stores an upright image under each orientation (EXIF 2.32, section 4.6.4 A, tag 274): the inverse of
/// what a viewer does.
fn stored(upright: &RgbImage, orientation: u8) -> RgbImage {
    match orientation {
        2 => flip_horizontal(upright),
        3 => rotate180(upright),
        4 => flip_horizontal(&rotate180(upright)),
        5 => flip_horizontal(&rotate90(upright)),
        6 => rotate270(upright),
        7 => flip_horizontal(&rotate270(upright)),
        8 => rotate90(upright),
        _ => upright.clone(),
    }
}

#[test]
fn all_orientations_show_the_same_image() {
    for (width, height) in [(640, 427), (427, 640)] {
        let upright = scene(width, height, 5);
        for fit in [Fit::Inside, Fit::Auto, Fit::Cover, Fit::Width] {
            let expected = pixels(&make_one(&jpeg_with_exif(&upright, 1), lossless(150, 130, fit)));
            for orientation in 2..=8 {
                let bytes = jpeg_with_exif(&stored(&upright, orientation), orientation);
                assert_eq!(probe(&bytes, &limits()).orientation, orientation);
                let shown = pixels(&make_one(&bytes, lossless(150, 130, fit)));
                assert_eq!(shown.dimensions(), expected.dimensions(), "orientation {orientation}, {fit:?}");
                let psnr = psnr(&shown, &expected);
                assert!(psnr >= 45.0, "orientation {orientation}, {width}×{height}, {fit:?}: {psnr:.1} dB");
            }
        }
    }
}

/// Whichever edge of the stored image is the top: of a long image, and of one that is cropped below, the top is shown.
/// (Where a crop cuts through blocks of the JPEG, the others differ by little; another part would differ by far more.)
#[test]
fn the_same_part_of_a_long_image_is_shown_in_all_orientations() {
    for (width, height) in [(900, 120), (120, 900), (640, 427)] {
        let upright = scene(width, height, 5);
        for fit in [Fit::Auto, Fit::CoverTop] {
            let shown = |orientation: u8| {
                let bytes = jpeg_with_exif(&stored(&upright, orientation), orientation);
                pixels(&make_one(&bytes, lossless(150, 130, fit)))
            };
            let expected = shown(1);
            for orientation in 2..=8 {
                let psnr = psnr(&shown(orientation), &expected);
                assert!(psnr >= 36.0, "orientation {orientation}, {width}×{height}, {fit:?}: {psnr:.1} dB");
            }
        }
    }
}

/// What another decoder makes of an image: all pixels, turned upright, then scaled.
fn upright(bytes: &[u8], orientation: u8, width: u32, height: u32) -> RgbImage {
    let mut image = image::load_from_memory(bytes).expect("it can be read");
    image.apply_orientation(image::metadata::Orientation::from_exif(orientation).expect("1 to 8"));
    image::imageops::resize(&image.to_rgb8(), width, height, image::imageops::FilterType::Lanczos3)
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn photographs_of_the_corpus_in_all_orientations_are_shown_upright() {
    let folder = corpus("images/exif-orientation");
    let similarity = (1..=8).map(|orientation: u8| {
        let path = folder.join(format!("Landscape_{orientation}.jpg"));
        let bytes = std::fs::read(&path).expect("the corpus can be read");
        let made = pixels(&make_one(&bytes, lossless(320, 320, Fit::Inside)));
        psnr(&made, &upright(&bytes, orientation, made.width(), made.height()))
    });
    let worst = similarity.fold(f64::INFINITY, f64::min);
    say(&format!("orientations 1 to 8 against another decoder: at least {worst:.1} dB"));
    assert!(worst >= 45.0, "{worst:.1} dB");
}

/// The segments of a JPEG or the chunks of a PNG or WebP.
fn parts(rendition: &Rendition) -> Vec<String> {
    let bytes = &rendition.bytes;
    let name = |at: usize, length: usize| String::from_utf8_lossy(&bytes[at..at + length]).into_owned();
    let number = |at: usize, big: bool| {
        let four: [u8; 4] = bytes[at..at + 4].try_into().expect("four bytes");
        (if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }) as usize
    };
    let (mut at, mut found) = (0, Vec::new());
    match bytes[0] {
        0xff => {
            at = 2;
            while bytes[at + 1] != 0xda {
                found.push(format!("{:02x}", bytes[at + 1]));
                at += 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
            }
        }
        0x89 => {
            at += 8;
            while at < bytes.len() {
                found.push(name(at + 4, 4));
                at += 12 + number(at, true);
            }
        }
        _ => {
            at += 12;
            while at < bytes.len() {
                found.push(name(at, 4));
                at += 8 + number(at + 4, false).next_multiple_of(2);
            }
        }
    }
    found.dedup();
    found
}

#[test]
fn no_metadata_is_copied() {
    let bytes = jpeg_with_exif(&scene(300, 200, 1), 6);
    assert_eq!(probe(&bytes, &limits()).taken.as_deref(), Some("2024:05:17 10:20:30"));
    for format in [ThumbnailFormat::Auto, ThumbnailFormat::Jpeg, ThumbnailFormat::WebP, ThumbnailFormat::Png] {
        // Also where the image is smaller than its box, and could have been copied.
        for side in [100, 4000] {
            let made = make_one(&bytes, ThumbnailConfig { format, ..size(side, side, Fit::Inside) });
            let clean = ["e0", "db", "c0", "c4", "IHDR", "IDAT", "IEND", "VP8 "];
            let foreign: Vec<String> =
                parts(&made).into_iter().filter(|part| !clean.contains(&part.as_str())).collect();
            assert_eq!(foreign, Vec::<String>::new(), "{format:?}");
            for secret in [&b"GPS"[..], b"Exif", b"2024:05"] {
                assert!(!made.bytes.windows(secret.len()).any(|window| window == secret), "{format:?}");
            }
        }
    }
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn photographs_of_the_corpus_with_positions_lose_them() {
    let folder = corpus("images");
    let mut seen = 0;
    for path in crate::corpus::files(&folder) {
        let bytes = std::fs::read(&path).expect("the corpus can be read");
        // Tag 34853, in either byte order.
        let located = [&b"\x25\x88\x04\0\x01\0\0\0"[..], b"\x88\x25\0\x04\0\0\0\x01"];
        if !located.iter().any(|tag| bytes.windows(8).any(|window| window == *tag)) {
            continue;
        }
        let keep = ThumbnailConfig { animation: Animation::Keep, ..size(64, 64, Fit::Cover) };
        for made in make(&bytes, &[size(320, 320, Fit::Inside), lossless(50, 50, Fit::Inside), keep])
            .1
            .sizes
            .into_iter()
            .flatten()
        {
            let clean =
                ["e0", "db", "c0", "c4", "IHDR", "IDAT", "IEND", "VP8 ", "VP8X", "ALPH", "VP8L", "ANIM", "ANMF"];
            assert!(parts(&made).iter().all(|part| clean.contains(&part.as_str())), "{}", path.display());
        }
        seen += 1;
    }
    say(&format!("{seen} images of the corpus have a position; none of their thumbnails has"));
}
