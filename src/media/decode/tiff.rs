//! TIFF, by the decoder of the `image` crate, and images with a palette, which that decoder does not support.

use std::io::Cursor;

use image::codecs::tiff::TiffDecoder;

use super::decoded::{Decoded, Pixels};
use super::image_decoder::{self, read, reason};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::probe::Directory;
use crate::media::raster::{Channels, Raster};
use crate::model::Asset;

/// The decoder reads into a buffer of its own and copies from there.
const COPIES: u64 = 2;

// Tags of TIFF 6.0, and two values of the third.
const BITS_PER_SAMPLE: u16 = 258;
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u32 = 3;
const PLANAR_CONFIGURATION: u16 = 284;
const COLOR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;

/// Bytes of memory per pixel of a probed image.
pub(super) fn bytes_per_pixel(asset: &Asset) -> u64 {
    image_decoder::bytes_per_pixel(asset, COPIES)
}

/// The first page.
pub(super) fn decode(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let page = Directory::first(ByteReader(bytes)).ok_or_else(|| MediaError::damaged("no directory"))?;
    // The decoder miscounts where each channel has tiles of its own.
    if page.number(PLANAR_CONFIGURATION) == Some(2) && page.number(TILE_WIDTH).is_some() {
        return Err(MediaError::Variant("TIFF with a set of tiles for each channel".to_owned()));
    }
    if page.number(PHOTOMETRIC_INTERPRETATION) == Some(PALETTE) {
        return indexed(&page, limits);
    }
    read(TiffDecoder::new(Cursor::new(bytes)).map_err(reason)?, COPIES, limits)
}

/// An image whose samples are indices into a color map (section 5). The decoder gets the file with the samples declared
/// as luminance, and the indices it delivers are looked up here.
fn indexed(page: &Directory<'_>, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let bits = page.number(BITS_PER_SAMPLE).unwrap_or(1);
    let unsupported = || MediaError::Variant(format!("TIFF with a palette, of {bits} bits a sample"));
    if !matches!(bits, 1 | 8) {
        return Err(unsupported());
    }
    let as_gray = page.with_number(PHOTOMETRIC_INTERPRETATION, BLACK_IS_ZERO).ok_or_else(unsupported)?;
    let decoded = read(TiffDecoder::new(Cursor::new(as_gray)).map_err(reason)?, COPIES, limits)?;
    let indices = match decoded.pixels {
        Pixels::Interleaved(image) if image.channels == Channels::Gray => image,
        _ => return Err(unsupported()),
    };
    let colors = color_map(page, 1 << bits).ok_or_else(|| MediaError::damaged("its palette is not whole"))?;
    // The decoder turns a bit into black or white.
    let color = |index: &u8| colors[usize::from(if bits == 1 { index >> 7 } else { *index })];
    let data = indices.data.iter().flat_map(color).collect();
    Ok(Decoded::interleaved(Raster::new(indices.width, indices.height, Channels::Rgb, data)?, decoded.profile))
}

/// The colors of a palette. The tag holds all reds, all greens, all blues, of 16 bits each.
fn color_map(page: &Directory<'_>, count: usize) -> Option<Vec<[u8; 3]>> {
    let map: Vec<u8> = page.numbers(COLOR_MAP).take(3 * count).map_while(|it| u8::try_from(it >> 8).ok()).collect();
    (map.len() == 3 * count).then(|| (0..count).map(|at| [map[at], map[count + at], map[2 * count + at]]).collect())
}
