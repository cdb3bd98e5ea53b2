//! The page of an article.

use askama::Template;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::super::links::Links;
use super::super::pages::article::{Heading, ImageItem, images};
use super::super::pages::frame::Frame;
use super::error::{IndexError, passed_over};
use super::group::{Group, shard_name};
use super::marks::Entry;
use super::places::Mirror;
use super::writer::{AT_ONCE, Writer};
use crate::archive::{ArticleRow, Prefix, StoreKey};
use crate::model::SourceName;

#[derive(Debug, Template)]
#[template(path = "index_article.html")]
struct ArticlePage {
    frame: Frame,
    heading: Heading,
    images: Vec<ImageItem>,
    mirror: Mirror,
    original: String,
}

impl Writer<'_> {
    /// The pages of the articles whose names begin with a byte.
    pub(super) async fn articles<'a>(
        &self,
        shard: u8,
        entries: impl Iterator<Item = (&'a SourceName, &'a Entry)>,
    ) -> Result<(), IndexError> {
        let mut group = Group::open(self.archive, Prefix::ArticlePages(shard), &shard_name(shard)).await?;
        let page = |(source, entry): (&'a SourceName, &'a Entry)| {
            let mark = self.mark([self.places.mark(source), entry.page]);
            self.page(&group, StoreKey::article_page_of(entry.name), mark, self.article(entry))
        };
        let pages = stream::iter(entries.map(page)).buffer_unordered(AT_ONCE).map(passed_over);
        let pages: Vec<_> = pages.try_collect().await?;
        for (key, made) in pages.iter().flatten() {
            group.want(key, *made);
        }
        self.finish(group).await
    }

    async fn article(&self, entry: &Entry) -> Result<String, IndexError> {
        let row = self.archive.catalog.article_by_id(entry.id).await?;
        let row = row.ok_or_else(|| IndexError::Made("an article is gone since it was listed".to_owned()))?;
        let links = Links::from_file(&StoreKey::article_page_of(entry.name));
        let mut unreadable = Vec::new();
        let mut images = images(self.archive, &row, links, &mut unreadable).await?;
        // The attempts change from night to night. The pages of what is missing have them.
        for image in &mut images {
            image.leave_out_attempts();
        }
        let page = self.article_page(&row, links, images).await;
        Ok(ArticlePage { frame: Frame { unreadable, ..page.frame }, ..page }.render()?)
    }

    async fn article_page(&self, row: &ArticleRow, links: Links, images: Vec<ImageItem>) -> ArticlePage {
        let version = &row.version;
        let original = StoreKey::Blob { digest: version.original, media_type: version.format.blob_type() };
        let frame = Frame::of_file("articles", row.title(), 2);
        ArticlePage {
            frame: frame.among(Some(links.source(&version.key.source)), None, None),
            heading: Heading::new(row, links),
            images,
            mirror: self.places.mirror(row).await,
            original: links.object(&original),
        }
    }
}
