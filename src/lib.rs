//! offprint keeps articles whole: it finds every image an article shows, keeps the bytes for good, and writes the same
//! article with every image local.
//!
//! The program `offprint` is a thin layer over this crate (feature `cli`). To use the crate alone, switch the default
//! features off: `offprint = { version = "…", default-features = false }`.
//!
//! # Use
//!
//! [`extract()`] needs neither network nor archive:
//!
//! ```
//! use offprint::{Config, ExtractOptions, Format, extract};
//!
//! let article = b"# Ferry\n\n![deck](deck.jpg)\n";
//! let base = "https://example.org/2026/ferry.html".parse()?;
//! let options = ExtractOptions::new(&Config::default().rewrite, Some(base));
//! let found = extract(article, Format::Markdown, &options);
//!
//! let image = &found.references[0];
//! assert_eq!(&article[image.span.start..image.span.end], b"deck.jpg");
//! assert_eq!(image.url.as_ref().unwrap().as_str(), "https://example.org/2026/deck.jpg");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To mirror articles, [`open`] an [`Archive`], name the [`Source`]s, and run a [`Mirror`], which gives a [`Report`].
//! [`status()`], [`check()`], [`verify()`], [`restore()`], [`find_garbage`], [`search()`] and the histories read an archive.
//! The folder `examples/` has a program for each: `extract`, `mirror_folder` and `read_archive`.
//!
//! The crate needs a [tokio](https://docs.rs/tokio) runtime. It changes no state of the process: it installs neither a
//! panic hook nor a TLS provider nor a logger.
//!
//! # One way through
//!
//! ```text
//! sources ─ list ─▶ articles ─ extract ─▶ references ─ fetch ─▶ captures ─ ingest ─▶ blobs, assets
//!                                                                                │ render
//!              mirror (articles, index, report) ◀─ rewrite ◀──── thumbnails ◀────┘
//! ```
//!
//! One article on its way: `source` lists its file; `extract` lists the places in it that name an image as byte spans;
//! the catalog of the `archive` records both and queues the URLs. `mirror` leases the host of each URL; `fetch` sends
//! the request, at the pace of that host, and streams the response into memory or a temporary file; `ingest` judges the
//! bytes and keeps them under their digest; `render` makes the thumbnails. When nothing of the article is left in the
//! queue, `rewrite` splices the local links into the spans, and the mirrored file appears by rename.
//!
//! # Layers
//!
//! A module uses only what is below it; a test enforces this.
//!
//! | layer | modules |
//! |---|---|
//! | 5 | `cli`, `web`, `demo`: open the archive, one library call, report, exit status |
//! | 4 | `mirror`, `verify`, `gc`, `forget`, `check`, `restore`, `search`, `status`, `history`: whole jobs; above them `notify` and `rebuild` |
//! | 3 | `source`, `ingest`, `render`: where articles come from, keeping what came, making renditions |
//! | 2 | `rewrite`, `fetch`, `media`, `archive`: leaves that do not know each other |
//! | 1 | `extract`: bytes to references, title, date and text |
//! | 0 | `config`, `staging`: settings, temporary files; below them `model`, `trace`, `locks`, `clock`: plain data and what needs nothing else |
//!
//! # Invariants
//!
//! 1. Only spans change: a mirrored article equals its original outside the spans of its references.
//! 2. Reversible: the original is a blob, and the recorded splices turn the mirror back into it.
//! 3. Idempotent: a run over unchanged input makes no request, writes no file, and records only itself.
//! 4. Durable, then visible: the blob is durable before its row, and the row before the article that points at it.
//! 5. Never worse: no bad response replaces a good capture, and no damaged blob gets into a mirror.
//! 6. A guest: no Referer, cookie or credential leaves unless configured or learned for that host.
//! 7. A bad image is data, not an error: it is recorded with its reason, and the run goes on.
//! 8. Bounded: memory does not grow with the input, and every limit has a name in the settings.
//! 9. What is configured is what is there: a changed setting takes effect on what is kept already.
//! 10. The archive is never its own input.
//!
//! # Logging
//!
//! The crate logs through [tracing](https://docs.rs/tracing). Without a subscriber nothing is logged.
//!
//! | span | level | target | fields |
//! |---|---|---|---|
//! | `run` | info | `offprint::mirror` | `run`: when it began |
//! | `source` | info | `offprint::mirror` | `name` |
//! | `article` | debug | `offprint::mirror` | `article`: source and path |
//! | `host` | info | `offprint::mirror` | `host` |
//! | `job` | debug | `offprint::mirror` | `url` |
//! | `exchange` | debug | `offprint::fetch` | `url` |
//!
//! An `article` is within its `source`; an `exchange` within its `job`, and that within its `host`. No field holds the
//! user name or the password of a URL.

