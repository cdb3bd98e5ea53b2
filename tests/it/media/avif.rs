//! AVIF: read and written.

use std::path::{Path, PathBuf};

use image::{ExtendedColorType, RgbImage};
use offprint::testing::config::{Fit, ThumbnailConfig, ThumbnailFormat};
use offprint::testing::media::{MediaError, probe};
use offprint::testing::model::{Ending, MediaType};

use super::images::{png, scene};
use super::measure::{pixels, psnr};
use super::{limits, lossless, make, make_one, size};
use crate::corpus::{corpus, files, say, some};

fn as_avif(side: u32) -> ThumbnailConfig {
    ThumbnailConfig { format: ThumbnailFormat::Avif, quality: 90, ..size(side, side, Fit::Inside) }
}

/// An image as AVIF, by our own encoder.
pub(super) fn avif(image: &RgbImage) -> Vec<u8> {
    let (width, height) = image.dimensions();
    make_one(&png(width, height, ExtendedColorType::Rgb8, image, None), as_avif(width.max(height))).bytes
}

#[test]
fn what_is_written_as_avif_is_read_as_the_same_image() {
    let image = scene(301, 199, 21);
    let bytes = avif(&image);
    let asset = probe(&bytes, &limits());
    assert_eq!((asset.media_type, asset.width, asset.height, asset.ending), (MediaType::Avif, 301, 199, Ending::Whole));
    let (_, made) = make(&bytes, &[lossless(120, 120, Fit::Inside)]);
    assert!(made.perceptual_hash.is_some());
    let ours = pixels(made.sizes[0].as_ref().expect("it is decoded"));
    let original = png(301, 199, ExtendedColorType::Rgb8, &image, None);
    let theirs = pixels(&make_one(&original, lossless(120, 120, Fit::Inside)));
    assert_eq!(ours.dimensions(), theirs.dimensions());
    assert!(psnr(&ours, &theirs) >= 35.0, "{}", psnr(&ours, &theirs));
    assert_eq!(avif(&image), bytes, "the same image gives the same bytes");
}

#[test]
fn transparency_goes_through_avif() {
    let image = scene(80, 80, 22);
    let pixel = |x: u32, y: u32| [image.get_pixel(x, y).0.as_slice(), &[if x < 40 { 0 } else { 255 }]].concat();
    let data: Vec<u8> = (0..80).flat_map(|y| (0..80).flat_map(move |x| pixel(x, y))).collect();
    let through = make_one(&png(80, 80, ExtendedColorType::Rgba8, &data, None), as_avif(80)).bytes;
    assert!(probe(&through, &limits()).alpha);
    let made = make_one(&through, lossless(80, 80, Fit::Inside));
    let shown = image::load_from_memory(&made.bytes).expect("what was written can be read").to_rgba8();
    assert!(shown.get_pixel(10, 40).0[3] < 8 && shown.get_pixel(70, 40).0[3] > 247);
}

#[test]
fn gray_is_written_as_avif_too() {
    let gray: Vec<u8> = (0..64 * 64).map(|at: u32| u8::try_from(at % 251).expect("below 251")).collect();
    let made = make_one(&png(64, 64, ExtendedColorType::L8, &gray, None), as_avif(32));
    assert_eq!((made.media_type, made.width, made.height), (MediaType::Avif, 32, 32));
    let shown = pixels(&make_one(&made.bytes, lossless(32, 32, Fit::Inside)));
    assert!(shown.pixels().all(|pixel| pixel.0.iter().all(|value| value.abs_diff(pixel.0[0]) < 12)));
}

#[test]
fn a_damaged_avif_has_a_reason() {
    let bytes = avif(&scene(90, 60, 23));
    let why = |bytes: &[u8]| make(bytes, &[lossless(40, 40, Fit::Inside)]).1.sizes.remove(0).err();
    assert_eq!(why(&bytes), None);
    for cut in [40, bytes.len() / 2, bytes.len() - 9] {
        let why = why(&bytes[..cut]);
        assert!(matches!(why, Some(MediaError::Damaged(_) | MediaError::Variant(_))), "{cut}: {why:?}");
    }
    // A declared size that is not that of the bitstream: refused before more is allocated than was checked.
    let size = memchr::memmem::find(&bytes, b"ispe").expect("it declares a size");
    let mut smaller = bytes.clone();
    smaller[size + 11] = 30;
    assert!(matches!(why(&smaller), Some(MediaError::Damaged(_) | MediaError::Variant(_))), "{:?}", why(&smaller));
}

/// The thumbnail of a file of the corpus; none where there is a reason, which is said.
fn of_corpus(path: &Path) -> Option<RgbImage> {
    let bytes = std::fs::read(path).expect("the corpus can be read");
    match make(&bytes, &[lossless(120, 120, Fit::Inside)]).1.sizes.remove(0) {
        Ok(made) => Some(pixels(&made)),
        Err(why @ MediaError::Panicked(_)) => panic!("{}: {why}", path.display()),
        Err(why) => {
            say(&format!("{}: {why}", path.display()));
            None
        }
    }
}

/// The corpus has one photograph in all depths and samplings. (libvips is no measure here: the one that Debian has takes
/// every matrix for BT.601.)
#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn an_image_of_the_corpus_looks_the_same_in_all_depths_and_samplings() {
    let images = corpus("images");
    let of_kind = |path: &PathBuf| path.extension().is_some_and(|it| it == "avif");
    let is_fox = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("fox.") && !name.contains("monochrome")
    };
    let (foxes, others): (Vec<_>, Vec<_>) = files(&images).into_iter().filter(of_kind).partition(|path| is_fox(path));
    let all: Vec<_> = foxes.into_iter().chain(some(others, 3)).collect();
    let made: Vec<_> = all.iter().filter_map(|path| Some((path, of_corpus(path)?))).collect();
    say(&format!("{} of {} AVIF images of the corpus have a thumbnail", made.len(), all.len()));
    let foxes: Vec<_> = made.iter().filter(|(path, _)| is_fox(path)).collect();
    assert!(foxes.len() >= 4 && made.len() * 10 >= all.len() * 6, "{} of {}", made.len(), all.len());
    for (path, other) in &foxes[1..] {
        let apart = psnr(&foxes[0].1, other);
        assert!(apart >= 35.0, "{}: {apart:.1} dB", path.display());
    }
}
