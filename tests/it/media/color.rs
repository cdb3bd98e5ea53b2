//! Colors are shown as they were meant, and transparent edges without fringes.

use std::path::Path;
use std::process::Command;

use image::{ExtendedColorType, Rgb, RgbImage};
use moxcms::ColorProfile;
use offprint::testing::config::Fit;
use offprint::testing::media::probe;
use offprint::testing::model::{Ending, MediaType};

use super::hostile::chunk;
use super::images::{clamp, png, scene};
use super::measure::{decoded, delta_e, linear, mean, pixels, stored};
use super::{limits, lossless, make_one};
use crate::corpus::{corpus, files, needs, say};

/// Display P3 as sRGB: the same curve, other primaries (the matrix is that of CSS Color 4, section 17).
fn from_p3(pixel: [u8; 3]) -> [u8; 3] {
    const MATRIX: [[f64; 3]; 3] = [
        [1.224_940_2, -0.224_940_2, 0.0],
        [-0.042_056_95, 1.042_056_95, 0.0],
        [-0.019_637_55, -0.078_636_05, 1.098_273_6],
    ];
    let light = pixel.map(|value| linear(f64::from(value) / 255.0));
    MATRIX.map(|row| {
        let mixed: f64 = row.iter().zip(light).map(|(a, b)| a * b).sum();
        #[expect(clippy::cast_possible_truncation, reason = "a share of 255")]
        clamp((stored(mixed.clamp(0.0, 1.0)) * 255.0) as f32)
    })
}

#[test]
fn display_p3_becomes_srgb() {
    let original = scene(120, 80, 7);
    let profile = ColorProfile::new_display_p3().encode().expect("the profile can be written");
    let bytes = png(120, 80, ExtendedColorType::Rgb8, &original, Some(profile));
    let expected = RgbImage::from_fn(120, 80, |x, y| Rgb(from_p3(original.get_pixel(x, y).0)));
    let shown = pixels(&make_one(&bytes, lossless(120, 80, Fit::Inside)));
    let apart = delta_e(&shown, &expected);
    assert!(
        mean(&apart) < 0.5 && apart[apart.len() - 1] < 3.0,
        "ΔE {:.2}, at most {:.2}",
        mean(&apart),
        apart[apart.len() - 1]
    );
    // And it is the profile that makes the difference.
    assert!(mean(&delta_e(&original, &expected)) > 2.0);
}

/// A PNG with one more chunk after its header.
fn with_chunk(png: &[u8], name: [u8; 4], values: &[u32]) -> Vec<u8> {
    let body: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
    [&png[..33], &chunk(&name, &body), &png[33..]].concat()
}

#[test]
fn the_gamma_of_a_png_becomes_that_of_srgb() {
    let original = scene(120, 80, 7);
    let plain = png(120, 80, ExtendedColorType::Rgb8, &original, None);
    let shown = |bytes: &[u8]| pixels(&make_one(bytes, lossless(120, 80, Fit::Inside)));
    #[expect(clippy::cast_possible_truncation, reason = "a share of 255")]
    let as_light = |value: u8| clamp((stored(f64::from(value) / 255.0) * 255.0) as f32);
    let expected = RgbImage::from_fn(120, 80, |x, y| Rgb(original.get_pixel(x, y).0.map(as_light)));
    let apart = mean(&delta_e(&shown(&with_chunk(&plain, *b"gAMA", &[100_000])), &expected));
    assert!(apart < 0.7 && mean(&delta_e(&original, &expected)) > 5.0, "ΔE {apart:.2}");
    assert_eq!(shown(&with_chunk(&plain, *b"gAMA", &[45_455])), original, "made for sRGB");
}

#[test]
fn the_primaries_of_a_png_are_those_of_its_profile() {
    let original = scene(120, 80, 7);
    let plain = png(120, 80, ExtendedColorType::Rgb8, &original, None);
    let p3 = [31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000];
    let expected = RgbImage::from_fn(120, 80, |x, y| Rgb(from_p3(original.get_pixel(x, y).0)));
    let shown = pixels(&make_one(&with_chunk(&plain, *b"cHRM", &p3), lossless(120, 80, Fit::Inside)));
    let apart = mean(&delta_e(&shown, &expected));
    assert!(apart < 0.7, "ΔE {apart:.2}");
}

#[test]
fn the_numbers_of_a_coding_rank_above_the_profile_of_a_png() {
    let original = scene(120, 80, 7);
    let profile = ColorProfile::new_bt2020().encode().expect("the profile can be written");
    let plain = png(120, 80, ExtendedColorType::Rgb8, &original, Some(profile));
    let expected = RgbImage::from_fn(120, 80, |x, y| Rgb(from_p3(original.get_pixel(x, y).0)));
    let shown =
        |values: u32| pixels(&make_one(&with_chunk(&plain, *b"cICP", &[values]), lossless(120, 80, Fit::Inside)));
    let apart = mean(&delta_e(&shown(0x0c0d_0001), &expected));
    assert!(apart < 0.7, "ΔE {apart:.2}");
    assert_eq!(shown(0x010d_0001), original, "sRGB by its numbers");
    let by_profile = shown(0x0c0d_0900);
    assert_ne!(by_profile, original, "a coding of luma and chroma is none of a PNG");
    for unknown in [0x0202_0001, 0x0108_0001] {
        assert_eq!(shown(unknown), by_profile, "{unknown:x}");
    }
}

