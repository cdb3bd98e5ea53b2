//! robots.txt (RFC 9309).

pub(crate) mod cache;
pub(crate) mod log;
pub(crate) mod rules;
