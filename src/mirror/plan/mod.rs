//! What is to be done: one implementation, which a run executes and a dry run prints.

mod align;
mod article;
mod asked;
mod dry_run;
mod in_place;
mod origin;
mod original;
mod references;
mod text_blobs;
mod unread;

pub(super) use article::{ArticlePlan, Change, Planner, ReadArticle};
pub use dry_run::{Plan, plan};
pub use original::OriginalRecorder;
pub(super) use unread::Unread;
