//! Decisions that are the same for every catalog: pure functions, without I/O and without SQL.
//!
//! In one transaction, a catalog reads facts, passes them to a rule, and stores what the rule returns: new facts, or a
//! list of [`Effect`]s. So catalogs differ in how they store, and agree in what becomes of a URL or an article.
//!
//! A database finds some rows only by an index. A rule states such a condition as data: [`Due::bounds`],
//! [`HostHold::ready_at`], [`UrlFacts::is_failing`](super::catalog::UrlFacts::is_failing). A catalog itself decides
//! only which rows exist and refer to which: that a URL is queued once, and only while an article shows it.
//!
//! | rule | decides |
//! |---|---|
//! | [`recorded`], [`mirrored`] | what reading an article and making its mirror change |
//! | [`completed`], [`revoked`], [`lost`], [`thumbnails_lost`], [`taken_down`], [`forgotten`] | what the end of a job, a revocation, a loss, a takedown or a collection changes |
//! | [`UrlFacts`](super::catalog::UrlFacts) | what an attempt, a revocation or a loss makes of a URL |
//! | [`Due`], [`Schedule`], [`recheck_at`] | which URLs are due, and when one is due again |
//! | [`TakedownTarget`](super::catalog::TakedownTarget), [`reach`] | what a takedown covers, and all that it takes with it |
//! | [`HostHold`] | when a host may be leased |
//! | [`ArticleFacts`] | what makes an article stale, and what makes it ready to be written |
//! | `on_replaced`, [`shown`] | which version of an image an article shows |
//! | [`previous`] | which earlier version returns when a placeholder is revoked |
//! | `renewed` | what is known of an asset whose bytes came again |
//! | [`MissingReport`](super::catalog::MissingReport) | what is missing, and what of it is newly missing |
//! | [`BlobUse`], [`ThumbnailUses`] | what keeps a blob or a thumbnail alive |
//! | [`copy_is_due`], [`old_copies`] | when the catalog is copied, and which copies go |
//! | [`unreferenced_since`], [`is_past_grace`] | for how long an unreferenced object stays |
//! | [`path_key`] | which paths name one file |

mod article;
mod asset;
mod copy;
mod document;
mod due;
mod effect;
mod garbage;
mod host;
mod job;
mod loss;
mod missing;
mod path;
mod record;
mod response;
mod revocation;
mod schedule;
mod takedown;
mod url;
mod version;

pub use article::{ArticleFacts, mirror_may_be_missing};
pub use copy::{CopySchedule, copy_is_due, old_copies};
pub use document::document_captured;
pub use due::{Due, requested};
pub use effect::{ArticleEffect, Decision, Effect};
pub use garbage::{
    BlobUse, ThumbnailUses, forgotten, is_garbage, is_left_by_takedown, is_past_grace, unreferenced_since,
};
pub use host::HostHold;
pub use job::{JobFacts, ShowingArticle, captured, completed};
pub use loss::{AssetFacts, LostThumbnail, lost, thumbnails_lost};
pub use path::path_key;
pub use record::{KnownArticle, MirrorFacts, RecordFacts, mirrored, recorded};
pub use revocation::{PlaceholderUrl, revoked, revoked_from};
pub use schedule::{Schedule, recheck_at};
pub use takedown::{ReachFacts, ReachableUrl, reach, taken_down};
pub use version::{Earlier, can_be_probed, previous, shown};
