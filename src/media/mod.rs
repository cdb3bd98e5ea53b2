//! Bytes → facts and thumbnails: pure, bounded, CPU-bound.
//!
//! Three questions, each answered from the bytes alone: [`sniff`] tells what they are, [`probe`] what is known of
//! them without decoding a pixel, and [`thumbnails`] makes smaller renditions. [`similar`] finds pictures that look
//! alike by the perceptual hash that decoding gives.

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
mod scale;
pub mod similar;
mod sniff;
mod thumbnail;

pub use error::MediaError;
pub use probe::probe;
pub use sniff::sniff;
pub use thumbnail::{Rendition, Renditions, memory, thumbnails};
