//! offprint keeps articles whole: it finds every image an article shows, keeps the bytes for good, and gives back the
//! same article with every picture local.
//!
//! # One way through
//!
//! ```text
//! sources ─ list ─▶ articles ─ extract ─▶ references ─ fetch ─▶ captures ─ ingest ─▶ blobs, assets
//!                                                                                    │
//!              mirror (articles, thumbnails, report) ◀─ rewrite ◀─ thumbnail ◀───────┘
//! ```
//!
//! One article on its way: [`source`] lists its file, [`extract`] lists the places in it that name an image as byte
//! spans, and the catalog of the [`archive`] takes both and queues the URLs. [`mirror`] leases the host of each URL;
//! [`fetch`] asks it, at its pace, and streams the answer into a temporary file; [`ingest`] judges the bytes, keeps
//! them under their digest and has [`media`] make thumbnails. When nothing of the article is left in the queue,
//! [`rewrite`] splices the local links into the spans, and the mirrored file appears by rename.
//!
//! # Layers
//!
//! | layer | modules |
//! |---|---|
//! | 4 | [`cli`], [`web`], [`demo`]: open the archive, one library call, report, exit status |
//! | 3 | [`mirror`], [`restore`], [`check`], [`status`], [`history`], [`verify`], [`gc`], [`notify`]: whole jobs |
//! | 2 | [`source`], [`ingest`], [`render`] |
//! | 1 | [`extract`], [`rewrite`], [`fetch`], [`media`], [`archive`]: leaves that do not know each other, but that [`rewrite`] has [`extract`] read what it made |
//! | 0 | [`model`], [`config`]: plain data |
//!
//! What a module uses is below it; a test holds that true.
//!
//! # Invariants
//!
//! 1. Only spans change: a mirrored article equals its original outside the spans of its references.
//! 2. Reversible: the original is a blob, and the recorded splices turn the mirror back into it.
//! 3. Idempotent: a run over unchanged input makes no request and writes nothing but its own record.
//! 4. Durable, then visible: blob, then row, then article.
//! 5. Never worse: no bad answer replaces a good capture.
//! 6. A guest: no Referer, cookie or credential leaves unless configured or learned for that host.
//! 7. A bad image is data, not an error.
//! 8. Bounded: memory does not grow with the input, and every limit has a name in the settings.

pub mod archive;
pub mod check;
pub mod cli;
pub mod config;
pub mod demo;
pub mod extract;
pub mod fetch;
pub mod gc;
pub mod history;
pub mod ingest;
pub mod media;
pub mod mirror;
pub mod model;
pub mod notify;
pub mod render;
pub mod restore;
pub mod rewrite;
pub mod source;
pub mod status;
pub mod verify;
pub mod web;
