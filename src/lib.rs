//! offprint keeps articles whole.

pub mod archive;
pub mod check;
pub mod cli;
pub mod config;
pub mod discover;
pub mod extract;
pub mod fetch;
pub mod gc;
pub mod ingest;
pub mod media;
pub mod mirror;
pub mod model;
pub mod newsroom;
pub mod restore;
pub mod rewrite;
pub mod status;
pub mod verify;
