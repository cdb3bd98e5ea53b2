//! Images: what they are, and smaller renditions of them.

mod animation;
#[cfg(feature = "avif")]
mod avif;
#[cfg(feature = "avif")]
mod avif_grid;
mod bitmaps;
mod color;
mod corpus_table;
mod drawings;
mod endings;
mod hostile;
mod images;
#[cfg(feature = "jxl-jp2")]
mod jxl_jp2;
mod measure;
mod memory;
mod orientation;
mod quality;
mod similar;
mod sizes;

use std::time::Duration;

use offprint::testing::config::{Animation, Fit, MediaConfig, Size, ThumbnailConfig, ThumbnailFormat};
use offprint::testing::media::{Rendition, Renditions, probe, thumbnails};
use offprint::testing::model::Asset;

/// The limits that the memory figures are claimed for.
fn limits() -> MediaConfig {
    MediaConfig {
        max_pixels: 100_000_000,
        max_side: 65_500,
        max_alloc: Size(200 << 20),
        max_frames: 1000,
        max_time: Duration::from_secs(20),
        threads: 1,
        min_side: 3,
        sandbox: offprint::testing::config::Sandbox::Off,
        worker: None,
    }
}

fn size(width: u32, height: u32, fit: Fit) -> ThumbnailConfig {
    ThumbnailConfig {
        name: "test".parse().expect("a name of lower-case letters"),
        width,
        height,
        fit,
        format: ThumbnailFormat::Auto,
        quality: 80,
        animation: Animation::Still,
    }
}

/// A size that loses nothing to its encoding.
fn lossless(width: u32, height: u32, fit: Fit) -> ThumbnailConfig {
    ThumbnailConfig { format: ThumbnailFormat::Png, ..size(width, height, fit) }
}

fn make(bytes: &[u8], sizes: &[ThumbnailConfig]) -> (Asset, Renditions) {
    let asset = probe(bytes, &limits());
    let made = thumbnails(bytes, &asset, sizes, &limits());
    (asset, made)
}

/// The only rendition of an image that is expected to have one.
fn make_one(bytes: &[u8], size: ThumbnailConfig) -> Rendition {
    let (_, mut made) = make(bytes, &[size]);
    made.sizes.remove(0).expect("this image has a thumbnail")
}
