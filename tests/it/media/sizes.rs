//! How large renditions are, what they are written as, and that they are always the same.

use image::ExtendedColorType;
use offprint::testing::config::{Fit, ThumbnailConfig, ThumbnailFormat};
use offprint::testing::media::MediaError;
use offprint::testing::model::MediaType;
use proptest::prelude::*;

use super::images::{jpeg, png, scene};
use super::measure::{pixels, psnr};
use super::{lossless, make, make_one, size};

#[track_caller]
fn check(image: (u32, u32), size: ThumbnailConfig, expected: (u32, u32)) {
    let made = make_one(&jpeg(&scene(image.0, image.1, 2), 85), size);
    assert_eq!((made.width, made.height), expected);
    assert_eq!(pixels(&made).dimensions(), expected);
}

#[test]
fn each_way_to_fit_has_its_size() {
    check((600, 400), size(150, 150, Fit::Inside), (150, 100));
    check((400, 600), size(150, 150, Fit::Inside), (100, 150));
    check((600, 400), size(150, 120, Fit::Cover), (150, 120));
    check((600, 400), size(150, 50, Fit::Width), (150, 100));
    check((600, 400), size(0, 100, Fit::Inside), (150, 100));
    check((600, 20), size(60, 60, Fit::Inside), (60, 2));
    check((600, 2), size(60, 60, Fit::Inside), (60, 1));
}

#[test]
fn nothing_is_enlarged() {
    check((100, 60), size(480, 480, Fit::Inside), (100, 60));
    check((100, 60), size(480, 480, Fit::Width), (100, 60));
    check((100, 60), size(80, 480, Fit::Cover), (80, 60));
}

#[test]
fn a_crop_keeps_the_middle() {
    // Left third red, middle green, right third blue.
    let strip = image::RgbImage::from_fn(300, 100, |x, _| {
        image::Rgb([[255, 0, 0], [0, 255, 0], [0, 0, 255]][x as usize / 100])
    });
    let made = pixels(&make_one(&png(300, 100, ExtendedColorType::Rgb8, &strip, None), lossless(50, 50, Fit::Cover)));
    assert!((3..47).all(|x| made.get_pixel(x, 25).0 == [0, 255, 0]));
}

#[test]
fn several_sizes_come_in_the_order_asked_for_and_look_as_if_made_alone() {
    let bytes = jpeg(&scene(1000, 700, 3), 90);
    let sizes = [lossless(100, 100, Fit::Inside), lossless(640, 640, Fit::Inside), lossless(90, 90, Fit::Cover)];
    let (_, together) = make(&bytes, &sizes);
    for (size, made) in sizes.into_iter().zip(together.sizes) {
        let (made, alone) = (pixels(&made.unwrap()), pixels(&make_one(&bytes, size)));
        assert!(psnr(&made, &alone) > 38.0, "{:.1} dB", psnr(&made, &alone));
    }
}

#[test]
fn auto_writes_jpeg_unless_something_shows_through() {
    let rgba = |alpha: u8| vec![[200, 100, 50, alpha]; 64].concat();
    let write = |alpha| png(8, 8, ExtendedColorType::Rgba8, &rgba(alpha), None);
    assert_eq!(make_one(&write(255), size(8, 8, Fit::Inside)).media_type, MediaType::Jpeg);
    assert_eq!(make_one(&write(128), size(8, 8, Fit::Inside)).media_type, MediaType::WebP);
    let on_white = ThumbnailConfig { format: ThumbnailFormat::Jpeg, ..size(8, 8, Fit::Inside) };
    let made = pixels(&make_one(&write(0), on_white));
    assert!(made.pixels().all(|pixel| pixel.0.iter().all(|&value| value >= 254)));
}

#[test]
fn samples_of_every_depth_and_kind_are_shown() {
    let sixteen: Vec<u8> = (0..64_u16).flat_map(|at| [at * 1000; 3]).flat_map(u16::to_ne_bytes).collect();
    let made = pixels(&make_one(&png(8, 8, ExtendedColorType::Rgb16, &sixteen, None), lossless(8, 8, Fit::Inside)));
    for (at, pixel) in (0..64_u32).zip(made.pixels()) {
        assert_eq!(u32::from(pixel.0[0]), (at * 1000 + 128) / 257);
    }
    let gray: Vec<u8> = (0..64).map(|at| at * 4).collect();
    let made = make_one(&png(8, 8, ExtendedColorType::L8, &gray, None), lossless(8, 8, Fit::Inside));
    assert_eq!(pixels(&made).pixels().map(|pixel| pixel.0[1]).collect::<Vec<_>>(), gray);
    let (asset, _) = make(&png(8, 8, ExtendedColorType::L8, &gray, None), &[]);
    assert_eq!((asset.color_space.as_str(), asset.bit_depth, asset.alpha), ("gray", 8, false));
}

