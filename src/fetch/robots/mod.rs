//! robots.txt (RFC 9309).

pub(crate) mod ask;
pub(crate) mod cache;
pub(crate) mod rules;
