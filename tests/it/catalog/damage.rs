//! A row that holds what no offprint writes is named: its call fails, or, where a page has others too, the catalog says
//! which rows it left out.

use std::path::Path;

use offprint::testing::archive::{self, Archive, Catalog, CatalogError, Mode, ReadRows};
use offprint::testing::model::{ArticleId, Digest};

use super::fixtures::{A, B, TTL, at, complete_all, kept, key, link, record, thumbnail_of, worker};

/// An archive with two articles that show two images.
async fn sample(folder: &Path) {
    let archive = archive::open(folder, Mode::Create).unwrap();
    record(&*archive.catalog, "a", &[A, B]).await;
    record(&*archive.catalog, "b", &[B]).await;
    complete_all(&*archive.catalog, 5, kept("bytes")).await;
    archive.catalog.record_thumbnails(&[thumbnail_of(Digest::of(b"bytes"), "small")], &[]).await.unwrap();
}

/// A sample that somebody changed.
async fn changed(sql: &str) -> (tempfile::TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path()).await;
    let database = rusqlite::Connection::open(folder.path().join("catalog.db")).unwrap();
    database.execute_batch(sql).unwrap();
    drop(database);
    let archive = archive::open(folder.path(), Mode::Write).unwrap();
    (folder, archive)
}

/// What is said of a sample that somebody changed.
async fn damaged<T>(sql: &str, call: impl AsyncFn(&dyn Catalog) -> Result<T, CatalogError>) -> (String, &'static str) {
    let (_folder, archive) = changed(sql).await;
    match call(&*archive.catalog).await {
        Err(CatalogError::Damaged { row, what, .. }) => (row, what),
        Err(other) => panic!("{sql}: {other}"),
        Ok(_) => panic!("{sql}: nothing is said of it"),
    }
}

/// What the catalog says of the rows that it left out of a page.
async fn left_out<T>(
    sql: &str,
    call: impl AsyncFn(&dyn Catalog) -> Result<Vec<T>, CatalogError>,
) -> (usize, Vec<String>) {
    let (_folder, archive) = changed(sql).await;
    let page = call(&*archive.catalog).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    (page.len(), archive.catalog.unreadable_rows())
}

fn named(row: &str, what: &'static str) -> (String, &'static str) {
    (row.to_owned(), what)
}

#[tokio::test]
async fn edits_that_no_article_of_its_size_can_have_are_not_read() {
    let edit = |length: u64| {
        format!(
            "INSERT INTO edit VALUES (1, 0, 0, 1, x'61', zeroblob({length})), (1, 1, 1, 2, x'62', zeroblob({length}))"
        )
    };
    let size = "UPDATE article SET size = 1000000 WHERE id = 1;";
    let call = async |catalog: &dyn Catalog| catalog.edits(ArticleId(1)).await;
    let (_folder, archive) = changed(&format!("{size}{}", edit(10_000_000))).await;
    assert_eq!(call(&*archive.catalog).await.unwrap().len(), 2);
    for (size, length) in [(size, 13_000_000), ("", 9_000_000)] {
        let named = damaged(&format!("{size}{}", edit(length)), call).await;
        assert_eq!(named, ("edits of article 1".to_owned(), "list of edits"), "{size}");
    }
}

#[tokio::test]
async fn a_page_of_articles_leaves_a_damaged_one_out_and_names_it() {
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
        let is_named = |rows: &[String]| rows.len() == 1 && rows[0].contains("article 2") && rows[0].contains(what);
        let (read, rows) = left_out(&sql, page).await;
        assert!(read == 1 && is_named(&rows), "{change}: {rows:?}");
        let by_date = async |catalog: &dyn Catalog| catalog.articles_by_date(None, 100).await;
        let (read, rows) = left_out(&sql, by_date).await;
        assert!(read == 1 && is_named(&rows), "{change}: {rows:?}");
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
    let keys = archive.catalog.article_keys_by_row(None, 9).await.unwrap();
    let keys: Vec<_> = keys.into_iter().map(|(id, key)| (id.0, key)).collect();
    assert!(
        matches!(&keys[..], [(1, Err(CatalogError::Damaged { .. })), (2, Ok(second))] if *second == key("b")),
        "{keys:?}"
    );
}

