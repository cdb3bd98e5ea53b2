//! How samples become colors (ITU-T H.273).

use super::frame::Frame;
use crate::media::byte_reader::ByteReader;
use crate::media::decode::tone_map::ToneMap;
use crate::media::error::MediaError;

/// What colors are coded as, by the numbers of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coding {
    pub(super) primaries: u16,
    pub(super) transfer: u16,
    pub(super) matrix: u16,
    pub(super) full_range: bool,
}

impl Coding {
    /// That of a `colr` box of the kind `nclx` (ISO/IEC 14496-12, section 12.1.5).
    pub(super) fn of(nclx: ByteReader<'_>) -> Option<Self> {
        let (primaries, transfer, matrix) = (nclx.be16(4)?, nclx.be16(6)?, nclx.be16(8)?);
        Some(Self { primaries, transfer, matrix, full_range: nclx.u8(10)? >> 7 == 1 })
    }

    /// What the bitstream of a frame says.
    pub(super) fn of_frame(frame: &Frame) -> Self {
        let (primaries, transfer, matrix, full_range) = frame.named_colors();
        Self { primaries, transfer, matrix, full_range }
    }

    /// What makes SDR in sRGB of colors that are HDR.
    pub(super) fn tones(self) -> Option<ToneMap> {
        ToneMap::of(self.primaries, self.transfer)
    }

    /// The colors of a frame.
    pub(super) fn colors(self, frame: &Frame, tones: Option<ToneMap>) -> Result<Colors, MediaError> {
        let matrix = if frame.components() == 1 { Matrix::Gray } else { Matrix::of(self)? };
        Ok(Colors { matrix, full_range: self.full_range, tones })
    }

    /// The luma of a frame of alpha, for each pixel one value.
    pub(super) fn opacity(self) -> Colors {
        Colors { matrix: Matrix::Luma, full_range: self.full_range, tones: None }
    }
}

/// How pixels are made of samples.
#[derive(Debug, Clone)]
pub(super) struct Colors {
    matrix: Matrix,
    full_range: bool,
    tones: Option<ToneMap>,
}

impl Colors {
    /// Writes one row of a frame, from its first pixel to the last that there is room for.
    pub(super) fn write(&self, frame: &Frame, y: usize, out: &mut [u8]) {
        let (luma, chroma) = ranges(frame.bits, self.full_range);
        let columns = out.len() / self.matrix.channels();
        let component =
            |at: usize, range: SampleRange| frame.row(at, y, columns).map(move |sample| range.fraction(sample));
        let lumas = component(0, luma);
        if matches!(self.matrix, Matrix::Luma | Matrix::Gray) {
            for (pixel, level) in out.chunks_exact_mut(self.matrix.channels()).zip(lumas) {
                pixel.copy_from_slice(&self.bytes([level; 3])[..pixel.len()]);
            }
            return;
        }
        let chromas = component(1, chroma).zip(component(2, chroma));
        for ((pixel, level), (blue, red)) in out.chunks_exact_mut(3).zip(lumas).zip(chromas) {
            pixel.copy_from_slice(&self.bytes(self.matrix.rgb(level, blue, red)));
        }
    }

    fn bytes(&self, rgb: [f32; 3]) -> [u8; 3] {
        self.tones.as_ref().map_or_else(|| rgb.map(byte), |tones| tones.bytes(rgb))
    }
}

/// The ranges of luma, to 0..1, and of chroma, to -0.5..0.5 (section 8.3).
fn ranges(bits: u32, full: bool) -> (SampleRange, SampleRange) {
    let unit = f32::from(1_u16 << (bits - 8));
    let most = 256.0 * unit - 1.0;
    if full {
        let luma = SampleRange { zero: 0.0, scale: 1.0 / most };
        return (luma, SampleRange { zero: 128.0 * unit, ..luma });
    }
    let scale = |levels: f32| 1.0 / (levels * unit);
    let luma = SampleRange { zero: 16.0 * unit, scale: scale(219.0) };
    (luma, SampleRange { zero: 128.0 * unit, scale: scale(224.0) })
}

/// How samples become fractions: `(sample - zero) * scale`.
#[derive(Clone, Copy)]
struct SampleRange {
    zero: f32,
    scale: f32,
}

impl SampleRange {
    fn fraction(self, sample: u16) -> f32 {
        (f32::from(sample) - self.zero) * self.scale
    }
}

