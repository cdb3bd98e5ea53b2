//! What a run does: one implementation, which a run executes and a dry run prints.

mod align;
mod article;
mod dry_run;
mod found_article;
mod in_place;
mod kept;
mod moved;
mod pending;
mod place;
mod read_article;
mod record_orphan;
mod references;
mod requests;
mod text_blobs;
mod trace_original;
mod unread;

pub(super) use article::{ArticlePlan, Planner};
pub use dry_run::{Plan, plan};
pub(super) use pending::{Pending, pending};
pub(super) use place::{Place, Places, Reading};
pub(super) use read_article::{Change, ReadArticle};
pub use record_orphan::OriginalRecorder;
pub(super) use unread::Unread;
