//! Very many small articles with very many small pictures, for tests of pace, size and interruption.

use std::io;
use std::path::Path;

use super::origin::{Behaviour, Content, Origin, Site};
use super::photo;
use super::posts::{self, Post};

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bulk {
    /// How many articles.
    pub articles: usize,
    /// How many image URLs; each is named by one article.
    pub urls: usize,
    /// How many different pictures: the URLs from this number on repeat the bytes of the first ones.
    pub pictures: usize,
    /// Over how many hosts the URLs are spread.
    pub hosts: usize,
}

/// A newsroom with very much of everything.
#[derive(Debug)]
pub struct BulkNewsroom {
    size: Bulk,
    origin: Origin,
}

impl Bulk {
    /// Opens such a newsroom on a free port of loopback. Pictures are made when they are asked for.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open(self) -> io::Result<BulkNewsroom> {
        let pictures = self.pictures.max(1);
        let site = Site::new().otherwise(move |request| {
            let number: usize = request.path().strip_prefix("/bulk/")?.strip_suffix(".png")?.parse().ok()?;
            let bytes = photo::tiny((number % pictures) as u64);
            (number < self.urls).then(|| Behaviour::serve(Content::new("image/png", bytes).etagged()))
        });
        Ok(BulkNewsroom { size: self, origin: Origin::start(site)? })
    }
}

impl BulkNewsroom {
    /// The origin, with the log of what it was asked.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The hosts that the articles name; `[fetch.resolve]` must say where they are.
    pub fn hosts(&self) -> Vec<String> {
        (0..self.size.hosts.max(1)).map(host).collect()
    }

    /// The articles, made one by one.
    pub fn posts(&self) -> impl Iterator<Item = Post> {
        (0..self.size.articles).map(|number| Post {
            path: format!("{:03}/{number}.md", number / 100),
            text: format!(
                "\n---\ntitle: 'Article {number}'\nauthor: Bulk\ndate: Sun, 01 Nov 2026 10:00:00 GMT\n---\n\n<div>   \n{}</div>\n",
                self.images(number)
            ),
        })
    }

    /// Writes the articles to a folder, which becomes a source.
    pub fn write_posts(&self, folder: &Path) -> io::Result<()> {
        posts::write(self.posts(), folder)
    }

    fn images(&self, article: usize) -> String {
        let urls = (article..self.size.urls).step_by(self.size.articles.max(1));
        let image = |number| format!("<p><img src=\"{}\" referrerpolicy=\"no-referrer\"></p>\n", self.url(number));
        urls.map(image).collect()
    }

    fn url(&self, number: usize) -> String {
        let host = host(number % self.size.hosts.max(1));
        format!("http://{host}:{}/bulk/{number}.png", self.origin.address().port())
    }
}

fn host(number: usize) -> String {
    format!("i{number}.bulk.example")
}
