//! Thumbnails look as good as full decoding and a Lanczos kernel make them, and no worse than vipsthumbnail's.

use std::path::{Path, PathBuf};
use std::process::Command;

use image::RgbImage;
use image::imageops::FilterType;
use offprint::testing::config::{Fit, ThumbnailConfig};

use super::images::{jpeg, scene};
use super::measure::{decoded, mean, pixels, psnr, ssim};
use super::{lossless, make, make_one, size};
use crate::corpus::{corpus, files, needs, say};

/// What the best effort gives: every pixel decoded, then a Lanczos kernel.
fn best(bytes: &[u8], width: u32, height: u32) -> RgbImage {
    image::imageops::resize(&decoded(bytes), width, height, FilterType::Lanczos3)
}

#[test]
fn scaling_while_decoding_costs_no_quality_that_can_be_seen() {
    for (width, height, seed) in [(1000, 667, 1), (1000, 667, 2), (2000, 1333, 3)] {
        let bytes = jpeg(&scene(width, height, seed), 88);
        let made = pixels(&make_one(&bytes, lossless(320, 320, Fit::Inside)));
        let similarity = ssim(&made, &best(&bytes, made.width(), made.height()));
        assert!(similarity >= 0.994, "{width}×{height}: {similarity:.4}");
    }
}

#[test]
fn yuv_planes_give_what_rgb_pixels_give() {
    use libjpeg_turbo_rs::{PixelFormat, Subsampling, compress};
    let image = scene(1001, 667, 6);
    for subsampling in [Subsampling::S444, Subsampling::S422, Subsampling::S420, Subsampling::S440, Subsampling::S411] {
        let bytes = compress(&image, 1001, 667, PixelFormat::Rgb, 92, subsampling).expect("it can be written");
        // Odd and even sides, reduced while decoded and not, whole and cropped.
        for (width, height, fit) in
            [(501, 501, Fit::Inside), (160, 160, Fit::Inside), (75, 51, Fit::Cover), (1, 1, Fit::Cover)]
        {
            let jpeg = ThumbnailConfig { quality: 100, ..size(width, height, fit) };
            let from_planes = pixels(&make_one(&bytes, jpeg.clone()));
            // A size in PNG makes the decoder give pixels for all.
            let (_, mut both) = make(&bytes, &[jpeg, lossless(width, height, fit)]);
            let from_pixels = pixels(&both.sizes.remove(0).expect("it has a thumbnail"));
            let psnr = psnr(&from_planes, &from_pixels);
            assert!(psnr >= 32.0, "{subsampling:?}, {width}×{height}: {psnr:.1} dB");
        }
    }
}

/// The sets: how large their images are, how vipsthumbnail writes them, and how many there are.
const SETS: [(&str, &str, usize); 7] = [
    ("1000x667", ".jpg[Q=88,strip,subsample-mode=on]", usize::MAX),
    ("1000x667", ".jpg[Q=88,strip,subsample-mode=on,interlace]", 4),
    ("2400x1667", ".jpg[Q=88,strip,subsample-mode=on]", usize::MAX),
    ("4000x3000", ".jpg[Q=88,strip,subsample-mode=on]", 4),
    ("1000x667", ".png[strip]", 4),
    ("1000x667", ".webp[Q=80,strip]", 4),
    ("1000x667", ".avif[Q=60,strip]", 4),
];

/// Photographs of the corpus at one size, as vipsthumbnail writes them.
fn photographs((size, format, most): (&str, &str, usize), folder: &Path) -> Vec<PathBuf> {
    let cameras = corpus("images/cameras");
    let mut found = Vec::new();
    for (number, photo) in files(&cameras).into_iter().enumerate() {
        if found.len() >= most {
            break;
        }
        let output = format!("{}/{number}-{size}{format}", folder.display());
        let size = format!("{size}!");
        let ran = Command::new("vipsthumbnail").arg(photo).args(["--size", &size, "-o", &output]).output();
        ran.expect("vipsthumbnail runs");
        let file = PathBuf::from(output.split('[').next().unwrap_or_default());
        found.extend(file.is_file().then_some(file));
    }
    found
}

/// A photograph as lossless pixels: what decodes AVIF here is what is measured, so that libvips decodes it.
fn lossless_bytes(photo: &Path) -> Vec<u8> {
    if photo.extension().is_none_or(|extension| extension != "avif") {
        return std::fs::read(photo).expect("the set can be read");
    }
    let png = photo.with_extension("png");
    let status = Command::new("vips").arg("copy").args([photo, &png]).status();
    assert!(status.is_ok_and(|status| status.success()));
    std::fs::read(png).expect("vips wrote it")
}

#[test]
#[ignore = "needs vips and the corpus (OFFPRINT_CORPUS)"]
fn photographs_of_the_corpus_look_no_worse_than_with_vips() {
    needs("vipsthumbnail");
    for set in SETS {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let photos = photographs(set, folder.path());
        assert!(!photos.is_empty());
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for photo in &photos {
            let bytes = std::fs::read(photo).expect("the set can be read");
            let made = pixels(&make_one(&bytes, lossless(320, 0, Fit::Width)));
            let best = best(&lossless_bytes(photo), made.width(), made.height());
            ours.push(ssim(&made, &best));
            let output = folder.path().join("vips.png");
            let status = Command::new("vipsthumbnail").arg(photo).args(["--size", "320x", "-o"]).arg(&output).status();
            assert!(status.is_ok_and(|status| status.success()));
            let vips = decoded(&std::fs::read(&output).expect("vipsthumbnail wrote it"));
            if vips.dimensions() == best.dimensions() {
                theirs.push(ssim(&vips, &best));
            }
        }
        let worst = ours.iter().copied().fold(1.0, f64::min);
        let (ours, theirs) = (mean(&ours), mean(&theirs));
        say(&format!(
            "{set:?}, {} photographs: SSIM {ours:.4}, at least {worst:.4}; vipsthumbnail {theirs:.4}",
            photos.len()
        ));
        assert!(ours >= 0.994 && ours >= theirs, "{set:?}: {ours:.4} against {theirs:.4}");
    }
}
