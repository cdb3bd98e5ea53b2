//! A mirrored article as it is shown: made from its original and the recorded edits, with links into this server.
//!
//! The mirror itself may lie outside of the archive, with links that begin with a prefix of the settings. It is the
//! original with the edits made; so that is what is shown, from bytes that are checked against their digest.

use encoding_rs::{Encoding, UTF_8};
use hyper::StatusCode;
use hyper::header::CACHE_CONTROL;

use super::address::object;
use super::error::PageError;
use super::markdown;
use super::policy::archived;
use super::response::{Response, whole};
use crate::archive::{Archive, ArticleRow, links_in};
use crate::model::{ArticleKey, Edit, Format};

/// The response with an article as its mirror shows it.
pub(super) async fn article(archive: &Archive, key: &ArticleKey) -> Result<Response, PageError> {
    let row = archive.catalog.article(key).await?.ok_or(PageError::NotFound)?;
    let text = text(archive, &row).await?;
    let (mime, body) = match row.version.format {
        Format::Markdown | Format::Mdx => ("text/html; charset=utf-8", markdown::article(&text)),
        Format::Html | Format::Xhtml => ("text/html; charset=utf-8", text),
        Format::Css => ("text/css; charset=utf-8", text),
    };
    Ok(whole(archived(StatusCode::OK, mime).header(CACHE_CONTROL, "no-cache"), body))
}

async fn text(archive: &Archive, row: &ArticleRow) -> Result<String, PageError> {
    let version = &row.version;
    let original = archive.read_verified(version.original, version.format.blob_type()).await?;
    let edits = archive.catalog.edits(row.id).await?;
    Ok(with_edits(&original, &edits, version.charset().unwrap_or(UTF_8)))
}

/// The text with its edits made, and with links that lead to this server. Edits of another original are left out: a run
/// may have recorded a new version meanwhile.
fn with_edits(original: &[u8], edits: &[Edit], encoding: &'static Encoding) -> String {
    let is_of_it = edits.iter().all(|edit| original.get(edit.span.start..edit.span.end) == Some(&edit.raw[..]));
    let decoded = |bytes: &[u8]| encoding.decode_without_bom_handling(bytes).0.into_owned();
    let (mut text, mut at) = (String::new(), Encoding::for_bom(original).map_or(0, |(_, length)| length));
    for edit in edits.iter().filter(|_| is_of_it) {
        text += &decoded(original.get(at..edit.span.start).unwrap_or_default());
        text += &relinked(decoded(&edit.replacement));
        at = edit.span.end.max(at);
    }
    text + &decoded(original.get(at..).unwrap_or_default())
}

/// A text with the links to blobs and thumbnails that this server has.
fn relinked(text: String) -> String {
    let mut links: Vec<_> = links_in(text.as_bytes()).into_iter().collect();
    // The longest first: one may be the end of another.
    links.sort_by_key(|(link, _)| std::cmp::Reverse(link.len()));
    let Some((link, key)) = links.first() else { return text };
    let parts = text.split(link.as_str()).map(|part| relinked(part.to_owned()));
    parts.collect::<Vec<_>>().join(&object(key))
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GBK, UTF_16LE};

    use super::*;
    use crate::archive::StoreKey;
    use crate::model::{Digest, MediaType, Span};

    fn path(name: &str) -> String {
        StoreKey::Blob { digest: Digest::of(name.as_bytes()), media_type: MediaType::Png }.path()
    }

    #[test]
    fn links_lead_to_this_server_however_they_begin() {
        let (a, b) = (path("a"), path("b"));
        for prefix in ["", "../../", "/media/", "https://cdn.example/m/", "../../../store/"] {
            let text = format!("{prefix}{a} 2x, {prefix}{b}");
            assert_eq!(relinked(text), format!("/{a} 2x, /{b}"), "{prefix}");
        }
        assert_eq!(relinked(format!("{a} ../{a} ../../{a}")), format!("/{a} /{a} /{a}"));
        assert_eq!(relinked("no link".to_owned()), "no link");
    }

    fn edit(original: &[u8], raw: &[u8], replacement: Vec<u8>) -> Edit {
        let start = original.windows(raw.len()).position(|window| window == raw).unwrap();
        Edit { span: Span::new(start, start + raw.len()), raw: raw.to_vec(), replacement }
    }

    #[test]
    fn the_text_is_that_of_the_mirror_in_any_encoding() {
        let link = format!("../{}", path("a"));
        for encoding in [UTF_8, GBK] {
            let original = encoding.encode("<p>雨</p><img src=http://a.example/1>").0.into_owned();
            let edit = edit(&original, b"http://a.example/1", link.clone().into_bytes());
            let text = with_edits(&original, &[edit], encoding);
            assert_eq!(text, format!("<p>雨</p><img src=/{}>", path("a")), "{}", encoding.name());
        }
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let original = [&[0xff, 0xfe], &wide("雨 http://a.example/1")[..]].concat();
        let edit = edit(&original, &wide("http://a.example/1"), wide(&link));
        assert_eq!(with_edits(&original, &[edit], UTF_16LE), format!("雨 /{}", path("a")));
    }

    #[test]
    fn edits_of_another_version_are_left_out() {
        let edit = Edit { span: Span::new(2, 90), raw: b"x".to_vec(), replacement: b"y".to_vec() };
        assert_eq!(with_edits(b"text", &[edit], UTF_8), "text");
    }
}
