//! Animated thumbnails, in WebP (RFC 9649): every frame whole, one after the other.

use std::time::Duration;

use super::decode::frames;
use super::encode::webp_bytes;
use super::error::MediaError;
use super::fields::Fields;
use super::geometry::Plan;
use super::picture::Picture;
use super::riff::Chunks;
use super::thumbnail::Rendition;
use crate::config::MediaConfig;
use crate::model::{Asset, MediaType};

/// Frames shorter than this are shown for [`HASTY`] instead, as all browsers do: they come from tools that meant "as
/// fast as you can" in a time when that was slow.
const TOO_SHORT: Duration = Duration::from_millis(11);

/// How long a frame without a sensible duration is shown.
const HASTY: Duration = Duration::from_millis(100);

/// An animated rendition. `shown` makes a scaled frame what is to be seen.
pub(super) fn animate(
    bytes: &[u8],
    asset: &Asset,
    plan: Plan,
    quality: u8,
    limits: &MediaConfig,
    shown: impl Fn(Picture, Plan) -> Result<Picture, MediaError>,
) -> Result<Rendition, MediaError> {
    let frames = frames(bytes, asset, limits)?;
    let mut film = Film { loops: frames.loops, ..Film::default() };
    let mut last: Option<Picture> = None;
    for frame in frames {
        let (picture, duration) = frame?;
        let picture = shown(picture, plan)?;
        let duration = if duration < TOO_SHORT { HASTY } else { duration };
        if last.as_ref().is_some_and(|last| last.data == picture.data) {
            film.prolong(duration);
        } else {
            film.add(&picture, duration, &webp_bytes(&picture, quality)?)?;
            last = Some(picture);
        }
    }
    let last = last.ok_or_else(|| MediaError::damaged("it has no frame"))?;
    let bytes = film.assemble(last.width, last.height);
    Ok(Rendition { media_type: MediaType::WebP, width: last.width, height: last.height, bytes })
}

/// Encoded frames that wait for their container.
#[derive(Default)]
struct Film {
    frames: Vec<(Duration, Vec<u8>)>,
    transparent: bool,
    loops: u16,
}

impl Film {
    /// Adds a frame, given as a still WebP file.
    fn add(&mut self, picture: &Picture, duration: Duration, file: &[u8]) -> Result<(), MediaError> {
        let mut body = vec![0; 6];
        body.extend_from_slice(&three_bytes(picture.width - 1));
        body.extend_from_slice(&three_bytes(picture.height - 1));
        body.extend_from_slice(&[0; 3]);
        // Bit 1: the frame replaces what was there, instead of being blended with it.
        body.push(0b10);
        let header = body.len();
        copy_bitstream(Fields(file), &mut body);
        if body.len() == header {
            return Err(MediaError::Encode("libwebp wrote no picture".to_owned()));
        }
        self.transparent |= picture.channels.has_alpha();
        self.frames.push((duration, body));
        Ok(())
    }

    /// Shows the last frame longer.
    fn prolong(&mut self, duration: Duration) {
        if let Some((shown, _)) = self.frames.last_mut() {
            *shown += duration;
        }
    }

    /// The whole file: section 2.7.
    fn assemble(self, width: u32, height: u32) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        let mut features = vec![0x02 | u8::from(self.transparent) << 4, 0, 0, 0];
        features.extend_from_slice(&three_bytes(width - 1));
        features.extend_from_slice(&three_bytes(height - 1));
        chunk(&mut file, b"VP8X", &features);
        let [low, high] = self.loops.to_le_bytes();
        chunk(&mut file, b"ANIM", &[0, 0, 0, 0, low, high]);
        for (duration, mut body) in self.frames {
            let millis = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX).min(0xff_ffff);
            body[12..15].copy_from_slice(&three_bytes(millis));
            chunk(&mut file, b"ANMF", &body);
        }
        let length = u32::try_from(file.len() - 8).unwrap_or(u32::MAX);
        file[4..8].copy_from_slice(&length.to_le_bytes());
        file
    }
}

/// Copies the chunks that make up the picture: its alpha and its colors.
fn copy_bitstream(file: Fields<'_>, body: &mut Vec<u8>) {
    for part in Chunks::of_file(file).filter(|part| matches!(part.kind, b"ALPH" | b"VP8 " | b"VP8L")) {
        chunk(body, part.kind, part.body.0);
    }
}

fn chunk(file: &mut Vec<u8>, kind: &[u8], body: &[u8]) {
    file.extend_from_slice(kind);
    file.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend_from_slice(body);
    file.resize(file.len().next_multiple_of(2), 0);
}

fn three_bytes(number: u32) -> [u8; 3] {
    let [a, b, c, _] = number.to_le_bytes();
    [a, b, c]
}
