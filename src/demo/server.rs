//! The *Harbour Gazette*: a dozen articles in the feeds of its sections, with images on hosts that serve them in different
//! ways.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::feeds;
use super::post::Post;
use super::site::{self, Site};
use crate::web::Server;

/// The articles. Their URLs have no port, because the system chooses it when the server starts.
const POSTS: [&str; 12] = [
    include_str!("posts/ferry.md"),
    include_str!("posts/bakery.md"),
    include_str!("posts/pier.md"),
    include_str!("posts/roof.md"),
    include_str!("posts/market.md"),
    include_str!("posts/letters.md"),
    include_str!("posts/bridge.md"),
    include_str!("posts/clocks.md"),
    include_str!("posts/tides.md"),
    include_str!("posts/train.md"),
    include_str!("posts/press.md"),
    include_str!("posts/kites.md"),
];

/// The articles of the demo, and the server that answers for all of their hosts.
#[derive(Debug)]
pub struct DemoServer {
    site: Arc<Site>,
    server: Server,
}

impl DemoServer {
    /// The hosts that the articles name. `[fetch.resolve]` must map each to [`DemoServer::address`].
    pub const HOSTS: [&str; 7] = Site::HOSTS;
    /// The host of the feeds, likewise.
    pub const FEED_HOST: &str = feeds::HOST;

    /// Starts the server on a free port of loopback.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open() -> io::Result<Self> {
        let posts: Vec<_> = POSTS.iter().map(|text| Post::of((*text).to_owned())).collect();
        let sections = feeds::sections(&posts);
        let site = Arc::new(Site::new(sections.iter().map(|section| (section.path(), section.rss())).collect()));
        let server = Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), Arc::clone(&site) as Arc<_>)?;
        Ok(Self { site, server })
    }

    /// The address of all hosts.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// How many requests came so far.
    pub fn request_count(&self) -> usize {
        self.site.request_count()
    }

    /// How many feeds there are.
    pub fn feed_count(&self) -> usize {
        self.site.feed_count()
    }

    /// The articles, with URLs that name the server's port.
    pub fn posts(&self) -> Vec<Post> {
        POSTS.iter().map(|text| Post::of(site::with_port(text, self.address().port()))).collect()
    }

    /// Writes the list of the feeds to a file, which a source reads.
    pub fn write_opml(&self, file: &Path) -> io::Result<()> {
        let posts = self.posts();
        std::fs::write(file, feeds::opml(&feeds::sections(&posts), self.address().port()))
    }
}
