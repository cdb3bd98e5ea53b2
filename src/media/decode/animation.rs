//! Animations, frame by frame, by the decoders of the `image` crate.

use std::io::Cursor;
use std::time::{Duration, Instant};

use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::LoopCount;
use image::{AnimationDecoder, Frame, ImageDecoder};

use super::super::error::MediaError;
use super::super::fields::Fields;
use super::super::icc;
use super::super::picture::{Channels, Picture};
use super::raster::{bounds, reason};
use super::{Decoded, check_memory, check_size, raster, webp};
use crate::config::MediaConfig;
use crate::model::{Asset, MediaType};

/// The frames of an animation, each a whole picture with how long it is shown.
pub(in crate::media) struct Frames<'a> {
    composed: image::Frames<'a>,
    left: u32,
    until: Option<Instant>,
    /// How often it is played; 0 is forever.
    pub(in crate::media) loops: u16,
}

impl<'a> Frames<'a> {
    fn new(decoder: impl AnimationDecoder<'a>, limits: &MediaConfig) -> Self {
        let loops = match decoder.loop_count() {
            LoopCount::Infinite => 0,
            LoopCount::Finite(count) => u16::try_from(count.get()).unwrap_or(0),
        };
        let until = (!limits.max_time.is_zero()).then(|| Instant::now() + limits.max_time);
        Self { composed: decoder.into_frames(), left: limits.max_frames.max(1), until, loops }
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<(Picture, Duration), MediaError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        if self.until.is_some_and(|until| Instant::now() > until) {
            self.left = 0;
            return Some(Err(MediaError::OutOfTime));
        }
        let frame = self.composed.next()?;
        Some(frame.map_err(reason).and_then(whole))
    }
}

fn whole(frame: Frame) -> Result<(Picture, Duration), MediaError> {
    let shown = Duration::from(frame.delay());
    let pixels = frame.into_buffer();
    let (width, height) = pixels.dimensions();
    Ok((Picture::new(width, height, Channels::Rgba, pixels.into_raw())?, shown))
}

/// Opens an animation. It yields no more frames than the limits allow.
pub(in crate::media) fn frames<'a>(
    bytes: &'a [u8],
    asset: &Asset,
    limits: &MediaConfig,
) -> Result<Frames<'a>, MediaError> {
    let source = Cursor::new(bytes);
    match asset.media_type {
        MediaType::Gif => {
            let mut decoder = GifDecoder::new(source).map_err(reason)?;
            decoder.set_limits(bounds(limits)).map_err(reason)?;
            fits(decoder.dimensions(), limits)?;
            Ok(Frames::new(decoder, limits))
        }
        MediaType::Png => {
            let decoder = PngDecoder::with_limits(source, bounds(limits)).map_err(reason)?;
            fits(decoder.dimensions(), limits)?;
            Ok(Frames::new(decoder.apng().map_err(reason)?, limits))
        }
        MediaType::WebP => {
            webp::check_frames(Fields(bytes))?;
            let mut decoder = WebPDecoder::new(source).map_err(reason)?;
            if !decoder.has_animation() {
                return Err(MediaError::damaged("it has frames and says that it is no animation"));
            }
            decoder.set_limits(bounds(limits)).map_err(reason)?;
            fits(decoder.dimensions(), limits)?;
            Ok(Frames::new(decoder, limits))
        }
        other => Err(MediaError::Unsupported(other)),
    }
}

/// Bytes a pixel: a frame is composed on a canvas; the canvas, the frame and the copy handed out take four each.
pub(super) const PER_PIXEL: u64 = 12;

fn fits((width, height): (u32, u32), limits: &MediaConfig) -> Result<(), MediaError> {
    check_size(width, height, limits)?;
    check_memory(u64::from(width) * u64::from(height) * PER_PIXEL, limits)
}

/// The first frame that is not blank, or the first where all are. Animations often fade in from nothing.
pub(super) fn first_shown(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    match search(bytes, asset, limits) {
        // The frames of a PNG may be damaged, or of a depth that is not decoded; its default picture may still be good.
        Err(error) if asset.media_type == MediaType::Png => raster::png(bytes, limits).map_err(|_| error),
        other => other,
    }
}

fn search(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let profile = if asset.media_type == MediaType::WebP { icc::of_webp(bytes) } else { None };
    let mut first = None;
    for frame in frames(bytes, asset, limits)? {
        match frame {
            Ok((picture, _)) if !picture.is_blank() => return Ok(Decoded::packed(picture, profile)),
            Ok((picture, _)) => first = first.or(Some(picture)),
            // What comes before the damage can still be shown.
            Err(error) => return first.map(|picture| Decoded::packed(picture, profile)).ok_or(error),
        }
    }
    let picture = first.ok_or_else(|| MediaError::damaged("it has no frame"))?;
    Ok(Decoded::packed(picture, profile))
}
