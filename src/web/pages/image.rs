//! One image, with everything known of it.

use std::time::{Duration, Instant};

use askama::Template;
use serde::Serialize;

use super::super::address;
use super::super::error::PageError;
use super::super::links::Links;
use super::super::query::Query;
use super::super::response::Response;
use super::frame::{Frame, Moment, respond};
use super::item::{self, Link, shown};
use super::preview::{Preview, file_name, is_shown_by_browsers, previews, upright};
use crate::archive::{Archive, AssetRow, DatedImage, ImageFilter, ImageRow, StoreKey, UrlRow};
use crate::config::Size;
use crate::media::similar::{NEAR, distance};
use crate::model::{Capture, Digest, HostKey, MediaType};

/// URLs that are listed, and the captures of each, the newest first.
const URLS: usize = 20;
const CAPTURES: usize = 20;
/// Articles that are listed.
const ARTICLES: usize = 50;
/// Images that look alike, and how long they are looked for.
const ALIKE: usize = 24;
const ALIKE_TIME: Duration = Duration::from_millis(800);
/// Hashes that are read at a time.
const HASHES: usize = 20_000;

#[derive(Debug, Template, Serialize)]
#[template(path = "image.html")]
struct Image {
    #[serde(flatten)]
    frame: Frame,
    sha256: Digest,
    blob: String,
    media_type: &'static str,
    mime: &'static str,
    /// What is shown on the page: the image itself, or else a thumbnail; none of what browsers do not show.
    src: Option<String>,
    width: u32,
    height: u32,
    frames: u32,
    color_space: String,
    taken: Option<String>,
    bytes: u64,
    recorded: Moment,
    /// The name of the blob's file.
    file: String,
    alt: String,
    urls: Vec<ImageUrl>,
    /// Other images that these URLs gave at other times.
    versions: Vec<Preview>,
    articles: Vec<Link>,
    thumbnails: Vec<Thumbnail>,
    alike: Vec<Preview>,
    /// Whether all images were compared.
    compared_all: bool,
}

/// A URL that gave the image.
#[derive(Debug, Serialize)]
struct ImageUrl {
    url: String,
    href: Option<String>,
    host: String,
    /// Whether the image is the newest that it gave.
    newest: bool,
    captures: Vec<CaptureItem>,
}

#[derive(Debug, Serialize)]
struct CaptureItem {
    at: Moment,
    status: Option<u16>,
    reason: Option<&'static str>,
    /// The page of the image that it gave.
    gave: Option<String>,
    /// The heads of its responses.
    heads: String,
}

#[derive(Debug, Serialize)]
struct Thumbnail {
    name: String,
    href: String,
    width: u32,
    height: u32,
    bytes: u64,
}

pub(in super::super) async fn page(archive: &Archive, digest: Digest, query: &Query) -> Result<Response, PageError> {
    let row = archive.catalog.image(digest).await?.ok_or(PageError::NotFound)?;
    let page = archive.catalog.urls_of_image(digest, URLS).await?;
    let urls = page.rows;
    let mut image = facts(&row, &urls, query);
    image.frame.unreadable = page.unreadable;
    image.frame = framed(archive, &row, image.frame, query).await?;
    let mut captures = Vec::new();
    for url in &urls {
        captures.push(image.frame.read(archive.catalog.captures(url.id).await)?);
    }
    let thumbnails = thumbnails(archive, digest, &mut image.frame).await?;
    let (alike, compared_all) = alike(archive, &row.image, &mut image.frame).await?;
    image.versions = versions(archive, digest, &captures, &mut image.frame).await?;
    image.articles = articles(archive, &urls).await?;
    if !is_shown_by_browsers(row.image.asset.media_type) {
        image.src = thumbnails.iter().max_by_key(|thumbnail| thumbnail.width).map(|thumbnail| thumbnail.href.clone());
    }
    (image.thumbnails, image.alike, image.compared_all) = (thumbnails, alike, compared_all);
    image.urls = urls.iter().zip(&captures).map(|(url, captures)| ImageUrl::new(digest, url, captures)).collect();
    respond(query, &image)
}

/// What the rows of an image and its URLs say.
fn facts(row: &ImageRow, urls: &[UrlRow], query: &Query) -> Image {
    let AssetRow { digest, size, asset } = &row.image;
    let key = StoreKey::Blob { digest: *digest, media_type: asset.media_type };
    let (width, height) = upright(&row.image);
    let called = urls.iter().find_map(|url| file_name(&url.url));
    let alt = called.unwrap_or_else(|| format!("image {}", &digest.to_string()[..8]));
    Image {
        frame: Frame::new("images", &alt, query),
        sha256: *digest,
        blob: address::object(&key),
        media_type: asset.media_type.as_str(),
        mime: asset.media_type.mime(),
        src: Some(address::object(&key)),
        width,
        height,
        frames: asset.frames,
        color_space: asset.color_space.clone(),
        taken: asset.taken.clone(),
        bytes: *size,
        recorded: Moment(row.recorded),
        file: format!("{digest}.{}", asset.media_type),
        alt,
        urls: Vec::new(),
        versions: Vec::new(),
        articles: Vec::new(),
        thumbnails: Vec::new(),
        alike: Vec::new(),
        compared_all: true,
    }
}

