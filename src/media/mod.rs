//! Bytes → facts and thumbnails: pure, bounded, CPU-bound.
//!
//! Three questions, each answered from the bytes alone: [`sniff()`] tells what they are, [`probe()`] what is known of
//! them without decoding a pixel, and [`thumbnails`] makes smaller renditions. [`similar`] finds pictures that look
//! alike by the perceptual hash that decoding gives.
//!
//! # What is decoded
//!
//! JPEG, PNG and APNG, GIF, WebP, BMP, TIFF, ICO and CUR, SVG. With the feature `avif` AVIF, and with the feature
//! `jxl-jp2` JPEG XL and JPEG 2000: their decoders take more memory than they tell, so that the bound that is promised for
//! all pictures together holds without them. HEIC, and what a feature is left out for, is probed and kept and has no
//! thumbnail.
//!
//! # What can go wrong with a decoder
//!
//! Every picture is a stranger's. Sizes are checked before anything is allocated, against the header that was probed
//! and against what the decoder itself reads; what is decoded side by side takes turns by the memory that [`memory`]
//! foretells. A panic ends one picture and prints nothing. Against writing out of bounds only the language or a fuzzer
//! helps, and the decoders differ:
//!
//! | decoder | of | memory safety |
//! |---|---|---|
//! | `png`, `gif`, `image-webp` (animations), the BMP and ICO of `image`, `weezl`, `flate2` | PNG, GIF, WebP, BMP, ICO | forbid `unsafe` |
//! | `hayro-jpeg2000` | JPEG 2000 | forbids `unsafe` |
//! | `tiff`, and `zune-jpeg` for JPEG in it | TIFF | casts between numbers; SIMD kernels |
//! | `resvg`, `usvg`, `roxmltree` on `tiny-skia` | SVG | forbid `unsafe`; the rasterizer has SIMD kernels |
//! | `jxl-oxide` | JPEG XL | `unsafe` in its SIMD kernels and in shared views of its grids |
//! | `re_rav1d`, `avif-parse` | AVIF | dav1d carried over to Rust, much of it still `unsafe`; the container in safe code |
//! | `libjpeg-turbo-rs` | JPEG | `unsafe` SIMD kernels, in the hot path of every JPEG |
//! | `libwebp` | WebP stills | C: none. The reference decoder, fuzzed by its authors for years |
//!
//! `fast_image_resize` and `moxcms` have `unsafe` kernels too, and see only sizes that were checked and tables that were
//! built from a profile that was parsed in safe code. None of these runs in a child process. Each has a fuzz target of
//! its own instead, for runs under an address sanitizer (`tests/fuzz`), and the tests damage every small picture of the
//! corpus. The project's own code has no `unsafe`.

mod animate;
mod decode;
mod encode;
mod error;
mod fields;
mod geometry;
mod icc;
mod picture;
mod planes;
mod probe;
mod quiet;
mod riff;
mod scale;
pub mod similar;
mod sniff;
mod thumbnail;

pub use error::MediaError;
pub use probe::probe;
pub use sniff::sniff;
pub use thumbnail::{Rendition, Renditions, memory, thumbnails};
