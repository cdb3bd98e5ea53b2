//! What is served over HTTP: folders, and the newsroom of the demo.

mod folder;
pub(crate) mod newsroom;
