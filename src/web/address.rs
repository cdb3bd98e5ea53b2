//! The paths of pages and files: how they are read from requests, and how links spell them.

use std::fmt::Display;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::archive::StoreKey;
use crate::model::{ArticleKey, Digest, RelativePath, SourceName, ThumbnailName, is_web_address};

/// What stays as it is in a path (RFC 3986, section 2.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What a path leads to. Whatever is opened is found by the values in here, never by the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Home,
    Articles,
    Article(ArticleKey),
    Images,
    Image(Digest),
    Missing,
    Hosts,
    Runs,
    Run(Timestamp),
    Feed,
    Search,
    SearchDescription,
    Health,
    Style,
    Keys,
    Icon,
    Blob(Digest),
    Thumbnail(ThumbnailName, Digest),
    Mirror(ArticleKey),
}

impl Address {
    /// What this path leads to; `None` if there can be no such thing.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        if path.is_empty() {
            return Some(Self::Home);
        }
        let parts: Vec<String> = path.split('/').map(part).collect::<Option<_>>()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Some(match parts.as_slice() {
            ["articles"] => Self::Articles,
            ["article", source, path @ ..] => Self::Article(article_key(source, path)?),
            ["images"] => Self::Images,
            ["image", digest] => Self::Image(digest.parse().ok()?),
            ["missing"] => Self::Missing,
            ["hosts"] => Self::Hosts,
            ["runs"] => Self::Runs,
            ["runs", began] => Self::Run(moment_of(began)?),
            ["feed.atom"] => Self::Feed,
            ["search"] => Self::Search,
            ["opensearch.xml"] => Self::SearchDescription,
            ["healthz"] => Self::Health,
            ["style.css"] => Self::Style,
            ["keys.js"] => Self::Keys,
            ["icon.svg"] => Self::Icon,
            ["blobs", "sha256", shard, file] => Self::Blob(in_shard(shard, file)?),
            ["thumbnails", name, shard, file] => Self::Thumbnail(name.parse().ok()?, in_shard(shard, file)?),
            ["mirror", source, path @ ..] => Self::Mirror(article_key(source, path)?),
            _ => return None,
        })
    }
}

/// A part of a path, decoded: the name of something, and no way to anywhere else.
fn part(encoded: &str) -> Option<String> {
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
    let is_plain = !matches!(&*decoded, "" | "." | "..") && !decoded.contains(['/', '\\', '\0']);
    is_plain.then(|| decoded.into_owned())
}

fn article_key(source: &str, path: &[&str]) -> Option<ArticleKey> {
    Some(ArticleKey { source: SourceName::new(source).ok()?, path: RelativePath::new(path.join("/")).ok()? })
}

/// The digest of a file that lies where those of its first byte do.
fn in_shard(shard: &str, file: &str) -> Option<Digest> {
    let hex = file.split('.').next().filter(|hex| hex.starts_with(shard) && shard.len() == 2)?;
    hex.parse().ok()
}

fn moment_of(run: &str) -> Option<Timestamp> {
    StoreKey::Report { run: RelativePath::new(run).ok()? }.report_moment()
}

/// The path of an article's page.
pub(super) fn article(key: &ArticleKey) -> String {
    encoded("article", key)
}

/// The path of an article as it is shown.
pub(super) fn mirror(key: &ArticleKey) -> String {
    encoded("mirror", key)
}

/// The path of something below a folder, whatever it is called.
pub(super) fn encoded(first: &str, rest: impl Display) -> String {
    format!("/{first}/{}", utf8_percent_encode(&rest.to_string(), PATH))
}

/// The path of the articles of a source.
pub(super) fn source(source: &SourceName) -> String {
    with_query("/articles", &[("source", source.as_str())])
}

/// The path of an image's page.
pub(super) fn image(digest: Digest) -> String {
    format!("/image/{digest}")
}

/// The path of what is stored.
pub(super) fn object(key: &StoreKey) -> String {
    format!("/{key}")
}

/// The path of a run's page.
pub(super) fn run(began: Timestamp) -> String {
    format!("/runs/{}", began.strftime("%Y%m%dT%H%M%SZ"))
}

/// A URL as the target of a link: one of the web only, and never `javascript:` or the like.
pub(super) fn external(url: &Url) -> Option<String> {
    is_web_address(url).then(|| url.to_string())
}