/// A TIFF with a palette (TIFF 6.0, section 5): one strip, not compressed, in either order of bytes.
fn indexed_tiff(side: u16, bits: u16, places: &[u8], map: &[u16], big: bool) -> Vec<u8> {
    let short = |number: u16| if big { number.to_be_bytes() } else { number.to_le_bytes() };
    let long = |number: usize| {
        let number = u32::try_from(number).expect("small");
        if big { number.to_be_bytes() } else { number.to_le_bytes() }
    };
    let (map_at, strip_at) = (8 + 2 + 10 * 12 + 4, 8 + 2 + 10 * 12 + 4 + 2 * map.len());
    let tags = [(256, side), (257, side), (258, bits), (259, 1), (262, 3)].map(|(tag, value)| (tag, 1, short(value)));
    let mut file = [if big { &b"MM"[..] } else { b"II" }, &short(42), &long(8), &short(10)].concat();
    let entry = |tag: u16, kind: u16, count: usize| [&short(tag)[..], &short(kind), &long(count)].concat();
    for (tag, count, value) in tags {
        file.extend([entry(tag, 3, count), value.to_vec(), vec![0; 2]].concat());
    }
    file.extend([entry(273, 4, 1), long(strip_at).to_vec()].concat());
    file.extend([entry(277, 3, 1), short(1).to_vec(), vec![0; 2]].concat());
    file.extend([entry(278, 4, 1), long(side.into()).to_vec()].concat());
    file.extend([entry(279, 4, 1), long(places.len()).to_vec()].concat());
    file.extend([entry(320, 3, map.len()), long(map_at).to_vec(), vec![0; 4]].concat());
    file.extend(map.iter().flat_map(|&value| short(value)));
    file.extend_from_slice(places);
    file
}

#[test]
fn a_tiff_with_a_palette_has_its_colors() {
    for big in [false, true] {
        let color = |at: u16| [at * 257, (255 - at) * 257, (at / 2) * 257];
        let map: Vec<u16> = (0..3).flat_map(|part| (0..256).map(move |at| color(at)[part])).collect();
        let places: Vec<u8> = (0..64).map(|at| at * 4).collect();
        let made = make_one(&indexed_tiff(8, 8, &places, &map, big), lossless(8, 8, Fit::Inside));
        let expected: Vec<[u8; 3]> = places.iter().map(|&at| [at, 255 - at, at / 2]).collect();
        assert_eq!(pixels(&made).pixels().map(|pixel| pixel.0).collect::<Vec<_>>(), expected);
        // One bit a sample: the second color where a bit is set.
        let map = [0x1000, 0xf0f0, 0x2000, 0x0f0f, 0x3000, 0x8080];
        let made = pixels(&make_one(&indexed_tiff(8, 1, &[0b1000_0001; 8], &map, big), lossless(8, 8, Fit::Inside)));
        assert_eq!([made.get_pixel(0, 3).0, made.get_pixel(1, 3).0], [[0xf0, 0x0f, 0x80], [0x10, 0x20, 0x30]]);
    }
}

#[test]
fn a_tiff_with_half_a_palette_has_a_reason() {
    let why = |bits: u16, map: &[u16]| {
        let bytes = indexed_tiff(8, bits, &[0; 64], map, false);
        make(&bytes, &[lossless(8, 8, Fit::Inside)]).1.sizes.remove(0).err()
    };
    for (bits, half) in [(8, 300), (4, 40)] {
        let reason = why(bits, &vec![0; half]);
        assert!(matches!(&reason, Some(MediaError::Damaged(reason)) if reason.contains("palette")), "{reason:?}");
    }
    assert_eq!(why(4, &[0; 48]), None, "a whole one");
}

#[test]
fn the_same_input_gives_the_same_bytes_on_every_thread() {
    let bytes = jpeg(&scene(500, 333, 4), 85);
    let webp = ThumbnailConfig { format: ThumbnailFormat::WebP, ..size(200, 200, Fit::Cover) };
    let sizes = [size(300, 300, Fit::Inside), lossless(120, 120, Fit::Inside), webp];
    let first = make(&bytes, &sizes);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(make(&bytes, &sizes), first));
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_rendition_fits_its_box_and_keeps_its_form(
        width in 1_u32..400, height in 1_u32..400, limit in (1_u32..300, 1_u32..300), cover in any::<bool>(),
    ) {
        let fit = if cover { Fit::Cover } else { Fit::Inside };
        let made = make_one(&jpeg(&scene(width, height, 9), 80), size(limit.0, limit.1, fit));
        prop_assert!(made.width <= limit.0.min(width) && made.height <= limit.1.min(height));
        prop_assert_eq!(pixels(&made).dimensions(), (made.width, made.height));
        if !cover {
            let scale = (f64::from(limit.0) / f64::from(width)).min(f64::from(limit.1) / f64::from(height)).min(1.0);
            prop_assert!((f64::from(made.width) - f64::from(width) * scale).abs() <= 1.0);
            prop_assert!((f64::from(made.height) - f64::from(height) * scale).abs() <= 1.0);
        }
    }
}