/// Names are compared whatever the rest of a row says.
#[tokio::test]
async fn an_article_whose_row_is_damaged_beside_its_key_is_listed_by_key() {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path()).await;
    let database = rusqlite::Connection::open(folder.path().join("catalog.db")).unwrap();
    database.execute_batch("UPDATE article SET settings = x'00', read_at = 9223372036854775807 WHERE id = 1").unwrap();
    drop(database);
    let archive = archive::open(folder.path(), Mode::Write).unwrap();
    let rows = archive.catalog.articles_by_row(None, 9).await.unwrap();
    assert!(matches!(&rows[..], [(_, Err(CatalogError::Damaged { .. })), (_, Ok(_))]), "{rows:?}");
    let keys = archive.catalog.article_keys_by_row(None, 9).await.unwrap();
    let keys: Vec<_> = keys.into_iter().map(|(_, key)| key.unwrap()).collect();
    assert_eq!(keys, [key("a"), key("b")]);
}

#[tokio::test]
async fn a_damaged_row_ends_no_listing_of_a_shard() {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path()).await;
    let digest = Digest::of(b"bytes");
    let shard = digest.as_bytes()[0];
    // Digests of the same shard before and after the damaged one, so that a row follows it.
    let others = [1, 31].map(|at| {
        let mut bytes = *digest.as_bytes();
        bytes[at] ^= 0xff;
        data_encoding::HEXLOWER.encode(&bytes)
    });
    let database = rusqlite::Connection::open(folder.path().join("catalog.db")).unwrap();
    let copies = others.map(|other| {
        format!(
            "INSERT INTO blob SELECT x'{other}', media_type, size, created FROM blob WHERE digest = x'{digest}';
             INSERT INTO asset SELECT x'{other}', media_type, width, height, orientation, frames, alpha, bit_depth,
                 color_space, icc_name, taken, truncated, perceptual_hash FROM asset WHERE digest = x'{digest}';
             INSERT INTO thumbnail SELECT x'{other}', name, recipe, media_type, width, height, size, digest, error
                 FROM thumbnail WHERE original = x'{digest}';"
        )
    });
    let damage = format!(
        "PRAGMA foreign_keys = OFF;
         UPDATE blob SET created = 9223372036854775807 WHERE digest = x'{digest}';
         UPDATE asset SET width = -1 WHERE digest = x'{digest}';
         UPDATE thumbnail SET recipe = x'00' WHERE original = x'{digest}';"
    );
    database.execute_batch(&(copies.concat() + &damage)).unwrap();
    drop(database);
    let archive = archive::open(folder.path(), Mode::Write).unwrap();
    let blobs = archive.catalog.blobs_on_record(shard).await.unwrap();
    assert_eq!(names(blobs), named_alone(&format!("blob {digest}/jpg"), 2));
    let assets = archive.catalog.assets_on_record(shard).await.unwrap();
    assert_eq!(names(assets), named_alone(&format!("asset {digest}"), 2));
    let thumbnails = archive.catalog.thumbnails_on_record(shard..=shard).await.unwrap();
    assert_eq!(names(thumbnails), named_alone(&format!("thumbnail {digest}/small"), 2));
    let unreferenced = archive.catalog.unreferenced_blobs(shard, at(99)).await;
    assert!(matches!(unreferenced, Err(CatalogError::Damaged { .. })), "nothing is garbage by half a list");
}

/// The damaged rows of a listing, and how many others it has.
fn names<T>(rows: ReadRows<T>) -> (Vec<String>, usize) {
    let (whole, damaged): (Vec<_>, Vec<_>) = rows.into_iter().partition(Result::is_ok);
    let name = |row: Result<T, CatalogError>| match row.err() {
        Some(CatalogError::Damaged { row, .. }) => row,
        other => panic!("{other:?}"),
    };
    (damaged.into_iter().map(name).collect(), whole.len())
}

fn named_alone(row: &str, others: usize) -> (Vec<String>, usize) {
    (vec![row.to_owned()], others)
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
    let blobs = async |catalog: &dyn Catalog| {
        let rows = catalog.blobs_on_record(digest.as_bytes()[0]).await?;
        rows.into_iter().collect::<Result<Vec<_>, _>>()
    };
    let media_type = "PRAGMA foreign_keys = OFF; UPDATE blob SET media_type = 'exe' WHERE media_type = 'jpg'";
    assert_eq!(damaged(media_type, blobs).await, named(&format!("blob {digest}/exe"), "media type"));
}

#[tokio::test]
async fn a_damaged_host_is_not_leased_in_silence() {
    let (_folder, archive) = changed("UPDATE host SET referer = 'bad'").await;
    let url = archive.catalog.url(&link(A)).await.unwrap().unwrap().id;
    archive.catalog.enqueue(&[url]).await.unwrap();
    let leased = archive.catalog.lease(&worker("first"), 9, TTL, at(9)).await;
    assert!(matches!(leased, Err(CatalogError::Damaged { .. })), "{leased:?}");
}
