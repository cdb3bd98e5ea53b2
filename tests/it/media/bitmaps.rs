//! Windows bitmaps and icons in the variants that programs write.

use offprint::testing::config::Fit;
use offprint::testing::media::MediaError;
use offprint::testing::model::MediaType;

use super::measure::pixels;
use super::{lossless, make, make_one};

/// A bitmap as a header of 40 bytes or more describes it ([MS-WMF], section 2.2.2.3).
struct Bitmap {
    width: i32,
    height: i32,
    bits: u16,
    compression: u32,
    /// Bytes of the header.
    header: u32,
    masks: Vec<u32>,
    palette: Vec<[u8; 3]>,
    rows: Vec<u8>,
}

impl Bitmap {
    /// Two pixels by two, from the bottom up.
    fn new(bits: u16, rows: &[u8]) -> Self {
        let (masks, palette, rows) = (Vec::new(), Vec::new(), rows.to_vec());
        Self { width: 2, height: 2, bits, compression: 0, header: 40, masks, palette, rows }
    }

    fn file(&self) -> Vec<u8> {
        let masks: Vec<u8> = self.masks.iter().flat_map(|mask| mask.to_le_bytes()).collect();
        let palette: Vec<u8> = self.palette.iter().flat_map(|[red, green, blue]| [*blue, *green, *red, 0]).collect();
        let mut header = Vec::new();
        header.extend(self.header.to_le_bytes());
        header.extend(self.width.to_le_bytes());
        header.extend(self.height.to_le_bytes());
        header.extend(1_u16.to_le_bytes());
        header.extend(self.bits.to_le_bytes());
        header.extend(self.compression.to_le_bytes());
        header.extend([0; 12]);
        header.extend(u32::try_from(self.palette.len()).expect("few colors").to_le_bytes());
        header.extend([0; 4]);
        header.extend(masks);
        // Longer headers hold the masks.
        header.resize(header.len().max(self.header as usize), 0);
        header.extend(palette);
        whole(&header, &self.rows)
    }
}

/// A file of a header and what follows it.
fn whole(header: &[u8], rows: &[u8]) -> Vec<u8> {
    let start = u32::try_from(14 + header.len()).expect("a small file");
    let length = start + u32::try_from(rows.len()).expect("a small file");
    [&b"BM"[..], &length.to_le_bytes(), &[0; 4], &start.to_le_bytes(), header, rows].concat()
}

/// The colors of the thumbnail of an image of two by two pixels, row by row.
fn colors(bytes: &[u8]) -> Vec<[u8; 3]> {
    let made = make_one(bytes, lossless(2, 2, Fit::Inside));
    pixels(&made).pixels().map(|pixel| pixel.0).collect()
}

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const WHITE: [u8; 3] = [255; 3];
/// What each of these bitmaps shows.
const SHOWN: [[u8; 3]; 4] = [BLUE, WHITE, RED, GREEN];

#[test]
fn palettes_of_every_depth_have_their_colors() {
    let palette = vec![RED, GREEN, BLUE, WHITE];
    for (bits, rows) in [
        (2, [0b0001_0000, 0, 0, 0, 0b1011_0000, 0, 0, 0]),
        (4, [0x01, 0, 0, 0, 0x23, 0, 0, 0]),
        (8, [0, 1, 0, 0, 2, 3, 0, 0]),
    ] {
        let bitmap = Bitmap { palette: palette.clone(), ..Bitmap::new(bits, &rows) };
        assert_eq!(colors(&bitmap.file()), SHOWN, "{bits} bits");
        let down = Bitmap { height: -2, ..bitmap };
        assert_eq!(colors(&down.file()), [RED, GREEN, BLUE, WHITE], "{bits} bits, from the top down");
    }
    let two = Bitmap { palette: vec![RED, BLUE], ..Bitmap::new(1, &[0b0100_0000, 0, 0, 0, 0b1000_0000, 0, 0, 0]) };
    assert_eq!(colors(&two.file()), [BLUE, RED, RED, BLUE]);
}

#[test]
fn colors_of_sixteen_bits_are_read_by_their_masks() {
    let words = |words: [u16; 4]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let plain = Bitmap::new(16, &words([0x7c00, 0x03e0, 0x001f, 0x7fff]));
    assert_eq!(colors(&plain.file()), SHOWN, "five bits each");
    let masked = Bitmap {
        compression: 3,
        masks: vec![0xf800, 0x07e0, 0x001f],
        ..Bitmap::new(16, &words([0xf800, 0x07e0, 0x001f, 0xffff]))
    };
    assert_eq!(colors(&masked.file()), SHOWN, "six bits of green");
    for header in [52, 56, 108, 124] {
        let (rows, palette) = (masked.rows.clone(), Vec::new());
        let longer = Bitmap { header, masks: vec![0xf800, 0x07e0, 0x001f, 0], rows, palette, ..masked };
        assert_eq!(colors(&longer.file()), SHOWN, "a header of {header} bytes");
    }
}

#[test]
fn colors_of_full_depth_are_read() {
    let three = [0, 0, 255, 0, 255, 0, 0, 0, 255, 0, 0, 255, 255, 255, 0, 0];
    assert_eq!(colors(&Bitmap::new(24, &three).file()), SHOWN);
    let four = [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0];
    assert_eq!(colors(&Bitmap::new(32, &four).file()), SHOWN, "the fourth byte means nothing");
    let swapped = Bitmap {
        compression: 3,
        masks: vec![0x0000_00ff, 0x0000_ff00, 0x00ff_0000],
        ..Bitmap::new(32, &[255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 255, 255, 255, 0])
    };
    assert_eq!(colors(&swapped.file()), SHOWN, "red first");
}