/// Shares of the signal for 0, 203 and 1,000 cd/m² (ITU-R BT.2408, table 1).
#[test]
fn hdr_in_png_is_tone_mapped_in_every_kind_of_sample() {
    const SHARES: [f32; 3] = [0.0, 0.581, 0.752];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares of the largest sample")]
    let samples = |channels: usize, alpha: bool, most: f32| -> Vec<u16> {
        let sample = |share: f32| (share * most).round() as u16;
        let pixel = |share: &f32| [vec![sample(*share); channels], vec![sample(1.0); usize::from(alpha)]].concat();
        SHARES.iter().cycle().take(30).flat_map(pixel).collect()
    };
    for (channels, alpha, eight, sixteen) in [
        (1, false, ExtendedColorType::L8, ExtendedColorType::L16),
        (1, true, ExtendedColorType::La8, ExtendedColorType::La16),
        (3, false, ExtendedColorType::Rgb8, ExtendedColorType::Rgb16),
        (3, true, ExtendedColorType::Rgba8, ExtendedColorType::Rgba16),
    ] {
        let bytes: Vec<u8> = samples(channels, alpha, 255.0).iter().map(|sample| clamp((*sample).into())).collect();
        let words: Vec<u8> =
            samples(channels, alpha, 65_535.0).iter().flat_map(|sample| sample.to_ne_bytes()).collect();
        for (kind, data) in [(eight, bytes), (sixteen, words)] {
            let hdr = with_chunk(&png(3, 10, kind, &data, None), *b"cICP", &[0x0910_0001]);
            let shown =
                image::load_from_memory(&make_one(&hdr, lossless(3, 10, Fit::Inside)).bytes).unwrap().to_rgba8();
            let levels = [0, 1, 2].map(|x| shown.get_pixel(x, 5).0);
            assert!(
                levels.iter().all(|level| level[3] == 255 && level[0].abs_diff(level[2]) <= 1),
                "{kind:?}: {levels:?}"
            );
            assert!(
                levels[0][1] == 0 && (215..240).contains(&levels[1][1]) && levels[2][1] >= 254,
                "{kind:?}: {levels:?}"
            );
        }
    }
}

#[test]
fn a_profile_that_cannot_be_used_leaves_colors_as_they_are() {
    let original = scene(60, 40, 8);
    for profile in [b"no profile at all".to_vec(), vec![0; 400]] {
        let bytes = png(60, 40, ExtendedColorType::Rgb8, &original, Some(profile));
        assert_eq!(pixels(&make_one(&bytes, lossless(60, 40, Fit::Inside))), original);
    }
}

#[test]
fn what_transparent_pixels_hide_does_not_bleed() {
    // A red disc; around it nothing, which is stored as bright green.
    let data: Vec<u8> = (0..200 * 200)
        .flat_map(|at: i32| {
            let inside = (at % 200 - 100).pow(2) + (at / 200 - 100).pow(2) < 80 * 80;
            if inside { [255, 0, 0, 255] } else { [0, 255, 0, 0] }
        })
        .collect();
    let made = make_one(&png(200, 200, ExtendedColorType::Rgba8, &data, None), lossless(37, 37, Fit::Inside));
    let shown = image::load_from_memory(&made.bytes).expect("it can be read").to_rgba8();
    let edge = shown.pixels().filter(|pixel| (1..255).contains(&pixel.0[3])).count();
    assert!(edge > 50, "{edge} pixels at the edge");
    for pixel in shown.pixels().filter(|pixel| pixel.0[3] > 8) {
        assert!(pixel.0[0] > 240 && pixel.0[1] < 16, "{pixel:?}");
    }
}

/// What libvips makes of all pixels of an image by its own profile, scaled afterwards.
fn by_vips(path: &Path, folder: &Path, width: u32, height: u32) -> Option<RgbImage> {
    let output = folder.join("vips.png");
    let _ = std::fs::remove_file(&output);
    let mut command = Command::new("vips");
    command.arg("icc_transform").arg(path).arg(&output).args(["srgb", "--embedded"]);
    let said = command.output().ok()?.stderr;
    // Of profiles that it cannot use libvips leaves the colors as they are.
    let unused = b"does not support";
    if said.windows(unused.len()).any(|window| window == unused) {
        return None;
    }
    let full = decoded(&std::fs::read(&output).ok()?);
    Some(image::imageops::resize(&full, width, height, image::imageops::FilterType::Lanczos3))
}

/// Whether a file is an upright JPEG with a profile other than sRGB.
fn is_profiled(bytes: &[u8]) -> bool {
    let asset = probe(bytes, &limits());
    let profiled = asset.icc_name.as_deref().is_some_and(|name| !name.starts_with("sRGB"));
    asset.media_type == MediaType::Jpeg
        && profiled
        && asset.orientation == 1
        && asset.ending == Ending::Whole
        && asset.width < 4000
}

#[test]
#[ignore = "needs vips and the corpus (OFFPRINT_CORPUS)"]
fn profiles_of_the_corpus_give_the_colors_that_vips_gives() {
    let images = corpus("images");
    needs("vips");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (mut compared, mut far) = (0, Vec::new());
    for path in files(&images) {
        let bytes = std::fs::read(&path).expect("the corpus can be read");
        if !is_profiled(&bytes) {
            continue;
        }
        let ours = pixels(&make_one(&bytes, lossless(160, 160, Fit::Inside)));
        let Some(theirs) = by_vips(&path, folder.path(), ours.width(), ours.height()) else { continue };
        let apart = delta_e(&ours, &theirs);
        let (mean, most) = (mean(&apart), apart[apart.len() * 95 / 100]);
        let name = path.strip_prefix(&images).unwrap_or(&path).display().to_string();
        say(&format!("ΔE {mean:.2}, 95 % below {most:.2}: {name}"));
        compared += 1;
        if mean > 3.0 {
            far.push(name);
        }
    }
    say(&format!("{compared} images with profiles compared, {} beyond ΔE 3", far.len()));
    assert_eq!(far, Vec::<String>::new());
}
