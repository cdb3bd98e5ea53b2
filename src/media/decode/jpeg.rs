//! JPEG, scaled down while it is decoded.
//!
//! The decoder is chosen for its speed: it reconstructs pictures at 1/2, 1/4 and 1/8 in the DCT domain. It is written
//! in Rust with SIMD kernels in `unsafe` code and promises no memory safety. What is given to it is bounded first (size,
//! scans, memory), a panic in it ends one picture, and the fuzz targets run it under an address sanitizer.

use libjpeg_turbo_rs::tj3::{TjHandle, TjParam};
use libjpeg_turbo_rs::{DecodeLimits, Decoder, JpegError, PixelFormat, ScalingFactor};

use super::super::error::MediaError;
use super::super::fields::Fields;
use super::super::picture::{Channels, Picture};
use super::super::planes::{Planes, plane};
use super::super::probe;
use super::{Decoded, Needed, Pixels, check_memory, check_size};
use crate::config::MediaConfig;

/// How many scans a progressive picture may have. Encoders write about ten; each costs a pass over all coefficients.
const MAX_SCANS: u16 = 200;

pub(super) fn decode(bytes: &[u8], needed: Needed, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let bounds = DecodeLimits { max_scans: MAX_SCANS.into(), ..DecodeLimits::default() };
    let decoder = Decoder::new_with_limits(bytes, bounds).map_err(reason)?;
    let (width, height) = (decoder.header().width, decoder.header().height);
    check_size(width.into(), height.into(), limits)?;
    let divisor = divisor(width.into(), height.into(), needed);
    check_memory(memory(&decoder, divisor), limits)?;
    check_sampling(&decoder)?;
    // Decoding to planes is strict; what it refuses may still show something when it is decoded leniently.
    if let Some(planes) = needed.planes.then(|| planar(bytes, divisor, covered(&decoder, divisor)).ok()).flatten() {
        return Ok(Decoded { pixels: Pixels::Planar(planes), profile: None });
    }
    packed(bytes, decoder, divisor)
}

/// Refuses four components of which the first or the last is subsampled: the decoder takes these two to be whole, as all
/// encoders write them, and would read past their ends (ITU-T T.81, section A.1.1).
fn check_sampling(decoder: &Decoder<'_>) -> Result<(), MediaError> {
    let components = &decoder.header().components;
    let factors = || components.iter().map(|one| (one.horizontal_sampling, one.vertical_sampling));
    let most = (factors().map(|each| each.0).max(), factors().map(|each| each.1).max());
    let whole = |at: usize| factors().nth(at).is_none_or(|(across, down)| (Some(across), Some(down)) == most);
    if components.len() != 4 || whole(0) && whole(3) {
        return Ok(());
    }
    Err(MediaError::Variant("JPEG in four colors with the first or the last of them subsampled".to_owned()))
}

/// What [`decode`] will check against the limit; nothing for what it will refuse.
pub(super) fn memory_of(bytes: &[u8], needed: Needed) -> u64 {
    let Ok(decoder) = Decoder::new(bytes) else { return 0 };
    let (width, height) = (decoder.header().width, decoder.header().height);
    memory(&decoder, divisor(width.into(), height.into(), needed))
}

fn packed(bytes: &[u8], mut decoder: Decoder<'_>, divisor: u32) -> Result<Decoded, MediaError> {
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
    // Adobe's programs store ink inverted; libjpeg and its kin hand it out as stored.
    if channels == Channels::Cmyk && probe::is_adobe_jpeg(Fields(bytes)) {
        for ink in &mut data {
            *ink = !*ink;
        }
    }
    let side = |length: usize| u32::try_from(length).map_err(MediaError::damaged);
    let mut picture = Picture::new(side(image.width)?, side(image.height)?, channels, data)?;
    picture.covered = covered;
    Ok(Decoded::packed(picture, image.icc_profile))
}

/// Brightness and color planes, scaled down.
fn planar(bytes: &[u8], divisor: u32, covered: (f64, f64)) -> Result<Planes, MediaError> {
    let mut handle = TjHandle::new();
    handle.set(TjParam::ScanLimit, MAX_SCANS.into()).map_err(reason)?;
    handle.set_scaling_factor(1, divisor).map_err(reason)?;
    let (samples, width, height, subsampling) = handle.decompress_to_yuv_planes(bytes).map_err(reason)?;
    let side = |length: usize| u32::try_from(length).map_err(MediaError::damaged);
    let (width, height) = (side(width)?, side(height)?);
    let (across, down) = subsampling.sampling_factors();
    let (across, down) = (u32::from(across), u32::from(down));
    let [light, blue, red] = <[Vec<u8>; 3]>::try_from(samples).map_err(|_| MediaError::damaged("not three planes"))?;
    // All planes are padded to whole groups of samples.
    let (columns, rows) = (width.div_ceil(across), height.div_ceil(down));
    let of_color = (covered.0 / f64::from(across), covered.1 / f64::from(down));
    let components = [
        plane(columns * across, rows * down, light, covered)?,
        plane(columns, rows, blue, of_color)?,
        plane(columns, rows, red, of_color)?,
    ];
    Ok(Planes { width, height, components })
}

/// The reduced size, not rounded.
fn covered(decoder: &Decoder<'_>, divisor: u32) -> (f64, f64) {
    let header = decoder.header();
    (f64::from(header.width) / f64::from(divisor), f64::from(header.height) / f64::from(divisor))
}

/// How much smaller the picture is decoded. Only powers of two, and only while the result keeps 1.8 times the needed
/// size: measured against decoding in full, anything less shows (odd eighths too, although their size would do).
fn divisor(width: u32, height: u32, needed: Needed) -> u32 {
    let enough = |divisor: u32| {
        let keeps = |side: u32, needed: u32| u64::from(side.div_ceil(divisor)) * 10 >= u64::from(needed) * 18;
        keeps(width, needed.width) && keeps(height, needed.height)
    };
    [8, 4, 2].into_iter().find(|&divisor| enough(divisor)).unwrap_or(1)
}

/// An upper bound of the decoder's memory: planes, their upsampled copies and the output at the reduced size, and for
/// pictures of several scans all coefficients at full size.
fn memory(decoder: &Decoder<'_>, divisor: u32) -> u64 {
    let header = decoder.header();
    let pixels = u64::from(header.width) * u64::from(header.height);
    let components = header.components.len() as u64;
    let coefficients = if decoder.has_multiple_scans() { pixels * components * 2 } else { 0 };
    coefficients + pixels * components * 3 / u64::from(divisor * divisor)
}

fn reason(error: JpegError) -> MediaError {
    match error {
        JpegError::LimitExceeded { what, actual, limit } => MediaError::OverLimit { what, actual, limit },
        error => MediaError::damaged(error),
    }
}
