//! The pages of an archive, over HTTP.
//!
//! Strangers wrote what these pages show, and any page in the reader's browser can send requests here. So:
//!
//! - whatever came out of the archive is sent under one policy ([`policy`]) by which a browser runs no script, sends no
//!   form, loads nothing from elsewhere, and gives the document an origin of its own;
//! - requests are answered that read, for a name of this server ([`access`]);
//! - paths are read into typed values ([`address`]), and files are found by digest: nothing is opened by joining paths.
//!
//! The archive is opened to be read: a run may write it meanwhile.

mod access;
mod address;
mod assets;
mod error;
mod files;
mod host;
mod index;
mod links;
mod markdown;
mod pages;
mod policy;
mod query;
mod response;
mod server;
mod shown;
mod site;

pub use self::access::Access;
pub use self::host::authority;
pub use self::index::{IndexCounts, IndexError, remove_index, write_index};
pub use self::response::{Response, head, text, whole};
pub use self::server::{Handler, Request, Server};
pub use self::site::serve;
