//! TIFF, by the decoder of the `image` crate, and a form that it leaves out: pictures with a palette.

use std::io::Cursor;

use image::codecs::tiff::TiffDecoder;

use super::super::error::MediaError;
use super::super::fields::Fields;
use super::super::picture::{Channels, Picture};
use super::super::probe::Directory;
use super::raster::{read, reason};
use super::{Decoded, Pixels};
use crate::config::MediaConfig;

/// The decoder reads into a buffer of its own and copies from there.
pub(super) const COPIES: u64 = 2;

// Tags of TIFF 6.0 and two values of the third.
const BITS_PER_SAMPLE: u16 = 258;
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u32 = 3;
const PLANAR_CONFIGURATION: u16 = 284;
const COLOR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;

pub(super) fn decode(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let page = Directory::first(Fields(bytes)).ok_or_else(|| MediaError::damaged("no directory"))?;
    // The decoder loses count where each channel has tiles of its own.
    if page.number(PLANAR_CONFIGURATION) == Some(2) && page.number(TILE_WIDTH).is_some() {
        return Err(MediaError::Variant("TIFF with a set of tiles for each channel".to_owned()));
    }
    if page.number(PHOTOMETRIC_INTERPRETATION) == Some(PALETTE) {
        return indexed(&page, limits);
    }
    read(TiffDecoder::new(Cursor::new(bytes)).map_err(reason)?, COPIES, limits)
}

/// A picture whose samples are places in a map of colors (section 5). The decoder has none of these, so it is told that
/// the places are brightness.
fn indexed(page: &Directory<'_>, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let bits = page.number(BITS_PER_SAMPLE).unwrap_or(1);
    let unknown = || MediaError::Variant(format!("TIFF with a palette, of {bits} bits a sample"));
    if !matches!(bits, 1 | 8) {
        return Err(unknown());
    }
    let as_gray = page.with_number(PHOTOMETRIC_INTERPRETATION, BLACK_IS_ZERO).ok_or_else(unknown)?;
    let decoded = read(TiffDecoder::new(Cursor::new(as_gray)).map_err(reason)?, COPIES, limits)?;
    let places = match decoded.pixels {
        Pixels::Packed(picture) if picture.channels == Channels::Gray => picture,
        _ => return Err(unknown()),
    };
    let colors = colors(page, 1 << bits).ok_or_else(|| MediaError::damaged("its palette is not whole"))?;
    // Of one bit, the decoder makes black and white.
    let color = |place: &u8| colors[usize::from(if bits == 1 { place >> 7 } else { *place })];
    let data = places.data.iter().flat_map(color).collect();
    Ok(Decoded::packed(Picture::new(places.width, places.height, Channels::Rgb, data)?, decoded.profile))
}

/// The colors of a palette: all reds, all greens, all blues, of 16 bits each.
fn colors(page: &Directory<'_>, count: usize) -> Option<Vec<[u8; 3]>> {
    let map: Vec<u8> = page.numbers(COLOR_MAP).take(3 * count).map_while(|it| u8::try_from(it >> 8).ok()).collect();
    (map.len() == 3 * count).then(|| (0..count).map(|at| [map[at], map[count + at], map[2 * count + at]]).collect())
}
