//! Removal of what nothing references.
