//! Samples of any depth as bytes (TIFF 6.0, sections 14, 19 and 21, and Adobe's technical note 3 on the predictor for
//! floating point).

use super::layout::{Format, Layout, Photometric};
use crate::media::byte_reader::ByteOrder;
use crate::media::error::MediaError;

/// The bytes of a row as stored.
pub(super) fn row_bytes(layout: &Layout, samples: usize, width: usize) -> usize {
    (width * samples * layout.bits as usize).div_ceil(8)
}

/// Undoes the prediction from the pixel to the left.
pub(super) fn unpredict(row: &mut [u8], layout: &Layout, samples: usize) -> Result<(), MediaError> {
    let bytes = (layout.bits / 8) as usize;
    match layout.predictor {
        1 => {}
        2 if layout.bits.is_multiple_of(8) => sum_up(row, bytes, samples, layout.order),
        3 if matches!(bytes, 2..=4 | 8) => gather(row, bytes, samples, layout.order),
        other => return Err(MediaError::Variant(format!("TIFF with the predictor {other} at {} bits", layout.bits))),
    }
    Ok(())
}

fn sum_up(row: &mut [u8], bytes: usize, samples: usize, order: ByteOrder) {
    for at in samples..row.len() / bytes {
        let sum = number(row, at, bytes, order).wrapping_add(number(row, at - samples, bytes, order));
        for (index, byte) in row[at * bytes..][..bytes].iter_mut().enumerate() {
            let shift = if order == ByteOrder::Little { index } else { bytes - 1 - index };
            *byte = sum.to_le_bytes()[shift];
        }
    }
}

/// The bytes of a row are predicted one by one, all highest ones first.
fn gather(row: &mut [u8], bytes: usize, samples: usize, order: ByteOrder) {
    sum_up(row, 1, samples, order);
    let count = row.len() / bytes;
    let planes = row.to_vec();
    for at in 0..count {
        for index in 0..bytes {
            let place = if order == ByteOrder::Little { bytes - 1 - index } else { index };
            row[at * bytes + place] = planes[index * count + at];
        }
    }
}

/// A number of whole bytes.
fn number(row: &[u8], at: usize, bytes: usize, order: ByteOrder) -> u64 {
    let stored = &row[at * bytes..][..bytes];
    let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    if order == ByteOrder::Little { stored.iter().rev().fold(0, join) } else { stored.iter().fold(0, join) }
}

/// The bits of one sample of a row.
pub(super) fn bits_at(row: &[u8], at: usize, layout: &Layout) -> u64 {
    let bits = layout.bits as usize;
    if bits.is_multiple_of(8) {
        return number(row, at, bits / 8, layout.order);
    }
    let bit = |place: usize| u64::from(row[place / 8] >> (7 - place % 8) & 1);
    (at * bits..(at + 1) * bits).fold(0, |sum, place| sum << 1 | bit(place))
}

/// A sample as one of 256 levels. Numbers with a sign count from zero, floats from 0 to 1.
pub(super) fn level(stored: u64, layout: &Layout) -> u8 {
    match layout.format {
        Format::Float => from_float(stored, layout.bits),
        // L*a*b* says by itself what a sign means.
        Format::Signed if layout.photometric != Photometric::CieLab => {
            let sign = 1 << (layout.bits - 1);
            scaled(if stored & sign == 0 { stored } else { 0 }, (sign - 1).max(1))
        }
        _ => scaled(stored, u64::MAX >> (64 - layout.bits)),
    }
}

fn scaled(value: u64, most: u64) -> u8 {
    let (value, most) = (u128::from(value), u128::from(most));
    u8::try_from((value * 255 + most / 2) / most).unwrap_or(u8::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and NaN becomes 0")]
fn from_float(stored: u64, bits: u32) -> u8 {
    let value = match bits {
        16 => from_half(stored as u16),
        24 => f64::from(f32::from_bits((stored as u32) << 8)),
        32 => f64::from(f32::from_bits(stored as u32)),
        _ => f64::from_bits(stored),
    };
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// A number of 16 bits (IEEE 754, binary16): a sign, five bits of exponent, ten of fraction.
fn from_half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff) / 1024.0);
    let size = if exponent == 0 { fraction * 2_f64.powi(-14) } else { (1.0 + fraction) * 2_f64.powi(exponent - 15) };
    if bits >> 15 == 1 { -size } else { size }
}

/// Y, Cb and Cr with shared chroma (section 21): blocks of as many luma samples as share it, then the two. The result has
/// all three at each pixel.
pub(super) fn with_own_chroma(stored: &[u8], layout: &Layout, width: usize, height: usize) -> Vec<u8> {
    let (across, down) = layout.subsampling;
    let (columns, size) = (width.div_ceil(across), across * down + 2);
    let mut out = vec![0; width * height * 3];
    for (at, pixel) in out.chunks_exact_mut(3).enumerate() {
        let (x, y) = (at % width, at / width);
        let start = (y / down * columns + x / across) * size;
        let Some(block) = stored.get(start..start + size) else { break };
        pixel.copy_from_slice(&[block[y % down * across + x % across], block[size - 2], block[size - 1]]);
    }
    out
}

/// The bytes of a piece with shared chroma.
pub(super) fn bytes_with_shared_chroma(layout: &Layout, width: usize, height: usize) -> usize {
    let (across, down) = layout.subsampling;
    width.div_ceil(across) * height.div_ceil(down) * (across * down + 2)
}
