//! Lists for people who look through an archive: each in pages, newest first or in the order of keys.

use std::ops::Range;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::articles::{ArticleRow, DatedArticle};
use super::captures::{AssetRow, UrlRow};
use super::error::CatalogError;
use super::runs::RunRow;
use crate::model::{
    ArticleId, ArticleKey, Asset, Digest, HostKey, HostState, MediaType, Reason, RunId, SourceName, UrlId,
};

/// The most months that are listed: a hundred years.
pub const MOST_MONTHS: usize = 1200;

/// The most URLs of a host that are counted.
pub const MOST_COUNTED: u64 = 1000;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ListPage<T, P> {
    /// Its rows. There may be fewer than were asked for, or none, although more follow: a list that has to look at many
    /// rows to find those that are meant ends a page after a time.
    pub rows: Vec<T>,
    /// The rows between them that cannot be read: each with what is wrong with it.
    pub unreadable: Vec<String>,
    /// After which place the next page begins; `None` at the end of the list.
    pub next: Option<P>,
}

/// Which articles are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ArticleFilter {
    /// Those of this source.
    pub source: Option<SourceName>,
    /// Those that show a URL of this host.
    pub host: Option<HostKey>,
    /// Those with a date in this range.
    pub dates: Option<Range<Timestamp>>,
    /// Those that show a URL without a good capture.
    pub missing: bool,
}

/// An article as an index of texts knows it, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct IndexedRow {
    /// Its row in the catalog.
    pub id: ArticleId,
    /// The digest of the original whose text is indexed.
    pub original: Digest,
    /// When it is dated.
    pub date: Timestamp,
    /// Where it came from.
    pub source: SourceName,
}

/// Which images are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ImageFilter {
    /// Those of this type.
    pub media_type: Option<MediaType>,
    /// Those that are the newest good capture of a URL of this host.
    pub host: Option<HostKey>,
    /// Those of at least this width in pixels.
    pub width: u32,
    /// Those recorded in this range.
    pub dates: Option<Range<Timestamp>>,
}

impl ImageFilter {
    /// Whether an asset is an image of the type and width that are wanted.
    pub(in crate::archive) fn holds_for(&self, asset: &Asset) -> bool {
        let is_of_type =
            self.media_type.map_or_else(|| asset.media_type.is_image(), |wanted| asset.media_type == wanted);
        is_of_type && asset.width >= self.width
    }
}

/// Which missing URLs are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct MissingFilter {
    /// Those of this host.
    pub host: Option<HostKey>,
    /// Those that last failed for this reason.
    pub reason: Option<Reason>,
}

/// An image, and when its blob was recorded.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ImageRow {
    /// The image.
    pub image: AssetRow,
    /// When.
    pub recorded: Timestamp,
}

/// The place of an image in the order of their dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct DatedImage {
    /// When its blob was recorded.
    pub recorded: Timestamp,
    /// Which image.
    pub digest: Digest,
}

/// A host, with how many of its URLs articles show.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct HostRow {
    /// Which host.
    pub host: HostKey,
    /// What was learned of it; as that of an unknown one where it was never asked.
    pub state: HostState,
    /// URLs of it on record, counted up to 1,000.
    pub urls: u64,
    /// Those of them without a good capture, likewise.
    pub missing: u64,
}

/// What the static pages show of an article, in short. A mark differs where what it stands for does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ArticleMark {
    /// The article.
    pub id: ArticleId,
    /// Its key.
    pub key: ArticleKey,
    /// [`ArticleRow::date`].
    pub date: Timestamp,
    /// Of its entry in a list.
    pub entry: u64,
    /// Of its page: the article, its images and their thumbnails.
    pub page: u64,
    /// Of its URLs without a good capture, with what is known of the attempts to get them; 0 where there are none.
    pub missing: u64,
}

/// The month (UTC) in which a moment lies.
pub fn month_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date().first_of_month()
}

/// When a day begins (UTC).
pub fn start_of(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |start| start.timestamp())
}

/// What looking through an archive needs. Rows that cannot be read are left out: the page of a list names them, up to
/// a hundred, and [`Copies::unreadable_rows`](super::Copies::unreadable_rows) those of all pages so far. A call that
/// takes too long fails with [`CatalogError::Stopped`].
#[async_trait]
pub trait Listings: Send + Sync {
    /// Up to `limit` articles before this place in the order of their dates, newest first.
    async fn list_articles(
        &self,
        filter: &ArticleFilter,
        before: Option<DatedArticle>,
        limit: usize,
    ) -> Result<ListPage<ArticleRow, DatedArticle>, CatalogError>;

    /// Those of these articles that are listed, in this order, each by itself.
    async fn listed_among(
        &self,
        ids: &[ArticleId],
        filter: &ArticleFilter,
    ) -> Result<Vec<(ArticleId, Result<ArticleRow, CatalogError>)>, CatalogError>;

