//! The pages of an archive, over HTTP on this machine.
//!
//! Strangers wrote what these pages show. So [`serve_folder`] answers only requests for names of this machine, which
//! defeats DNS rebinding; it never leaves the folder, neither by `..` nor by a symbolic link; and every response carries
//! a policy under which a browser runs no script, sends no form and loads nothing from elsewhere.

mod folder;
mod host;
mod page;
mod response;
mod server;
mod tree;

pub use self::folder::serve_folder;
pub use self::host::authority;
pub use self::response::{Response, head, text, whole};
pub use self::server::{Handler, Request, Server};
