//! Articles, their versions and references.

use offprint::testing::archive::{
    ArticleId, ArticleRow, ArticleState, AssetRow, Catalog, DatedArticle, NewReference, UrlState,
};
use offprint::testing::model::{
    ArticleKey, ArticleVersion, Digest, Fingerprint, HostKey, LinkWrap, MediaType, ReferenceKind, ReferencePlace,
    Reveal, SourceName, Span, UrlProblem,
};

use super::fixtures::{
    A, B, C, asset, at, complete_all, kept, key, link, mirror, placed, ready_articles, record, record_version,
    reference, state, version,
};

suite! {
    an_article_is_found_by_its_key_and_by_its_row_as_it_was_recorded
    articles_come_in_pages_in_the_order_of_their_keys
    an_article_without_references_is_ready_at_once
    recording_again_replaces_version_and_references_and_keeps_the_row
    a_touched_article_keeps_everything_but_its_fingerprint
    a_vanished_article_is_marked_until_it_comes_back
    references_come_back_in_order_with_what_is_known_of_their_urls
    versions_of_an_article_come_oldest_first
    a_reference_comes_back_with_all_that_writing_a_mirror_needs
    articles_come_by_date_newest_first_in_pages
    articles_of_a_host_come_in_pages_in_the_order_of_their_keys
    an_article_says_how_many_of_its_urls_are_queued
}

async fn an_article_is_found_by_its_key_and_by_its_row_as_it_was_recorded(catalog: &dyn Catalog) {
    let id = record(catalog, "2026/a.md", &[]).await;
    let found = catalog.article(&key("2026/a.md")).await.unwrap().unwrap();
    assert_eq!((found.id, &found.version, found.state), (id, &version("2026/a.md"), ArticleState::Stale));
    assert_eq!(found.mirror, None);
    assert_eq!(catalog.article_by_id(id).await.unwrap(), Some(found));
    assert_eq!(catalog.article(&key("2026/b.md")).await.unwrap(), None);
    assert_eq!(catalog.article_by_id(ArticleId(id.0 + 1)).await.unwrap(), None);
}

async fn articles_come_in_pages_in_the_order_of_their_keys(catalog: &dyn Catalog) {
    for path in ["b", "a", "c"] {
        record(catalog, path, &[]).await;
    }
    let other = ArticleVersion {
        key: ArticleKey { source: "feed".parse().unwrap(), path: "z".parse().unwrap() },
        ..version("z")
    };
    record_version(catalog, &other, &[]).await;
    let page = async |source, after: Option<&ArticleKey>, limit| {
        let rows = catalog.articles(source, after, limit).await.unwrap();
        rows.into_iter().map(|row| row.version.key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(page(None, None, 9).await, ["feed/z", "posts/a", "posts/b", "posts/c"]);
    assert_eq!(page(None, Some(&other.key), 2).await, ["posts/a", "posts/b"]);
    assert_eq!(page(Some("posts"), Some(&key("a")), 9).await, ["posts/b", "posts/c"]);
    assert_eq!(page(Some("posts"), Some(&other.key), 9).await, ["posts/a", "posts/b", "posts/c"]);
    assert_eq!(page(Some("feed"), Some(&key("a")), 9).await, [""; 0]);
    assert_eq!(page(Some("feed"), None, 9).await, ["feed/z"]);
    assert_eq!(page(Some("none"), None, 9).await, [""; 0]);
    assert_eq!(catalog.sources().await.unwrap(), ["feed", "posts"].map(|name| name.parse::<SourceName>().unwrap()));
}

async fn an_article_without_references_is_ready_at_once(catalog: &dyn Catalog) {
    let unresolved = NewReference { url: None, ..reference(0, A) };
    let (id, ready) = catalog.record_article(&version("a"), 7, &[unresolved]).await.unwrap();
    assert_eq!(ready.ready_articles, [id]);
    assert_eq!(ready_articles(catalog).await, [id]);
    assert_eq!(catalog.stale_articles(Some(id), 9).await.unwrap(), []);
}

async fn recording_again_replaces_version_and_references_and_keeps_the_row(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A, B]).await;
    let newer = ArticleVersion { original: Digest::of(b"newer"), title: None, read_at: at(9), ..version("a") };
    assert_eq!(record_version(catalog, &newer, &[C]).await, id);
    assert_eq!(catalog.article_by_id(id).await.unwrap().unwrap().version, newer);
    let references = catalog.references(id).await.unwrap();
    let urls: Vec<_> = references.iter().map(|row| row.url.as_ref().unwrap().url.as_str()).collect();
    assert_eq!(urls, [C]);
}

