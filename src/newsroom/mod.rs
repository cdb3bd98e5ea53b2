//! A small newsroom on loopback: what `offprint demo` shows and the tests mirror.
//!
//! [`origin`] answers requests, well or in every wrong way that hosts on the web do; [`photo`] makes the pictures.

pub mod origin;
pub mod photo;
