//! Sources → articles.

mod folder;

pub use folder::{DiscoverError, Folder, FoundArticle, fingerprint};
