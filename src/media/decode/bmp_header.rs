//! Headers of bitmaps, of Windows and of OS/2, with the mistakes that programs make in them.

use super::limits::{check_memory, check_size};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;

/// The bytes before the header.
const FILE_HEADER: usize = 14;
/// A header of the first OS/2.
const CORE: u32 = 12;
/// `BITMAPINFOHEADER`: headers of fewer bytes lack its last fields, and are of OS/2.
const INFO: u32 = 40;
/// The same with four masks (`BITMAPV3INFOHEADER`).
const MASKED: u32 = 56;

/// What the pixels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Numbers, or indices into the palette.
    Plain,
    /// Numbers of which masks take out the colors.
    Masked,
    /// Run lengths.
    Runs,
    Jpeg,
    Png,
    /// Something else, by its number.
    Other(u32),
}

/// The header of a bitmap.
pub(super) struct Header<'a> {
    file: ByteReader<'a>,
    /// Its own bytes.
    length: u32,
    pub(super) width: u32,
    /// Negative where rows run from top to bottom.
    pub(super) height: i32,
    /// Bits of one pixel.
    pub(super) bits: u16,
    pub(super) coding: Coding,
}

impl<'a> Header<'a> {
    /// The header of a file; `None` if it breaks off.
    pub(super) fn of(file: ByteReader<'a>) -> Option<Self> {
        let length = file.le32(FILE_HEADER)?;
        if length <= CORE {
            let (width, height) = (file.le16(18)?.into(), i32::from(file.le16(20)?));
            return Some(Self { file, length, width, height, bits: file.le16(24)?, coding: Coding::Plain });
        }
        let (width, height, bits) = (file.le32(18)?, file.le32(22)?.cast_signed(), file.le16(28)?);
        let mut header = Self { file, length, width, height, bits, coding: Coding::Plain };
        header.coding = header.coding_of(header.field(30));
        Some(header)
    }

    /// Numbers mean other things in headers of OS/2, some of which are as long as those of Windows.
    fn coding_of(&self, compression: u32) -> Coding {
        match (compression, self.bits) {
            (0, _) => Coding::Plain,
            (1, 8) | (2, 4) => Coding::Runs,
            (4, 24) if !self.pixels().starts_with(b"\xff\xd8") => Coding::Runs,
            (3 | 6, 16 | 32) => Coding::Masked,
            (4, _) => Coding::Jpeg,
            (5, _) => Coding::Png,
            (other, _) => Coding::Other(other),
        }
    }

    /// A field, which is 0 where the header ends before it.
    fn field(&self, at: usize) -> u32 {
        let is_there = at + 4 <= FILE_HEADER + self.length as usize;
        if is_there { self.file.le32(at).unwrap_or(0) } else { 0 }
    }

    /// How many rows there are.
    pub(super) const fn rows(&self) -> u32 {
        self.height.unsigned_abs()
    }

    /// The masks of red, green, blue and alpha. They are part of a longer header, or stand behind it.
    fn masks(&self) -> [u32; 4] {
        let alpha_counts = self.length >= MASKED || self.file.le32(30) == Some(6);
        let mask = |index: usize| self.file.le32(FILE_HEADER + INFO as usize + 4 * index).unwrap_or(0);
        [mask(0), mask(1), mask(2), if alpha_counts { mask(3) } else { 0 }]
    }

    /// Where the palette begins.
    fn palette_start(&self) -> usize {
        FILE_HEADER + self.length as usize
    }

    /// The bytes of one color of the palette.
    const fn color_bytes(&self) -> usize {
        if self.length <= CORE { 3 } else { 4 }
    }

    /// Red, green and blue of each color of the palette: as many as the header says, at most as many as indices can name.
    pub(super) fn palette(&self) -> Vec<[u8; 3]> {
        let most = 1_u32 << self.bits.min(8);
        let count = Some(self.field(46)).filter(|count| (1..=most).contains(count)).unwrap_or(most) as usize;
        let color = |index: usize| {
            let at = self.palette_start().checked_add(self.color_bytes() * index)?;
            self.file.slice(at, 3).map(|bgr| [bgr[2], bgr[1], bgr[0]])
        };
        (0..count).map_while(color).collect()
    }

    /// Whether the file says that its pixels begin within its header. Some programs leave that field at 0.
    pub(super) fn overlaps_pixels(&self) -> bool {
        (self.file.le32(10).unwrap_or(0) as usize) < self.palette_start()
    }

    /// Where the pixels begin: behind the header at least, whatever the file says.
    fn pixels_start(&self) -> usize {
        let said = self.file.le32(10).unwrap_or(0) as usize;
        let palette = if self.bits <= 8 { self.color_bytes() * self.palette().len() } else { 0 };
        if self.overlaps_pixels() { self.palette_start().saturating_add(palette) } else { said }
    }

