//! Pictures made on the spot: a landscape for every seed, always the same one for the same seed.

use std::io::Cursor;

use fastrand::Rng;
use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, Frame, ImageFormat, ImageResult, Rgb, RgbImage};

/// The longest side: that of WebP (RFC 9649, section 3.4).
const LONGEST: u16 = 16_383;

/// A picture that can be had in several formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Photo {
    seed: u64,
    width: u16,
    height: u16,
}

impl Photo {
    /// The picture of this seed in this size in pixels, of which each side is brought into 1 to 16383.
    pub fn new(seed: u64, width: u16, height: u16) -> Self {
        Self { seed, width: width.clamp(1, LONGEST), height: height.clamp(1, LONGEST) }
    }

    /// As a JPEG of quality 85.
    pub fn jpeg(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        fits(JpegEncoder::new_with_quality(&mut bytes, 85).encode_image(&self.paint(0)));
        bytes
    }

    /// As a PNG.
    pub fn png(self) -> Vec<u8> {
        self.encode(ImageFormat::Png)
    }

    /// As a lossless WebP.
    pub fn webp(self) -> Vec<u8> {
        self.encode(ImageFormat::WebP)
    }

    /// As a GIF.
    pub fn gif(self) -> Vec<u8> {
        self.animated_gif(1)
    }

    /// As a GIF in which the sun rises, in so many frames.
    pub fn animated_gif(self, frames: u16) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
        if frames > 1 {
            fits(encoder.set_repeat(Repeat::Infinite));
        }
        for step in 0..frames {
            let frame = DynamicImage::ImageRgb8(self.paint(step)).into_rgba8();
            fits(encoder.encode_frame(Frame::new(frame)));
        }
        drop(encoder);
        bytes
    }

    fn encode(self, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        fits(self.paint(0).write_to(&mut bytes, format));
        bytes.into_inner()
    }

    /// The pixels; with every step the sun stands a little higher.
    fn paint(self, step: u16) -> RgbImage {
        let scene = Scene::of(self, step);
        let mut grain = Rng::with_seed(self.seed);
        RgbImage::from_fn(self.width.into(), self.height.into(), |x, y| {
            let noise = i32::from(grain.i8(-6..=6));
            Rgb(scene.color(x, y).map(|channel| u8::try_from((i32::from(channel) + noise).clamp(0, 255)).unwrap_or(0)))
        })
    }
}

/// A small PNG of 16 by 16 pixels that differs from that of every other seed: for tests with thousands of images.
pub fn tiny(seed: u64) -> Vec<u8> {
    let mut rng = Rng::with_seed(seed);
    let mut picture = RgbImage::from_fn(16, 16, |_, _| Rgb([rng.u8(..), rng.u8(..), rng.u8(..)]));
    for (channel, byte) in picture.iter_mut().zip(seed.to_le_bytes()) {
        *channel = byte;
    }
    let mut bytes = Cursor::new(Vec::new());
    fits(picture.write_to(&mut bytes, ImageFormat::Png));
    bytes.into_inner()
}

/// Takes the outcome of encoding to memory, which cannot fail for sides that fit every format.
fn fits(outcome: ImageResult<()>) {
    outcome.expect("a picture of at most 16383 pixels a side is encoded in memory");
}

/// What a picture shows: sky, a sun, three ranges of hills.
struct Scene {
    width: f32,
    height: f32,
    zenith: [u8; 3],
    horizon: [u8; 3],
    sun: (f32, f32, f32),
    hills: [Hills; 3],
}

/// A range of hills: its colour, and the wave of its crest in parts of the picture's height and width.
#[derive(Clone, Copy)]
struct Hills {
    color: [u8; 3],
    crest: f32,
    swing: f32,
    waves: f32,
    shift: f32,
}

