//! Small images for grids.

use std::collections::HashMap;

use serde::Serialize;
use url::Url;

use super::super::address;
use super::super::error::PageError;
use super::super::links::Links;
use super::frame::readable;
use crate::archive::{Archive, AssetRow, RenditionRow, StoreKey, ThumbnailRow};
use crate::config::Size;
use crate::model::{Digest, MediaType};

/// The widest thumbnail that grids take where there are several, in pixels.
const WIDE: u32 = 640;
/// The largest image that stands in a grid itself where it has no thumbnail, in bytes.
const SMALL: u64 = 200 * 1024;

/// A small image that leads to the page of the whole one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in super::super) struct Preview {
    pub(in super::super) sha256: Digest,
    /// The page of the image.
    pub(in super::super) href: String,
    /// What is shown; `None` where no small image of it can be shown.
    pub(in super::super) src: Option<String>,
    /// The width of what is shown.
    pub(in super::super) width: u32,
    /// Its height.
    pub(in super::super) height: u32,
    /// The width of the whole image.
    pub(in super::super) full_width: u32,
    /// Its height.
    pub(in super::super) full_height: u32,
    pub(in super::super) bytes: u64,
    pub(in super::super) media_type: &'static str,
    /// What it is called.
    pub(in super::super) alt: String,
}

impl Preview {
    fn new(row: &AssetRow, thumbnails: &[ThumbnailRow], links: Links) -> Self {
        let (width, height) = upright(row);
        let mut preview = Self {
            sha256: row.digest,
            href: links.image(row),
            src: None,
            width,
            height,
            full_width: width,
            full_height: height,
            bytes: row.size,
            media_type: row.asset.media_type.as_str(),
            alt: format!("image {}", &row.digest.to_string()[..8]),
        };
        if let Some((key, made)) = best(row.digest, thumbnails) {
            (preview.src, preview.width, preview.height) = (Some(links.object(&key)), made.width, made.height);
        } else if is_shown_by_browsers(row.asset.media_type) && row.size <= SMALL {
            let key = StoreKey::Blob { digest: row.digest, media_type: row.asset.media_type };
            preview.src = Some(links.object(&key));
        }
        preview
    }

    /// Its size, as people write it.
    pub(in super::super) fn size(&self) -> Size {
        Size(self.bytes)
    }

    /// The same, called as the file of a URL.
    pub(super) fn called(self, url: &Url) -> Self {
        let alt = file_name(url).unwrap_or(self.alt);
        Self { alt, ..self }
    }

    /// The same, with a link to its page in the order of an article.
    pub(super) fn within(self, article: &str) -> Self {
        let href = address::with_query(&self.href, &[("article", article)]);
        Self { href, ..self }
    }
}

/// Width and height as an image is shown: EXIF orientations from 5 on turn it to its side.
pub(super) fn upright(row: &AssetRow) -> (u32, u32) {
    let (width, height) = (row.asset.width, row.asset.height);
    if row.asset.orientation >= 5 { (height, width) } else { (width, height) }
}

/// The widest thumbnail up to [`WIDE`], or else the narrowest.
fn best(digest: Digest, thumbnails: &[ThumbnailRow]) -> Option<(StoreKey, RenditionRow)> {
    let made = thumbnails.iter().filter(|row| row.original == digest);
    let made = made.filter_map(|row| Some((row.key()?, *row.made.as_ref().ok()?)));
    made.min_by_key(|(_, made)| (made.width > WIDE, made.width.abs_diff(WIDE)))
}

/// Whether the browsers of today show images of a type.
pub(super) const fn is_shown_by_browsers(media_type: MediaType) -> bool {
    matches!(
        media_type,
        MediaType::Jpeg
            | MediaType::Png
            | MediaType::Gif
            | MediaType::WebP
            | MediaType::Avif
            | MediaType::Bmp
            | MediaType::Ico
            | MediaType::Cur
            | MediaType::Svg
    )
}

