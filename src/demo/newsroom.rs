//! The *Harbour Gazette*: a dozen articles, with images on hosts that serve them in different ways.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::post::Post;
use super::site::Site;
use crate::web::Server;

/// The articles. Their URLs have no port, because the system chooses it when the server starts.
const POSTS: [(&str, &str); 12] = [
    ("2026/ferry.md", include_str!("posts/ferry.md")),
    ("2026/bakery.md", include_str!("posts/bakery.md")),
    ("2026/老码头的灯.md", include_str!("posts/pier.md")),
    ("2026/roof.md", include_str!("posts/roof.md")),
    ("2026/雨后的集市.md", include_str!("posts/market.md")),
    ("2026/letters.md", include_str!("posts/letters.md")),
    ("2026/bridge.md", include_str!("posts/bridge.md")),
    ("2026/修钟表的人.md", include_str!("posts/clocks.md")),
    ("2026/tides.md", include_str!("posts/tides.md")),
    ("2026/train.md", include_str!("posts/train.md")),
    ("2026/press.md", include_str!("posts/press.md")),
    ("2026/风筝节.md", include_str!("posts/kites.md")),
];

/// The articles of the demo, and the server that answers for all of their hosts.
#[derive(Debug)]
pub struct Newsroom {
    site: Arc<Site>,
    server: Server,
}

impl Newsroom {
    /// The hosts that the articles name. `[fetch.resolve]` must map each to [`Newsroom::address`].
    pub const HOSTS: [&str; 7] = Site::HOSTS;

    /// Starts the server on a free port of loopback.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open() -> io::Result<Self> {
        let site = Arc::new(Site::new());
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

    /// The articles, with URLs that name the server's port.
    pub fn posts(&self) -> Vec<Post> {
        let host = format!(".example:{}/", self.address().port());
        let post =
            |(path, text): &(&str, &str)| Post { path: (*path).to_owned(), text: text.replace(".example/", &host) };
        POSTS.iter().map(post).collect()
    }

    /// Writes the articles to a folder, which becomes a source.
    pub fn write_posts(&self, folder: &Path) -> io::Result<()> {
        self.posts().iter().try_for_each(|post| post.write(folder))
    }
}
