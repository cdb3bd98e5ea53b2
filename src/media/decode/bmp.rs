//! Bitmaps, by the decoder of the `image` crate. What that refuses is read here: run lengths, with errors too; a whole JPEG
//! or PNG as the pixels; headers with mistakes; and files that are cut.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;

use super::bmp_header::{Coding, Header};
use super::decoded::{Decoded, Pixels, TargetSize};
use super::image_decoder::{read, reason};
use super::{bmp_runs, jpeg, png_ico};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;

/// A bitmap.
pub(super) fn decode(bytes: &[u8], target: TargetSize, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let header = Header::of(ByteReader(bytes)).ok_or_else(|| MediaError::damaged("its headers break off"))?;
    match header.coding {
        Coding::Jpeg => jpeg::decode(header.pixels(), TargetSize { accepts_yuv: false, ..target }, limits),
        Coding::Png => png_ico::png(header.pixels(), limits),
        Coding::Runs => bmp_runs::decode(&header, limits),
        Coding::Plain | Coding::Masked | Coding::Other(_) => plain(bytes, &header, limits),
    }
}

/// A bitmap without compression: as it is, or else as it should have been written.
fn plain(bytes: &[u8], header: &Header<'_>, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let as_it_is = if header.overlaps_pixels() {
        Err(MediaError::damaged("its pixels begin within its header"))
    } else {
        of_library(bytes, limits)
    };
    match as_it_is {
        Err(error @ (MediaError::Damaged(_) | MediaError::Variant(_))) => {
            let Some(rewritten) = header.rewritten(limits)? else { return Err(error) };
            let decoded = of_library(&rewritten, limits).map_err(|_| error)?;
            Ok(without(decoded, header.unmasked()))
        }
        other => other,
    }
}

fn of_library(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    BmpDecoder::new(Cursor::new(bytes)).map_err(reason).and_then(|decoder| read(decoder, 1, limits))
}

/// The image without some of red, green and blue.
fn without(mut decoded: Decoded, colors: [bool; 3]) -> Decoded {
    if let Pixels::Interleaved(raster) = &mut decoded.pixels
        && raster.channels.count() >= colors.len()
    {
        for pixel in raster.data.chunks_exact_mut(raster.channels.count()) {
            for (sample, _) in pixel.iter_mut().zip(colors).filter(|(_, is_missing)| *is_missing) {
                *sample = 0;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

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
        assert_eq!(shown(&bitmap(0, 5, &[], png, 2)).unwrap().len(), 24 * 16 * 3);
        assert!(!shown(&bitmap(0, 4, &[], jpeg, 2)).unwrap().is_empty());
        assert!(shown(&bitmap(0, 4, &[], b"no image", 2)).is_err());
    }

    #[test]
    fn mistakes_in_headers_do_not_hide_the_image() {
        let pixels = [3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 9, 8, 7, 0, 0];
        let whole = bitmap(24, 0, &[], &pixels, 2);
        let with = |at: usize, bytes: &[u8]| {
            let mut changed = whole.clone();
            changed[at..at + bytes.len()].copy_from_slice(bytes);
            shown(&changed)
        };
        for (at, bytes) in [(10, &[0; 4][..]), (26, &[9, 9]), (14, &[36, 0, 0, 0])] {
            assert_eq!(with(at, bytes), shown(&whole), "at {at}");
        }
        assert!(with(28, &[33, 0]).is_err(), "pixels of 33 bits");
        assert!(with(30, &[9, 0]).is_err(), "an unknown compression");
    }

    #[test]
    fn colors_without_a_mask_are_nowhere() {
        let masks: Vec<u8> = [0xff00_u32, 0xff, 0].iter().flat_map(|mask| mask.to_le_bytes()).collect();
        let pixels = [1, 2, 3, 4, 5, 6, 7, 8];
        let made = shown(&bitmap(16, 3, &masks, &pixels, -2)).unwrap();
        assert_eq!(made, [2, 1, 0, 4, 3, 0, 6, 5, 0, 8, 7, 0]);
    }

    #[test]
    fn run_lengths_of_whole_colors_are_read() {
        let codes = [2, 1, 2, 3, 0, 0, 1, 4, 5, 6, 1, 7, 8, 9, 0, 1];
        assert_eq!(shown(&bitmap(24, 4, &[], &codes, 2)).unwrap(), [6, 5, 4, 9, 8, 7, 3, 2, 1, 3, 2, 1]);
    }
}