    /// Up to `limit` articles after this one as an index of texts is to hold them, in the order of their rows.
    async fn indexable(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<IndexedRow>, CatalogError>;

    /// The article of a source that comes before this place in that order: the next newer one.
    async fn newer_article(&self, source: &SourceName, place: DatedArticle)
    -> Result<Option<ArticleRow>, CatalogError>;

    /// The months (UTC) in which articles are dated, newest first, at most 1,200; of one source where one is
    /// named.
    async fn article_months(&self, source: Option<&SourceName>) -> Result<Vec<Date>, CatalogError>;

    /// Up to `limit` images before this place in the order in which their blobs were recorded, newest first.
    async fn list_images(
        &self,
        filter: &ImageFilter,
        before: Option<DatedImage>,
        limit: usize,
    ) -> Result<ListPage<ImageRow, DatedImage>, CatalogError>;

    /// The image that comes before this place in that order: the next newer one.
    async fn newer_image(&self, place: DatedImage) -> Result<Option<ImageRow>, CatalogError>;

    /// One asset.
    async fn image(&self, digest: Digest) -> Result<Option<ImageRow>, CatalogError>;

    /// The perceptual hashes of up to `limit` assets after this one, in the order of digests.
    async fn image_hashes(&self, after: Option<Digest>, limit: usize) -> Result<Vec<(Digest, u64)>, CatalogError>;

    /// Up to `limit` URLs that gave an asset, now or before, in the order of their rows.
    async fn urls_of_image(&self, digest: Digest, limit: usize) -> Result<ListPage<UrlRow, UrlId>, CatalogError>;

    /// Up to `limit` URLs after this one that articles show and that have no good capture, in the order of their rows.
    async fn list_missing(
        &self,
        filter: &MissingFilter,
        after: Option<UrlId>,
        limit: usize,
    ) -> Result<ListPage<UrlRow, UrlId>, CatalogError>;

    /// Of up to `limit` articles after this one, in the order of their rows, what their static pages show.
    async fn article_marks(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleMark>, CatalogError>;

    /// Up to `limit` hosts after this one, in order.
    async fn list_hosts(
        &self,
        after: Option<&HostKey>,
        limit: usize,
    ) -> Result<ListPage<HostRow, HostKey>, CatalogError>;

    /// Up to `limit` runs before this one, newest first.
    async fn list_runs(&self, before: Option<RunId>, limit: usize) -> Result<ListPage<RunRow, RunId>, CatalogError>;

    /// The first run that began in the second after this moment.
    async fn run_at(&self, began: Timestamp) -> Result<Option<RunRow>, CatalogError>;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_month_is_that_of_coordinated_universal_time() {
        for (moment, month) in [
            ("2026-11-30T23:59:59.999Z", "2026-11-01"),
            ("2026-12-01T00:00:00Z", "2026-12-01"),
            ("2024-02-29T12:00:00Z", "2024-02-01"),
            ("1969-12-31T23:59:59Z", "1969-12-01"),
            ("0001-01-01T00:00:00Z", "0001-01-01"),
        ] {
            assert_eq!(month_of(moment.parse().unwrap()).to_string(), month, "{moment}");
        }
        assert_eq!(start_of(month_of("2026-11-22T03:00:00Z".parse().unwrap())).to_string(), "2026-11-01T00:00:00Z");
    }

    #[test]
    fn images_are_chosen_by_type_and_width() {
        let asset = |media_type, width| Asset { width, ..Asset::of_type(media_type) };
        let any = ImageFilter::default();
        let svg = ImageFilter { media_type: Some(MediaType::Svg), ..any.clone() };
        let video = ImageFilter { media_type: Some(MediaType::Mp4), ..any.clone() };
        let wide = ImageFilter { width: 100, ..any.clone() };
        for (filter, media_type, width, holds) in [
            (&any, MediaType::Jpeg, 0, true),
            (&any, MediaType::Mp4, 900, false),
            (&any, MediaType::Pdf, 900, false),
            (&svg, MediaType::Svg, 0, true),
            (&svg, MediaType::Png, 0, false),
            (&video, MediaType::Mp4, 0, true),
            (&wide, MediaType::Png, 99, false),
            (&wide, MediaType::Png, 100, true),
        ] {
            assert_eq!(filter.holds_for(&asset(media_type, width)), holds, "{filter:?}: {media_type} of {width}");
        }
    }

    proptest! {
        /// A moment lies in the month that begins at or before it, and in no later one.
        #[test]
        fn a_moment_lies_in_its_month(second in -60_000_000_000_i64..200_000_000_000) {
            let at = Timestamp::from_second(second).unwrap();
            let start = start_of(month_of(at));
            prop_assert!(start <= at);
            prop_assert!(at.duration_since(start).as_secs() < 31 * 86_400);
            prop_assert_eq!(month_of(start), month_of(at));
        }
    }
}
