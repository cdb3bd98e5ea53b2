//! The news site of `offprint demo`: feeds with a dozen articles, and a server on loopback with them and their images.

mod feeds;
pub mod photo;
pub mod post;
mod server;
mod site;

pub use self::server::DemoServer;
