//! Animated renditions, in WebP (RFC 9649, section 2.7).

use std::time::Duration;

use super::byte_reader::ByteReader;
use super::decode::frames;
use super::encode::webp_bytes;
use super::error::MediaError;
use super::raster::Raster;
use super::rendition::Rendition;
use super::riff::Chunks;
use crate::config::MediaConfig;
use crate::model::{Asset, MediaType};

/// A frame shorter than this is shown for [`SUBSTITUTE`] instead, as in all browsers. Such durations come from tools that
/// meant "as fast as possible" when that was slow.
const TOO_SHORT: Duration = Duration::from_millis(11);

/// The duration of a frame that has no sensible one.
const SUBSTITUTE: Duration = Duration::from_millis(100);

/// An animated rendition. `process` scales a frame and makes it what a viewer sees.
pub(super) fn rendition(
    bytes: &[u8],
    asset: &Asset,
    quality: u8,
    limits: &MediaConfig,
    process: impl Fn(Raster) -> Result<Raster, MediaError>,
) -> Result<Rendition, MediaError> {
    let frames = frames(bytes, asset, limits)?;
    let mut writer = WebPAnimation { loops: frames.loops, ..WebPAnimation::default() };
    let mut last: Option<Raster> = None;
    for frame in frames {
        let (frame, duration) = frame?;
        let frame = process(frame)?;
        let duration = if duration < TOO_SHORT { SUBSTITUTE } else { duration };
        if last.as_ref().is_some_and(|last| last.data == frame.data) {
            writer.extend_last(duration);
        } else {
            writer.add(&frame, duration, &webp_bytes(&frame, quality)?)?;
            last = Some(frame);
        }
    }
    let last = last.ok_or_else(|| MediaError::damaged("no frame"))?;
    let bytes = writer.finish(last.width, last.height);
    Ok(Rendition { media_type: MediaType::WebP, width: last.width, height: last.height, bytes })
}

/// Encoded frames, to be put into one file. Each replaces the whole canvas.
#[derive(Default)]
struct WebPAnimation {
    frames: Vec<(Duration, Vec<u8>)>,
    transparent: bool,
    loops: u16,
}

impl WebPAnimation {
    /// Adds a frame that is encoded as a still WebP file.
    fn add(&mut self, frame: &Raster, duration: Duration, file: &[u8]) -> Result<(), MediaError> {
        let mut body = vec![0; 6];
        body.extend_from_slice(&le24(frame.width - 1));
        body.extend_from_slice(&le24(frame.height - 1));
        body.extend_from_slice(&[0; 3]);
        // Bit 1: the frame replaces the canvas, instead of being blended with it.
        body.push(0b10);
        let header = body.len();
        copy_bitstream(ByteReader(file), &mut body);
        if body.len() == header {
            return Err(MediaError::Encode("libwebp wrote no image".to_owned()));
        }
        self.transparent |= frame.channels.has_alpha();
        self.frames.push((duration, body));
        Ok(())
    }

    /// Shows the last frame longer.
    fn extend_last(&mut self, duration: Duration) {
        if let Some((shown, _)) = self.frames.last_mut() {
            *shown += duration;
        }
    }

    /// The file.
    fn finish(self, width: u32, height: u32) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        let mut features = vec![0x02 | u8::from(self.transparent) << 4, 0, 0, 0];
        features.extend_from_slice(&le24(width - 1));
        features.extend_from_slice(&le24(height - 1));
        write_chunk(&mut file, b"VP8X", &features);
        let [low, high] = self.loops.to_le_bytes();
        write_chunk(&mut file, b"ANIM", &[0, 0, 0, 0, low, high]);
        for (duration, mut body) in self.frames {
            let millis = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX).min(0xff_ffff);
            body[12..15].copy_from_slice(&le24(millis));
            write_chunk(&mut file, b"ANMF", &body);
        }
        let length = u32::try_from(file.len() - 8).unwrap_or(u32::MAX);
        file[4..8].copy_from_slice(&length.to_le_bytes());
        file
    }
}

/// Copies the chunks of a still file that hold its alpha and its colors.
fn copy_bitstream(file: ByteReader<'_>, body: &mut Vec<u8>) {
    for chunk in Chunks::of_file(file).filter(|chunk| matches!(chunk.fourcc, b"ALPH" | b"VP8 " | b"VP8L")) {
        write_chunk(body, chunk.fourcc, chunk.body.0);
    }
}

fn write_chunk(file: &mut Vec<u8>, fourcc: &[u8], body: &[u8]) {
    file.extend_from_slice(fourcc);
    file.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend_from_slice(body);
    file.resize(file.len().next_multiple_of(2), 0);
}

fn le24(number: u32) -> [u8; 3] {
    let [a, b, c, _] = number.to_le_bytes();
    [a, b, c]
}
