//! JPEG XL and JPEG 2000.

use std::path::{Path, PathBuf};
use std::process::Command;

use image::RgbImage;
use offprint::testing::config::Fit;
use offprint::testing::media::MediaError;
use offprint::testing::model::MediaType;
use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use super::images::{png, scene};
use super::measure::{pixels, psnr};
use super::{lossless, make, make_one};
use crate::corpus::{corpus, files, needs, say, some};

fn jxl(image: &RgbImage) -> Vec<u8> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let options = EncoderOptions::new(width, height, ColorSpace::RGB, BitDepth::Eight);
    let mut bytes = Vec::new();
    JxlSimpleEncoder::new(image, options).encode(&mut bytes).expect("it can be written");
    bytes
}

#[test]
fn a_jpeg_xl_has_the_thumbnail_of_the_same_image_in_png() {
    let image = scene(300, 200, 11);
    let bytes = jxl(&image);
    let size = lossless(120, 120, Fit::Inside);
    let (asset, made) = make(&bytes, std::slice::from_ref(&size));
    assert_eq!((asset.media_type, asset.width, asset.height), (MediaType::Jxl, 300, 200));
    let ours = pixels(made.sizes[0].as_ref().expect("it is decoded"));
    let theirs = pixels(&make_one(&png(300, 200, image::ExtendedColorType::Rgb8, &image, None), size));
    assert_eq!(ours.dimensions(), (120, 80));
    assert!(psnr(&ours, &theirs) >= 45.0, "{}", psnr(&ours, &theirs));
    assert!(made.perceptual_hash.is_some());
}

#[test]
fn a_damaged_jpeg_xl_has_a_reason() {
    let bytes = jxl(&scene(90, 60, 12));
    let why = |bytes: &[u8]| make(bytes, &[lossless(40, 40, Fit::Inside)]).1.sizes.remove(0).err();
    assert!(matches!(why(&bytes[..12]), Some(MediaError::Damaged(_))), "{:?}", why(&bytes[..12]));
    // Of one that is cut short, what is there may be shown, as of a JPEG.
    assert!(!matches!(why(&bytes[..bytes.len() / 2]), Some(MediaError::Panicked(_))));
}

/// The thumbnail that libvips makes.
fn of_vips(file: &Path, folder: &Path) -> Option<RgbImage> {
    let to = folder.join("vips.png");
    let _ = std::fs::remove_file(&to);
    let output = format!("{}[strip]", to.display());
    let mut vips = Command::new("vipsthumbnail");
    vips.args(["-s", "120x120>", "--export-profile", "srgb", "-o", &output]).arg(file).output().ok()?;
    Some(image::load_from_memory(&std::fs::read(to).ok()?).ok()?.to_rgb8())
}

#[test]
#[ignore = "needs vips and the corpus (OFFPRINT_CORPUS)"]
fn the_corpus_looks_as_libvips_shows_it() {
    needs("vipsthumbnail");
    let images = corpus("images");
    let ending =
        |path: &PathBuf| path.extension().is_some_and(|it| ["jxl", "jp2", "j2k"].iter().any(|name| it == *name));
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (mut compared, mut close) = (0, 0);
    for path in some(files(&images).into_iter().filter(ending).collect(), 3) {
        let bytes = std::fs::read(&path).expect("the corpus can be read");
        let (_, mut made) = make(&bytes, &[lossless(120, 120, Fit::Inside)]);
        let ours = match made.sizes.remove(0) {
            Ok(made) => pixels(&made),
            Err(error) => {
                say(&format!("{}: {error}", path.display()));
                continue;
            }
        };
        let Some(theirs) = of_vips(&path, folder.path()).filter(|theirs| theirs.dimensions() == ours.dimensions())
        else {
            say(&format!("{}: libvips shows it otherwise or not at all", path.display()));
            continue;
        };
        compared += 1;
        let apart = psnr(&ours, &theirs);
        close += u32::from(apart >= 30.0);
        say(&format!("{}: {apart:.1} dB from libvips", path.display()));
    }
    say(&format!("{close} of {compared} JPEG XL and JPEG 2000 images within 30 dB of libvips"));
    assert!(compared > 0 && close * 10 >= compared * 7, "{close} of {compared}");
}
