//! Lists for people who look through an archive.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use super::MemoryCatalog;
use super::state::{State, UrlEntry, page};
use crate::archive::catalog::{
    ArticleFilter, ArticleMark, ArticleRow, CatalogError, DatedArticle, DatedImage, HostRow, ImageFilter, ImageRow,
    IndexedRow, ListPage, Listings, MOST_COUNTED, MOST_MONTHS, MissingFilter, RunRow, UrlRow, UrlState, month_of,
};
use crate::model::{ArticleId, ArticleVersion, Digest, HostKey, RunId, SourceName, UrlId};

#[async_trait]
impl Listings for MemoryCatalog {
    async fn list_articles(
        &self,
        filter: &ArticleFilter,
        before: Option<DatedArticle>,
        limit: usize,
    ) -> Result<ListPage<ArticleRow, DatedArticle>, CatalogError> {
        let state = self.state();
        let mut rows: Vec<_> = state.articles.keys().filter_map(|id| state.article_row(*id)).collect();
        rows.retain(|row| before.is_none_or(|before| (row.date(), row.id) < (before.date, before.id)));
        rows.retain(|row| state.is_listed(filter, row));
        rows.sort_by_key(|row| Reverse((row.date(), row.id)));
        Ok(first(rows, limit, |row| DatedArticle { date: row.date(), id: row.id }))
    }

    async fn listed_among(
        &self,
        ids: &[ArticleId],
        filter: &ArticleFilter,
    ) -> Result<Vec<(ArticleId, Result<ArticleRow, CatalogError>)>, CatalogError> {
        let state = self.state();
        let rows = ids.iter().filter_map(|id| state.article_row(*id));
        Ok(rows.filter(|row| state.is_listed(filter, row)).map(|row| (row.id, Ok(row))).collect())
    }

