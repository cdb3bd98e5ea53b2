//! JPEG, scaled down while it is decoded.
//!
//! `libjpeg-turbo-rs` is chosen for its speed: it reconstructs images at 1/2, 1/4 and 1/8 in the DCT domain. It is written
//! in Rust with SIMD kernels in `unsafe` code and promises no memory safety. Its input is bounded first (size, scans,
//! memory), a panic costs one image, and the fuzz targets run it under an address sanitizer. It reads arithmetic coding, and
//! at full size twelve bits and the lossless processes.

use libjpeg_turbo_rs::tj3::{TjHandle, TjParam};
use libjpeg_turbo_rs::{DecodeLimits, Decoder, JpegError, PixelFormat, ScalingFactor};

use super::decoded::{Decoded, Pixels, TargetSize};
use super::jpeg_sampling;
use super::limits::{check_memory, check_size};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::probe;
use crate::media::raster::{Channels, Raster};
use crate::media::yuv::{Plane, YuvImage};

/// The largest number of scans of a progressive image. Encoders write about ten; each costs a pass over all coefficients.
const MAX_SCANS: u16 = 200;

/// Decodes to YUV planes where the target accepts them, else to interleaved channels.
pub(super) fn decode(bytes: &[u8], target: TargetSize, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let of_decoder = DecodeLimits { max_scans: MAX_SCANS.into(), ..DecodeLimits::default() };
    let decoder = Decoder::new_with_limits(bytes, of_decoder).map_err(reason)?;
    let (width, height) = (decoder.header().width, decoder.header().height);
    check_size(width.into(), height.into(), limits)?;
    let divisor = divisor(&decoder, target);
    check_memory(peak_memory(&decoder, divisor), limits)?;
    if !has_usual_sampling(&decoder)? {
        return jpeg_sampling::decode(bytes, decoder);
    }
    // Decoding to planes is strict. An image that it refuses may still be decoded leniently.
    let planar = || planar(bytes, divisor, covered(&decoder, divisor)).ok();
    if let Some(image) = target.accepts_yuv.then(planar).flatten() {
        return Ok(Decoded { pixels: Pixels::Planar(image), profile: None });
    }
    interleaved(bytes, decoder, divisor)
}

/// Whether the first of three components is at full resolution, and of four the first and the last. The decoder takes these
/// to be, as all encoders write them: it would give other colors, or read past their ends (ITU-T T.81, section A.1.1).
fn has_usual_sampling(decoder: &Decoder<'_>) -> Result<bool, MediaError> {
    let components = &decoder.header().components;
    let factors = || components.iter().map(|one| (one.horizontal_sampling, one.vertical_sampling));
    let most = (factors().map(|each| each.0).max(), factors().map(|each| each.1).max());
    let full =
        |at: usize| factors().nth(at).is_none_or(|(h_factor, v_factor)| (Some(h_factor), Some(v_factor)) == most);
    match components.len() {
        3 => Ok(full(0)),
        4 if !full(0) || !full(3) => {
            Err(MediaError::Variant("JPEG in four colors with the first or the last of them subsampled".to_owned()))
        }
        _ => Ok(true),
    }
}

/// What [`decode`] will check against the limit; 0 for an image that it will refuse.
pub(super) fn memory_estimate(bytes: &[u8], target: TargetSize) -> u64 {
    let Ok(decoder) = Decoder::new(bytes) else { return 0 };
    peak_memory(&decoder, divisor(&decoder, target))
}

