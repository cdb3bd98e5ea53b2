//! Fixity: bytes and structure.
