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
use crate::archive::{Archive, ArticleRow, StoreKey, linked_object};
use crate::model::{ArticleKey, ArticleVersion, Digest, Edit, Format};

/// The response with an article as its mirror shows it.
pub(super) async fn article(archive: &Archive, key: &ArticleKey) -> Result<Response, PageError> {
    let ArticleRow { id, version, .. } = archive.catalog.article(key).await?.ok_or(PageError::NotFound)?;
    let original = original(archive, version.original, version.format).await?;
    let edits = archive.catalog.edits(id).await?;
    // It takes the processor in proportion to the length.
    let made = tokio::task::spawn_blocking(move || made(&version, &original, &edits)).await;
    let (mime, body) = made.map_err(|_| PageError::Failed)?;
    Ok(whole(archived(StatusCode::OK, mime).header(CACHE_CONTROL, "no-cache"), body))
}

/// The longest original that is shown, in bytes: no run keeps one of an article that is longer at the settings' default.
const LONGEST: u64 = 16 << 20;

/// The original of an article, unless it is too long to be shown.
pub(super) async fn original(archive: &Archive, digest: Digest, format: Format) -> Result<Vec<u8>, PageError> {
    let key = StoreKey::Blob { digest, media_type: format.blob_type() };
    if archive.objects.stat(&key).await?.is_some_and(|found| found.size > LONGEST) {
        return Err(PageError::TooLarge);
    }
    Ok(archive.read_verified(digest, format.blob_type()).await?)
}

fn made(version: &ArticleVersion, original: &[u8], edits: &[Edit]) -> (&'static str, String) {
    let text = with_edits(original, edits, version.charset().unwrap_or(UTF_8));
    let title = version.title.as_deref().unwrap_or_default();
    match version.format {
        Format::Markdown | Format::Mdx => ("text/html; charset=utf-8", markdown::article(&text, title)),
        Format::Html | Format::Xhtml => ("text/html; charset=utf-8", text),
        Format::Css => ("text/css; charset=utf-8", text),
    }
}

/// The text with its edits made, and with links that lead to this server. Edits of another original are left out: a run
/// may have recorded a new version meanwhile.
fn with_edits(original: &[u8], edits: &[Edit], encoding: &'static Encoding) -> String {
    let is_of_it = edits.iter().all(|edit| original.get(edit.span.start..edit.span.end) == Some(&edit.raw[..]));
    let decoded = |bytes: &[u8]| encoding.decode_without_bom_handling(bytes).0.into_owned();
    let (mut text, mut at) = (String::new(), Encoding::for_bom(original).map_or(0, |(_, length)| length));
    for edit in edits.iter().filter(|_| is_of_it) {
        text += &decoded(original.get(at..edit.span.start).unwrap_or_default());
        text += &relinked(&decoded(&edit.replacement));
        at = edit.span.end.max(at);
    }
    text + &decoded(original.get(at..).unwrap_or_default())
}

/// A text with the links to blobs and thumbnails that this server has, in one pass: an archive may come from somebody else.
fn relinked(text: &str) -> String {
    let mut shown = String::new();
    for part in text.split_inclusive(ends_link) {
        let link = part.trim_end_matches(|c| ends_link(c) || c == '.');
        match linked_object(link) {
            Some(key) => shown += &(object(&key) + &part[link.len()..]),
            None => shown += part,
        }
    }
    shown
}

/// Whether a character is in no link of a mirror, whatever prefix the settings name.
fn ends_link(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')' | '<' | '>' | ',' | ';' | '=' | '[' | ']' | '{' | '}' | '|')
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GBK, UTF_16LE};

    use super::*;
    use crate::model::{MediaType, Span};

    fn path(name: &str) -> String {
        StoreKey::Blob { digest: Digest::of(name.as_bytes()), media_type: MediaType::Png }.path()
    }

    #[test]
    fn links_lead_to_this_server_however_they_begin() {
        let (a, b) = (path("a"), path("b"));
        for prefix in ["", "../../", "/media/", "https://cdn.example/@é+&/m/", "../../../store/"] {
            let text = format!("{prefix}{a} 2x, {prefix}{b}");
            assert_eq!(relinked(&text), format!("/{a} 2x, /{b}"), "{prefix}");
        }
        assert_eq!(relinked(&format!("{a} ../{a} ../../{a}.")), format!("/{a} /{a} /{a}."));
        assert_eq!(relinked(&format!("url('../{a}')")), format!("url('/{a}')"));
        assert_eq!(relinked("no link"), "no link");
    }

    #[test]
    fn texts_of_any_length_are_relinked_in_one_pass() {
        let many: Vec<_> = (0..20_000).map(|number| format!("../{} ", path(&number.to_string()))).collect();
        let expected: Vec<_> = many.iter().map(|link| link.replace("../", "/")).collect();
        assert!(relinked(&many.concat()) == expected.concat());
        let folders = "blobs/".repeat(500_000);
        assert!(relinked(&folders) == folders);
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