impl Scene {
    fn of(photo: Photo, step: u16) -> Self {
        let mut rng = Rng::with_seed(photo.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut color = |from: u8, to: u8| [rng.u8(from..to), rng.u8(from..to), rng.u8(from..to)];
        let (zenith, horizon) = (color(20, 130), color(150, 250));
        let colors = [color(90, 170), color(50, 120), color(10, 70)];
        let height = 0.15 + rng.f32() * 0.3 - f32::from(step) * 0.02;
        let sun = (0.1 + rng.f32() * 0.8, height, 0.04 + rng.f32() * 0.08);
        let hills = [0.5, 0.65, 0.8].map(|crest| Hills {
            color: colors[0],
            crest,
            swing: 0.03 + rng.f32() * 0.1,
            waves: 3.0 + rng.f32() * 12.0,
            shift: rng.f32() * 6.0,
        });
        let hills = [0, 1, 2].map(|nth| Hills { color: colors[nth], ..hills[nth] });
        Self { width: photo.width.into(), height: photo.height.into(), zenith, horizon, sun, hills }
    }

    #[expect(clippy::cast_precision_loss, reason = "the sides are below 2^14, which f32 holds exactly")]
    fn color(&self, x: u32, y: u32) -> [u8; 3] {
        let (across, down) = (x as f32 / self.width, y as f32 / self.height);
        let front = self.hills.iter().rev().find(|hills| hills.cover(across, down));
        if let Some(hills) = front {
            return mix(hills.color, self.zenith, (down - hills.crest).clamp(0.0, 0.4));
        }
        let (sun_x, sun_y, radius) = self.sun;
        let (dx, dy) = (across - sun_x, (down - sun_y) * self.height / self.width);
        if dx * dx + dy * dy < radius * radius {
            return [255, 244, 214];
        }
        mix(self.zenith, self.horizon, down * 1.6)
    }
}

impl Hills {
    fn cover(&self, across: f32, down: f32) -> bool {
        down > self.crest + self.swing * (across * self.waves + self.shift).sin()
    }
}

/// A colour between two, at a part of the way from the first.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a value between two of 0 to 255 is one")]
fn mix(from: [u8; 3], to: [u8; 3], part: f32) -> [u8; 3] {
    let part = part.clamp(0.0, 1.0);
    std::array::from_fn(|channel| {
        let (from, to) = (f32::from(from[channel]), f32::from(to[channel]));
        (from + (to - from) * part) as u8
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn check(bytes: &[u8], format: ImageFormat) {
        assert_eq!(image::guess_format(bytes).unwrap(), format);
        let picture = image::load_from_memory(bytes).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (120, 80), "{format:?}");
        let colors: HashSet<_> = picture.pixels().collect();
        assert!(colors.len() > 100, "{format:?} has only {} colours: that is no picture", colors.len());
    }

    #[test]
    fn every_format_decodes_to_a_picture_of_the_size_asked_for() {
        let photo = Photo::new(7, 120, 80);
        check(&photo.jpeg(), ImageFormat::Jpeg);
        check(&photo.png(), ImageFormat::Png);
        check(&photo.webp(), ImageFormat::WebP);
        check(&photo.gif(), ImageFormat::Gif);
        check(&photo.animated_gif(3), ImageFormat::Gif);
    }

    #[test]
    fn an_animation_has_its_frames_and_they_differ() {
        use image::AnimationDecoder;
        let gif = Photo::new(7, 64, 64).animated_gif(3);
        let frames = image::codecs::gif::GifDecoder::new(Cursor::new(gif)).unwrap().into_frames();
        let frames: Vec<_> = frames.map(|frame| frame.unwrap().into_buffer()).collect();
        assert_eq!(frames.len(), 3);
        assert_ne!(frames[0], frames[2]);
    }

    #[test]
    fn the_seed_decides_the_picture() {
        assert_eq!(Photo::new(1, 60, 40).jpeg(), Photo::new(1, 60, 40).jpeg());
        assert_ne!(Photo::new(1, 60, 40).jpeg(), Photo::new(2, 60, 40).jpeg());
    }

    #[test]
    fn sides_are_brought_into_what_every_format_holds() {
        let picture = image::load_from_memory(&Photo::new(1, 0, 0).png()).unwrap();
        assert_eq!((picture.width(), picture.height()), (1, 1));
    }

    #[test]
    fn tiny_pictures_are_small_valid_and_all_different() {
        let all: HashSet<_> = (0..2_000).map(tiny).collect();
        assert_eq!(all.len(), 2_000);
        let one = all.iter().next().unwrap();
        assert!(one.len() < 1_000);
        assert_eq!(image::load_from_memory(one).unwrap().width(), 16);
    }
}
