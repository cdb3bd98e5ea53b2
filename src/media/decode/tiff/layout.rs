//! How the first page of a TIFF stores its pixels (TIFF 6.0, sections 8, 14 and 15).

use crate::config::MediaConfig;
use crate::media::byte_reader::{ByteOrder, ByteReader};
use crate::media::decode::limits::{check_memory, check_size};
use crate::media::error::MediaError;
use crate::media::ifd::Directory;

// Tags of TIFF 6.0.
const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const SAMPLES_PER_PIXEL: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_BYTE_COUNTS: u16 = 279;
const PLANAR_CONFIGURATION: u16 = 284;
const PREDICTOR: u16 = 317;
const TILE_WIDTH: u16 = 322;
const TILE_LENGTH: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const YCBCR_SUBSAMPLING: u16 = 530;

/// What the bits of a sample mean (section 19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Unsigned,
    Signed,
    Float,
}

/// What the samples of a pixel mean: tag `PhotometricInterpretation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Photometric {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
    /// CIE L*a*b*, with a* and b* as signed numbers.
    CieLab,
    /// The same, with a* and b* shifted by half of their range (Photoshop's technical notes on TIFF).
    IccLab,
}

impl Photometric {
    fn of(number: u32) -> Result<Self, MediaError> {
        Ok(match number {
            0 => Self::WhiteIsZero,
            // A mask of transparency is shown as it is.
            1 | 4 => Self::BlackIsZero,
            2 => Self::Rgb,
            3 => Self::Palette,
            5 => Self::Cmyk,
            6 => Self::YCbCr,
            8 => Self::CieLab,
            9 => Self::IccLab,
            other => return Err(MediaError::Variant(format!("TIFF with the photometric interpretation {other}"))),
        })
    }

    /// Samples of a pixel without those for other purposes.
    pub(super) const fn samples(self) -> usize {
        match self {
            Self::WhiteIsZero | Self::BlackIsZero | Self::Palette => 1,
            Self::Rgb | Self::YCbCr | Self::CieLab | Self::IccLab => 3,
            Self::Cmyk => 4,
        }
    }
}

/// The alpha of a pixel (section 18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alpha {
    None,
    /// Color is multiplied by it.
    Premultiplied,
    Plain,
}

/// How a page stores its pixels.
pub(super) struct Layout {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples per pixel.
    pub(super) samples: usize,
    pub(super) bits: u32,
    pub(super) format: Format,
    pub(super) order: ByteOrder,
    pub(super) photometric: Photometric,
    pub(super) alpha: Alpha,
    pub(super) compression: u32,
    pub(super) predictor: u32,
    /// Whether the lowest bit of a byte comes first.
    pub(super) reversed: bool,
    /// Whether each sample of a pixel has a plane of its own.
    pub(super) planar: bool,
    /// How many pixels share one chroma sample, across and down.
    pub(super) subsampling: (usize, usize),
    /// Width and height of a piece: a tile, or a strip.
    piece: (usize, usize),
    tiled: bool,
}

/// A strip or a tile.
pub(super) struct Piece<'a> {
    /// Its samples per pixel.
    pub(super) samples: usize,
    /// The first of these among the samples of a pixel.
    pub(super) first: usize,
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) data: ByteReader<'a>,
}

impl Layout {
    pub(super) fn of(page: &Directory<'_>, limits: &MediaConfig) -> Result<Self, MediaError> {
        let or = |tag: u16, default: u32| page.number(tag).unwrap_or(default);
        let (width, height) = (or(IMAGE_WIDTH, 0), or(IMAGE_LENGTH, 0));
        check_size(width, height, limits)?;
        let photometric = Photometric::of(or(PHOTOMETRIC_INTERPRETATION, 1))?;
        let tiled = page.number(TILE_WIDTH).is_some();
        let (piece_width, piece_height) = if tiled {
            (or(TILE_WIDTH, 0), or(TILE_LENGTH, 0))
        } else {
            (width, or(ROWS_PER_STRIP, height).min(height))
        };
        check_size(piece_width, piece_height, limits)?;
        let layout = Self {
            width: width as usize,
            height: height as usize,
            samples: or(SAMPLES_PER_PIXEL, 1) as usize,
            bits: bits(page)?,
            format: format(or(SAMPLE_FORMAT, 1))?,
            order: page.order(),
            photometric,
            alpha: alpha(page, photometric),
            compression: or(COMPRESSION, 1),
            predictor: or(PREDICTOR, 1),
            reversed: or(FILL_ORDER, 1) == 2,
            planar: or(PLANAR_CONFIGURATION, 1) == 2,
            subsampling: subsampling(page, photometric)?,
            piece: (piece_width as usize, piece_height as usize),
            tiled,
        };
        layout.check(limits)
    }

