//! Animations, frame by frame, by the decoders of the `image` crate.

use std::borrow::Cow;
use std::io::Cursor;
use std::time::{Duration, Instant};

use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::LoopCount;
use image::{AnimationDecoder, Frame, ImageDecoder};

use super::decoded::Decoded;
use super::image_decoder::{decoder_limits, reason};
use super::limits::{check_memory, check_size};
use super::{png_ico, webp};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::icc;
use crate::media::raster::{Channels, Raster};
use crate::model::{Asset, MediaType};

/// Iterates over the frames of an animation: whole images, each with its duration.
pub(in crate::media) struct Frames<'a> {
    composed: image::Frames<'a>,
    left: u32,
    deadline: Option<Instant>,
    /// How often the animation is played; 0 is forever.
    pub(in crate::media) loops: u16,
}

impl<'a> Frames<'a> {
    fn new(decoder: impl AnimationDecoder<'a>, limits: &MediaConfig) -> Self {
        let loops = match decoder.loop_count() {
            LoopCount::Infinite => 0,
            LoopCount::Finite(count) => u16::try_from(count.get()).unwrap_or(0),
        };
        let deadline = (!limits.max_time.is_zero()).then(|| Instant::now() + limits.max_time);
        Self { composed: decoder.into_frames(), left: limits.max_frames.max(1), deadline, loops }
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<(Raster, Duration), MediaError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            self.left = 0;
            return Some(Err(MediaError::OutOfTime));
        }
        let frame = self.composed.next()?;
        Some(frame.map_err(reason).and_then(to_raster))
    }
}

fn to_raster(frame: Frame) -> Result<(Raster, Duration), MediaError> {
    let duration = Duration::from(frame.delay());
    let pixels = frame.into_buffer();
    let (width, height) = pixels.dimensions();
    Ok((Raster::new(width, height, Channels::Rgba, pixels.into_raw())?, duration))
}

/// Opens an animation. The iterator ends at `limits.max_frames`.
pub(in crate::media) fn frames<'a>(
    bytes: &'a [u8],
    asset: &Asset,
    limits: &MediaConfig,
) -> Result<Frames<'a>, MediaError> {
    match asset.media_type {
        MediaType::Gif => gif(on_its_screen(bytes, asset), limits),
        MediaType::Png => png(bytes, limits),
        MediaType::WebP => animated_webp(bytes, limits),
        other => Err(MediaError::Unsupported(other)),
    }
}

/// A GIF whose screen has the size that was probed: that of the first frame, where the screen is too small for it.
fn on_its_screen<'a>(bytes: &'a [u8], asset: &Asset) -> Cow<'a, [u8]> {
    let declared = |at: usize| ByteReader(bytes).le16(at);
    let (Ok(width), Ok(height)) = (u16::try_from(asset.width), u16::try_from(asset.height)) else {
        return Cow::Borrowed(bytes);
    };
    if (declared(6), declared(8)) == (Some(width), Some(height)) || bytes.len() < 10 {
        return Cow::Borrowed(bytes);
    }
    let mut enlarged = bytes.to_vec();
    enlarged[6..8].copy_from_slice(&width.to_le_bytes());
    enlarged[8..10].copy_from_slice(&height.to_le_bytes());
    Cow::Owned(enlarged)
}

fn gif<'a>(bytes: Cow<'a, [u8]>, limits: &MediaConfig) -> Result<Frames<'a>, MediaError> {
    let mut decoder = GifDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    decoder.set_limits(decoder_limits(limits)).map_err(reason)?;
    check_canvas(decoder.dimensions(), limits)?;
    Ok(Frames::new(decoder, limits))
}

fn png<'a>(bytes: &'a [u8], limits: &MediaConfig) -> Result<Frames<'a>, MediaError> {
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), decoder_limits(limits)).map_err(reason)?;
    check_canvas(decoder.dimensions(), limits)?;
    Ok(Frames::new(decoder.apng().map_err(reason)?, limits))
}

fn animated_webp<'a>(bytes: &'a [u8], limits: &MediaConfig) -> Result<Frames<'a>, MediaError> {
    webp::check_frames(ByteReader(bytes))?;
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    if !decoder.has_animation() {
        return Err(MediaError::damaged("it has frames and says that it is no animation"));
    }
    decoder.set_limits(decoder_limits(limits)).map_err(reason)?;
    check_canvas(decoder.dimensions(), limits)?;
    Ok(Frames::new(decoder, limits))
}

/// Bytes of memory per pixel: the canvas, the frame and the copy that is handed out take four each.
pub(super) const BYTES_PER_PIXEL: u64 = 12;

fn check_canvas((width, height): (u32, u32), limits: &MediaConfig) -> Result<(), MediaError> {
    check_size(width, height, limits)?;
    check_memory(u64::from(width) * u64::from(height) * BYTES_PER_PIXEL, limits)
}

/// The first frame that is not blank, or the first if all are. Animations often fade in from nothing.
pub(super) fn first_shown(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    match search(bytes, asset, limits) {
        // The frames of an APNG may be damaged, or of a depth that is not decoded; its default image may still be good.
        Err(error) if asset.media_type == MediaType::Png => png_ico::png(bytes, limits).map_err(|_| error),
        other => other,
    }
}

fn search(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let profile = if asset.media_type == MediaType::WebP { icc::of_webp(bytes) } else { None };
    let mut first = None;
    for frame in frames(bytes, asset, limits)? {
        match frame {
            Ok((frame, _)) if !frame.is_blank() => return Ok(Decoded::interleaved(frame, profile)),
            Ok((frame, _)) => first = first.or(Some(frame)),
            // Frames before the damage can still be shown.
            Err(error) => return first.map(|frame| Decoded::interleaved(frame, profile)).ok_or(error),
        }
    }
    let frame = first.ok_or_else(|| MediaError::damaged("no frame"))?;
    Ok(Decoded::interleaved(frame, profile))
}
