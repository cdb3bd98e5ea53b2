//! What a source over the network would be asked for first.

use jiff::Timestamp;
use url::Url;

use super::crawl::Crawl;
use super::location::normal;
use super::reading::unrecorded;
use super::specs::{FeedSpec, Feeds};
use crate::archive::{Archive, PageContent};
use crate::model::{ArticleKey, SourceName};
use crate::source::error::SourceError;

impl Feeds {
    /// The feeds that are asked for now: those that are not retired, and did not say that they stay as they are.
    pub(in crate::source) async fn first(
        &self,
        source: &SourceName,
        archive: Option<&Archive>,
        now: Timestamp,
    ) -> Result<Vec<Url>, SourceError> {
        let mut first = Vec::new();
        for spec in self.specs()?.0 {
            first.extend(self.asked_now(&spec, source, archive, now).await?);
        }
        Ok(first)
    }

    async fn asked_now(
        &self,
        spec: &FeedSpec,
        source: &SourceName,
        archive: Option<&Archive>,
        now: Timestamp,
    ) -> Result<Option<Url>, SourceError> {
        let Some(archive) = archive else { return Ok(Some(spec.url.clone())) };
        let Some(row) = archive.catalog.feed(source, &spec.key).await.map_err(unrecorded)? else {
            return Ok(Some(spec.url.clone()));
        };
        let is_fresh = row.settings == self.settings_of(spec) && row.fresh_until.is_some_and(|until| until > now);
        let is_asked = row.retired_at.is_none() && !is_fresh;
        Ok(is_asked.then(|| row.moved_to.unwrap_or_else(|| spec.url.clone())))
    }
}

impl Crawl {
    /// The addresses that the settings or a file name, but for those that a crawl which goes on has read, and those that
    /// are images or were taken down.
    pub(in crate::source) async fn first(
        &self,
        source: &SourceName,
        archive: Option<&Archive>,
    ) -> Result<Vec<Url>, SourceError> {
        let named = self.named().await?;
        let Some(archive) = archive else { return Ok(named) };
        let began = archive.catalog.crawl_began(source).await.map_err(unrecorded)?;
        let mut first = Vec::new();
        for url in named {
            let row = archive.catalog.page(source, &normal(url.clone())).await.map_err(unrecorded)?;
            let is_done = match row {
                None => false,
                Some(row) if began.is_some_and(|began| row.found_at >= began) => true,
                Some(row) => match row.content {
                    PageContent::Image => true,
                    PageContent::Moved(_) => false,
                    PageContent::Article { path, .. } => {
                        let key = ArticleKey { source: source.clone(), path };
                        archive.catalog.is_taken_down(&key).await.map_err(unrecorded)?
                    }
                },
            };
            first.extend((!is_done).then_some(url));
        }
        Ok(first)
    }
}
