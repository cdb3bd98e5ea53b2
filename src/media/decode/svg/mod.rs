//! SVG, drawn at the target size. Nothing outside the file is read: no files, no network.
//!
//! Text is drawn with the fonts that the caller hands over, which are those of the system that the drawing names, or that
//! stand for these (`media::fonts`). Fonts that a drawing brings along, by `@font-face` or as SVG fonts, are not used.

mod attributes;
mod cost;
mod entities;
mod letters;
mod rings;
mod styles;
mod text;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::roxmltree::{Document, ParsingOptions};
use resvg::usvg::{ImageHrefResolver, ImageKind, Options, Size, Tree};

use super::decoded::{Decoded, SVG_DEFAULT_SIZE, TargetSize};
use super::limits::{check_memory, check_size};
use crate::config::MediaConfig;
use crate::media::error::MediaError;
use crate::media::fonts::Fonts;
use crate::media::probe::probe;
use crate::media::raster::{Channels, Raster};
use crate::media::svg_text::svg_text;
use crate::media::svgz::LARGEST;
use crate::model::MediaType;

/// Draws an SVG at the target size.
pub(super) fn decode(
    bytes: &[u8],
    target: TargetSize,
    fonts: &Fonts,
    limits: &MediaConfig,
) -> Result<Decoded, MediaError> {
    if bytes.len() > LARGEST {
        return Err(MediaError::over("bytes of SVG", bytes.len() as u64, LARGEST as u64));
    }
    let text = svg_text(bytes);
    entities::check(&text)?;
    attributes::check(&text)?;
    let parsing = ParsingOptions { allow_dtd: true, nodes_limit: cost::MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, parsing).map_err(MediaError::damaged)?;
    check_memory(memory(&cost::of(&document)?, target, fonts), limits)?;
    let embedded = AtomicU64::new(0);
    let tree = Tree::from_xmltree(&document, &options(limits, fonts, &embedded)).map_err(MediaError::damaged)?;
    check_embedded(embedded.into_inner())?;
    let scale = (scale(target.width, tree.size().width()), scale(target.height, tree.size().height()));
    work::check(&tree, scale, (target.width, target.height), max_tile(limits))?;
    let raster = draw(&tree, target)?;
    text::check_shown(&document, &tree, raster.is_blank())?;
    Ok(Decoded::interleaved(raster, None))
}

/// What a letter takes: its place, and its outline twice. Those of Chinese have a hundred points and more.
const BYTES_PER_LETTER: u64 = 2048;

/// The memory that canvases, fonts and letters take.
fn memory(cost: &cost::Cost, target: TargetSize, fonts: &Fonts) -> u64 {
    let canvas = u64::from(target.width) * u64::from(target.height) * 4;
    let canvases = canvas.saturating_mul(cost.layers.saturating_add(2));
    canvases.saturating_add(cost.letters.saturating_mul(BYTES_PER_LETTER)).saturating_add(fonts.bytes())
}

/// The most pixels of all embedded images together. An image that is used twice is decoded twice.
const MAX_EMBEDDED: u64 = 100_000_000;

fn check_embedded(pixels: u64) -> Result<(), MediaError> {
    if pixels > MAX_EMBEDDED {
        return Err(MediaError::over("pixels of embedded images", pixels, MAX_EMBEDDED));
    }
    Ok(())
}

/// The most pixels of the tile of one pattern, within the memory for decoding.
const fn max_tile(limits: &MediaConfig) -> u64 {
    if limits.max_alloc.0 == 0 { u64::MAX } else { limits.max_alloc.0 / 8 }
}

fn draw(tree: &Tree, target: TargetSize) -> Result<Raster, MediaError> {
    let mut canvas = Pixmap::new(target.width, target.height).ok_or_else(|| MediaError::damaged("the size is zero"))?;
    let (across, down) = (scale(target.width, tree.size().width()), scale(target.height, tree.size().height()));
    resvg::render(tree, Transform::from_scale(across, down), &mut canvas.as_mut());
    let data = canvas.pixels().iter().flat_map(|pixel| {
        let pixel = pixel.demultiply();
        [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]
    });
    Raster::new(target.width, target.height, Channels::Rgba, data.collect())
}

#[expect(clippy::cast_precision_loss, reason = "a side of a thumbnail is far below 2^24")]
fn scale(pixels: u32, length: f32) -> f32 {
    pixels as f32 / length
}

/// Options under which a drawing can reach nothing but itself and these fonts.
fn options<'a>(limits: &'a MediaConfig, fonts: &Fonts, pixels: &'a AtomicU64) -> Options<'a> {
    let image_href_resolver = ImageHrefResolver {
        resolve_data: Box::new(move |_, data, _| embedded(data, limits, pixels)),
        resolve_string: Box::new(|_, _| None),
    };
    let (width, height) = SVG_DEFAULT_SIZE;
    let default_size = Size::from_wh(width.into(), height.into()).unwrap_or(Options::default().default_size);
    let (fontdb, font_resolver) = (Arc::new(fonts.database()), text::resolver());
    Options { resources_dir: None, image_href_resolver, default_size, fontdb, font_resolver, ..Options::default() }
}

/// An image that the drawing holds as a `data:` URL, if it is within the limits, and adds its size to
/// `pixels`. An SVG in an SVG is not drawn.
fn embedded(data: Arc<Vec<u8>>, limits: &MediaConfig, pixels: &AtomicU64) -> Option<ImageKind> {
    let asset = probe(&data, limits);
    check_size(asset.width, asset.height, limits).ok()?;
    let own = u64::from(asset.width) * u64::from(asset.height);
    if pixels.fetch_add(own, Ordering::Relaxed).saturating_add(own) > MAX_EMBEDDED {
        return None;
    }
    check_memory(own * 8, limits).ok()?;
    match asset.media_type {
        MediaType::Jpeg => Some(ImageKind::JPEG(data)),
        MediaType::Png => Some(ImageKind::PNG(data)),
        MediaType::Gif => Some(ImageKind::GIF(data)),
        MediaType::WebP => Some(ImageKind::WEBP(data)),
        _ => None,
    }
}
