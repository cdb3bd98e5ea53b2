//! Windows bitmaps, by the decoder of the `image` crate, and what that refuses: a whole JPEG or PNG as the pixels, run
//! lengths from the top down or with errors, and files that are cut.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;

use super::decoded::{Decoded, TargetSize};
use super::image_decoder::{read, reason};
use super::limits::{check_memory, check_size};
use super::{bmp_runs, jpeg, png_ico};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;

// Values of `biCompression`.
const RLE8: u32 = 1;
const RLE4: u32 = 2;
const JPEG: u32 = 4;
const PNG: u32 = 5;

/// A bitmap.
pub(super) fn decode(bytes: &[u8], target: TargetSize, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let reader = ByteReader(bytes);
    let compression = reader.le32(14).filter(|header| *header >= 40).and_then(|_| reader.le32(30)).unwrap_or(0);
    let pixels = reader.le32(10).and_then(|at| reader.from(at as usize)).map_or(&[][..], |pixels| pixels.0);
    match compression {
        JPEG => return jpeg::decode(pixels, TargetSize { accepts_yuv: false, ..target }, limits),
        PNG => return png_ico::png(pixels, limits),
        _ => {}
    }
    let decoded = BmpDecoder::new(Cursor::new(bytes)).map_err(reason).and_then(|decoder| read(decoder, 1, limits));
    match decoded {
        Err(MediaError::Damaged(_)) if matches!(compression, RLE8 | RLE4) => bmp_runs::decode(reader, pixels, limits),
        Err(error @ MediaError::Damaged(_)) => {
            let Some(filled) = filled(reader, limits)? else { return Err(error) };
            read(BmpDecoder::new(Cursor::new(filled)).map_err(reason)?, 1, limits).map_err(|_| error)
        }
        other => other,
    }
}

/// A bitmap without compression that lacks some of its rows, with zeros in their place; `None` if it lacks all of them.
fn filled(bytes: ByteReader<'_>, limits: &MediaConfig) -> Result<Option<Vec<u8>>, MediaError> {
    let (Some(start), Some(bits)) = (bytes.le32(10), bytes.le16(28)) else { return Ok(None) };
    let (Some(width), Some(height)) = (bytes.le32(18), bytes.le32(22)) else { return Ok(None) };
    let (width, height) = (width.cast_signed().unsigned_abs(), height.cast_signed().unsigned_abs());
    check_size(width, height, limits)?;
    let row = (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
    let needed = row.saturating_mul(height.into()).saturating_add(start.into());
    check_memory(needed, limits)?;
    if bytes.len() <= start as usize || bytes.len() as u64 >= needed {
        return Ok(None);
    }
    let mut filled = bytes.0.to_vec();
    filled.resize(usize::try_from(needed).map_err(MediaError::damaged)?, 0);
    Ok(Some(filled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::media::decode::decoded::Pixels;

    /// A bitmap of two by two pixels.
    fn bitmap(bits: u16, compression: u32, palette: &[u8], pixels: &[u8], height: i32) -> Vec<u8> {
        let start = 54 + u32::try_from(palette.len()).unwrap();
        let sizes = [40, 2, height.cast_unsigned(), 1 | u32::from(bits) << 16, compression, 0, 0, 0];
        let mut file = [&b"BM\0\0\0\0\0\0\0\0"[..], &start.to_le_bytes()].concat();
        file.extend(sizes.iter().flat_map(|number| number.to_le_bytes()));
        file.extend((u32::try_from(palette.len()).unwrap() / 4).to_le_bytes());
        file.extend([0; 4]);
        [&file, palette, pixels].concat()
    }

    fn shown(bytes: &[u8]) -> Result<Vec<u8>, MediaError> {
        let target = TargetSize { width: 2, height: 2, accepts_yuv: true };
        match decode(bytes, target, &Config::default().media)?.pixels {
            Pixels::Interleaved(raster) => Ok(raster.data),
            Pixels::Planar(_) => Err(MediaError::damaged("planes")),
        }
    }

    const PALETTE: &[u8] = &[0, 0, 0, 0, 3, 2, 1, 0];

    #[test]
    fn run_lengths_from_the_top_down_and_with_errors_are_read() {
        // The first row of the file is 1, 1; the second 0, 1; then a run beyond the last row.
        let codes = [2, 1, 0, 0, 1, 0, 1, 1, 0, 0, 9, 1];
        let down = shown(&bitmap(8, 1, PALETTE, &codes, -2)).unwrap();
        assert_eq!(down, [1, 2, 3, 1, 2, 3, 0, 0, 0, 1, 2, 3]);
        let up = shown(&bitmap(8, 1, PALETTE, &codes, 2)).unwrap();
        assert_eq!(up, [0, 0, 0, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
        assert!(shown(&bitmap(8, 1, PALETTE, &[], -2)).is_err());
    }

    #[test]
    fn rows_that_are_missing_are_black() {
        let whole = shown(&bitmap(24, 0, &[], &[3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 9, 8, 7, 0, 0], 2)).unwrap();
        assert_eq!(whole, [7, 8, 9, 7, 8, 9, 1, 2, 3, 4, 5, 6]);
        let cut = shown(&bitmap(24, 0, &[], &[3, 2, 1, 6, 5, 4, 0, 0], 2)).unwrap();
        assert_eq!(cut, [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
        assert!(shown(&bitmap(24, 0, &[], &[], 2)).is_err(), "nothing is there");
    }

    #[test]
    fn a_png_or_a_jpeg_may_be_the_pixels() {
        let png = include_bytes!("../../../tests/data/images/truecolor.png");
        let jpeg = include_bytes!("../../../tests/data/images/baseline.jpg");
        assert_eq!(shown(&bitmap(0, PNG, &[], png, 2)).unwrap().len(), 24 * 16 * 3);
        assert!(!shown(&bitmap(0, JPEG, &[], jpeg, 2)).unwrap().is_empty());
        assert!(shown(&bitmap(0, JPEG, &[], b"no image", 2)).is_err());
    }
}
