//! Animations: a still that shows something, or a small animation.

use image::codecs::gif::{GifEncoder, Repeat};
use image::{AnimationDecoder, Delay, Frame, Rgba, RgbaImage};
use offprint::testing::config::{Animation, Fit, ThumbnailConfig, ThumbnailFormat};
use offprint::testing::media::probe;
use offprint::testing::model::{Ending, MediaType};

use super::measure::{decoded, pixels};
use super::{limits, lossless, make_one, size};

const BLANK: [u8; 4] = [255, 255, 255, 255];
const COLORS: [[u8; 4]; 3] = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255]];

/// A frame with a box of some color on white; blank where the color is white.
fn frame(color: [u8; 4], millis: u32) -> Frame {
    let inside = |at: u32| (20..60).contains(&at);
    let image = RgbaImage::from_fn(80, 80, |x, y| Rgba(if inside(x) && inside(y) { color } else { BLANK }));
    Frame::from_parts(image, 0, 0, Delay::from_numer_denom_ms(millis, 1))
}

fn gif(frames: Vec<Frame>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.set_repeat(Repeat::Infinite).expect("it can be set");
    encoder.encode_frames(frames).expect("it can be written");
    drop(encoder);
    bytes
}

fn fading_in() -> Vec<u8> {
    let shown = COLORS.map(|color| frame(color, 200));
    gif([vec![frame(BLANK, 500)], shown.to_vec()].concat())
}

fn keep(side: u32) -> ThumbnailConfig {
    ThumbnailConfig { animation: Animation::Keep, ..size(side, side, Fit::Inside) }
}

#[test]
fn a_screen_that_is_too_small_for_its_first_frame_is_enlarged() {
    let whole = gif(COLORS[..2].iter().map(|color| frame(*color, 200)).collect());
    for (width, height) in [(0_u16, 0_u16), (10, 200), (79, 80)] {
        let mut bytes = whole.clone();
        bytes[6..8].copy_from_slice(&width.to_le_bytes());
        bytes[8..10].copy_from_slice(&height.to_le_bytes());
        let asset = probe(&bytes, &limits());
        assert_eq!((asset.width, asset.height), (80, u32::from(height.max(80))));
        let made = pixels(&make_one(&bytes, lossless(200, 200, Fit::Inside)));
        assert_eq!((made.dimensions(), made.get_pixel(40, 40).0), ((80, asset.height), [255, 0, 0]));
    }
}

#[test]
fn a_still_shows_the_first_frame_that_is_not_blank() {
    let bytes = fading_in();
    let asset = probe(&bytes, &limits());
    assert_eq!((asset.media_type, asset.frames, asset.ending), (MediaType::Gif, 4, Ending::Whole));
    let made = pixels(&make_one(&bytes, lossless(40, 40, Fit::Inside)));
    assert_eq!(made.get_pixel(20, 20).0, [255, 0, 0]);
    assert_eq!(made.get_pixel(2, 2).0, [255, 255, 255]);
}

#[test]
fn an_animation_of_blank_frames_still_has_a_thumbnail() {
    let made = make_one(&gif(vec![frame(BLANK, 100), frame(BLANK, 100)]), lossless(40, 40, Fit::Inside));
    assert!(pixels(&made).pixels().all(|pixel| pixel.0 == [255, 255, 255]));
}

/// An animated WebP with a transparent frame.
pub(super) fn with_alpha() -> Vec<u8> {
    let through = |seed: u8| frame([seed, 0, 0, 0], 200);
    make_one(&gif(vec![through(1), frame(COLORS[0], 200)]), keep(40)).bytes
}

#[test]
fn an_animated_thumbnail_has_all_frames_and_their_durations() {
    let made = make_one(&fading_in(), keep(40));
    assert_eq!((made.media_type, made.width, made.height), (MediaType::WebP, 40, 40));
    let asset = probe(&made.bytes, &limits());
    assert_eq!((asset.frames, asset.width, asset.height, asset.ending), (4, 40, 40, Ending::Whole));
    let decoder = image::codecs::webp::WebPDecoder::new(std::io::Cursor::new(&made.bytes)).expect("it can be read");
    assert!(matches!(decoder.loop_count(), image::metadata::LoopCount::Infinite));
    let frames = decoder.into_frames().collect_frames().expect("every frame can be read");
    let durations: Vec<u32> = frames.iter().map(|frame| frame.delay().numer_denom_ms().0).collect();
    assert_eq!(durations, [500, 200, 200, 200]);
    for (frame, color) in frames.iter().skip(1).zip(COLORS) {
        let seen = frame.buffer().get_pixel(20, 20).0;
        assert!(seen.iter().zip(color).all(|(a, b)| a.abs_diff(b) < 16), "{seen:?} is not {color:?}");
    }
}

#[test]
fn frames_that_repeat_are_shown_longer_and_hasty_ones_slower() {
    let made = make_one(&gif(vec![frame(COLORS[0], 50), frame(COLORS[0], 70), frame(COLORS[1], 0)]), keep(40));
    let decoder = image::codecs::webp::WebPDecoder::new(std::io::Cursor::new(&made.bytes)).expect("it can be read");
    let frames = decoder.into_frames().collect_frames().expect("every frame can be read");
    assert_eq!(frames.iter().map(|frame| frame.delay().numer_denom_ms().0).collect::<Vec<_>>(), [120, 100]);
}

#[test]
fn what_cannot_move_or_may_not_is_a_still() {
    let bytes = fading_in();
    let as_jpeg = ThumbnailConfig { format: ThumbnailFormat::Jpeg, ..keep(40) };
    assert_eq!(make_one(&bytes, as_jpeg).media_type, MediaType::Jpeg);
    let few = offprint::testing::config::MediaConfig { max_frames: 3, ..limits() };
    let asset = probe(&bytes, &few);
    let made =
        offprint::testing::media::thumbnails(&bytes, &asset, &[keep(40)], &few).sizes.remove(0).expect("a still");
    assert_eq!(made.media_type, MediaType::Jpeg);
    assert_eq!(decoded(&made.bytes).dimensions(), (40, 40));
}
