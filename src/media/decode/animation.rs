//! Animations, frame by frame, by the decoders of the `image` crate.

use std::io::Cursor;
use std::time::Duration;

use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{AnimationDecoder, Frame, ImageDecoder};

use super::super::error::MediaError;
use super::super::icc;
use super::super::picture::{Channels, Picture};
use super::raster::{bounds, reason};
use super::{Decoded, check_memory, check_size};
use crate::config::MediaConfig;
use crate::model::{Asset, MediaType};

/// The frames of an animation, each a whole picture with how long it is shown.
pub(in crate::media) struct Frames<'a> {
    frames: image::Frames<'a>,
    left: u32,
}

impl Iterator for Frames<'_> {
    type Item = Result<(Picture, Duration), MediaError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let frame = self.frames.next()?;
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
    let frames = match asset.media_type {
        MediaType::Gif => {
            let mut decoder = GifDecoder::new(source).map_err(reason)?;
            decoder.set_limits(bounds(limits)).map_err(reason)?;
            fits(decoder.dimensions(), limits)?;
            decoder.into_frames()
        }
        MediaType::Png => {
            let decoder = PngDecoder::with_limits(source, bounds(limits)).map_err(reason)?;
            fits(decoder.dimensions(), limits)?;
            decoder.apng().map_err(reason)?.into_frames()
        }
        MediaType::WebP => {
            let mut decoder = WebPDecoder::new(source).map_err(reason)?;
            decoder.set_limits(bounds(limits)).map_err(reason)?;
            fits(decoder.dimensions(), limits)?;
            decoder.into_frames()
        }
        other => return Err(MediaError::Unsupported(other)),
    };
    Ok(Frames { frames, left: limits.max_frames.max(1) })
}

/// A frame is composed on a canvas: the canvas, the frame and the copy handed out, four bytes a pixel each.
fn fits((width, height): (u32, u32), limits: &MediaConfig) -> Result<(), MediaError> {
    check_size(width, height, limits)?;
    check_memory(u64::from(width) * u64::from(height) * 12, limits)
}

/// The first frame that is not blank, or the first where all are. Animations often fade in from nothing.
pub(super) fn first_shown(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Decoded, MediaError> {
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
