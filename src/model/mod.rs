//! The nouns of offprint: plain data, no I/O.
//!
//! They are here, and not in the module that makes them, because each is made in one place, stored in a second and
//! shown in a third. None of them depends on how it is stored or printed: rows are mapped in `archive`, JSON in `cli`.
//! A report is JSON itself: a run prints and stores it, and `status` reads it again.

mod article;
mod capture;
mod digest;
mod failure;
mod host;
mod ids;
mod media_type;
mod named;
mod path;
mod reference;
mod report;
mod start;
mod time;
mod web_address;

pub use article::{ArticleKey, ArticleVersion, Edit, Fingerprint};
pub use capture::{Capture, CaptureKind, Exchange, KeptBody, Revisit, Validators};
pub use digest::{Digest, Hasher, NotADigest};
pub use failure::{Failure, LONGEST_DETAIL, Reason};
pub use host::{HostKey, HostState, RefererStrategy};
pub use ids::{ArchiveId, ArticleId, CaptureId, JobId, Revision, RunId, UrlId};
pub use media_type::{Asset, Ending, MediaType};
pub use path::{NameError, RelativePath, SourceName, ThumbnailName};
pub use reference::{Format, LinkWrap, Reference, ReferenceKind, ReferencePlace, Reveal, Span, UrlProblem};
pub use report::{
    ArticleCounts, BlobCounts, Budget, ChangedImage, FailedThumbnail, FailedUrl, MissingUrls, Problem, ProblemReason,
    ReferenceCounts, Report, RunOutcome, SkippedFile, SkippedReason, SourceFailure, SourceOutcome, SourceReport,
    ThumbnailCounts, UrlCounts,
};
pub use start::start_of;
pub use time::saturating_add;
pub use web_address::is_web_address;
