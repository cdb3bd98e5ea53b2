//! Bodies of responses.

pub(crate) mod coding;
mod digest_fields;
pub(crate) mod limits;
mod rate;
pub(crate) mod receive;
pub(crate) mod resume;
pub(crate) mod writer;