/// A path with a query.
pub(super) fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures;
    use crate::model::MediaType;

    #[test]
    fn every_path_leads_to_one_thing_or_to_nothing() {
        let digest = Digest::of(b"x");
        let shard = &digest.to_string()[..2];
        for (path, expected) in [
            ("/", Some(Address::Home)),
            ("/articles", Some(Address::Articles)),
            ("/article/posts/a%20b/c.md", Some(Address::Article(fixtures::key("a b/c.md")))),
            ("/mirror/posts/c.md", Some(Address::Mirror(fixtures::key("c.md")))),
            (&format!("/image/{digest}"), Some(Address::Image(digest))),
            (&format!("/blobs/sha256/{shard}/{digest}.png"), Some(Address::Blob(digest))),
            (
                &format!("/thumbnails/small/{shard}/{digest}.jpg"),
                Some(Address::Thumbnail("small".parse().unwrap(), digest)),
            ),
            ("/runs/20261122T030000Z", Some(Address::Run("2026-11-22T03:00:00Z".parse().unwrap()))),
            ("", None),
            ("*", None),
            ("//", None),
            ("//evil.example", None),
            ("//evil.example/articles", None),
            ("/articles/", None),
            ("/search", Some(Address::Search)),
            ("/search/", None),
            ("/opensearch.xml", Some(Address::SearchDescription)),
            ("/article/posts", None),
            ("/article/posts/", None),
            ("/article/posts/../a.md", None),
            ("/article/posts/%2e%2e/a.md", None),
            ("/article/posts/..%2fa.md", None),
            ("/article/posts/a%00.md", None),
            ("/article/posts/a%5c..%5cb.md", None),
            ("/article/Posts/a.md", None),
            ("/article/posts/%ff", None),
            ("/image/abc", None),
            ("/runs/yesterday", None),
            (&format!("/blobs/sha256/zz/{digest}.png"), None),
            ("/blobs/sha256/ab/catalog.db", None),
            ("/blobs/sha256//../catalog.db", None),
            ("/catalog.db", None),
        ] {
            assert_eq!(Address::parse(path), expected, "{path}");
        }
    }

    #[test]
    fn links_lead_where_they_say() {
        let digest = Digest::of(b"x");
        let key = StoreKey::Blob { digest, media_type: MediaType::Png };
        assert_eq!(Address::parse(&object(&key)), Some(Address::Blob(digest)));
        let thumbnail =
            StoreKey::Thumbnail { name: "s".parse().unwrap(), original: digest, media_type: MediaType::Jpeg };
        assert_eq!(Address::parse(&object(&thumbnail)), Some(Address::Thumbnail("s".parse().unwrap(), digest)));
        assert_eq!(Address::parse(&image(digest)), Some(Address::Image(digest)));
        assert_eq!(Address::parse(&run(fixtures::at(7))), Some(Address::Run(fixtures::at(7))));
        assert_eq!(with_query("/a", &[("q", "x&y=z"), ("none", "")]), "/a?q=x%26y%3Dz");
        assert_eq!(with_query("/a", &[]), "/a");
    }

    #[test]
    fn only_links_into_the_web_lead_out() {
        for (url, leads) in [
            ("https://a.example/", true),
            ("http://a.example/", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(external(&fixtures::url(url)).is_some(), leads, "{url}");
        }
    }

    proptest! {
        /// Whatever an article is called, the link to it leads to it.
        #[test]
        fn a_link_to_an_article_is_read_back(path in "[a-z%?#&é雨 <>\"'.:-]{1,9}(/[a-z%雨]{1,3})?") {
            prop_assume!(RelativePath::new(path.clone()).is_ok());
            let key = fixtures::key(&path);
            prop_assert!(!article(&key).contains(['?', '#', ' ', '"', '<', '\'']));
            prop_assert_eq!(Address::parse(&article(&key)), Some(Address::Article(key.clone())));
            prop_assert_eq!(Address::parse(&mirror(&key)), Some(Address::Mirror(key)));
        }

        /// No path leads to a part of a name that goes elsewhere.
        #[test]
        fn no_part_of_a_path_leads_up(path in "(/|%2f|%5c|\\.|%2e|a|mirror|article|posts|%00){0,12}") {
            if let Some(Address::Article(key) | Address::Mirror(key)) = Address::parse(&path) {
                prop_assert!(key.path.split('/').all(|part| !matches!(part, "" | "." | "..")));
            }
        }
    }
}
