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
//! One article on its way: `source` lists its file, `extract` lists the places in it that name an image as byte
//! spans, and the catalog of the `archive` takes both and queues the URLs. `mirror` leases the host of each URL;
//! `fetch` asks it, at its pace, and streams the answer into a temporary file; `ingest` judges the bytes, keeps
//! them under their digest and has `media` make thumbnails. When nothing of the article is left in the queue,
//! `rewrite` splices the local links into the spans, and the mirrored file appears by rename.
//!
//! # Layers
//!
//! | layer | modules |
//! |---|---|
//! | 4 | `cli`, `web`, `demo`: open the archive, one library call, report, exit status |
//! | 3 | `mirror`, `restore`, `check`, `status`, `history`, `verify`, `gc`, `notify`: whole jobs |
//! | 2 | `source`, `ingest`, `render` |
//! | 1 | `extract`, `rewrite`, `fetch`, `media`, `archive`: leaves that do not know each other, but that `rewrite` has `extract` read what it made |
//! | 0 | `model`, `config`: plain data |
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

mod archive;
mod check;
#[cfg(feature = "cli")]
mod cli;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod extract;
mod fetch;
mod gc;
mod history;
mod ingest;
mod media;
mod mirror;
mod model;
mod notify;
mod render;
mod restore;
mod rewrite;
mod source;
mod staging;
mod status;
mod verify;
#[cfg(feature = "web")]
mod web;

pub use self::archive::{
    Archive, ArchiveError, Catalog, CatalogError, Mode, ObjectError, Objects, ReadError, StoreKey, open,
};
pub use self::check::{CheckError, Checked, check};
#[cfg(feature = "cli")]
pub use self::cli::main as cli_main;
pub use self::config::{
    AdoptLocal, Animation, ChangedImages, Config, ConfigError, DEFAULTS, DataUrls, FallbackConfig, FetchConfig, Fit,
    HostConfig, HumanDuration, Images, Lazy, MediaConfig, MediaKind, MirrorOutput, Recheck, ReportConfig,
    RewriteConfig, Robots as RobotsRule, RunConfig, Size, SourceConfig, SourceKind, ThumbnailConfig, ThumbnailFormat,
    UnitError,
};
pub use self::extract::{ExtractOptions, Extraction, extract, format_of};
pub use self::fetch::{FetchError, Fetcher};
pub use self::history::{ArticleHistory, UrlHistory, of_article as article_history, of_url as url_history};
pub use self::media::is_decoding;
pub use self::mirror::{
    ArticleCounts, BlobCounts, Budget, ChangedImage, Counter, FailedUrl, Mirror, MirrorError, Problem, ReferenceCounts,
    Report, RunOutcome, SourceOutcome, SourceReport, Tally, ThumbnailCounts, UrlCounts,
};
pub use self::model::{
    ArticleKey, ArticleVersion, Asset, Digest, Edit, Exchange, Failure, Fingerprint, Format, LinkWrap, MediaType,
    NameError, NotADigest, Reason, Reference, ReferenceKind, RelativePath, Reveal, SourceName, Span, ThumbnailName,
};
pub use self::restore::{RestoreError, restore};
pub use self::rewrite::{splice, unsplice};
pub use self::source::{Source, SourceConfigError, SourceError, SourceFailure, configured as configured_sources};
pub use self::status::{Similar, Status, similar, status};
#[cfg(feature = "web")]
pub use self::web::{Server, serve_folder};

/// What the tests, benchmarks and fuzz targets of this package see of its inside. It may change at any time.
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod testing {
    macro_rules! modules {
        ($($module:ident),* $(,)?) => {
            $(pub mod $module { pub use crate::$module::*; })*
        };
    }
    modules!(
        archive, check, config, extract, fetch, gc, history, ingest, media, mirror, model, notify, render, restore
    );
    modules!(rewrite, source, staging, status, verify);
    #[cfg(feature = "demo")]
    modules!(demo);
    #[cfg(feature = "web")]
    modules!(web);
}