#[test]
fn the_header_of_the_first_os_2_is_read() {
    let mut header = 12_u32.to_le_bytes().to_vec();
    header.extend([2_u16, 2, 1, 8].iter().flat_map(|number| number.to_le_bytes()));
    let mut palette: Vec<u8> = [RED, GREEN, BLUE, WHITE].iter().flat_map(|[r, g, b]| [*b, *g, *r]).collect();
    palette.resize(256 * 3, 0);
    let bytes = whole(&[header, palette].concat(), &[0, 1, 0, 0, 2, 3, 0, 0]);
    assert_eq!(colors(&bytes), SHOWN);
}

#[test]
fn run_lengths_are_read_with_their_errors() {
    let palette = vec![RED, GREEN, BLUE, WHITE];
    let runs = |compression: u32, bits: u16, rows: &[u8]| {
        let bitmap = Bitmap { compression, palette: palette.clone(), ..Bitmap::new(bits, rows) };
        colors(&bitmap.file())
    };
    assert_eq!(runs(1, 8, &[1, 0, 1, 1, 0, 0, 1, 2, 1, 3, 0, 1]), SHOWN);
    assert_eq!(runs(2, 4, &[2, 0x01, 0, 0, 2, 0x23, 0, 1]), SHOWN, "two colors in turn");
    assert_eq!(runs(1, 8, &[1, 0, 1, 1, 0, 0, 1, 2, 1, 3]), SHOWN, "without an end");
    assert_eq!(runs(1, 8, &[1, 0, 1, 1, 0, 0, 1, 2, 1, 3, 9, 9, 0, 1]), SHOWN, "a run beyond the image");
}

#[test]
fn rows_that_are_cut_leave_what_there_is() {
    let three = [0, 0, 255, 0, 255, 0, 0, 0, 255, 0, 0, 255, 255, 255, 0, 0];
    let whole = Bitmap::new(24, &three).file();
    let cut = &whole[..whole.len() - 8];
    assert_eq!(colors(cut), [[0; 3], [0; 3], RED, GREEN]);
    let (asset, made) = make(&whole[..54], &[lossless(2, 2, Fit::Inside)]);
    assert_eq!(asset.media_type, MediaType::Bmp);
    let error = made.sizes.into_iter().next().expect("one size").expect_err("there are no pixels");
    assert!(matches!(error, MediaError::Damaged(_)), "{error}");
}

#[test]
fn a_bitmap_that_claims_much_costs_nothing() {
    for (width, height) in [(60_000, 60_000), (i32::MAX, 1), (1, i32::MIN), (0, 5)] {
        let bitmap = Bitmap { width, height, ..Bitmap::new(24, &[0; 16]) };
        let (_, made) = make(&bitmap.file(), &[lossless(2, 2, Fit::Inside)]);
        assert!(made.sizes[0].is_err(), "{width} × {height}");
    }
    let unknown = Bitmap { compression: 99, ..Bitmap::new(24, &[0; 16]) };
    assert!(make(&unknown.file(), &[lossless(2, 2, Fit::Inside)]).1.sizes[0].is_err());
}

/// An icon of these images: each a size and the bytes of a PNG.
fn icon(images: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let count = u16::try_from(images.len()).expect("few");
    let mut file = [&[0, 0, 1, 0][..], &count.to_le_bytes()].concat();
    let mut start = 6 + 16 * u32::from(count);
    for (side, bytes) in images {
        let length = u32::try_from(bytes.len()).expect("small");
        file.extend([*side, *side, 0, 0, 1, 0, 32, 0]);
        file.extend([length.to_le_bytes(), start.to_le_bytes()].concat());
        start += length;
    }
    for (_, bytes) in images {
        file.extend(bytes);
    }
    file
}

#[test]
fn an_icon_shows_its_largest_image() {
    let png = |side: u8, color: [u8; 3]| {
        let mut bytes = Vec::new();
        let image = image::RgbImage::from_pixel(side.into(), side.into(), image::Rgb(color));
        image
            .write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png)
            .expect("it is written to memory");
        (side, bytes)
    };
    for images in [[png(16, RED), png(32, BLUE)], [png(32, BLUE), png(16, RED)]] {
        let made = make_one(&icon(&images), lossless(64, 64, Fit::Inside));
        assert_eq!((made.width, made.height), (32, 32), "nothing is enlarged");
        assert!(pixels(&made).pixels().all(|pixel| pixel.0 == BLUE));
    }
    // A PNG ends where it says, whatever the directory does.
    for length in [0_u32, 1, 30, u32::MAX] {
        let mut file = icon(&[png(32, BLUE)]);
        file[14..18].copy_from_slice(&length.to_le_bytes());
        let made = make_one(&file, lossless(64, 64, Fit::Inside));
        assert_eq!((made.width, made.height), (32, 32), "{length}");
    }
    let (_, made) = make(&icon(&[]), &[lossless(64, 64, Fit::Inside)]);
    assert!(made.sizes[0].is_err(), "there is none");
}
