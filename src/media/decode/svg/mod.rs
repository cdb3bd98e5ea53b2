//! SVG, drawn at the size it is needed. Nothing outside the file is ever read: no files, no network, no fonts.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{ImageHrefResolver, Options, Size, Tree};

use super::super::error::MediaError;
use super::super::picture::{Channels, Picture};
use super::{Decoded, Needed, SVG_WITHOUT_SIZE, check_memory};
use crate::config::MediaConfig;

/// Larger drawings are data rather than pictures, and take minutes to draw.
const MAX_BYTES: usize = 16 << 20;

pub(super) fn decode(bytes: &[u8], needed: Needed, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    if bytes.len() > MAX_BYTES {
        let (actual, limit) = (bytes.len() as u64, MAX_BYTES as u64);
        return Err(MediaError::OverLimit { what: "bytes of SVG", actual, limit });
    }
    let tree = Tree::from_data(bytes, &options()).map_err(MediaError::damaged)?;
    check_memory(u64::from(needed.width) * u64::from(needed.height) * 8, limits)?;
    let mut canvas = Pixmap::new(needed.width, needed.height).ok_or_else(|| MediaError::damaged("it has no size"))?;
    let (across, down) = (scale(needed.width, tree.size().width()), scale(needed.height, tree.size().height()));
    resvg::render(&tree, Transform::from_scale(across, down), &mut canvas.as_mut());
    let data = canvas.pixels().iter().flat_map(|pixel| {
        let pixel = pixel.demultiply();
        [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]
    });
    let picture = Picture::new(needed.width, needed.height, Channels::Rgba, data.collect())?;
    Ok(Decoded::packed(picture, None))
}

#[expect(clippy::cast_precision_loss, reason = "a side of a thumbnail is far below 2^24")]
fn scale(pixels: u32, length: f32) -> f32 {
    pixels as f32 / length
}

/// Options under which a drawing can reach nothing but itself.
fn options() -> Options<'static> {
    let image_href_resolver =
        ImageHrefResolver { resolve_data: Box::new(|_, _, _| None), resolve_string: Box::new(|_, _| None) };
    let (width, height) = SVG_WITHOUT_SIZE;
    let default_size = Size::from_wh(f32::from(width), f32::from(height)).unwrap_or(Options::default().default_size);
    Options { resources_dir: None, image_href_resolver, default_size, ..Options::default() }
}
