//! An archive that goes when the process ends, for tests and for trying things out.

mod catalog;
mod objects;

pub use catalog::MemoryCatalog;
pub use objects::MemoryObjects;
