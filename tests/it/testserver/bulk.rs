//! Very many small articles with very many small images, for tests of pace, size and interruption.

use std::io::{self, Cursor};
use std::path::Path;

use fastrand::Rng;
use image::{ImageFormat, Rgb, RgbImage};
use offprint::testing::demo::post::Post;

use super::{Behaviour, Content, Origin, Site};

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bulk {
    /// How many articles.
    pub articles: usize,
    /// How many image URLs; each is named by one article.
    pub urls: usize,
    /// How many different images: the URLs from this number on repeat the bytes of the first ones.
    pub images: usize,
    /// Over how many hosts the URLs are spread.
    pub hosts: usize,
}

/// An origin with very much of everything, and the articles that name its images.
#[derive(Debug)]
pub struct BulkOrigin {
    size: Bulk,
    origin: Origin,
}

impl Bulk {
    /// Starts such an origin on a free port of loopback. It makes an image when it is first requested.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open(self) -> io::Result<BulkOrigin> {
        let images = self.images.max(1);
        let site = Site::new().otherwise(move |request| {
            let number: usize = request.path().strip_prefix("/bulk/")?.strip_suffix(".png")?.parse().ok()?;
            let bytes = tiny((number % images) as u64);
            (number < self.urls).then(|| Behaviour::serve(Content::new("image/png", bytes).etagged()))
        });
        Ok(BulkOrigin { size: self, origin: Origin::start(site)? })
    }
}

impl BulkOrigin {
    /// The origin, with the log of what it got.
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
        self.posts().try_for_each(|post| post.write(folder))
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

/// A small PNG of 16 by 16 pixels that differs from that of every other seed: for tests with thousands of images.
pub fn tiny(seed: u64) -> Vec<u8> {
    let mut rng = Rng::with_seed(seed);
    let mut image = RgbImage::from_fn(16, 16, |_, _| Rgb([rng.u8(..), rng.u8(..), rng.u8(..)]));
    for (channel, byte) in image.iter_mut().zip(seed.to_le_bytes()) {
        *channel = byte;
    }
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).expect("an image of 16 by 16 pixels is encoded in memory");
    bytes.into_inner()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tiny_images_are_small_valid_and_all_different() {
        let all: HashSet<_> = (0..2_000).map(tiny).collect();
        assert_eq!(all.len(), 2_000);
        let one = all.iter().next().unwrap();
        assert!(one.len() < 1_000);
        assert_eq!(image::load_from_memory(one).unwrap().width(), 16);
    }
}
