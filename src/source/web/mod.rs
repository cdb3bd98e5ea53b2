//! Sources that are read over the network: feeds, sitemaps, pages, lists of URLs.
//!
//! Such a source lists what it has now and everything that is recorded of it, so that a changed setting also reaches
//! articles which the source no longer lists. An article that is not listed is not gone.

mod address;
mod ask;
mod beginning;
mod body;
mod calendar;
mod content;
mod crawl;
mod entries;
mod entry_pages;
mod feeds;
mod full_entries;
mod full_text;
mod head;
mod link_header;
mod location;
mod no_text;
mod reading;
mod received;
mod recorded;
mod requested;
mod specs;

pub(super) use self::address::Address;
pub(super) use self::crawl::Crawl;
pub(super) use self::location::is_page_ending;
pub use self::reading::{Checkpoint, WebReader};
pub use self::received::{Received, Response};
pub use self::recorded::page_path;
pub use self::requested::{Requested, Watch};
pub(super) use self::specs::Feeds;
