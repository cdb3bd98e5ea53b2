//! A small newsroom on loopback: what `offprint demo` shows and the tests mirror.
//!
//! [`origin`] answers requests, well or in every wrong way that hosts on the web do; [`photo`] makes the pictures;
//! [`Gazette`] is the newsroom of the demo, and [`Bulk`] one with very much of everything; [`folder`] shows the result.

mod bulk;
pub mod folder;
mod gazette;
pub mod origin;
pub mod photo;
mod posts;

pub use self::bulk::{Bulk, BulkNewsroom};
pub use self::gazette::Gazette;
pub use self::posts::Post;