/// The pages before and after it: of the article that the reader came from, or of the gallery.
async fn framed(archive: &Archive, row: &ImageRow, mut frame: Frame, query: &Query) -> Result<Frame, PageError> {
    let digest = row.image.digest;
    let article = query.text("article").and_then(|name| StoreKey::parse(&format!("{}/{name}", StoreKey::mirrors())));
    if let Some(StoreKey::Article(key)) = article
        && let Some(found) = archive.catalog.article(&key).await?
    {
        let references = frame.read(archive.catalog.references(found.id).await)?;
        let mut shown: Vec<_> = references.into_iter().filter_map(shown).map(|asset| asset.digest).collect();
        shown.dedup();
        let at = shown.iter().position(|shown| *shown == digest);
        let link = |at: usize| {
            let digest = shown.get(at)?;
            Some(address::with_query(&address::image(*digest), &[("article", &key.to_string())]))
        };
        let previous = at.and_then(|at| link(at.checked_sub(1)?));
        let up = address::with_query(&address::article(&key), &[("view", "images")]);
        return Ok(Frame { up: Some(up), previous, next: at.and_then(|at| link(at + 1)), ..frame });
    }
    let place = DatedImage { recorded: row.recorded, digest };
    let newer = archive.catalog.newer_image(place).await?.map(|row| address::image(row.image.digest));
    let older = archive.catalog.list_images(&ImageFilter::default(), Some(place), 1).await?.rows;
    let older = older.first().map(|row| address::image(row.image.digest));
    Ok(Frame { up: Some("/images".to_owned()), previous: newer, next: older, ..frame })
}

async fn thumbnails(archive: &Archive, digest: Digest, frame: &mut Frame) -> Result<Vec<Thumbnail>, PageError> {
    let rows = frame.read(archive.catalog.thumbnails(&[digest]).await)?;
    let thumbnail = |row: &crate::archive::ThumbnailRow| {
        let (href, made) = (address::object(&row.key()?), row.made.as_ref().ok()?);
        Some(Thumbnail { name: row.name.to_string(), href, width: made.width, height: made.height, bytes: made.size })
    };
    Ok(rows.iter().filter_map(thumbnail).collect())
}

async fn articles(archive: &Archive, urls: &[UrlRow]) -> Result<Vec<Link>, PageError> {
    let mut keys = Vec::new();
    for url in urls {
        keys.extend(archive.catalog.articles_of(url.id, ARTICLES).await?);
    }
    let mut found = item::articles(keys, Links::Served);
    found.truncate(ARTICLES);
    Ok(found)
}

/// The other images that some captures gave.
async fn versions(
    archive: &Archive,
    digest: Digest,
    captures: &[Vec<Capture>],
    frame: &mut Frame,
) -> Result<Vec<Preview>, PageError> {
    let mut others: Vec<_> = captures.iter().flatten().filter_map(|capture| capture.digest).collect();
    others.retain(|other| *other != digest);
    others.sort_unstable();
    others.dedup();
    small_ones(archive, others, frame).await
}

async fn small_ones(archive: &Archive, digests: Vec<Digest>, frame: &mut Frame) -> Result<Vec<Preview>, PageError> {
    let mut rows = Vec::new();
    for digest in digests {
        rows.extend(frame.read(archive.catalog.image(digest).await)?.map(|row| row.image));
    }
    let mut small = previews(archive, &rows, Links::Served, &mut frame.unreadable).await?;
    Ok(rows.iter().filter_map(|row| small.remove(&row.digest)).collect())
}

/// The images that look most like one, with the larger ones first among those that are as close; and whether all were
/// compared in time.
async fn alike(archive: &Archive, image: &AssetRow, frame: &mut Frame) -> Result<(Vec<Preview>, bool), PageError> {
    let Some(hash) = image.asset.perceptual_hash else { return Ok((Vec::new(), true)) };
    let (end, mut after, mut near, mut is_all) = (Instant::now() + ALIKE_TIME, None, Vec::new(), false);
    while !is_all && Instant::now() < end {
        let hashes = frame.read(archive.catalog.image_hashes(after, HASHES).await)?;
        is_all = hashes.len() < HASHES;
        after = hashes.last().map(|(digest, _)| *digest);
        let close = hashes.iter().map(|(digest, other)| (distance(hash, *other), *digest));
        near.extend(close.filter(|(distance, digest)| *distance <= NEAR && *digest != image.digest));
    }
    near.sort_unstable();
    near.truncate(ALIKE);
    let mut found = small_ones(archive, near.into_iter().map(|(_, digest)| digest).collect(), frame).await?;
    found.sort_by_key(|preview| std::cmp::Reverse(u64::from(preview.full_width) * u64::from(preview.full_height)));
    Ok((found, is_all))
}

