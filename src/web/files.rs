//! Blobs and thumbnails: found by digest, with validators and ranges.

use std::ops::Range;

use hyper::StatusCode;
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH,
    IF_RANGE, RANGE,
};

use super::error::PageError;
use super::policy::archived;
use super::response::{Response, object, whole};
use crate::archive::{Archive, StoreKey};
use crate::model::{Digest, MediaType, ThumbnailName};

/// What has one name has the same bytes for good.
const FOR_GOOD: &str = "private, max-age=31536000, immutable";
/// A thumbnail is made anew when the settings change.
const FOR_A_WHILE: &str = "private, max-age=600";

/// The response with a blob.
pub(super) async fn blob(archive: &Archive, digest: Digest, headers: &HeaderMap) -> Result<Response, PageError> {
    let (media_type, size) = archive.catalog.blob(digest).await?.ok_or(PageError::NotFound)?;
    let content_type = match media_type {
        MediaType::Html | MediaType::Markdown | MediaType::Css | MediaType::Text => {
            format!("text/plain; charset={}", charset(archive, digest).await?)
        }
        other => other.mime().to_owned(),
    };
    let key = StoreKey::Blob { digest, media_type };
    send(archive, &File { key, size, digest, content_type, cached: FOR_GOOD }, headers).await
}

/// The response with a thumbnail.
pub(super) async fn thumbnail(
    archive: &Archive,
    name: &ThumbnailName,
    original: Digest,
    headers: &HeaderMap,
) -> Result<Response, PageError> {
    let rows = archive.catalog.thumbnails(&[original]).await?;
    let row = rows.into_iter().find(|row| row.name == *name).ok_or(PageError::NotFound)?;
    let (Some(key), Ok(made)) = (row.key(), &row.made) else { return Err(PageError::NotFound) };
    let content_type = made.media_type.mime().to_owned();
    send(archive, &File { key, size: made.size, digest: made.digest, content_type, cached: FOR_A_WHILE }, headers).await
}

/// The encoding of an article's text, where it is one.
async fn charset(archive: &Archive, digest: Digest) -> Result<String, PageError> {
    let keys = archive.catalog.articles_of_original(digest).await?;
    for key in keys.iter().take(1) {
        let row = archive.catalog.article(key).await?;
        if let Some(encoding) = row.and_then(|row| row.version.charset()) {
            return Ok(encoding.name().to_ascii_lowercase());
        }
    }
    Ok("utf-8".to_owned())
}

/// What is sent.
struct File {
    key: StoreKey,
    size: u64,
    digest: Digest,
    content_type: String,
    cached: &'static str,
}

async fn send(archive: &Archive, file: &File, headers: &HeaderMap) -> Result<Response, PageError> {
    let tag = format!("\"{}\"", file.digest);
    let start = |status: StatusCode| {
        let head = archived(status, &file.content_type).header(ETAG, &tag).header(CACHE_CONTROL, file.cached);
        let is_shown = file.content_type != MediaType::Unknown.mime() && file.content_type != MediaType::Pdf.mime();
        let head = if is_shown { head } else { head.header(CONTENT_DISPOSITION, "attachment") };
        head.header(ACCEPT_RANGES, "bytes")
    };
    if text(headers, IF_NONE_MATCH).is_some_and(|tags| tags == "*" || tags.contains(&tag)) {
        return Ok(whole(start(StatusCode::NOT_MODIFIED), ""));
    }
    let is_same = text(headers, IF_RANGE).is_none_or(|wanted| wanted == tag);
    let wanted = text(headers, RANGE).filter(|_| is_same).map_or(Wanted::All, |range| wanted(range, file.size));
    let Wanted::Some(part) = wanted else {
        if matches!(wanted, Wanted::Nothing) {
            let head = start(StatusCode::RANGE_NOT_SATISFIABLE).header(CONTENT_RANGE, format!("bytes */{}", file.size));
            return Ok(whole(head, ""));
        }
        let reader = archive.objects.open(&file.key, None).await?.ok_or(PageError::NotFound)?;
        return Ok(object(start(StatusCode::OK), reader, file.size));
    };
    let reader = archive.objects.open(&file.key, Some(part.clone())).await?.ok_or(PageError::NotFound)?;
    let range = format!("bytes {}-{}/{}", part.start, part.end - 1, file.size);
    Ok(object(start(StatusCode::PARTIAL_CONTENT).header(CONTENT_RANGE, range), reader, part.end - part.start))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Some(Range<u64>),
    Nothing,
}

/// Reads a `Range` header (RFC 9110, section 14.2). One of several ranges, or of another unit, is ignored, which it may be.
fn wanted(header: &str, size: u64) -> Wanted {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Wanted::All;
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        // The last bytes; all of them where there are fewer.
        (Err(_), Ok(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Wanted::All,
    };
    if range.is_empty() { Wanted::Nothing } else { Wanted::Some(range) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (header, expected) in [
            ("bytes=0-", Wanted::Some(0..100)),
            ("bytes=0-0", Wanted::Some(0..1)),
            ("bytes=10-19", Wanted::Some(10..20)),
            ("bytes=90-1000", Wanted::Some(90..100)),
            ("bytes=-10", Wanted::Some(90..100)),
            ("bytes=-65558", Wanted::Some(0..100)),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=0-18446744073709551615", Wanted::Some(0..100)),
            ("bytes=5-4", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=x-", Wanted::All),
            ("lines=0-1", Wanted::All),
            ("", Wanted::All),
        ] {
            assert_eq!(wanted(header, 100), expected, "{header}");
        }
    }

    proptest! {
        /// Whatever is asked for lies within the file.
        #[test]
        fn no_range_leads_out_of_a_file(header in "bytes=[0-9]{0,3}-[0-9]{0,3}", size in 0..300_u64) {
            if let Wanted::Some(range) = wanted(&header, size) {
                prop_assert!(range.start < range.end && range.end <= size, "{header} of {size}: {range:?}");
            }
        }
    }
}
