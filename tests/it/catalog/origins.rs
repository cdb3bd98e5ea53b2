//! Where texts and images came from.

use offprint::testing::archive::{Catalog, UrlId};
use offprint::testing::model::{Digest, Fingerprint, Format};

use super::fixtures::{A, key, mirror, record, record_mirror, version};

suite! {
    the_originals_of_a_mirror_are_found_by_its_bytes
    the_article_behind_a_mirrored_file_is_found_within_its_source
    urls_of_files_are_listed_while_some_article_shows_them
}

async fn the_originals_of_a_mirror_are_found_by_its_bytes(catalog: &dyn Catalog) {
    let digest = Digest::of(b"the mirror");
    assert_eq!(catalog.originals_of_mirror(digest).await.unwrap(), []);
    for path in ["a", "b"] {
        let id = record(catalog, path, &[]).await;
        record_mirror(catalog, id, digest, &[]).await;
    }
    let mut expected = ["a", "b"].map(|path| (version(path).original, Format::Markdown));
    expected.sort_by_key(|(original, _)| *original);
    assert_eq!(catalog.originals_of_mirror(digest).await.unwrap(), expected);
}

async fn the_article_behind_a_mirrored_file_is_found_within_its_source(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    mirror(catalog, id).await;
    let file = catalog.article_by_id(id).await.unwrap().unwrap().mirror.unwrap().1;
    let other = Fingerprint { inode: file.inode + 1, ..file };
    assert_eq!(catalog.article_with_mirror(&key("A"), file).await.unwrap(), Some(key("a")));
    assert_eq!(catalog.article_with_mirror(&key("A"), other).await.unwrap(), None);
    assert_eq!(catalog.article_with_mirror(&key("a"), file).await.unwrap(), None, "it is its own");
}

async fn urls_of_files_are_listed_while_some_article_shows_them(catalog: &dyn Catalog) {
    let names = |rows: Vec<offprint::testing::archive::UrlRow>| -> Vec<(UrlId, String)> {
        rows.into_iter().map(|row| (row.id, row.url.to_string())).collect()
    };
    record(catalog, "a", &["file:///srv/1.png", A, "file:///srv/2.png"]).await;
    let all = names(catalog.file_urls(None, 10).await.unwrap());
    assert_eq!(all.iter().map(|(_, url)| url.as_str()).collect::<Vec<_>>(), ["file:///srv/1.png", "file:///srv/2.png"]);
    assert_eq!(names(catalog.file_urls(Some(all[0].0), 10).await.unwrap()), all[1..]);
    assert_eq!(names(catalog.file_urls(None, 1).await.unwrap()), all[..1]);
    record(catalog, "a", &["file:///srv/2.png"]).await;
    assert_eq!(names(catalog.file_urls(None, 10).await.unwrap()), all[1..]);
}