    fn check(self, limits: &MediaConfig) -> Result<Self, MediaError> {
        if !(self.photometric.samples()..=64).contains(&self.samples) {
            return Err(MediaError::Damaged(format!("{} samples for {:?}", self.samples, self.photometric)));
        }
        check_memory(self.memory(), limits)?;
        Ok(self)
    }

    /// Bytes at the peak: the image and a copy of it, and one piece as stored and as samples of eight bits.
    pub(super) fn memory(&self) -> u64 {
        let image = self.width as u64 * self.height as u64 * self.shown() as u64 * 2;
        let piece = self.piece.0 as u64 * self.piece.1 as u64;
        let stored = piece.saturating_mul(self.samples as u64).saturating_mul(u64::from(self.bits.div_ceil(8)) + 3);
        image.saturating_add(stored)
    }

    /// The samples of a pixel that are shown.
    pub(super) fn kept(&self) -> usize {
        self.photometric.samples() + usize::from(self.alpha != Alpha::None)
    }

    /// The bytes of a pixel of the image: an index of a palette becomes three.
    pub(super) fn shown(&self) -> usize {
        if self.photometric == Photometric::Palette { 3 } else { self.kept() }
    }

    /// All strips or tiles of the samples that are shown, in the order of the file.
    pub(super) fn pieces<'a>(&self, page: &Directory<'a>) -> impl Iterator<Item = Piece<'a>> {
        let (starts, lengths) =
            if self.tiled { (TILE_OFFSETS, TILE_BYTE_COUNTS) } else { (STRIP_OFFSETS, STRIP_BYTE_COUNTS) };
        let lengths = page.numbers(lengths).chain(std::iter::repeat(u64::MAX));
        let data: Vec<_> = page.numbers(starts).zip(lengths).take(self.count()).collect();
        data.into_iter().enumerate().map(|(index, (start, length))| self.piece(index, page.part(start, length)))
    }

    /// Pieces side by side, and one above the other.
    fn grid(&self) -> (usize, usize) {
        (self.width.div_ceil(self.piece.0), self.height.div_ceil(self.piece.1))
    }

    fn count(&self) -> usize {
        let (across, down) = self.grid();
        across * down * if self.planar { self.kept() } else { 1 }
    }

    fn piece<'a>(&self, index: usize, data: ByteReader<'a>) -> Piece<'a> {
        let (across, down) = self.grid();
        let (left, top) = (index % across * self.piece.0, index / across % down * self.piece.1);
        let height = if self.tiled { self.piece.1 } else { self.piece.1.min(self.height - top) };
        let (samples, first) = if self.planar { (1, index / (across * down)) } else { (self.samples, 0) };
        Piece { samples, first, left, top, width: self.piece.0, height, data }
    }
}

/// The bits of a sample, where all have as many.
fn bits(page: &Directory<'_>) -> Result<u32, MediaError> {
    let bits = page.number(BITS_PER_SAMPLE).unwrap_or(1);
    if page.numbers(BITS_PER_SAMPLE).take(8).any(|other| other != u64::from(bits)) {
        return Err(MediaError::Variant("TIFF with samples of several depths".to_owned()));
    }
    if !matches!(bits, 1..=16 | 24 | 32 | 64) {
        return Err(MediaError::Variant(format!("TIFF of {bits} bits a sample")));
    }
    Ok(bits)
}

fn format(number: u32) -> Result<Format, MediaError> {
    match number {
        // 4 is undefined: libtiff takes it for unsigned, too.
        1 | 4 => Ok(Format::Unsigned),
        2 => Ok(Format::Signed),
        3 => Ok(Format::Float),
        other => Err(MediaError::Variant(format!("TIFF with the sample format {other}"))),
    }
}

fn alpha(page: &Directory<'_>, photometric: Photometric) -> Alpha {
    match (page.number(EXTRA_SAMPLES), photometric) {
        (_, Photometric::Palette | Photometric::Cmyk) => Alpha::None,
        (Some(1), _) => Alpha::Premultiplied,
        (Some(2), _) => Alpha::Plain,
        _ => Alpha::None,
    }
}

/// Section 21: two, where the tag is missing.
fn subsampling(page: &Directory<'_>, photometric: Photometric) -> Result<(usize, usize), MediaError> {
    if photometric != Photometric::YCbCr {
        return Ok((1, 1));
    }
    let mut factors = page.numbers(YCBCR_SUBSAMPLING).chain([2, 2]).map(usize::try_from);
    match (factors.next(), factors.next()) {
        (Some(Ok(across @ (1 | 2 | 4))), Some(Ok(down @ (1 | 2 | 4)))) => Ok((across, down)),
        _ => Err(MediaError::damaged("chroma is subsampled by neither 1, 2 nor 4")),
    }
}