#![cfg_attr(
    not(feature = "testing"),
    allow(unused_imports, reason = "modules list what the tests of this package use of them, too")
)]
#![cfg_attr(not(feature = "cli"), allow(dead_code, reason = "some of it only the program uses"))]
#![warn(unnameable_types)]

mod archive;
mod check;
#[cfg(feature = "cli")]
mod cli;
mod clock;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod extract;
mod fetch;
#[cfg(test)]
mod fixtures;
mod forget;
mod gc;
mod history;
mod ingest;
mod locks;
mod media;
mod mirror;
mod model;
mod notify;
mod rebuild;
mod regular_file;
mod render;
mod restore;
mod rewrite;
mod search;
mod source;
mod staging;
mod status;
mod trace;
mod verify;
#[cfg(feature = "web")]
mod web;

pub use tokio_util::sync::CancellationToken;

pub use self::archive::{
    Archive, ArchiveError, ArchiveRow, ArticleFilter, ArticleMark, ArticleRow, ArticleState, Articles, AssetRow,
    BlobRow, Body, Captures, Catalog, CatalogError, CompletedJob, Copies, CopyError, DatedArticle, DatedImage, Derived,
    DocumentCapture, DocumentFacts, Documents, EntryPage, EntryRow, FeedRow, Feeds, GarbageCollection, HostRow,
    Identity, ImageFilter, ImageRow, IndexEntry, IndexedRow, Inventory, Job, JobResult, Lease, ListPage, Listings,
    MatchOrder, MemoryCatalog, MemoryObjects, MemorySearchIndex, MissingCounts, MissingFilter, MissingReport, Mode,
    NewReference, Newer, ObjectError, ObjectReader, Objects, Origins, Output, OutputFolder, PageContent, PageRow,
    Pages, PlaceholderVerdict, Placeholders, Prefix, Put, Queue, QueueChanges, Ranked, ReadError, ReadRows,
    ReferenceRow, RenditionRow, Repairs, ReportedMissing, Revocation, Revoked, RunRow, Runs, SearchIndex,
    SearchIndexError, SharedBlob, SharedUrl, StoreKey, Stored, TakedownDifferences, TakedownReach, TakedownRow,
    TakedownTarget, Takedowns, TextMatch, TextMatches, TextQuery, ThumbnailRow, Totals, UrlFacts, UrlRow, UrlState,
    VersionRow, WithoutBlobs, Worker, WriteOutcome, open, rules::CopySchedule, rules::Schedule,
};
pub use self::check::{CheckError, Checked, CheckedPlace, check};
#[cfg(feature = "cli")]
pub use self::cli::main as cli_main;
pub use self::config::{
    AdoptLocal, Animation, ChangedImages, Config, ConfigError, CrawlConfig, DEFAULTS, DataUrls, FallbackConfig,
    FeedConfig, FetchConfig, Fit, HostConfig, HumanDuration, Images, IndexConfig, Lazy, MediaConfig, MediaKind,
    MirrorOutput, Recheck, ReportConfig, RewriteConfig, RobotsRule, RunConfig, Sandbox, SearchConfig, ServeConfig,
    Size, SourceConfig, SourceKind, ThumbnailConfig, ThumbnailFormat, UnitError,
};
pub use self::extract::{ExtractOptions, Extraction, Phrase, extract, format_of};
pub use self::fetch::{Answer, FetchError, Fetched, Fetcher, Judge, Lookup, Purpose, Request, Robots, SystemLookup};
pub use self::forget::{FindOutput, ForgetError, Forgotten, forget};
pub use self::gc::{
    Garbage, GcError, GcPlan, GcRules, plan as find_garbage, plan_and_note as note_garbage, sweep as remove_garbage,
};
pub use self::history::{
    ArticleHistory, CaptureMade, OlderImage, UrlHistory, VersionRead, of_article as article_history,
    of_url as url_history,
};
pub use self::ingest::IngestError;
pub use self::media::{MediaError, Rendition, Renditions, probe, sniff, thumbnails};
pub use self::mirror::{
    Counter, Mirror, MirrorError, Plan, Retry, RetryError, Tally, open_for_dry_run, open_for_run, plan,
};
pub use self::model::{
    ArchiveId, ArticleCounts, ArticleId, ArticleKey, ArticleVersion, Asset, BlobCounts, Budget, Capture, CaptureId,
    CaptureKind, ChangedImage, Digest, Edit, Ending, Exchange, FailedThumbnail, FailedUrl, Failure, Fingerprint,
    Format, HostKey, HostState, JobId, KeptBody, LinkWrap, MediaType, MissingUrls, NameError, NotADigest, Problem,
    ProblemReason, Reason, Reference, ReferenceCounts, ReferenceKind, ReferencePlace, RefererStrategy, RelativePath,
    Report, Reveal, Revision, Revisit, RunId, RunOutcome, SkippedFile, SkippedReason, SourceFailure, SourceName,
    SourceOutcome, SourceReport, Span, ThumbnailCounts, ThumbnailName, UrlCounts, UrlId, UrlProblem, Validators,
};
pub use self::notify::{Notifier, NotifyError, RunEnd, exposition as prometheus_exposition, write_prometheus};
pub use self::rebuild::{RebuildError, RebuildProgress, Rebuilt, rebuild};
pub use self::render::{CageError, Confinement, RenderError};
pub use self::restore::{Original, RestoreError, restore, restore_below, restore_over, restore_version};
pub use self::rewrite::{ChangedMirror, splice, unsplice};
pub use self::search::{Count, Found, Fragment, Hit, QueryError, SearchError, SearchQuery, search};
pub use self::source::{
    Checkpoint, Entries, Entry, Listed, Listing, LocalFile, Location, Made, Received, Requested, SkipReason, Skipped,
    Source, SourceConfigError, SourceError, Watch, WebReader, configured as configured_sources,
};
pub use self::staging::{HeldBytes, Leftover, Staged, Staging, StagingFile};
pub use self::status::{
    DuplicateGroup, KnownHost, Match, MissingUrl, PastRun, Similar, Status, Suggestion, similar, status,
};
pub use self::verify::{
    ConfiguredRepairSource, Damage, FindMirror, Finding, MirrorFile, NotASubset, Repair, RepairSource, Subset,
    Verification, VerifyCounts, VerifyError, VerifyOptions, VerifyProgress, find_mirror, repair, verify,
    verify_untrusted,
};
#[cfg(feature = "web")]
pub use self::web::{Access, Handler, IndexCounts, IndexError, Server, remove_index, serve, write_index};

/// The inside of the crate, for the tests, benchmarks and fuzz targets of this package. It may change at any time.
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
    /// The processes that decode images, and what is said to them.
    pub mod cage {
        pub use crate::render::cage::check::{bodies, checked};
        pub use crate::render::cage::protocol::{
            Claim, Hello, LONGEST_HEADER, Limits, Refusal, Reply, Request, Terms, VERSION, header, read, write,
        };
        pub use crate::render::cage::{Cage, Confinement, work, work_with};
    }
    modules!(rewrite, search, source, staging, status, verify);
    #[cfg(feature = "demo")]
    modules!(demo);
    #[cfg(feature = "web")]
    modules!(web);
}