    async fn indexable(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<IndexedRow>, CatalogError> {
        let state = self.state();
        Ok(page(&state.articles, after, limit, |id, _| {
            let row = state.article_row(*id)?;
            let (date, ArticleVersion { key, original, .. }) = (row.date(), row.version);
            Some(IndexedRow { id: *id, original, date, source: key.source })
        }))
    }

    async fn newer_article(
        &self,
        source: &SourceName,
        place: DatedArticle,
    ) -> Result<Option<ArticleRow>, CatalogError> {
        let state = self.state();
        let rows = state.articles.keys().filter_map(|id| state.article_row(*id));
        let newer =
            rows.filter(|row| row.version.key.source == *source && (row.date(), row.id) > (place.date, place.id));
        Ok(newer.min_by_key(|row| (row.date(), row.id)))
    }

    async fn article_months(&self, source: Option<&SourceName>) -> Result<Vec<Date>, CatalogError> {
        let state = self.state();
        let rows = state.articles.keys().filter_map(|id| state.article_row(*id));
        let rows = rows.filter(|row| source.is_none_or(|source| row.version.key.source == *source));
        let months: BTreeSet<_> = rows.map(|row| month_of(row.date())).collect();
        Ok(months.into_iter().rev().take(MOST_MONTHS).collect())
    }

    async fn list_images(
        &self,
        filter: &ImageFilter,
        before: Option<DatedImage>,
        limit: usize,
    ) -> Result<ListPage<ImageRow, DatedImage>, CatalogError> {
        let state = self.state();
        let place = |row: &ImageRow| DatedImage { recorded: row.recorded, digest: row.image.digest };
        let mut rows: Vec<_> = state.assets.keys().map(|digest| state.image_row(*digest)).collect();
        rows.retain(|row| {
            before.is_none_or(|before| place(row) < before) && is_within(filter.dates.as_ref(), row.recorded)
        });
        rows.retain(|row| {
            filter.holds_for(&row.image.asset) && state.is_shown_of(row.image.digest, filter.host.as_ref())
        });
        rows.sort_by_key(|row| Reverse(place(row)));
        Ok(first(rows, limit, place))
    }

    async fn newer_image(&self, place: DatedImage) -> Result<Option<ImageRow>, CatalogError> {
        let state = self.state();
        let rows = state.assets.keys().map(|digest| state.image_row(*digest));
        let rows = rows.filter(|row| row.image.asset.media_type.is_image());
        let dated = rows.map(|row| (DatedImage { recorded: row.recorded, digest: row.image.digest }, row));
        Ok(dated.filter(|(dated, _)| *dated > place).min_by_key(|(dated, _)| *dated).map(|(_, row)| row))
    }

    async fn image(&self, digest: Digest) -> Result<Option<ImageRow>, CatalogError> {
        let state = self.state();
        Ok(state.assets.contains_key(&digest).then(|| state.image_row(digest)))
    }

    async fn image_hashes(&self, after: Option<Digest>, limit: usize) -> Result<Vec<(Digest, u64)>, CatalogError> {
        Ok(page(&self.state().assets, after, limit, |digest, asset| Some((*digest, asset.perceptual_hash?))))
    }

    async fn urls_of_image(&self, digest: Digest, limit: usize) -> Result<ListPage<UrlRow, UrlId>, CatalogError> {
        let state = self.state();
        let gave = |entry: &UrlEntry| entry.facts.kept == Some(digest) || entry.replaced.contains(&digest);
        let rows = page(&state.urls, None, usize::MAX, |id, entry| gave(entry).then(|| state.url_row(*id)));
        Ok(first(rows, limit, |row| row.id))
    }

    async fn list_missing(
        &self,
        filter: &MissingFilter,
        after: Option<UrlId>,
        limit: usize,
    ) -> Result<ListPage<UrlRow, UrlId>, CatalogError> {
        let state = self.state();
        let is_meant = |entry: &UrlEntry| {
            let is_missing = entry.facts.kept.is_none() && !entry.showing.is_empty();
            let is_of_host = filter.host.as_ref().is_none_or(|host| entry.host == *host);
            is_missing && is_of_host && filter.reason.is_none_or(|reason| entry.facts.reason == Some(reason))
        };
        let rows = page(&state.urls, after, usize::MAX, |id, entry| is_meant(entry).then(|| state.url_row(*id)));
        Ok(first(rows, limit, |row| row.id))
    }

    async fn article_marks(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleMark>, CatalogError> {
        let state = self.state();
        Ok(page(&state.articles, after, limit, |id, _| state.mark(*id)))
    }

    async fn list_hosts(
        &self,
        after: Option<&HostKey>,
        limit: usize,
    ) -> Result<ListPage<HostRow, HostKey>, CatalogError> {
        let state = self.state();
        let after = Some(after.cloned().unwrap_or_else(|| HostKey::from_stored(String::new())));
        let rows = page(&state.hosts, after, usize::MAX, |key, _| Some(state.host_row(key)));
        Ok(first(rows, limit, |row| row.host.clone()))
    }

    async fn list_runs(&self, before: Option<RunId>, limit: usize) -> Result<ListPage<RunRow, RunId>, CatalogError> {
        let state = self.state();
        let earlier = state.runs.values().rev().filter(|run| before.is_none_or(|before| run.id < before));
        Ok(first(earlier.cloned().collect(), limit, |run| run.id))
    }

    async fn run_at(&self, began: Timestamp) -> Result<Option<RunRow>, CatalogError> {
        let second = began.as_millisecond()..began.as_millisecond().saturating_add(1000);
        Ok(self.state().runs.values().find(|run| second.contains(&run.began.as_millisecond())).cloned())
    }
}

/// The first rows of a list.
fn first<T, P>(mut rows: Vec<T>, limit: usize, place: impl Fn(&T) -> P) -> ListPage<T, P> {
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(place);
    ListPage { rows, unreadable: Vec::new(), next }
}

/// A short digest of values.
fn short(values: &impl std::fmt::Debug) -> u64 {
    Digest::of(format!("{values:?}").as_bytes()).short()
}

fn is_within(dates: Option<&Range<Timestamp>>, at: Timestamp) -> bool {
    dates.is_none_or(|dates| dates.contains(&at))
}

impl State {
    fn is_listed(&self, filter: &ArticleFilter, row: &ArticleRow) -> bool {
        filter.source.as_ref().is_none_or(|source| row.version.key.source == *source)
            && is_within(filter.dates.as_ref(), row.date())
            && filter.host.as_ref().is_none_or(|host| self.shows(row.id, |url| url.host == *host))
            && (!filter.missing || self.shows(row.id, |url| url.facts.kept.is_none()))
    }

    fn mark(&self, id: ArticleId) -> Option<ArticleMark> {
        let (row, entry) = (self.article_row(id)?, &self.articles[&id]);
        let version = &row.version;
        let key = version.key.clone();
        let listed = (&key, &version.title, row.date(), row.is_gone);
        let paged = (version.original, &version.encoding, &version.url, row.mirror.is_some());
        let (mut images, mut missing) = (Vec::new(), Vec::new());
        for url in self.urls_of(id) {
            let (known, first) = (&self.urls[&url], entry.shown_first.get(&url));
            let shown = first.copied().or(known.facts.kept);
            let small: Vec<_> = self.thumbnails.iter().filter(|((original, _), _)| Some(*original) == shown).collect();
            let reason = known.facts.reason.filter(|_| shown.is_none());
            images.push(short(&(&known.url, shown, first.is_some(), reason, small)));
            missing.extend(known.facts.kept.is_none().then(|| short(&(&known.url, &known.facts))));
        }
        let lacks = if missing.is_empty() { 0 } else { short(&missing) };
        let (entry, page) = (short(&listed), short(&(&listed, paged, images)));
        Some(ArticleMark { id, date: row.date(), entry, page, missing: lacks, key })
    }

    fn shows(&self, article: ArticleId, which: impl Fn(&UrlEntry) -> bool) -> bool {
        self.urls_of(article).iter().any(|url| which(&self.urls[url]))
    }

    fn is_shown_of(&self, digest: Digest, host: Option<&HostKey>) -> bool {
        let is_of = |host: &HostKey| self.urls_with(digest).iter().any(|url| self.urls[url].host == *host);
        host.is_none_or(is_of)
    }

    fn image_row(&self, digest: Digest) -> ImageRow {
        let image = self.asset(digest);
        let recorded = self.blobs[&(digest, image.asset.media_type.as_str())].created;
        ImageRow { image, recorded }
    }

    fn host_row(&self, key: &HostKey) -> HostRow {
        let of_host = || self.urls.values().filter(|entry| entry.host == *key);
        let lacks = |entry: &&UrlEntry| entry.facts.kept.is_none() && entry.facts.state != UrlState::Document;
        let counted = |count: usize| (count as u64).min(MOST_COUNTED);
        let (urls, missing) = (counted(of_host().count()), counted(of_host().filter(lacks).count()));
        let host = self.hosts.get(key).filter(|host| host.was_asked);
        HostRow { host: key.clone(), state: host.map(|host| host.state.clone()).unwrap_or_default(), urls, missing }
    }
}
