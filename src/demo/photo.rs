//! Generated images: a landscape for every seed, always the same one for the same seed.

use std::io::Cursor;

use fastrand::Rng;
use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, Frame, ImageFormat, ImageResult, RgbImage};

/// The longest side: that of WebP (RFC 9649, section 3.4).
const LONGEST: u16 = 16_383;

/// An image that can be had in several formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Photo {
    seed: u64,
    width: u16,
    height: u16,
}

impl Photo {
    /// The image of this seed in this size in pixels, of which each side is brought into 1 to 16383.
    pub fn new(seed: u64, width: u16, height: u16) -> Self {
        Self { seed, width: width.clamp(1, LONGEST), height: height.clamp(1, LONGEST) }
    }

    /// As a JPEG of quality 85.
    pub fn jpeg(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (pixels, width, height) = (self.paint(0), self.width.into(), self.height.into());
        fits(JpegEncoder::new_with_quality(&mut bytes, 85).encode(&pixels, width, height, ExtendedColorType::Rgb8));
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
        let mut pixels = Vec::with_capacity(usize::from(self.width) * usize::from(self.height) * 3);
        for row in 0..self.height {
            let palette = scene.palette(row);
            for column in 0..self.width {
                let noise = grain.u8(..12);
                let color = palette[scene.layer(column, row)];
                pixels.extend_from_slice(&color.map(|channel| channel.saturating_add(noise)));
            }
        }
        RgbImage::from_raw(self.width.into(), self.height.into(), pixels).expect("every pixel has its three bytes")
    }
}

/// Takes the outcome of encoding to memory, which cannot fail for sides that fit every format.
fn fits(outcome: ImageResult<()>) {
    outcome.expect("an image of at most 16383 pixels a side is encoded in memory");
}

/// What an image shows: sky, a sun, three ranges of hills. All of it is computed for columns and rows, not for pixels.
struct Scene {
    height: f32,
    zenith: [u8; 3],
    horizon: [u8; 3],
    hills: [[u8; 3]; 3],
    /// For each column the row in which each range of hills begins, the nearest range first.
    crests: Vec<[u16; 3]>,
    /// Column and row of the sun's middle, and the square of its radius.
    sun: (i32, i32, i32),
}

/// The sun's place in a palette; the ranges of hills come after it.
const SUN: usize = 1;

impl Scene {
    #[expect(clippy::cast_possible_truncation, reason = "the sides are below 2^14, and so is everything within them")]
    fn of(photo: Photo, step: u16) -> Self {
        let mut rng = Rng::with_seed(photo.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut color = |from: u8, to: u8| [rng.u8(from..to), rng.u8(from..to), rng.u8(from..to)];
        let (zenith, horizon) = (color(20, 130), color(150, 250));
        let hills = [color(10, 70), color(50, 120), color(90, 170)];
        let (width, height) = (f32::from(photo.width), f32::from(photo.height));
        let waves = [0.8, 0.65, 0.5].map(|crest| Wave::new(crest, &mut rng));
        let crest = |column: u16| waves.map(|wave| wave.at(f32::from(column) / width, height));
        let high = 0.2 + rng.f32() * 0.25 - f32::from(step) * 0.02;
        let radius = width.min(height) * (0.05 + rng.f32() * 0.08);
        let sun = ((width * (0.1 + rng.f32() * 0.8)) as i32, (height * high) as i32, (radius * radius) as i32);
        Self { height, zenith, horizon, hills, crests: (0..photo.width).map(crest).collect(), sun }
    }

    /// The colours of one row: of the sky, the sun, and each range of hills.
    fn palette(&self, row: u16) -> [[u8; 3]; 5] {
        let down = f32::from(row) / self.height;
        let [near, middle, far] = self.hills.map(|color| mix(color, self.zenith, (1.0 - down) * 0.5));
        [mix(self.zenith, self.horizon, down * 1.6), [243, 232, 200], near, middle, far]
    }

    /// Which colour of the palette stands in a place.
    fn layer(&self, column: u16, row: u16) -> usize {
        let crests = &self.crests[usize::from(column)];
        if let Some(nearest) = crests.iter().position(|crest| row >= *crest) {
            return SUN + 1 + nearest;
        }
        let (x, y, square) = self.sun;
        let (dx, dy) = (i32::from(column) - x, i32::from(row) - y);
        if dx * dx + dy * dy < square { SUN } else { 0 }
    }
}

/// The line of a range of hills against what is behind it, in parts of the image's height and width.
#[derive(Clone, Copy)]
struct Wave {
    crest: f32,
    swing: f32,
    waves: f32,
    shift: f32,
}

impl Wave {
    fn new(crest: f32, rng: &mut Rng) -> Self {
        Self { crest, swing: 0.03 + rng.f32() * 0.1, waves: 3.0 + rng.f32() * 12.0, shift: rng.f32() * 6.0 }
    }

    /// The row of the crest.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a height below 2^14")]
    fn at(self, across: f32, height: f32) -> u16 {
        let crest = self.crest + self.swing * (across * self.waves + self.shift).sin();
        (crest * height) as u16
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
        let image = image::load_from_memory(bytes).unwrap().into_rgb8();
        assert_eq!(image.dimensions(), (120, 80), "{format:?}");
        let colors: HashSet<_> = image.pixels().collect();
        assert!(colors.len() > 100, "{format:?} has only {} colours: that is no image", colors.len());
    }

    #[test]
    fn every_format_decodes_to_an_image_of_the_size_asked_for() {
        let photo = Photo::new(7, 120, 80);
        check(&photo.jpeg(), ImageFormat::Jpeg);
        check(&photo.png(), ImageFormat::Png);
        check(&photo.webp(), ImageFormat::WebP);
        check(&photo.animated_gif(1), ImageFormat::Gif);
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
    fn the_seed_decides_the_image() {
        assert_eq!(Photo::new(1, 60, 40).jpeg(), Photo::new(1, 60, 40).jpeg());
        assert_ne!(Photo::new(1, 60, 40).jpeg(), Photo::new(2, 60, 40).jpeg());
    }

    #[test]
    fn sides_are_brought_into_what_every_format_holds() {
        let image = image::load_from_memory(&Photo::new(1, 0, 0).png()).unwrap();
        assert_eq!((image.width(), image.height()), (1, 1));
    }
}
