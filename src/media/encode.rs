//! Encoders. Only pixels go in, so that no metadata can come out.

use std::borrow::Cow;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use libjpeg_turbo_rs::{PixelFormat, Subsampling};

use super::error::MediaError;
use super::raster::{Channels, Raster};
use crate::config::ThumbnailFormat;
use crate::model::MediaType;

/// Encodes an image in sRGB. The same image, format and quality give the same bytes.
pub(super) fn encode(image: Raster, format: ThumbnailFormat, quality: u8) -> Result<(MediaType, Vec<u8>), MediaError> {
    let quality = quality.clamp(1, 100);
    match format {
        ThumbnailFormat::Auto if !image.channels.has_alpha() => jpeg(&image, quality),
        ThumbnailFormat::Jpeg => jpeg(&image.on_white(), quality),
        ThumbnailFormat::Auto | ThumbnailFormat::WebP => webp(&image, quality),
        ThumbnailFormat::Png => png(&image),
        #[cfg(feature = "avif")]
        ThumbnailFormat::Avif => avif(&image, quality),
        #[cfg(not(feature = "avif"))]
        ThumbnailFormat::Avif => Err(MediaError::Encode("this build writes no AVIF".to_owned())),
    }
}

fn jpeg(image: &Raster, quality: u8) -> Result<(MediaType, Vec<u8>), MediaError> {
    let (format, subsampling) = match image.channels {
        Channels::Gray => (PixelFormat::Grayscale, Subsampling::S444),
        _ => (PixelFormat::Rgb, Subsampling::S420),
    };
    let (width, height) = (image.width as usize, image.height as usize);
    let bytes = libjpeg_turbo_rs::compress(&image.data, width, height, format, quality, subsampling);
    bytes.map(|bytes| (MediaType::Jpeg, bytes)).map_err(|error| MediaError::Encode(error.to_string()))
}

/// The effort of libwebp, from 0 to 6. Its default of 4 takes twice the time of 2 for 3 % fewer bytes.
const WEBP_METHOD: i32 = 2;

fn webp(image: &Raster, quality: u8) -> Result<(MediaType, Vec<u8>), MediaError> {
    webp_bytes(image, quality).map(|bytes| (MediaType::WebP, bytes))
}

/// A still in WebP.
pub(super) fn webp_bytes(image: &Raster, quality: u8) -> Result<Vec<u8>, MediaError> {
    let failed = |reason: String| MediaError::Encode(reason);
    let mut config = webp::WebPConfig::new().map_err(|()| failed("libwebp has no configuration".to_owned()))?;
    config.quality = quality.into();
    config.method = WEBP_METHOD;
    let (data, alpha) = in_color(image);
    let encoder = if alpha {
        webp::Encoder::from_rgba(&data, image.width, image.height)
    } else {
        webp::Encoder::from_rgb(&data, image.width, image.height)
    };
    let bytes = encoder.encode_advanced(&config).map_err(|error| failed(format!("{error:?}")))?;
    Ok(bytes.to_vec())
}

/// The pixels in color and whether they have alpha: the encoders of WebP and AVIF take no gray.
fn in_color(image: &Raster) -> (Cow<'_, [u8]>, bool) {
    let data = match image.channels {
        Channels::Gray => Cow::Owned(image.data.iter().flat_map(|&gray| [gray; 3]).collect()),
        Channels::GrayAlpha => {
            let pixels = image.data.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]);
            Cow::Owned(pixels.collect())
        }
        _ => Cow::Borrowed(image.data.as_slice()),
    };
    (data, image.channels.has_alpha())
}

fn png(image: &Raster) -> Result<(MediaType, Vec<u8>), MediaError> {
    let color = match image.channels {
        Channels::Gray => ExtendedColorType::L8,
        Channels::GrayAlpha => ExtendedColorType::La8,
        Channels::Rgb => ExtendedColorType::Rgb8,
        Channels::Rgba => ExtendedColorType::Rgba8,
        Channels::Cmyk => return Err(MediaError::Encode("PNG has no CMYK".to_owned())),
    };
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&image.data, image.width, image.height, color)
        .map_err(|error| MediaError::Encode(error.to_string()))?;
    Ok((MediaType::Png, bytes))
}

/// The speed of rav1e, from 10 down to 1. Each step down takes about three times as long for a tenth fewer bytes.
#[cfg(feature = "avif")]
const AVIF_SPEED: u8 = 9;

#[cfg(feature = "avif")]
fn avif(image: &Raster, quality: u8) -> Result<(MediaType, Vec<u8>), MediaError> {
    use ravif::{Img, RGB8, RGBA8};

    let encoder = ravif::Encoder::new()
        .with_quality(quality.into())
        .with_alpha_quality(quality.into())
        .with_speed(AVIF_SPEED)
        .with_num_threads(Some(1));
    let (data, alpha) = in_color(image);
    let (width, height) = (image.width as usize, image.height as usize);
    let file = if alpha {
        let pixels: Vec<RGBA8> = data.chunks_exact(4).map(|it| RGBA8::new(it[0], it[1], it[2], it[3])).collect();
        encoder.encode_rgba(Img::new(&pixels, width, height))
    } else {
        let pixels: Vec<RGB8> = data.chunks_exact(3).map(|it| RGB8::new(it[0], it[1], it[2])).collect();
        encoder.encode_rgb(Img::new(&pixels, width, height))
    };
    file.map(|file| (MediaType::Avif, file.avif_file)).map_err(|error| MediaError::Encode(error.to_string()))
}
