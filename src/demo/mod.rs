//! The newsroom of `offprint demo`: a dozen articles, and a server on loopback with their images.

mod newsroom;
pub mod photo;
pub mod post;
mod site;

pub use self::newsroom::Newsroom;
