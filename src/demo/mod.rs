//! The newsroom of `offprint demo`: feeds with a dozen articles, and a server on loopback with them and their images.

mod feeds;
mod newsroom;
pub mod photo;
pub mod post;
mod site;

pub use self::newsroom::Newsroom;
