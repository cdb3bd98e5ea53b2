//! Where texts and images came from.

use offprint::testing::archive::{Catalog, UrlId};
use offprint::testing::model::{ArticleKey, Digest, Format};

use super::fixtures::{A, key, record, record_mirror, version};

suite! {
    the_originals_of_a_mirror_are_found_by_its_bytes
    the_articles_behind_a_mirrored_file_are_found_within_their_source
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

async fn the_articles_behind_a_mirrored_file_are_found_within_their_source(catalog: &dyn Catalog) {
    let (digest, other) = (Digest::of(b"the mirror"), Digest::of(b"another"));
    let ids = [record(catalog, "a", &[]).await, record(catalog, "b", &[]).await];
    for id in ids {
        record_mirror(catalog, id, digest, &[]).await;
    }
    let found = async |path, mirror| catalog.articles_with_mirror(&key(path), mirror).await.unwrap();
    assert_eq!(found("A", digest).await, [key("a"), key("b")]);
    assert_eq!(found("A", other).await, []);
    assert_eq!(found("a", digest).await, [key("b")], "the other is its own");
    let elsewhere = ArticleKey { source: "feed".parse().unwrap(), ..key("A") };
    assert_eq!(catalog.articles_with_mirror(&elsewhere, digest).await.unwrap(), []);
    catalog.mark_vanished(&ids[..1]).await.unwrap();
    assert_eq!(found("A", digest).await, [key("b")], "one that is gone makes way");
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
