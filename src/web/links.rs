//! Where pages lead: to the addresses of a server, or from file to file of the static index.

use super::address;
use crate::archive::{AssetRow, StoreKey};
use crate::model::{ArticleKey, SourceName};

/// Where a page leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// To addresses of the server.
    Served,
    /// To files of the archive, from one that lies in so many folders of it.
    Files {
        /// The folders.
        depth: usize,
    },
}

impl Links {
    /// From a file of the archive.
    pub(super) fn from_file(file: &StoreKey) -> Self {
        Self::Files { depth: file.path().matches('/').count() }
    }

    /// To what is stored.
    pub(super) fn object(self, key: &StoreKey) -> String {
        self.lead(|| address::object(key), || address::object(key))
    }

    /// To an article's mirror in the archive.
    pub(super) fn mirror(self, key: &ArticleKey) -> String {
        self.lead(|| address::mirror(key), || address::encoded(StoreKey::mirrors(), key))
    }

    /// To the page of an article.
    pub(super) fn article(self, key: &ArticleKey) -> String {
        self.lead(|| address::article(key), || address::object(&StoreKey::article_page(key)))
    }

    /// To the page of an image. The static index has none: there it is the image itself.
    pub(super) fn image(self, row: &AssetRow) -> String {
        let key = StoreKey::Blob { digest: row.digest, media_type: row.asset.media_type };
        self.lead(|| address::image(row.digest), || address::object(&key))
    }

    /// To the articles of a source.
    pub(super) fn source(self, source: &SourceName) -> String {
        let start = || format!("{}#{source}", address::object(&StoreKey::start_page()));
        self.lead(|| address::source(source), start)
    }

    /// To an address of the server, or to the file at a path of the archive, which begins with a slash.
    fn lead(self, address: impl FnOnce() -> String, file: impl FnOnce() -> String) -> String {
        match self {
            Self::Served => address(),
            Self::Files { depth } => "../".repeat(depth) + file().trim_start_matches('/'),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;
    use crate::fixtures;
    use crate::model::{Asset, Digest, MediaType, RelativePath};

    #[test]
    fn a_page_leads_to_addresses_or_to_files() {
        let key = fixtures::key("雨 #1?/100%.md");
        let image = AssetRow { digest: Digest::of(b"x"), size: 1, asset: Asset::of_type(MediaType::Png) };
        let blob = StoreKey::Blob { digest: image.digest, media_type: MediaType::Png };
        let served = Links::Served;
        assert_eq!(served.article(&key), "/article/posts/%E9%9B%A8%20%231%3F/100%25.md");
        assert_eq!(served.mirror(&key), "/mirror/posts/%E9%9B%A8%20%231%3F/100%25.md");
        assert_eq!(
            (served.image(&image), served.object(&blob)),
            (format!("/image/{}", image.digest), format!("/{blob}"))
        );
        assert_eq!(served.source(&key.source), "/articles?source=posts");
        let file = Links::from_file(&StoreKey::article_page(&key));
        assert_eq!(file, Links::Files { depth: 3 });
        assert_eq!(file.article(&key), format!("../../../{}", StoreKey::article_page(&key)));
        assert_eq!(file.mirror(&key), "../../../articles/posts/%E9%9B%A8%20%231%3F/100%25.md");
        assert_eq!((file.image(&image), file.object(&blob)), (format!("../../../{blob}"), format!("../../../{blob}")));
        assert_eq!(file.source(&key.source), "../../../index/index.html#posts");
    }

    proptest! {
        /// Whatever an article is called, a browser that opens its page from the disk finds its mirror.
        #[test]
        fn a_link_from_file_to_file_leads_there(path in "[a-z%?#&é雨 <>\"'.:+-]{1,9}(/[a-z%雨:]{1,3})?") {
            prop_assume!(RelativePath::new(path.clone()).is_ok());
            let key = fixtures::key(&path);
            let page = StoreKey::article_page(&key);
            let store = std::path::Path::new("/home/me/my store");
            let opened = Url::from_file_path(store.join(page.path())).unwrap();
            let led = opened.join(&Links::from_file(&page).mirror(&key)).unwrap();
            prop_assert_eq!(led.to_file_path().unwrap(), store.join(StoreKey::Article(key).path()));
            prop_assert_eq!((led.query(), led.fragment()), (None, None));
        }
    }
}