fn interleaved(bytes: &[u8], mut decoder: Decoder<'_>, divisor: u32) -> Result<Decoded, MediaError> {
    let (format, channels) = match decoder.header().components.len() {
        1 => (PixelFormat::Grayscale, Channels::Gray),
        3 => (PixelFormat::Rgb, Channels::Rgb),
        4 => (PixelFormat::Cmyk, Channels::Cmyk),
        count => return Err(MediaError::damaged(format!("{count} components"))),
    };
    decoder.set_output_format(format);
    decoder.set_scale(ScalingFactor::try_new(1, divisor).map_err(reason)?);
    decoder.set_lenient(true);
    let covered = covered(&decoder, divisor);
    let image = decoder.decode_image().map_err(reason)?;
    let mut data = image.data;
    // Adobe's programs store ink inverted; libjpeg and its relatives deliver it as stored.
    if channels == Channels::Cmyk && probe::is_adobe_jpeg(ByteReader(bytes)) {
        for ink in &mut data {
            *ink = !*ink;
        }
    }
    let mut raster = Raster::new(side(image.width)?, side(image.height)?, channels, data)?;
    raster.covered = covered;
    Ok(Decoded::interleaved(raster, image.icc_profile))
}

fn side(length: usize) -> Result<u32, MediaError> {
    u32::try_from(length).map_err(MediaError::damaged)
}

/// Y, Cb and Cr planes, scaled down.
fn planar(bytes: &[u8], divisor: u32, covered: (f64, f64)) -> Result<YuvImage, MediaError> {
    let mut handle = TjHandle::new();
    handle.set(TjParam::ScanLimit, MAX_SCANS.into()).map_err(reason)?;
    handle.set_scaling_factor(1, divisor).map_err(reason)?;
    let (samples, width, height, subsampling) = handle.decompress_to_yuv_planes(bytes).map_err(reason)?;
    let (width, height) = (side(width)?, side(height)?);
    let (h_factor, v_factor) = subsampling.sampling_factors();
    let (h_factor, v_factor) = (u32::from(h_factor), u32::from(v_factor));
    let [y, cb, cr] = <[Vec<u8>; 3]>::try_from(samples).map_err(|_| MediaError::damaged("not three planes"))?;
    // All planes are padded to whole groups of samples.
    let (columns, rows) = (width.div_ceil(h_factor), height.div_ceil(v_factor));
    let covered_by_chroma = (covered.0 / f64::from(h_factor), covered.1 / f64::from(v_factor));
    let planes = [
        Plane::new(columns * h_factor, rows * v_factor, y, covered)?,
        Plane::new(columns, rows, cb, covered_by_chroma)?,
        Plane::new(columns, rows, cr, covered_by_chroma)?,
    ];
    Ok(YuvImage { width, height, planes })
}

/// The scaled size, not rounded.
fn covered(decoder: &Decoder<'_>, divisor: u32) -> (f64, f64) {
    let header = decoder.header();
    (f64::from(header.width) / f64::from(divisor), f64::from(header.height) / f64::from(divisor))
}

/// By how much the decoder scales down: a power of two that keeps 1.8 times the target size. Measured against decoding
/// at full size, anything less shows, and so do odd eighths even where they keep enough.
fn divisor(decoder: &Decoder<'_>, target: TargetSize) -> u32 {
    if !is_scalable(decoder) {
        return 1;
    }
    let (width, height) = (decoder.header().width.into(), decoder.header().height.into());
    let suffices = |divisor: u32| {
        let keeps = |side: u32, target: u32| u64::from(side.div_ceil(divisor)) * 10 >= u64::from(target) * 18;
        keeps(width, target.width) && keeps(height, target.height)
    };
    [8, 4, 2].into_iter().find(|&divisor| suffices(divisor)).unwrap_or(1)
}

/// Whether the decoder can scale down: not without a DCT, nor samples of twelve bits, nor what is put together here.
fn is_scalable(decoder: &Decoder<'_>) -> bool {
    let header = decoder.header();
    header.precision == 8 && !header.is_lossless && has_usual_sampling(decoder).unwrap_or(true)
}

/// An upper bound of the decoder's memory in bytes: planes, their upsampled copies and the output at the scaled size, and
/// all coefficients if there are several scans.
fn peak_memory(decoder: &Decoder<'_>, divisor: u32) -> u64 {
    let header = decoder.header();
    let pixels = u64::from(header.width) * u64::from(header.height);
    let components = header.components.len() as u64;
    let coefficients = if decoder.has_multiple_scans() { coefficients(decoder) * 2 } else { 0 };
    // Deeper samples take two bytes in planes, in their upsampled copies and in the result, and one in the image.
    let copies = if header.precision == 8 && !header.is_lossless { 3 } else { 7 };
    coefficients + pixels * components * copies / u64::from(divisor * divisor)
}