async fn a_touched_article_keeps_everything_but_its_fingerprint(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    mirror(catalog, id).await;
    let fingerprint = Fingerprint { size: 7, modified: -1, inode: 3 };
    catalog.touch_article(id, fingerprint).await.unwrap();
    let found = catalog.article_by_id(id).await.unwrap().unwrap();
    assert_eq!(found.version, ArticleVersion { fingerprint, ..version("a") });
    assert_eq!(found.state, ArticleState::Mirrored);
}

async fn a_vanished_article_is_marked_until_it_comes_back(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    let stays = record(catalog, "b", &[]).await;
    mirror(catalog, id).await;
    mirror(catalog, stays).await;
    catalog.mark_vanished(&[id]).await.unwrap();
    assert_eq!(state(catalog, id).await, ArticleState::Vanished);
    assert_eq!(state(catalog, stays).await, ArticleState::Mirrored);
    assert_eq!(catalog.totals().await.unwrap().vanished, 1);
    catalog.touch_article(id, version("a").fingerprint).await.unwrap();
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
    catalog.mark_vanished(&[id]).await.unwrap();
    record(catalog, "a", &[]).await;
    mirror(catalog, id).await;
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
}

async fn references_come_back_in_order_with_what_is_known_of_their_urls(catalog: &dyn Catalog) {
    let field = |place| ReferencePlace { kind: ReferenceKind::FrontMatter, name: "thumbnail".into(), ..place };
    let references = [
        reference(0, A),
        NewReference { url: None, ..placed(reference(30, B), field) },
        placed(reference(60, B), |place| ReferencePlace { kind: ReferenceKind::Srcset, image_group: 0, ..place }),
    ];
    let (id, _) = catalog.record_article(&version("a"), 7, &references).await.unwrap();
    complete_all(catalog, 5, kept("bytes")).await;
    let rows = catalog.references(id).await.unwrap();
    for (row, given) in rows.iter().zip(&references) {
        assert_eq!(row.place, given.place);
        assert_eq!(row.url.as_ref().map(|row| &row.url), given.url.as_ref());
    }
    let known = rows[2].url.as_ref().unwrap();
    assert_eq!((known.facts.state, known.facts.good), (UrlState::Good, Some((at(5), at(5)))));
    let kept = AssetRow { digest: Digest::of(b"bytes"), size: 5, asset: asset(MediaType::Jpeg) };
    assert_eq!(known.asset, Some(kept));
    assert_eq!(known.facts.validators.etag.as_deref(), Some("\"1\""));
}

async fn versions_of_an_article_come_oldest_first(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    record(catalog, "other", &[]).await;
    let newer = ArticleVersion { original: Digest::of(b"newer"), read_at: at(60), title: None, ..version("a") };
    record_version(catalog, &newer, &[]).await;
    // The same bytes with other settings are no version of their own.
    record_version(catalog, &ArticleVersion { settings: Digest::of(b"other"), ..newer.clone() }, &[]).await;
    let versions = catalog.versions(id).await.unwrap();
    let listed: Vec<_> = versions.iter().map(|version| (version.original, version.read_at)).collect();
    assert_eq!(listed, [(version("a").original, at(0)), (newer.original, at(60))]);
    assert_eq!(versions[0].title, version("a").title);
    assert_eq!(catalog.versions(ArticleId(-1)).await.unwrap(), []);
}

