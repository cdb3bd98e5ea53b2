//! The nouns of offprint: plain data, no I/O.
//!
//! They are here, and not in the module that makes them, because each is made in one place, kept in a second and
//! shown in a third. None of them knows how it is stored or printed: rows are mapped in `archive`, JSON in `cli`.

mod article;
mod capture;
mod digest;
mod media_type;
mod reference;

pub use article::{ArticleKey, ArticleVersion, Edit, Fingerprint};
pub use capture::{Exchange, HostKey, HostState, Reason, RefererRung, Staged, Validators, later};
pub use digest::{Digest, Hasher, NotADigest};
pub use media_type::{Asset, MediaType};
pub use reference::{Format, LinkWrap, Reference, ReferenceKind, Reveal, Span};
