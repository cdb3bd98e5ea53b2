//! Connections: which addresses may be reached, how names become addresses, and what transport errors mean.

pub(crate) mod causes;
pub(crate) mod classify;
pub(crate) mod connections;
pub(crate) mod descriptors;
pub(crate) mod guard;
mod known;
mod proxy;
pub(crate) mod resolve;
pub(crate) mod tls;
