//! What is known of media without decoding it.
//!
//! Each format has its own small reader of headers. They never allocate by a declared size, and walk the bytes at
//! most a few times; where a field is missing or makes no sense, its fact stays unknown.

mod bmff;
mod bmp;
mod exif;
mod gif;
mod ico;
mod jpeg;
mod jxl;
mod png;
mod svg;
mod tiff;
mod webp;

use super::fields::Fields;
use super::sniff::sniff;
use crate::config::MediaConfig;
use crate::model::{Asset, MediaType};

pub(super) use exif::Directory;
pub(super) use ico::largest as largest_in_icon;
pub(super) use jpeg::is_adobe as is_adobe_jpeg;

/// Tells what is known of some bytes: their type, and for media what its headers say. Never fails: bytes of no known
/// kind are an asset of [`MediaType::Unknown`], and headers that break off leave their facts at what
/// [`Asset::of_type`] has, with `truncated` set.
pub fn probe(bytes: &[u8], limits: &MediaConfig) -> Asset {
    let mut asset = Asset::of_type(sniff(bytes));
    let fields = Fields(bytes);
    // `None` says that the headers broke off. The facts found before stay.
    let whole = match asset.media_type {
        MediaType::Jpeg => jpeg::probe(fields, &mut asset),
        MediaType::Png => png::probe(fields, &mut asset),
        MediaType::Gif => gif::probe(fields, &mut asset),
        MediaType::WebP => webp::probe(fields, &mut asset),
        MediaType::Avif | MediaType::Heic | MediaType::Mp4 | MediaType::Jp2 => bmff::probe(fields, &mut asset),
        MediaType::Jxl => jxl::probe(fields, &mut asset),
        MediaType::Bmp => bmp::probe(fields, &mut asset),
        MediaType::Tiff => tiff::probe(fields, &mut asset),
        MediaType::Ico | MediaType::Cur => ico::probe(fields, &mut asset),
        MediaType::Svg => svg::probe(bytes, &mut asset),
        _ => Some(()),
    };
    asset.truncated |= whole.is_none();
    asset.frames = asset.frames.clamp(1, limits.max_frames.saturating_add(1));
    asset
}
