//! Everything that is stored, by kind: each with its path in the archive. The layout of an archive is spelled here alone.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::{ArticleKey, Digest, MediaType, RelativePath, SourceName, ThumbnailName};

const BLOBS: &str = "blobs/sha256";
const THUMBNAILS: &str = "thumbnails";
pub(super) const ARTICLES: &str = "articles";
const REPORTS: &str = "runs";
const INDEX: &str = "index";
const ARTICLE_PAGES: &str = "articles";
const LIST_PAGES: &str = "lists";
const MISSING_PAGES: &str = "missing";
pub(super) const QUARANTINE: &str = "quarantine";
const COPIES: &str = "catalog-copies";
const TAKEDOWNS: &str = "takedowns";

/// The folders that an archive has from the start.
pub(super) const FOLDERS: [&str; 4] = [BLOBS, THUMBNAILS, ARTICLES, REPORTS];
/// Those that come when something is put into them.
pub(super) const LATER_FOLDERS: [&str; 4] = [INDEX, QUARANTINE, COPIES, TAKEDOWNS];
/// The folders whose files articles link to.
pub(super) const LINKED_FOLDERS: [&str; 2] = [BLOBS, THUMBNAILS];

/// What is stored under one path. No key leads out of the archive, because the types of its parts rule that out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreKey {
    /// Bytes under their SHA-256: never changed, never overwritten.
    Blob {
        /// The digest of the bytes.
        digest: Digest,
        /// What they are.
        media_type: MediaType,
    },
    /// A smaller rendition of a blob.
    Thumbnail {
        /// The name of its size.
        name: ThumbnailName,
        /// The blob that it was made from.
        original: Digest,
        /// What it is itself.
        media_type: MediaType,
    },
    /// A mirrored article.
    Article(ArticleKey),
    /// The report of a run.
    Report {
        /// The run, as its report names it.
        run: RelativePath,
    },
    /// A static page to browse the archive from.
    Index {
        /// The page.
        path: RelativePath,
    },
    /// A copy of the catalog. Its name holds when it was made, and the mark of its content.
    CatalogCopy {
        /// Its name.
        name: RelativePath,
    },
    /// What was taken down by one call. Its name holds when.
    Takedown {
        /// Its name.
        name: RelativePath,
    },
    /// What is left of a damaged blob.
    Quarantine {
        /// The digest of the bytes that it had.
        digest: Digest,
        /// What they were.
        media_type: MediaType,
    },
}

/// A part of what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// The blobs whose digest starts with this byte.
    Blobs(u8),
    /// The thumbnails of every size of such blobs.
    Thumbnails(u8),
    /// The reports.
    Reports,
    /// The copies of the catalog.
    CatalogCopies,
    /// The files of takedowns.
    Takedowns,
    /// The mirrors of all sources that have them in the archive.
    Mirrors,
    /// The static pages of articles whose names start with this byte.
    ArticlePages(u8),
    /// The static pages that list articles.
    ListPages,
    /// The static pages that list what is missing.
    MissingPages,
}

impl StoreKey {
    /// Its path relative to the archive's folder, with `/` between its parts. Paths of blobs and thumbnails have only
    /// `[0-9a-z/._-]` in them, so that a link to one needs no escaping.
    pub fn path(&self) -> String {
        match self {
            Self::Blob { digest, media_type } => format!("{BLOBS}/{}", in_shard(*digest, *media_type)),
            Self::Thumbnail { name, original, media_type } => {
                format!("{THUMBNAILS}/{name}/{}", in_shard(*original, *media_type))
            }
            Self::Article(key) => format!("{ARTICLES}/{key}"),
            Self::Report { run } => format!("{REPORTS}/{run}.json"),
            Self::Index { path } => format!("{INDEX}/{path}"),
            Self::CatalogCopy { name } => format!("{COPIES}/{name}.db"),
            Self::Takedown { name } => format!("{TAKEDOWNS}/{name}.json"),
            Self::Quarantine { digest, media_type } => format!("{QUARANTINE}/{digest}.{media_type}"),
        }
    }

