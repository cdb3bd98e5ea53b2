//! Images made in code.

use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};

/// An image with edges, gradients and texture, different for every seed, and the same every time.
pub(super) fn scene(width: u32, height: u32, seed: u64) -> RgbImage {
    let mut random = fastrand::Rng::with_seed(seed);
    let shapes: Vec<Shape> = (0..24).map(|_| Shape::random(&mut random)).collect();
    let tilt = (random.f32() * 2.0 - 1.0, random.f32() * 2.0 - 1.0);
    #[expect(clippy::cast_precision_loss, reason = "sides of images are far below 2^24")]
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let mut color = [110.0 + 90.0 * tilt.0 * (u - 0.5), 120.0 + 90.0 * tilt.1 * (v - 0.5), 140.0 - 60.0 * u * v];
        for shape in shapes.iter().filter(|shape| shape.covers(u, v)) {
            color = shape.color;
        }
        let texture = 6.0 * ((u * 90.0).sin() * (v * 70.0).cos());
        Rgb(color.map(|value| clamp(value + texture)))
    })
}

struct Shape {
    at: (f32, f32),
    reach: (f32, f32),
    round: bool,
    color: [f32; 3],
}

impl Shape {
    fn random(random: &mut fastrand::Rng) -> Self {
        Self {
            at: (random.f32(), random.f32()),
            reach: (0.03 + 0.2 * random.f32(), 0.03 + 0.2 * random.f32()),
            round: random.bool(),
            color: [0; 3].map(|_| 20.0 + 215.0 * random.f32()),
        }
    }

    fn covers(&self, u: f32, v: f32) -> bool {
        let (x, y) = ((u - self.at.0) / self.reach.0, (v - self.at.1) / self.reach.1);
        if self.round { x * x + y * y < 1.0 } else { x.abs() < 1.0 && y.abs() < 1.0 }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
pub(super) fn clamp(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

pub(super) fn jpeg(image: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    encoder.write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8).expect("it can be written");
    bytes
}

pub(super) fn png(width: u32, height: u32, color: ExtendedColorType, data: &[u8], profile: Option<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile).expect("PNG holds profiles");
    }
    encoder.write_image(data, width, height, color).expect("it can be written");
    bytes
}

/// A JPEG with an EXIF block: an orientation, a date, and a position that must never leave.
pub(super) fn jpeg_with_exif(image: &RgbImage, orientation: u8) -> Vec<u8> {
    let plain = jpeg(image, 95);
    let block = exif(orientation);
    let length = u16::try_from(block.len() + 8).expect("the block is short").to_be_bytes();
    [&plain[..2], b"\xff\xe1", &length, b"Exif\0\0", &block, &plain[2..]].concat()
}

/// A TIFF structure with orientation (274), the EXIF directory (34665) with a date, and the GPS directory (34853).
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    block.extend_from_slice(&3_u16.to_le_bytes());
    block.extend(entry(274, 3, 1, orientation.into()));
    block.extend(entry(34665, 4, 1, 50));
    block.extend(entry(34853, 4, 1, 88));
    block.extend_from_slice(&[0; 4]);
    block.extend_from_slice(&1_u16.to_le_bytes());
    block.extend(entry(36867, 2, 20, 68));
    block.extend_from_slice(&[0; 4]);
    block.extend_from_slice(b"2024:05:17 10:20:30\0");
    block.extend_from_slice(&1_u16.to_le_bytes());
    block.extend(entry(1, 2, 2, u32::from_le_bytes(*b"N\0\0\0")));
    block.extend_from_slice(b"GPS-SECRET-POSITION");
    block
}
