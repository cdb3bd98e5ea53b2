//! Copies of one image are found among others.

use image::RgbImage;
use image::imageops::{FilterType, crop_imm, overlay, resize};
use offprint::testing::config::Fit;
use offprint::testing::media::similar::{Index, NEAR, distance, duplicate_groups};

use super::images::{jpeg, scene};
use super::measure::as_f64;
use super::{make, size};
use crate::corpus::say;
use crate::sandbox::is_thorough;

/// What happens to images on their way through the web: resized, compressed again, cropped by 2 %, marked by a logo.
fn copies(original: &RgbImage) -> [Vec<u8>; 5] {
    let (width, height) = original.dimensions();
    let smaller = resize(original, width / 2, height / 2, FilterType::Triangle);
    let cropped = crop_imm(original, width / 100, height / 100, width - width / 50, height - height / 50).to_image();
    let mut marked = original.clone();
    overlay(&mut marked, &RgbImage::from_pixel(width / 10, height / 12, image::Rgb([250, 250, 250])), 8, 8);
    [jpeg(original, 90), jpeg(&smaller, 85), jpeg(original, 45), jpeg(&cropped, 85), jpeg(&marked, 85)]
}

fn hash(bytes: &[u8]) -> u64 {
    make(bytes, &[size(160, 160, Fit::Inside)]).1.perceptual_hash.expect("the image has structure")
}

/// Precision and recall over all pairs of images: those of one original against those found.
fn rates(hashes: &[[u64; 5]]) -> (f64, f64) {
    let all: Vec<u64> = hashes.iter().flatten().copied().collect();
    let index = Index::new(&all);
    let (mut found, mut right) = (0, 0);
    for (number, &hash) in all.iter().enumerate() {
        for near in index.within(hash, NEAR).iter().filter(|near| near.number as usize != number) {
            found += 1;
            right += usize::from(near.number as usize / 5 == number / 5);
        }
    }
    (as_f64(right) / as_f64(found), as_f64(right) / as_f64(all.len() * 4))
}

#[test]
fn copies_are_found_and_strangers_are_not() {
    let images = if is_thorough() { 200 } else { 80 };
    let hashes: Vec<[u64; 5]> =
        (0..images).map(|seed| copies(&scene(192, 128, 1000 + seed)).map(|copy| hash(&copy))).collect();
    let (precision, recall) = rates(&hashes);
    say(&format!("five copies of each of {images} images: precision {precision:.4}, recall {recall:.4}"));
    assert!(precision >= 0.99 && recall >= 0.95, "precision {precision:.4}, recall {recall:.4}");
    let all: Vec<u64> = hashes.iter().flatten().copied().collect();
    let groups = duplicate_groups(&all, NEAR);
    let pure = groups.iter().filter(|group| group.iter().all(|member| member / 5 == group[0] / 5)).count();
    assert!(as_f64(pure) >= 0.99 * as_f64(groups.len()), "{pure} of {}", groups.len());
}

#[test]
fn the_hash_does_not_depend_on_the_sizes_asked_for() {
    let bytes = jpeg(&scene(900, 600, 77), 88);
    let with = |sizes: &[_]| make(&bytes, sizes).1.perceptual_hash.expect("the image has structure");
    let hashes = [
        with(&[]),
        with(&[size(64, 64, Fit::Cover)]),
        with(&[size(700, 700, Fit::Inside), size(100, 100, Fit::Inside)]),
        with(&[super::lossless(200, 200, Fit::Inside)]),
    ];
    for hash in hashes {
        assert!(distance(hash, hashes[0]) <= 3, "{}", distance(hash, hashes[0]));
    }
}
