//! An archive in memory, for tests and experiments.

mod catalog;
mod objects;
mod search;

pub use catalog::MemoryCatalog;
pub use objects::MemoryObjects;
pub use search::MemorySearchIndex;
