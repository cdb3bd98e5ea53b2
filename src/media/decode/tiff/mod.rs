//! TIFF, by the decoder of the `image` crate, and what that does not support: palettes, Y, Cb and Cr, CMYK with its
//! profile, L*a*b*, the depths between, the compression of fax machines, planes of tiles.

mod color;
mod compression;
mod fax;
mod layout;
mod pages;
mod samples;
#[cfg(test)]
mod tests;

use std::io::Cursor;

use image::codecs::tiff::TiffDecoder;

use self::layout::Layout;
use super::decoded::Decoded;
use super::image_decoder::{self, read, reason};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::ifd::Directory;
use crate::model::Asset;

/// The decoder reads into a buffer of its own and copies from there.
const COPIES: u64 = 2;

// Tags of TIFF 6.0.
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const FILL_ORDER: u16 = 266;
const PLANAR_CONFIGURATION: u16 = 284;

/// What [`decode`] will check against the limit, at most.
pub(super) fn memory_estimate(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> u64 {
    let pixels = u64::from(asset.width) * u64::from(asset.height);
    let of_crate = pixels * image_decoder::bytes_per_pixel(asset, COPIES);
    let page = Directory::first(ByteReader(bytes));
    let own = page.and_then(|page| Layout::of(&page, limits).ok()).map_or(0, |layout| layout.memory());
    own.max(of_crate)
}

/// The first page.
pub(super) fn decode(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let page = Directory::first(ByteReader(bytes)).ok_or_else(|| MediaError::damaged("no directory"))?;
    if is_plain(&page) {
        let plain = TiffDecoder::new(Cursor::new(bytes)).map_err(reason);
        match plain.and_then(|decoder| read(decoder, COPIES, limits)) {
            Err(MediaError::Variant(_) | MediaError::Damaged(_)) => {}
            other => return other,
        }
    }
    pages::decode(&page, limits)
}

/// Gray or RGB, with all samples of a pixel side by side: the decoder of the `image` crate miscounts where each channel
/// has tiles of its own, and takes the highest bit of a byte to be the first, whatever the page says.
fn is_plain(page: &Directory<'_>) -> bool {
    let is_gray_or_rgb = matches!(page.number(PHOTOMETRIC_INTERPRETATION), Some(0..=2));
    is_gray_or_rgb && page.number(PLANAR_CONFIGURATION) != Some(2) && page.number(FILL_ORDER) != Some(2)
}
