//! Bytes → facts and thumbnails: pure, bounded, CPU-bound.
//!
//! All functions work on the bytes of one file. [`sniff()`] gives their type, [`probe()`] the facts in their headers, and
//! [`thumbnails`] decodes them and makes smaller renditions. [`similar`] finds images that look alike by the perceptual
//! hash that decoding gives.
//!
//! # What is decoded
//!
//! JPEG, PNG and APNG, GIF, WebP, BMP, TIFF, ICO and CUR, SVG and SVGZ, Photoshop, and camera raw by the JPEGs in it. The
//! feature `avif` adds AVIF, `heic` HEIC, and `jxl-jp2` JPEG XL and JPEG 2000; all three are on by default. Their decoders take more memory than the headers say: what holds is the
//! limit of the process that decodes (`render::cage`), and in a caller's own process nothing but the decoder's own count.
//! What a feature is missing for is probed and kept without a thumbnail. `docs/reference.md` says what is read of each.
//!
//! # Security
//!
//! Every image comes from a stranger. Sizes are checked before memory is allocated, against the probed header and against
//! what the decoder itself reads; the caller limits what is decoded at the same time by [`memory_estimate`]. A panic costs
//! one image. Only the language or a fuzzer helps against writes out of bounds, and the decoders differ:
//!
//! | decoder | formats | memory safety |
//! |---|---|---|
//! | `png`, `gif`, `image-webp` (animations), BMP and ICO of `image`, `weezl`, `flate2` | PNG, GIF, WebP, BMP, ICO | forbid `unsafe` |
//! | `decode::tiff`, `decode::bmp_header` and `decode::bmp_runs` of this project, `fax` | what the others refuse of TIFF and BMP | no `unsafe` |
//! | `decode::psd`, `preview` and `heif` of this project | Photoshop; the JPEG within camera raw; the containers of AVIF and HEIC | no `unsafe` |
//! | `hayro-jpeg2000` | JPEG 2000 | forbids `unsafe` |
//! | `heic-decoder` | HEIC | forbids `unsafe`; its threads are those of `rayon`, of which a process that decodes has one |
//! | `tiff`, and `zune-jpeg` for JPEG in it | TIFF | casts between numbers; SIMD kernels |
//! | `resvg`, `usvg`, `roxmltree` on `tiny-skia` | SVG | forbid `unsafe`; the rasterizer has SIMD kernels |
//! | `harfrust`, `skrifa`, `fontdb` | fonts of the system, for text in SVG | forbid `unsafe`, but for `fontdb`, which maps the files of fonts in the program |
//! | `jxl-oxide` | JPEG XL | `unsafe` in its SIMD kernels and in shared views of its grids |
//! | `re_rav1d` | AVIF | dav1d translated to Rust, in large part `unsafe`; the container is read by this project |
//! | `libjpeg-turbo-rs` | JPEG | `unsafe` SIMD kernels, in the hot path of every JPEG |
//! | `libwebp` | WebP stills | C: none. The reference decoder, fuzzed by its authors for years |
//!
//! `fast_image_resize` and `moxcms` have `unsafe` kernels too. Their input is sizes that were checked, and tables built
//! from a profile that was parsed in safe code. The program runs all of this in processes that can do nothing but compute
//! (`render::cage`); a caller of these functions runs it where it calls them. Each has a fuzz target for runs
//! under an address sanitizer (`tests/fuzz`), and the tests damage every small image of the corpus. The code of this
//! project has no `unsafe`.

mod active_content;
mod animation;
mod boxes;
mod byte_reader;
mod camera_raw;
mod catch_panic;
mod color;
mod cut_gif;
mod cut_png;
mod decode;
mod encode;
mod error;
#[cfg(test)]
mod fixtures;
pub(crate) mod fonts;
mod geometry;
mod gif_blocks;
mod heif;
mod icc;
mod ifd;
mod lanczos;
mod markup;
mod perceptual_hash;
mod png_chunks;
mod png_pixels;
mod preview;
mod probe;
mod psd;
mod pyramid;
mod raster;
mod rendition;
mod riff;
mod scale;
pub mod similar;
mod sniff;
mod svg_text;
mod svgz;
mod thumbnail;
mod unclosed;
mod yuv;

pub(crate) use active_content::is_active;
pub(crate) use catch_panic::catch_panic;
pub use catch_panic::is_decoding;
pub(crate) use decode::stay_on_this_thread;
pub use error::MediaError;
pub use fonts::Fonts;
pub use probe::probe;
pub use rendition::{Rendition, Renditions};
pub use sniff::sniff;
pub use thumbnail::{memory_estimate, thumbnails, thumbnails_with};
