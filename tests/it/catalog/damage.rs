//! A row that holds what no offprint writes makes its call fail by name. It is never left out of a page.

use std::path::Path;

use offprint::testing::archive::{self, Archive, Catalog, CatalogError, Mode};
use offprint::testing::model::Digest;

use super::fixtures::{A, B, TTL, at, complete_all, kept, key, link, record, thumbnail_of, worker};

/// An archive with two articles that show two images.
async fn sample(folder: &Path) {
    let archive = archive::open(folder, Mode::Create).unwrap();
    record(&*archive.catalog, "a", &[A, B]).await;
    record(&*archive.catalog, "b", &[B]).await;
    complete_all(&*archive.catalog, 5, kept("bytes")).await;
    archive.catalog.record_thumbnails(&[thumbnail_of(Digest::of(b"bytes"), "small")], &[]).await.unwrap();
}

/// What is said of a sample that somebody changed.
async fn damaged<T>(sql: &str, call: impl AsyncFn(&dyn Catalog) -> Result<T, CatalogError>) -> (String, &'static str) {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path()).await;
    let database = rusqlite::Connection::open(folder.path().join("catalog.db")).unwrap();
    database.execute_batch(sql).unwrap();
    drop(database);
    let archive: Archive = archive::open(folder.path(), Mode::Write).unwrap();
    match call(&*archive.catalog).await {
        Err(CatalogError::Damaged { row, what, .. }) => (row, what),
        Err(other) => panic!("{sql}: {other}"),
        Ok(_) => panic!("{sql}: nothing is said of it"),
    }
}

fn named(row: &str, what: &'static str) -> (String, &'static str) {
    (row.to_owned(), what)
}

#[tokio::test]
async fn a_page_of_articles_with_a_damaged_one_is_an_error_that_names_it() {
    let page = async |catalog: &dyn Catalog| catalog.articles(None, None, 100).await;
    for (change, what) in [
        ("format = 'word'", "format"),
        ("path = '../../.profile'", "path of an article"),
        ("path = '/etc/passwd'", "path of an article"),
        ("path = ''", "path of an article"),
        ("source = '..'", "name of a source"),
        ("settings = x'00'", "digest"),
        ("read_at = 9223372036854775807", "moment"),
        ("url = 'nowhere'", "URL"),
        ("size = -1", "value"),
    ] {
        let sql = format!("UPDATE article SET {change} WHERE id = 2");
        assert_eq!(damaged(&sql, page).await, named("article 2", what), "{change}");
        let by_date = async |catalog: &dyn Catalog| catalog.articles_by_date(None, 100).await;
        assert_eq!(damaged(&sql, by_date).await, named("article 2", what), "{change}");
    }
}

#[tokio::test]
async fn a_damaged_article_ends_no_listing_by_row() {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path()).await;
    let database = rusqlite::Connection::open(folder.path().join("catalog.db")).unwrap();
    database.execute_batch("UPDATE article SET path = '../up' WHERE id = 1").unwrap();
    drop(database);
    let archive = archive::open(folder.path(), Mode::Write).unwrap();
    let rows = archive.catalog.articles_by_row(None, 9).await.unwrap();
    let rows: Vec<_> = rows.into_iter().map(|(id, row)| (id.0, row.map(|row| row.version.key))).collect();
    assert!(
        matches!(&rows[..], [(1, Err(CatalogError::Damaged { .. })), (2, Ok(second))] if *second == key("b")),
        "{rows:?}"
    );
}

#[tokio::test]
async fn every_kind_of_row_is_named() {
    let article = async |catalog: &dyn Catalog| catalog.article(&key("a")).await.map(|row| row.unwrap().id);
    let references = async |catalog: &dyn Catalog| catalog.references(article(catalog).await?).await;
    let kind = "UPDATE reference SET kind = 'imgae' WHERE ord = 1";
    assert_eq!(damaged(kind, references).await, named("reference 1/1", "kind of reference"));
    let wrap = "UPDATE reference SET wrap = 'html' WHERE ord = 0 AND article_id = 1";
    assert_eq!(damaged(wrap, references).await, named("reference 1/0", "link wrap"));
    let state = "UPDATE url SET state = 'bad' WHERE id = 2";
    assert_eq!(damaged(state, references).await, named("url 2", "state of a URL"));
    let url = async |catalog: &dyn Catalog| catalog.url(&link(B)).await;
    assert_eq!(damaged("UPDATE url SET reason = 'bad' WHERE id = 2", url).await, named("url 2", "reason"));
    let captures = async |catalog: &dyn Catalog| catalog.captures_after(None, 100).await;
    let exchange = "UPDATE exchange SET peer = 'here' WHERE capture_id = 2";
    assert_eq!(damaged(exchange, captures).await, named("exchange 2/0", "address"));
    let digest = Digest::of(b"bytes");
    let thumbnails = async |catalog: &dyn Catalog| catalog.thumbnails(&[digest]).await;
    let name = "UPDATE thumbnail SET name = '../up'";
    assert_eq!(damaged(name, thumbnails).await, named(&format!("thumbnail {digest}/../up"), "name of a thumbnail"));
    let hosts = async |catalog: &dyn Catalog| catalog.hosts().await;
    assert_eq!(damaged("UPDATE host SET referer = 'bad'", hosts).await, named("host 1", "Referer strategy"));
    let blobs = async |catalog: &dyn Catalog| catalog.blobs_on_record(digest.as_bytes()[0]).await;
    let media_type = "PRAGMA foreign_keys = OFF; UPDATE blob SET media_type = 'exe' WHERE media_type = 'jpg'";
    assert_eq!(damaged(media_type, blobs).await, named(&format!("blob {digest}/exe"), "media type"));
}

#[tokio::test]
async fn a_damaged_host_is_not_leased_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path()).await;
    let database = rusqlite::Connection::open(folder.path().join("catalog.db")).unwrap();
    database.execute_batch("UPDATE host SET referer = 'bad'").unwrap();
    drop(database);
    let archive = archive::open(folder.path(), Mode::Write).unwrap();
    let url = archive.catalog.url(&link(A)).await.unwrap().unwrap().id;
    archive.catalog.enqueue(&[url]).await.unwrap();
    let leased = archive.catalog.lease(&worker("first"), 9, TTL, at(9)).await;
    assert!(matches!(leased, Err(CatalogError::Damaged { .. })), "{leased:?}");
}