async fn a_reference_comes_back_with_all_that_writing_a_mirror_needs(catalog: &dyn Catalog) {
    let unfetched = |unfetched| NewReference { url: None, unfetched: Some(unfetched), ..reference(0, A) };
    let wraps = [
        Some(LinkWrap::Linked),
        Some(LinkWrap::Html(Span::new(1, 9), None)),
        Some(LinkWrap::Html(Span::new(1, 9), Some(Span::new(0, 1)))),
        Some(LinkWrap::Markdown(Span::new(2, 8))),
        None,
    ];
    let reveals = [Some(Reveal::Insert(4)), Some(Reveal::Replace(Span::new(4, 7))), None];
    let wrapped = wraps.map(|link_wrap| placed(reference(0, A), |place| ReferencePlace { link_wrap, ..place }));
    let revealed = reveals.map(|reveal| placed(reference(0, A), |place| ReferencePlace { reveal, ..place }));
    let problems = UrlProblem::ALL.iter().map(|problem| unfetched(Err(*problem)));
    let given: Vec<_> = wrapped.into_iter().chain(revealed).chain(problems).chain([unfetched(Ok(link(B)))]).collect();
    let (id, _) = catalog.record_article(&version("a"), 7, &given).await.unwrap();
    let rows = catalog.references(id).await.unwrap();
    let found: Vec<_> = rows.into_iter().map(|row| (row.place, row.unfetched)).collect();
    let given: Vec<_> = given.into_iter().map(|given| (given.place, given.unfetched)).collect();
    assert_eq!(found, given);
    assert_eq!(catalog.url(&link(B)).await.unwrap(), None, "what is not fetched is no URL of the queue");
    assert_eq!(catalog.totals().await.unwrap().references, 8);
}

async fn articles_come_by_date_newest_first_in_pages(catalog: &dyn Catalog) {
    for (path, published, read) in [("a", Some(5), 100), ("b", None, 50), ("c", Some(5), 1), ("d", Some(70), 2)] {
        let version = ArticleVersion { published: published.map(at), read_at: at(read), ..version(path) };
        record_version(catalog, &version, &[]).await;
    }
    let page = async |before, limit| catalog.articles_by_date(before, limit).await.unwrap();
    let paths = |rows: &[ArticleRow]| rows.iter().map(|row| row.version.key.path.to_string()).collect::<Vec<_>>();
    assert_eq!(paths(&page(None, 9).await), ["d", "b", "c", "a"]);
    let first = page(None, 3).await;
    let place = DatedArticle { date: first[2].date(), id: first[2].id };
    assert_eq!((place.date, paths(&first)), (at(5), vec!["d".to_owned(), "b".to_owned(), "c".to_owned()]));
    assert_eq!(paths(&page(Some(place), 3).await), ["a"]);
}

async fn articles_of_a_host_come_in_pages_in_the_order_of_their_keys(catalog: &dyn Catalog) {
    let other = "https://other.example/1.jpg";
    for (path, urls) in [("c", vec![A, B, other]), ("a", vec![A]), ("b", vec![other])] {
        record(catalog, path, &urls).await;
    }
    let host = HostKey::of(&link(A)).unwrap();
    let page = async |after: Option<&ArticleKey>, limit| {
        let rows = catalog.articles_of_host(&host, after, limit).await.unwrap();
        rows.into_iter().map(|row| row.version.key).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 9).await, [key("a"), key("c")]);
    assert_eq!(page(None, 1).await, [key("a")]);
    assert_eq!(page(Some(&key("a")), 9).await, [key("c")]);
}

async fn an_article_says_how_many_of_its_urls_are_queued(catalog: &dyn Catalog) {
    let waiting = async |id| catalog.article_by_id(id).await.unwrap().unwrap().waiting;
    let first = record(catalog, "a", &[A, A, B]).await;
    let second = record(catalog, "b", &[B, C]).await;
    assert_eq!((waiting(first).await, waiting(second).await), (2, 2));
    record(catalog, "a", &[B]).await;
    assert_eq!((waiting(first).await, waiting(second).await), (1, 2), "a URL that nobody shows is not queued");
    complete_all(catalog, 5, kept("bytes")).await;
    assert_eq!((waiting(first).await, waiting(second).await), (0, 0));
    let url = catalog.url(&link(B)).await.unwrap().unwrap().id;
    assert_eq!(catalog.enqueue(&[url]).await.unwrap(), 1);
    assert_eq!((waiting(first).await, waiting(second).await), (1, 1));
}