/// How many coefficients there are: for each component one per sample, in whole blocks of each group of blocks.
fn coefficients(decoder: &Decoder<'_>) -> u64 {
    let header = decoder.header();
    let factors = || header.components.iter().map(|one| (one.horizontal_sampling, one.vertical_sampling));
    let most = (factors().map(|each| each.0).max().unwrap_or(1), factors().map(|each| each.1).max().unwrap_or(1));
    let groups = |side: u16, most: u8| u64::from(side).div_ceil(8 * u64::from(most.max(1)));
    let blocks = factors().map(|(across, down)| u64::from(across) * u64::from(down)).sum::<u64>();
    groups(header.width, most.0) * groups(header.height, most.1) * blocks * 64
}

fn reason(error: JpegError) -> MediaError {
    match error {
        JpegError::LimitExceeded { what, actual, limit } => MediaError::over(what, actual, limit),
        error => MediaError::damaged(error),
    }
}

#[cfg(test)]
mod tests {
    use libjpeg_turbo_rs::{Subsampling, compress_12bit, compress_arithmetic, compress_lossless, compress_progressive};

    use super::*;
    use crate::config::Config;

    const SIDE: usize = 64;
    const COLOR: [u8; 3] = [200, 40, 90];

    fn pixels() -> Vec<u8> {
        COLOR.repeat(SIDE * SIDE)
    }

    /// The colors of a JPEG of one color, and the size that the decoder gave.
    fn shown(bytes: &[u8]) -> (usize, [u8; 3]) {
        let target = TargetSize { width: 8, height: 8, accepts_yuv: false };
        let decoded = decode(bytes, target, &Config::default().media).unwrap();
        let Pixels::Interleaved(image) = decoded.pixels else { panic!("planes") };
        let size = image.channels.count();
        assert!((image.covered.0 - f64::from(image.width)).abs() < 1.0, "{:?}", image.covered);
        (image.width as usize, std::array::from_fn(|at| image.data[at.min(size - 1)]))
    }

    #[track_caller]
    fn check(bytes: &[u8], width: usize, expected: [u8; 3]) {
        let (shown_width, color) = shown(bytes);
        assert_eq!(shown_width, width);
        assert!(color.iter().zip(expected).all(|(made, given)| made.abs_diff(given) < 8), "{color:?}");
    }

    #[test]
    fn arithmetic_lossless_and_deep_images_are_decoded() {
        let (format, sampling) = (PixelFormat::Rgb, Subsampling::S420);
        check(&compress_arithmetic(&pixels(), SIDE, SIDE, format, 90, sampling).unwrap(), SIDE / 4, COLOR);
        let gray = vec![77; SIDE * SIDE];
        check(&compress_lossless(&gray, SIDE, SIDE, PixelFormat::Grayscale).unwrap(), SIDE, [77; 3]);
        let deep: Vec<i16> = pixels().iter().map(|&level| i16::from(level) * 16).collect();
        check(&compress_12bit(&deep, SIDE, SIDE, 3, 95, Subsampling::S444).unwrap(), SIDE, COLOR);
    }

    #[test]
    fn coefficients_of_subsampled_components_are_fewer() {
        let estimate = |sampling: Subsampling| {
            let bytes = compress_progressive(&pixels(), SIDE, SIDE, PixelFormat::Rgb, 90, sampling).unwrap();
            memory_estimate(&bytes, TargetSize { width: 8, height: 8, accepts_yuv: false })
        };
        // Two components of a quarter of the samples, two bytes each.
        let pixels = (SIDE * SIDE) as u64;
        assert_eq!(estimate(Subsampling::S444) - estimate(Subsampling::S420), pixels * 2 * 2 * 3 / 4);
    }
}
