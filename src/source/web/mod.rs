//! Sources that are read over the network: feeds, sitemaps, pages, lists of addresses.
//!
//! What such a source has is listed beside everything that is on record of it, so that a setting that changed reaches
//! articles which the source has long dropped. Nothing that is not listed is gone.

mod address;
mod ask;
mod beginning;
mod body;
mod calendar;
mod content;
mod crawl;
mod entries;
mod feeds;
mod location;
mod reading;
mod received;
mod specs;

pub(super) use self::address::Address;
pub(super) use self::crawl::Crawl;
pub use self::reading::{FeedRecords, Watch, WebReader};
pub use self::received::{Received, Response};
pub(super) use self::specs::Feeds;