/// How red, green and blue are computed from the components.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Matrix {
    /// Luma alone, as one value.
    Luma,
    /// Luma alone, as a color.
    Gray,
    /// The components are green, blue and red.
    Identity,
    /// Luma, and differences of green and of orange.
    GreenOrange,
    /// The weights of red and blue in luma (table 4).
    Weights(f32, f32),
}

impl Matrix {
    fn of(coding: Coding) -> Result<Self, MediaError> {
        match coding.matrix {
            0 => Ok(Self::Identity),
            1 => Ok(Self::Weights(0.2126, 0.0722)),
            4 => Ok(Self::Weights(0.30, 0.11)),
            // MIAF (ISO/IEC 23000-22), section 7.3.6.4, takes unspecified coefficients for these.
            2 | 5 | 6 => Ok(Self::Weights(0.299, 0.114)),
            7 => Ok(Self::Weights(0.212, 0.087)),
            8 => Ok(Self::GreenOrange),
            9 => Ok(Self::Weights(0.2627, 0.0593)),
            12 => Ok(Self::of_primaries(coding.primaries)),
            other => Err(MediaError::Variant(format!("AVIF with the matrix coefficients {other}"))),
        }
    }

    /// The weights that follow from primaries (section 8.3, equations 32 to 37), of those that a profile is made of.
    const fn of_primaries(primaries: u16) -> Self {
        match primaries {
            9 => Self::Weights(0.2627, 0.0593),
            12 => Self::Weights(0.229, 0.0793),
            _ => Self::Weights(0.2126, 0.0722),
        }
    }

    /// Values per pixel.
    const fn channels(self) -> usize {
        if matches!(self, Self::Luma) { 1 } else { 3 }
    }

    fn rgb(self, y: f32, cb: f32, cr: f32) -> [f32; 3] {
        match self {
            Self::Luma | Self::Gray => [y; 3],
            // Full range: the zero of chroma, a half, was subtracted.
            Self::Identity => [cr + 0.5, y, cb + 0.5],
            Self::GreenOrange => [y - cb + cr, y + cb, y - cb - cr],
            Self::Weights(red, blue) => {
                let (to_red, to_blue) = (2.0 * (1.0 - red) * cr, 2.0 * (1.0 - blue) * cb);
                let green = y - (red * to_red + blue * to_blue) / (1.0 - red - blue);
                [y + to_red, green, y + to_blue]
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and NaN becomes 0")]
fn byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_names_primaries_a_matrix_and_a_range() {
        let nclx = b"nclx\0\x0c\0\x0d\0\x06\x80";
        assert_eq!(
            Coding::of(ByteReader(nclx)),
            Some(Coding { primaries: 12, transfer: 13, matrix: 6, full_range: true })
        );
        assert_eq!(Coding::of(ByteReader(&nclx[..10])), None);
    }

    #[test]
    fn ranges_end_where_the_standard_says() {
        for (bits, full, black, white, chroma_zero) in
            [(8, true, 0, 255, 128), (8, false, 16, 235, 128), (10, false, 64, 940, 512), (12, true, 0, 4095, 2048)]
        {
            let (luma, chroma) = ranges(bits, full);
            let levels = [luma.fraction(black), luma.fraction(white), chroma.fraction(chroma_zero)].map(byte);
            assert_eq!(levels, [0, 255, 0], "{bits} bits");
        }
    }

    /// White has luma and no chroma, and red has the weights of each standard.
    #[test]
    fn every_matrix_gives_white_and_red_back() {
        for number in [1, 2, 4, 5, 6, 7, 9, 12] {
            let matrix = Matrix::of(Coding { primaries: 1, transfer: 13, matrix: number, full_range: true }).unwrap();
            let Matrix::Weights(red, blue) = matrix else { panic!("{matrix:?}") };
            assert_eq!(matrix.rgb(1.0, 0.0, 0.0).map(byte), [255; 3]);
            let (cb, cr) = (-red / (2.0 * (1.0 - blue)), 0.5);
            assert_eq!(matrix.rgb(red, cb, cr).map(byte), [255, 0, 0], "{number}");
        }
        assert_eq!(Matrix::Identity.rgb(0.0, -0.5, 0.5).map(byte), [255, 0, 0]);
        assert_eq!(Matrix::GreenOrange.rgb(0.25, -0.25, 0.5).map(byte), [255, 0, 0]);
        assert_eq!(Matrix::of_primaries(9), Matrix::Weights(0.2627, 0.0593));
        for number in [3, 10, 11, 13, 14, 99] {
            assert!(
                Matrix::of(Coding { primaries: 1, transfer: 13, matrix: number, full_range: true }).is_err(),
                "{number}"
            );
        }
    }
}