/// The last part of a URL's path, as people read it.
pub(super) fn file_name(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back().filter(|last| !last.is_empty())?;
    Some(percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned())
}

/// The small images of some images, by their digests. Where the thumbnails of one cannot be read it has none, and
/// `unreadable` says why.
pub(super) async fn previews(
    archive: &Archive,
    rows: &[AssetRow],
    links: Links,
    unreadable: &mut Vec<String>,
) -> Result<HashMap<Digest, Preview>, PageError> {
    let digests: Vec<_> = rows.iter().map(|row| row.digest).collect();
    let mut thumbnails = Vec::new();
    match archive.catalog.thumbnails(&digests).await {
        Err(error) if error.is_of_one_row() => {
            for digest in digests {
                thumbnails.extend(readable(archive.catalog.thumbnails(&[digest]).await, unreadable)?);
            }
        }
        read => thumbnails = read?,
    }
    Ok(rows.iter().map(|row| (row.digest, Preview::new(row, &thumbnails, links))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use crate::model::Asset;

    fn row(media_type: MediaType, size: u64) -> AssetRow {
        let asset = Asset { width: 1200, height: 800, ..Asset::of_type(media_type) };
        AssetRow { digest: Digest::of(b"x"), size, asset }
    }

    fn thumbnail(name: &str, width: u32) -> ThumbnailRow {
        let made =
            RenditionRow { media_type: MediaType::Jpeg, width, height: width / 2, size: 9, digest: Digest::of(b"t") };
        ThumbnailRow {
            original: Digest::of(b"x"),
            name: name.parse().unwrap(),
            recipe: Digest::of(b"r"),
            made: Ok(made),
        }
    }

    #[test]
    fn grids_take_a_thumbnail_of_middle_width() {
        for (widths, expected) in
            [(vec![100, 480, 1000], 480), (vec![900, 1000], 900), (vec![640], 640), (vec![20], 20)]
        {
            let rows: Vec<_> = widths.iter().map(|width| thumbnail(&format!("w{width}"), *width)).collect();
            let preview = Preview::new(&row(MediaType::Jpeg, 9 << 20), &rows, Links::Served);
            assert_eq!((preview.width, preview.full_width), (expected, 1200), "{widths:?}");
            assert!(preview.src.unwrap().starts_with(&format!("/thumbnails/w{expected}/")), "{widths:?}");
        }
    }

    #[test]
    fn what_has_no_thumbnail_stands_for_itself_where_it_is_small() {
        let failed = ThumbnailRow { made: Err("no".to_owned()), ..thumbnail("small", 1) };
        for (row, is_shown) in [
            (row(MediaType::Svg, 1000), true),
            (row(MediaType::Jpeg, 9 << 20), false),
            (row(MediaType::Heic, 1000), false),
            (row(MediaType::Psd, 1000), false),
            (row(MediaType::Nef, 1000), false),
            (row(MediaType::Cur, 1000), true),
            (row(MediaType::Mp4, 1000), false),
        ] {
            assert_eq!(
                Preview::new(&row, std::slice::from_ref(&failed), Links::Served).src.is_some(),
                is_shown,
                "{row:?}"
            );
        }
    }

    #[test]
    fn an_image_is_called_as_its_file_and_stands_upright() {
        let preview = Preview::new(&row(MediaType::Png, 1), &[], Links::Served);
        assert_eq!(preview.clone().called(&fixtures::url("https://a.example/x/%E9%9B%A8.png?w=1")).alt, "雨.png");
        assert!(preview.clone().called(&fixtures::url("https://a.example/")).alt.starts_with("image "));
        assert!(preview.within("posts/a b.md").href.ends_with("?article=posts%2Fa+b.md"));
        let mut turned = row(MediaType::Jpeg, 1);
        turned.asset.orientation = 6;
        assert_eq!(upright(&turned), (800, 1200));
    }
}