    /// The folder of all mirrors that are written into the archive, relative to the archive's own.
    pub const fn mirrors() -> &'static str {
        ARTICLES
    }

    /// The folder of a source's mirror in the archive.
    pub fn mirrors_of(source: &SourceName) -> String {
        format!("{ARTICLES}/{source}")
    }

    /// The static page of an article. It has the digest of the article's name for its own, so that no file system has
    /// anything against it.
    pub fn article_page(key: &ArticleKey) -> Self {
        Self::article_page_of(Self::article_page_name(key))
    }

    /// The name of an article's static page, as a number. Its first byte is that of [`Prefix::ArticlePages`].
    pub(crate) fn article_page_name(key: &ArticleKey) -> u128 {
        let digest = Digest::of(key.to_string().as_bytes());
        u128::from_be_bytes(*digest.as_bytes().first_chunk().expect("it has 32 bytes"))
    }

    /// The static page of an article by its name.
    pub(crate) fn article_page_of(name: u128) -> Self {
        Self::index(&format!("{ARTICLE_PAGES}/{:02x}/{name:032x}.html", name >> 120))
    }

    /// The static page to start from.
    pub(crate) fn start_page() -> Self {
        Self::index("index.html")
    }

    /// A static page that lists articles, or what is missing.
    pub(crate) fn list_page(prefix: Prefix, name: &str) -> Self {
        let folder = if prefix == Prefix::MissingPages { MISSING_PAGES } else { LIST_PAGES };
        Self::index(&format!("{folder}/{name}.html"))
    }

    /// A file of the static pages, by its path there.
    pub(crate) fn index(path: &str) -> Self {
        Self::Index { path: path.parse().expect("its parts are plain") }
    }

    /// When the run of a report began, by its name; `None` for what is no report.
    pub fn report_moment(&self) -> Option<Timestamp> {
        let Self::Report { run } = self else { return None };
        let began = DateTime::strptime("%Y%m%dT%H%M%SZ", run.get(..16)?).ok()?;
        Some(began.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// Whether a path in the archive lies where blobs and thumbnails do.
    pub fn is_linked_path(path: &str) -> bool {
        LINKED_FOLDERS.iter().any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    }

    /// What has this path; `None` if nothing that is stored has.
    pub fn parse(path: &str) -> Option<Self> {
        let below = |folder: &str| path.strip_prefix(folder)?.strip_prefix('/');
        if let Some(rest) = below(BLOBS) {
            let (digest, media_type) = parse_in_shard(rest)?;
            return Some(Self::Blob { digest, media_type });
        }
        if let Some((name, rest)) = below(THUMBNAILS).and_then(|rest| rest.split_once('/')) {
            let (original, media_type) = parse_in_shard(rest)?;
            return Some(Self::Thumbnail { name: name.parse().ok()?, original, media_type });
        }
        if let Some((source, rest)) = below(ARTICLES).and_then(|rest| rest.split_once('/')) {
            let (source, path) = (SourceName::new(source).ok()?, RelativePath::new(rest).ok()?);
            return Some(Self::Article(ArticleKey { source, path }));
        }
        if let Some(rest) = below(REPORTS) {
            return Some(Self::Report { run: rest.strip_suffix(".json")?.parse().ok()? });
        }
        if let Some(rest) = below(COPIES) {
            return Some(Self::CatalogCopy { name: rest.strip_suffix(".db")?.parse().ok()? });
        }
        if let Some(rest) = below(TAKEDOWNS) {
            return Some(Self::Takedown { name: rest.strip_suffix(".json")?.parse().ok()? });
        }
        if let Some(rest) = below(INDEX) {
            return Some(Self::Index { path: rest.parse().ok()? });
        }
        let (digest, media_type) = parse_name(below(QUARANTINE)?)?;
        Some(Self::Quarantine { digest, media_type })
    }

    /// Whether there may be objects below a folder: not where their paths would be longer than a file system takes.
    pub(super) fn may_be_below(folder: &str) -> bool {
        Self::parse(&format!("{folder}/a")).is_some()
    }

    /// The media type to serve it as (RFC 6838).
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Blob { media_type, .. } | Self::Thumbnail { media_type, .. } => media_type.mime(),
            Self::Article(key) => by_extension(&key.path),
            Self::Report { .. } | Self::Takedown { .. } => "application/json",
            Self::CatalogCopy { .. } => "application/vnd.sqlite3",
            Self::Index { path } => by_extension(path),
            // Damaged bytes have no type.
            Self::Quarantine { .. } => MediaType::Unknown.mime(),
        }
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

impl Prefix {
    /// The folders that hold it. Of thumbnails, each size has such a folder in a folder of its own name.
    pub(super) fn folder(self) -> String {
        match self {
            Self::Blobs(shard) => format!("{BLOBS}/{shard:02x}"),
            Self::Thumbnails(_) => THUMBNAILS.to_owned(),
            Self::Reports => REPORTS.to_owned(),
            Self::CatalogCopies => COPIES.to_owned(),
            Self::Takedowns => TAKEDOWNS.to_owned(),
            Self::Mirrors => ARTICLES.to_owned(),
            Self::ArticlePages(shard) => format!("{INDEX}/{ARTICLE_PAGES}/{shard:02x}"),
            Self::ListPages => format!("{INDEX}/{LIST_PAGES}"),
            Self::MissingPages => format!("{INDEX}/{MISSING_PAGES}"),
        }
    }

    /// Whether a key is a part of it.
    pub(super) fn covers(self, key: &StoreKey) -> bool {
        match (self, key) {
            (Self::Blobs(shard), StoreKey::Blob { digest, .. }) => digest.as_bytes()[0] == shard,
            (Self::Thumbnails(shard), StoreKey::Thumbnail { original, .. }) => original.as_bytes()[0] == shard,
            (Self::Reports, StoreKey::Report { .. })
            | (Self::CatalogCopies, StoreKey::CatalogCopy { .. })
            | (Self::Takedowns, StoreKey::Takedown { .. })
            | (Self::Mirrors, StoreKey::Article(_)) => true,
            (Self::ArticlePages(_) | Self::ListPages | Self::MissingPages, StoreKey::Index { .. }) => {
                key.path().strip_prefix(&self.folder()).is_some_and(|rest| rest.starts_with('/'))
            }
            _ => false,
        }
    }
}

/// `ab/<64 hex>.<ext>`: 256 folders keep each one small.
fn in_shard(digest: Digest, media_type: MediaType) -> String {
    let name = digest.to_string();
    format!("{}/{name}.{media_type}", &name[..2])
}

fn parse_in_shard(rest: &str) -> Option<(Digest, MediaType)> {
    let (shard, name) = rest.split_once('/')?;
    parse_name(name).filter(|_| name.starts_with(shard) && shard.len() == 2)
}

fn parse_name(name: &str) -> Option<(Digest, MediaType)> {
    let (digest, extension) = name.split_once('.')?;
    Some((digest.parse().ok()?, MediaType::from_name(extension)?))
}

fn by_extension(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    MediaType::from_name(extension).unwrap_or(MediaType::Unknown).mime()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> Vec<(StoreKey, String)> {
        let digest = Digest::of(b"offprint");
        let (hex, media_type) = (digest.to_string(), MediaType::Jpeg);
        let shard = hex[..2].to_owned();
        let article = ArticleKey { source: "posts".parse().unwrap(), path: "2026/新闻.md".parse().unwrap() };
        vec![
            (StoreKey::Blob { digest, media_type }, format!("blobs/sha256/{shard}/{hex}.jpg")),
            (
                StoreKey::Thumbnail { name: "small".parse().unwrap(), original: digest, media_type },
                format!("thumbnails/small/{shard}/{hex}.jpg"),
            ),
            (StoreKey::Article(article), "articles/posts/2026/新闻.md".to_owned()),
            (StoreKey::Report { run: "20261122T030000Z".parse().unwrap() }, "runs/20261122T030000Z.json".to_owned()),
            (StoreKey::Index { path: "a/b.html".parse().unwrap() }, "index/a/b.html".to_owned()),
            (StoreKey::Quarantine { digest, media_type }, format!("quarantine/{hex}.jpg")),
            (
                StoreKey::CatalogCopy { name: "20261122T030000Z-0f".parse().unwrap() },
                "catalog-copies/20261122T030000Z-0f.db".to_owned(),
            ),
            (
                StoreKey::Takedown { name: "20261122T030000Z-0f".parse().unwrap() },
                "takedowns/20261122T030000Z-0f.json".to_owned(),
            ),
        ]
    }

    #[test]
    fn every_key_has_its_path_and_is_read_back_from_it() {
        for (key, path) in keys() {
            assert_eq!(key.path(), path);
            assert_eq!(StoreKey::parse(&path), Some(key));
        }
    }

    #[test]
    fn every_key_lies_in_a_folder_of_the_layout() {
        for (key, path) in keys() {
            let folders = FOLDERS.iter().chain(&LATER_FOLDERS);
            assert_eq!(folders.filter(|folder| path.starts_with(&format!("{folder}/"))).count(), 1, "{path}");
            let is_linked = matches!(key, StoreKey::Blob { .. } | StoreKey::Thumbnail { .. });
            assert_eq!(StoreKey::is_linked_path(&path), is_linked, "{path}");
        }
        assert!(!StoreKey::is_linked_path("blobs/sha256") && !StoreKey::is_linked_path("thumbnails.txt"));
        let article = StoreKey::parse(&format!("{}/a.md", StoreKey::mirrors_of(&"posts".parse().unwrap())));
        assert!(matches!(article, Some(StoreKey::Article(key)) if &*key.path == "a.md"));
    }

    fn key() -> impl Strategy<Value = StoreKey> {
        let digest = || any::<[u8; 32]>().prop_map(Digest::from_bytes);
        let media_type = || prop::sample::select(MediaType::ALL);
        let path =
            || "[a-z0-9漢é]{1,8}(/[a-z0-9._-]{0,4}[a-z]{1,4}){0,3}".prop_filter_map("a path", |text| text.parse().ok());
        let name = || "[a-z][a-z0-9]{0,8}";
        prop_oneof![
            (digest(), media_type()).prop_map(|(digest, media_type)| StoreKey::Blob { digest, media_type }),
            (digest(), media_type()).prop_map(|(digest, media_type)| StoreKey::Quarantine { digest, media_type }),
            (name(), digest(), media_type()).prop_filter_map("a name", |(name, original, media_type)| {
                Some(StoreKey::Thumbnail { name: name.parse().ok()?, original, media_type })
            }),
            (name(), path()).prop_filter_map("a key", |(source, path)| {
                Some(StoreKey::Article(ArticleKey { source: source.parse().ok()?, path }))
            }),
            path().prop_map(|run| StoreKey::Report { run }),
            path().prop_map(|path| StoreKey::Index { path }),
            path().prop_map(|name| StoreKey::CatalogCopy { name }),
            path().prop_map(|name| StoreKey::Takedown { name }),
        ]
    }

    proptest! {
        #[test]
        fn any_key_is_read_back_from_its_path_and_lies_within_the_archive(key in key()) {
            let path = key.path();
            prop_assert_eq!(StoreKey::parse(&path), Some(key.clone()));
            prop_assert!(!path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{}", path);
            let is_blob = matches!(key, StoreKey::Blob { .. });
            let shard = path.strip_prefix("blobs/sha256/").and_then(|rest| u8::from_str_radix(&rest[..2], 16).ok());
            prop_assert_eq!(is_blob, shard.is_some_and(|shard| Prefix::Blobs(shard).covers(&key)));
        }

        #[test]
        fn no_other_path_is_a_key_by_accident(path in "(blobs/sha256|thumbnails|articles|runs|index|quarantine|catalog-copies|takedowns)(/[a-f0-9.]{0,70}){0,3}") {
            if let Some(key) = StoreKey::parse(&path) {
                prop_assert_eq!(key.path(), path);
            }
        }
    }

    #[test]
    fn paths_of_nothing_that_is_stored_are_no_keys() {
        let hex = Digest::of(b"offprint").to_string();
        for path in [
            "",
            "catalog.db",
            "lock",
            "articles/posts",
            "articles/posts/../../catalog.db",
            "articles/../catalog.db",
            "runs/note.txt",
            &format!("blobs/sha256/00/{hex}.jpg"),
            &format!("blobs/sha256/{hex}.jpg"),
            &format!("blobs/sha256/{}/{hex}.exe", &hex[..2]),
            &format!("thumbnails/../{}/{hex}.jpg", &hex[..2]),
        ] {
            assert_eq!(StoreKey::parse(path), None, "{path}");
        }
    }
}
