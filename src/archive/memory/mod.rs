//! An archive that goes when the process ends, for tests and for trying things out.

mod objects;

pub use objects::MemoryObjects;