impl ImageUrl {
    fn new(digest: Digest, row: &UrlRow, captures: &[Capture]) -> Self {
        Self {
            url: row.url.to_string(),
            href: address::external(&row.url),
            host: HostKey::of(&row.url).map_or_else(String::new, |host| host.to_string()),
            newest: row.facts.kept == Some(digest),
            captures: captures.iter().rev().take(CAPTURES).map(CaptureItem::new).collect(),
        }
    }
}

impl CaptureItem {
    fn new(capture: &Capture) -> Self {
        let last = capture.exchanges.last();
        let heads = capture.exchanges.iter().filter_map(|exchange| exchange.response_head.as_deref());
        let heads: Vec<_> = heads.map(|head| String::from_utf8_lossy(head).replace('\r', "")).collect();
        Self {
            at: Moment(capture.at),
            status: last.and_then(|exchange| exchange.status),
            reason: last.and_then(|exchange| exchange.reason).map(crate::model::Reason::as_str),
            gave: capture.digest.map(address::image),
            heads: heads.join("\n").trim_end().to_owned(),
        }
    }
}

impl Thumbnail {
    fn size(&self) -> Size {
        Size(self.bytes)
    }
}

impl Image {
    /// Its size, as people write it.
    fn size(&self) -> Size {
        Size(self.bytes)
    }

    /// Whether it is a type whose bytes browsers save and do not show.
    fn is_download(&self) -> bool {
        MediaType::from_name(self.media_type).is_some_and(|kind| !is_shown_by_browsers(kind))
    }

    /// Whether a copy has more pixels than this one.
    fn is_larger(&self, other: &Preview) -> bool {
        u64::from(other.full_width) * u64::from(other.full_height) > u64::from(self.width) * u64::from(self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    const A: &str = "http://a.example/1";
    const B: &str = "http://a.example/2";

    #[tokio::test]
    async fn an_image_knows_its_neighbours_in_the_article_and_in_the_gallery() {
        let archive = fixtures::archive();
        fixtures::show(&archive, "a.md", &[A, B]).await;
        fixtures::complete(&archive, 2_000, |url| fixtures::kept(url.path())).await;
        let [first, second] = ["/1", "/2"].map(|path| Digest::of(path.as_bytes()));
        let frame = async |digest: Digest, query: &str| {
            let row = archive.catalog.image(digest).await.unwrap().unwrap();
            framed(&archive, &row, Frame::default(), &Query::parse(Some(query))).await.unwrap()
        };
        let inside = frame(first, "article=posts/a.md").await;
        let next = inside.next.unwrap();
        assert_eq!((inside.previous, next.as_str()), (None, &*format!("/image/{second}?article=posts%2Fa.md")));
        assert_eq!(inside.up.as_deref(), Some("/article/posts/a.md?view=images"));
        let (newer, older) = if first > second { (first, second) } else { (second, first) };
        let gallery = frame(older, "article=nobody/x.md").await;
        assert_eq!((gallery.previous, gallery.next), (Some(address::image(newer)), None));
        assert_eq!(frame(newer, "").await.next, Some(address::image(older)));
    }

    #[tokio::test]
    async fn the_versions_of_an_image_are_what_its_urls_gave_at_other_times() {
        let archive = fixtures::archive();
        fixtures::show(&archive, "a.md", &[A]).await;
        fixtures::complete(&archive, 2_000, |_| fixtures::kept("old")).await;
        let url = archive.catalog.url(&fixtures::url(A)).await.unwrap().unwrap();
        let capture = |digest: &str| Capture {
            id: crate::model::CaptureId(1),
            run: crate::model::RunId(1),
            at: fixtures::at(9),
            url: url.url.clone(),
            kind: crate::model::CaptureKind::Media,
            source: None,
            exchanges: vec![fixtures::exchange(&url.url, 9, Some(200))],
            digest: Some(Digest::of(digest.as_bytes())),
            revisits: Vec::new(),
        };
        let captures = vec![vec![capture("old"), capture("new"), capture("old")]];
        let found = versions(&archive, Digest::of(b"new"), &captures, &mut Frame::default()).await.unwrap();
        assert_eq!(found.iter().map(|preview| preview.sha256).collect::<Vec<_>>(), [Digest::of(b"old")]);
        let item = ImageUrl::new(Digest::of(b"new"), &url, &captures[0]);
        assert_eq!((item.newest, item.captures.len(), item.captures[0].status), (false, 3, Some(200)));
        assert_eq!(item.captures[0].heads, "HTTP/1.1 200 x");
    }
}
