//! An archive in memory, for tests and experiments.

mod catalog;
mod objects;

pub use catalog::MemoryCatalog;
pub use objects::MemoryObjects;