    /// The bytes of the pixels, and all that stands behind them.
    pub(super) fn pixels(&self) -> &'a [u8] {
        self.file.from(self.pixels_start()).map_or(&[][..], |pixels| pixels.0)
    }

    /// The colors that have no mask: they are nowhere in the image.
    pub(super) fn unmasked(&self) -> [bool; 3] {
        let [red, green, blue, _] = self.masks();
        [red, green, blue].map(|mask| self.coding == Coding::Masked && mask == 0)
    }

    /// The same bitmap as any decoder reads it: with one plane, a palette of the length that the indices have, masks
    /// within the header, and zeros for rows that are missing. `None` if no pixel is there, or pixels are coded.
    pub(super) fn rewritten(&self, limits: &MediaConfig) -> Result<Option<Vec<u8>>, MediaError> {
        let is_plain = matches!(self.coding, Coding::Plain | Coding::Masked);
        if !is_plain || !matches!(self.bits, 1..=32) || self.pixels().is_empty() {
            return Ok(None);
        }
        check_size(self.width, self.rows(), limits)?;
        let row = (u64::from(self.width) * u64::from(self.bits)).div_ceil(32) * 4;
        let needed = row * u64::from(self.rows());
        check_memory(needed, limits)?;
        let needed = usize::try_from(needed).map_err(MediaError::damaged)?;
        let mut file = self.head();
        let start = file.len();
        file.extend_from_slice(&self.pixels()[..needed.min(self.pixels().len())]);
        file.resize(start + needed, 0);
        Ok(Some(file))
    }

    /// All that stands before the pixels, in the order of Windows.
    fn head(&self) -> Vec<u8> {
        let masks = if self.masks()[..3] == [0; 3] || self.coding == Coding::Plain { None } else { Some(self.masks()) };
        let mut palette: Vec<u8> = Vec::new();
        if self.bits <= 8 {
            palette.extend(self.palette().iter().flat_map(|[red, green, blue]| [*blue, *green, *red, 0]));
            palette.resize(4 << self.bits, 0);
        }
        let (length, compression) = if masks.is_some() { (MASKED, 3) } else { (INFO, 0) };
        let start = FILE_HEADER + length as usize + palette.len();
        let mut head = [&b"BM\0\0\0\0\0\0\0\0"[..], &u32::try_from(start).unwrap_or(0).to_le_bytes()].concat();
        let planes_and_bits = 1 | u32::from(self.bits) << 16;
        let fields = [length, self.width, self.height.cast_unsigned(), planes_and_bits, compression, 0, 0, 0, 0, 0];
        head.extend(
            fields.iter().chain(masks.map(Self::filled).iter().flatten()).flat_map(|field| field.to_le_bytes()),
        );
        [head, palette].concat()
    }

    /// Masks of which none is missing: that of another color stands in.
    fn filled([red, green, blue, alpha]: [u32; 4]) -> [u32; 4] {
        let any = [red, green, blue].into_iter().find(|mask| *mask != 0).unwrap_or(0);
        let [red, green, blue] = [red, green, blue].map(|mask| if mask == 0 { any } else { mask });
        [red, green, blue, alpha]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Size};

    /// A file of these fields of four bytes after its first 14 bytes, and what follows.
    fn file(start: u32, fields: &[u32], rest: &[u8]) -> Vec<u8> {
        let mut file = [&b"BM\0\0\0\0\0\0\0\0"[..], &start.to_le_bytes()].concat();
        file.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
        [&file, rest].concat()
    }

    /// The fields of a bitmap of one pixel by two.
    fn fields(length: u32, bits: u32, compression: u32, colors: u32) -> [u32; 10] {
        [length, 1, 2, 1 | bits << 16, compression, 0, 0, 0, colors, 0]
    }

    fn coding(length: u32, bits: u32, compression: u32, pixels: &[u8]) -> Coding {
        let mut fields = fields(length, bits, compression, 0).to_vec();
        fields.resize(length as usize / 4, 0);
        Header::of(ByteReader(&file(14 + length, &fields, pixels))).unwrap().coding
    }

    fn rewritten(file: &[u8]) -> Vec<u8> {
        Header::of(ByteReader(file)).unwrap().rewritten(&Config::default().media).unwrap().unwrap()
    }

    #[test]
    fn a_number_means_a_coding_by_the_depth() {
        for (bits, compression, pixels, expected) in [
            (24, 0, &b""[..], Coding::Plain),
            (8, 1, b"", Coding::Runs),
            (4, 2, b"", Coding::Runs),
            (24, 4, b"\x02\x01", Coding::Runs),
            (24, 4, b"\xff\xd8", Coding::Jpeg),
            (0, 4, b"", Coding::Jpeg),
            (0, 5, b"", Coding::Png),
            (32, 3, b"", Coding::Masked),
            (16, 6, b"", Coding::Masked),
            (1, 3, b"", Coding::Other(3)),
            (8, 2, b"", Coding::Other(2)),
        ] {
            for length in [40, 64, 108] {
                assert_eq!(coding(length, bits, compression, pixels), expected, "{bits} bits, {compression}");
            }
        }
    }

    #[test]
    fn headers_that_break_off_are_none_and_short_ones_have_no_more_fields() {
        let whole = file(54, &fields(40, 24, 0, 0), &[1; 8]);
        assert!(Header::of(ByteReader(&whole[..20])).is_none());
        // Sixteen bytes end before the compression: what follows is no field.
        let short = file(30, &[16, 1, 2, 1 | 24 << 16], &[3, 2, 1, 0, 6, 5, 4, 0]);
        let header = Header::of(ByteReader(&short)).unwrap();
        assert_eq!((header.coding, header.pixels().len()), (Coding::Plain, 8));
        assert_eq!(rewritten(&short), file(54, &fields(40, 24, 0, 0), &[3, 2, 1, 0, 6, 5, 4, 0]));
        let core = file(26, &[12, 1 | 2 << 16, 7 | 24 << 16], &[3, 2, 1, 0, 6, 5, 4, 0]);
        assert_eq!(rewritten(&core), rewritten(&short), "planes are one");
    }

    #[test]
    fn planes_and_counts_of_colors_are_put_right() {
        let planes = file(54, &[40, 1, 2, 0x7530 | 24 << 16, 0, 0, 0, 0, 0, 0], &[1; 8]);
        assert_eq!(rewritten(&planes), file(54, &fields(40, 24, 0, 0), &[1; 8]));
        let palette = [7; 4 * 3];
        for count in [3, 300, u32::MAX] {
            let file =
                rewritten(&file(66, &fields(40, 1, 0, count), &[&palette[..], &[128, 0, 0, 0, 0, 0, 0, 0]].concat()));
            let header = Header::of(ByteReader(&file)).unwrap();
            assert_eq!((header.palette(), header.pixels()[0]), (vec![[7; 3]; 2], 128), "{count}");
        }
    }

    #[test]
    fn pixels_are_never_taken_from_the_header() {
        for start in [0, 2, 53] {
            let bytes = file(start, &fields(40, 24, 0, 0), &[1; 8]);
            assert_eq!(Header::of(ByteReader(&bytes)).unwrap().pixels(), [1; 8], "{start}");
        }
        let bytes = file(0, &fields(40, 1, 0, 0), &[&[7; 8][..], &[128, 0, 0, 0]].concat());
        assert_eq!(Header::of(ByteReader(&bytes)).unwrap().pixels()[0], 128, "behind the palette");
        assert!(Header::of(ByteReader(&file(999, &fields(40, 24, 0, 0), &[]))).unwrap().pixels().is_empty());
    }

    #[test]
    fn masks_behind_a_header_become_part_of_it() {
        let masks: Vec<u8> =
            [0xff_u32, 0xff00, 0x00ff_0000, 0xff00_0000].iter().flat_map(|it| it.to_le_bytes()).collect();
        let bytes = rewritten(&file(70, &fields(40, 32, 6, 0), &[&masks[..], &[1; 8]].concat()));
        assert_eq!(bytes, file(70, &fields(56, 32, 3, 0), &[&masks[..], &[1; 8]].concat()));
        // Of three masks, the fourth number is a pixel.
        let three = file(66, &fields(40, 32, 3, 0), &[&masks[..12], &[1; 8]].concat());
        assert_eq!(Header::of(ByteReader(&three)).unwrap().masks()[3], 0);
    }

    #[test]
    fn a_color_without_a_mask_is_named_and_another_stands_in() {
        let masks = |masks: [u32; 3]| {
            let masks: Vec<u8> = masks.iter().flat_map(|mask| mask.to_le_bytes()).collect();
            file(66, &fields(40, 16, 3, 0), &[&masks[..], &[1; 8]].concat())
        };
        let bytes = masks([0, 0xff00, 0xff]);
        assert_eq!(Header::of(ByteReader(&bytes)).unwrap().unmasked(), [true, false, false]);
        assert_eq!(rewritten(&bytes)[54..66], rewritten(&masks([0xff00, 0xff00, 0xff]))[54..66]);
        // Without any mask, the bits are those of a bitmap that has none.
        assert_eq!(rewritten(&masks([0; 3]))[14..54], file(0, &fields(40, 16, 0, 0), &[])[14..]);
    }

    #[test]
    fn missing_rows_are_zeros_within_the_limits() {
        let cut = file(54, &fields(40, 24, 0, 0), &[1; 4]);
        assert_eq!(rewritten(&cut)[54..], [1, 1, 1, 1, 0, 0, 0, 0]);
        let limits = crate::config::MediaConfig { max_alloc: Size(7), ..Config::default().media };
        let refused = Header::of(ByteReader(&cut)).unwrap().rewritten(&limits);
        assert!(matches!(refused, Err(MediaError::OverLimit { .. })));
        for nothing in [file(54, &fields(40, 24, 0, 0), &[]), file(54, &fields(40, 24, 9, 0), &[1; 8])] {
            assert_eq!(Header::of(ByteReader(&nothing)).unwrap().rewritten(&Config::default().media).unwrap(), None);
        }
    }
}
