//! The pages, one file for each: what is read from the catalog, and the template that shows it.

pub(super) mod article;
pub(super) mod articles;
mod changes;
pub(super) mod failure;
pub(super) mod feed;
pub(super) mod frame;
pub(super) mod home;
pub(super) mod hosts;
pub(super) mod image;
pub(super) mod images;
pub(super) mod item;
pub(super) mod missing;
pub(super) mod preview;
pub(super) mod runs;
pub(super) mod search;
