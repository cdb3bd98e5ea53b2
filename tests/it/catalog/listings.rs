//! Lists for people: complete, in order, page by page, whatever is written meanwhile.

use std::collections::BTreeSet;

use offprint::testing::archive::{
    ArticleFilter, ArticleId, Catalog, DatedArticle, DatedImage, ImageFilter, ListPage, MOST_COUNTED, MissingFilter,
    UrlId,
};
use offprint::testing::model::{ArticleKey, ArticleVersion, Digest, HostKey, HostState, MediaType, Reason, RunId};

use super::fixtures::{
    A, B, C, FIRST, at, complete_all, failed, kept, lease_all, link, outcome, record, record_version, replace_bytes,
    run, version,
};

suite! {
    articles_are_listed_by_what_is_asked_for
    articles_come_in_pages_that_go_on_where_the_last_one_ended
    some_articles_are_chosen_by_what_is_asked_for_in_their_order
    what_an_index_is_to_hold_comes_in_the_order_of_rows
    the_months_of_articles_are_listed_once_each
    images_are_listed_newest_first_by_what_is_asked_for
    an_image_is_known_with_its_urls_and_its_hash
    missing_urls_are_those_that_articles_show
    hosts_come_with_counts
    the_urls_of_a_host_are_counted_up_to_a_limit
    runs_come_in_pages_and_by_the_second_in_which_they_began
    a_list_is_complete_whatever_is_added_meanwhile
}

const OTHER: &str = "https://other.example/x.jpg";

/// An article of a source, published on a day.
async fn published(catalog: &dyn Catalog, source: &str, path: &str, day: i64, urls: &[&str]) {
    let key = ArticleKey { source: source.parse().unwrap(), path: path.parse().unwrap() };
    let version = ArticleVersion { key, published: Some(at(day * 86_400)), ..version(path) };
    record_version(catalog, &version, urls).await;
}

async fn three_articles(catalog: &dyn Catalog) {
    published(catalog, "posts", "old", -60, &[A]).await;
    published(catalog, "feed", "middle", -1, &[A, OTHER]).await;
    published(catalog, "posts", "new", 0, &[B]).await;
}

fn host(name: &str) -> HostKey {
    HostKey::from_stored(name.to_owned())
}

async fn listed(catalog: &dyn Catalog, filter: &ArticleFilter) -> Vec<String> {
    let page = catalog.list_articles(filter, None, 9).await.unwrap();
    assert_eq!(page.next, None, "{filter:?}");
    page.rows.into_iter().map(|row| row.version.key.to_string()).collect()
}

async fn articles_are_listed_by_what_is_asked_for(catalog: &dyn Catalog) {
    three_articles(catalog).await;
    let all = ["posts/new", "feed/middle", "posts/old"];
    let any = ArticleFilter::default();
    assert_eq!(listed(catalog, &any).await, all);
    let posts = ArticleFilter { source: Some("posts".parse().unwrap()), ..any.clone() };
    assert_eq!(listed(catalog, &posts).await, [all[0], all[2]]);
    let other = ArticleFilter { host: Some(host("other.example")), ..any.clone() };
    assert_eq!(listed(catalog, &other).await, [all[1]]);
    let nowhere = ArticleFilter { host: Some(host("nowhere.example")), ..any.clone() };
    assert_eq!(listed(catalog, &nowhere).await, [""; 0]);
    let dates = ArticleFilter { dates: Some(at(-86_400)..at(0)), ..any.clone() };
    assert_eq!(listed(catalog, &dates).await, [all[1]], "the end is not in it");
    let missing = ArticleFilter { missing: true, ..any };
    assert_eq!(listed(catalog, &missing).await, all);
    let run = run(catalog).await;
    for lease in lease_all(catalog, at(1)).await {
        let jobs = catalog.jobs(&lease, None, 9).await.unwrap();
        let is_kept = |url: &str| if url == OTHER { failed(None) } else { kept(url) };
        let done = jobs.iter().map(|job| outcome(job, 1, is_kept(job.url.url.as_str()))).collect();
        catalog.complete_jobs(&lease, run, done, FIRST).await.unwrap();
        catalog.release(&lease, &HostState::default()).await.unwrap();
    }
    assert_eq!(listed(catalog, &missing).await, [all[1]]);
    let both = ArticleFilter { source: Some("posts".parse().unwrap()), ..missing };
    assert_eq!(listed(catalog, &both).await, [""; 0]);
}

async fn articles_come_in_pages_that_go_on_where_the_last_one_ended(catalog: &dyn Catalog) {
    three_articles(catalog).await;
    published(catalog, "posts", "same day", 0, &[]).await;
    let (mut before, mut pages) = (None, Vec::new());
    loop {
        let ListPage { rows, next, .. } = catalog.list_articles(&ArticleFilter::default(), before, 2).await.unwrap();
        pages.push(rows.into_iter().map(|row| row.version.key.path.to_string()).collect::<Vec<_>>());
        before = next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(pages, [["same day", "new"], ["middle", "old"]]);
    let place = DatedArticle { date: at(0), id: offprint::testing::archive::ArticleId(1) };
    let newer = async |place| {
        let newer = catalog.newer_article(&"posts".parse().unwrap(), place).await.unwrap();
        newer.map(|row| row.version.key.path.to_string())
    };
    assert_eq!(newer(place).await.as_deref(), Some("new"), "that of the same moment has a later row");
    assert_eq!(newer(DatedArticle { date: at(-86_400), ..place }).await.as_deref(), Some("new"));
    assert_eq!(newer(DatedArticle { date: at(1), ..place }).await, None);
    let within = ArticleFilter { dates: Some(at(-86_400 * 90)..at(-86_400)), ..ArticleFilter::default() };
    let page = catalog.list_articles(&within, Some(place), 9).await.unwrap();
    assert_eq!(page.rows.len(), 1, "a place outside of the dates does not widen them");
}

async fn some_articles_are_chosen_by_what_is_asked_for_in_their_order(catalog: &dyn Catalog) {
    three_articles(catalog).await;
    let all: Vec<_> = catalog.indexable(None, 9).await.unwrap().iter().map(|row| row.id).collect();
    let [old, middle, new] = all[..] else { panic!("{all:?}") };
    let among = async |ids: &[ArticleId], filter: &ArticleFilter| {
        let rows = catalog.listed_among(ids, filter).await.unwrap();
        rows.into_iter().map(|(_, row)| row.unwrap().id).collect::<Vec<_>>()
    };
    let any = ArticleFilter::default();
    assert_eq!(among(&[new, old, ArticleId(99), middle], &any).await, [new, old, middle]);
    assert_eq!(among(&[], &any).await, []);
    for (filter, expected) in [
        (ArticleFilter { source: Some("posts".parse().unwrap()), ..any.clone() }, &[old, new][..]),
        (ArticleFilter { host: Some(host("other.example")), ..any.clone() }, &[middle]),
        (ArticleFilter { host: Some(host("nowhere.example")), ..any.clone() }, &[]),
        (ArticleFilter { dates: Some(at(-86_400)..at(0)), ..any.clone() }, &[middle]),
        (ArticleFilter { missing: true, ..any }, &[old, middle, new]),
    ] {
        assert_eq!(among(&[old, middle, new], &filter).await, expected, "{filter:?}");
    }
}

async fn what_an_index_is_to_hold_comes_in_the_order_of_rows(catalog: &dyn Catalog) {
    three_articles(catalog).await;
    let first = catalog.indexable(None, 2).await.unwrap();
    let rest = catalog.indexable(Some(first[1].id), 2).await.unwrap();
    assert_eq!((first.len(), rest.len()), (2, 1));
    for row in first.iter().chain(&rest) {
        let article = catalog.article_by_id(row.id).await.unwrap().unwrap();
        assert_eq!((row.original, row.date), (article.version.original, article.date()));
        assert_eq!(row.source, article.version.key.source);
    }
    assert!(first[0].id < first[1].id && first[1].id < rest[0].id);
}

async fn the_months_of_articles_are_listed_once_each(catalog: &dyn Catalog) {
    assert_eq!(catalog.article_months(None).await.unwrap(), []);
    three_articles(catalog).await;
    let months = async |source: Option<&str>| {
        let source = source.map(|name| name.parse().unwrap());
        let months = catalog.article_months(source.as_ref()).await.unwrap();
        months.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(months(None).await, ["2027-01-01", "2026-11-01"]);
    assert_eq!(months(Some("feed")).await, ["2027-01-01"]);
    assert_eq!(months(Some("none")).await, [""; 0]);
}

/// Three images of two hosts, recorded one after the other.
async fn three_images(catalog: &dyn Catalog) {
    for (second, (path, url)) in [("a", A), ("b", OTHER), ("c", C)].into_iter().enumerate() {
        record(catalog, path, &[url]).await;
        complete_all(catalog, i64::try_from(second).unwrap() * 10, kept(url)).await;
    }
}

async fn images_are_listed_newest_first_by_what_is_asked_for(catalog: &dyn Catalog) {
    three_images(catalog).await;
    let listed = async |filter: &ImageFilter| {
        let page = catalog.list_images(filter, None, 9).await.unwrap();
        assert_eq!(page.next, None);
        page.rows.into_iter().map(|row| row.image.digest).collect::<Vec<_>>()
    };
    let [a, other, c] = [A, OTHER, C].map(|url| Digest::of(url.as_bytes()));
    let any = ImageFilter::default();
    assert_eq!(listed(&any).await, [c, other, a]);
    assert_eq!(listed(&ImageFilter { host: Some(host("images.example")), ..any.clone() }).await, [c, a]);
    assert_eq!(listed(&ImageFilter { media_type: Some(MediaType::Png), ..any.clone() }).await, []);
    assert_eq!(listed(&ImageFilter { width: 640, ..any.clone() }).await.len(), 3);
    assert_eq!(listed(&ImageFilter { width: 641, ..any.clone() }).await, []);
    let first = catalog.list_images(&any, None, 2).await.unwrap();
    let place = first.next.unwrap();
    assert_eq!((first.rows.len(), place.digest), (2, other));
    let rest = catalog.list_images(&any, Some(place), 2).await.unwrap();
    assert_eq!((rest.rows[0].image.digest, rest.rows.len(), rest.next), (a, 1, None));
    assert_eq!(catalog.newer_image(place).await.unwrap().unwrap().image.digest, c);
    let newest = DatedImage { recorded: at(9_000_000), digest: c };
    assert_eq!(catalog.newer_image(newest).await.unwrap(), None);
    let until = ImageFilter { dates: Some(rest.rows[0].recorded..place.recorded), ..any };
    assert_eq!(listed(&until).await, [a]);
    let outside = DatedImage { recorded: at(9_000_000), digest: a };
    assert_eq!(catalog.list_images(&until, Some(outside), 9).await.unwrap().rows.len(), 1);
}

async fn an_image_is_known_with_its_urls_and_its_hash(catalog: &dyn Catalog) {
    assert_eq!(catalog.image(Digest::of(b"old")).await.unwrap(), None);
    replace_bytes(catalog).await;
    for bytes in [b"old", b"new"] {
        let digest = Digest::of(bytes);
        assert_eq!(catalog.image(digest).await.unwrap().unwrap().image.digest, digest);
        let urls = catalog.urls_of_image(digest, 9).await.unwrap();
        assert_eq!((urls.unreadable.len(), urls.next), (0, None));
        assert_eq!(urls.rows.iter().map(|row| row.url.as_str()).collect::<Vec<_>>(), [A], "now or before");
        assert_eq!(catalog.urls_of_image(digest, 1).await.unwrap(), urls);
    }
    let all = catalog.image_hashes(None, 9).await.unwrap();
    assert_eq!(all.iter().map(|(_, hash)| *hash).collect::<Vec<_>>(), [u64::MAX - 1; 2]);
    assert!(all[0].0 < all[1].0);
    assert_eq!(catalog.image_hashes(Some(all[0].0), 9).await.unwrap(), all[1..]);
    assert_eq!(catalog.image_hashes(None, 1).await.unwrap(), all[..1]);
}

async fn missing_urls_are_those_that_articles_show(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B]).await;
    complete_all(catalog, 1, failed(Some(at(9)))).await;
    record(catalog, "a", &[A]).await;
    record(catalog, "b", &[OTHER]).await;
    let missing = async |filter: &MissingFilter| {
        let page = catalog.list_missing(filter, None, 9).await.unwrap();
        page.rows.into_iter().map(|row| row.url.to_string()).collect::<Vec<_>>()
    };
    let any = MissingFilter::default();
    assert_eq!(missing(&any).await, [A, OTHER], "no article shows the other one");
    assert_eq!(missing(&MissingFilter { host: Some(host("images.example")), ..any.clone() }).await, [A]);
    assert_eq!(missing(&MissingFilter { reason: Some(Reason::HttpStatus), ..any.clone() }).await, [A]);
    assert_eq!(missing(&MissingFilter { reason: Some(Reason::Dns), ..any.clone() }).await, [""; 0]);
    let id = async |url: &str| catalog.url(&link(url)).await.unwrap().unwrap().id;
    let first = catalog.list_missing(&any, None, 1).await.unwrap();
    assert_eq!(first.next, Some(id(A).await));
    let rest = catalog.list_missing(&any, first.next, 1).await.unwrap();
    assert_eq!((rest.rows[0].id, rest.next), (id(OTHER).await, None::<UrlId>));
    complete_all(catalog, 2, kept("bytes")).await;
    assert_eq!(missing(&any).await, [A]);
}

async fn hosts_come_with_counts(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B, OTHER]).await;
    record(catalog, "a", &[A, OTHER]).await;
    let hosts = catalog.list_hosts(None, 9).await.unwrap().rows;
    let counts: Vec<_> = hosts.iter().map(|row| (row.host.as_str(), row.urls, row.missing)).collect();
    assert_eq!(counts, [("images.example", 2, 2), ("other.example", 1, 1)]);
    assert!(hosts.iter().all(|row| row.state == HostState::default()));
    let first = catalog.list_hosts(None, 1).await.unwrap();
    assert_eq!((&first.rows[..], first.next.as_ref()), (&hosts[..1], Some(&hosts[0].host)));
    let rest = catalog.list_hosts(first.next.as_ref(), 9).await.unwrap();
    assert_eq!((&rest.rows[..], rest.next), (&hosts[1..], None));
}

async fn the_urls_of_a_host_are_counted_up_to_a_limit(catalog: &dyn Catalog) {
    let urls: Vec<_> = (0..=MOST_COUNTED).map(|number| format!("https://many.example/{number}")).collect();
    let urls: Vec<_> = urls.iter().map(String::as_str).collect();
    record(catalog, "many", &urls).await;
    record(catalog, "one", &[A]).await;
    let hosts = catalog.list_hosts(None, 9).await.unwrap().rows;
    let counts: Vec<_> = hosts.iter().map(|row| (row.host.as_str(), row.urls, row.missing)).collect();
    assert_eq!(counts, [("images.example", 1, 1), ("many.example", MOST_COUNTED, MOST_COUNTED)]);
    let of_many = MissingFilter { host: Some(host("many.example")), reason: None };
    let page = catalog.list_missing(&of_many, None, 2000).await.unwrap();
    assert_eq!((page.rows.len() as u64, page.next), (MOST_COUNTED + 1, None), "the list has all of them");
}

async fn runs_come_in_pages_and_by_the_second_in_which_they_began(catalog: &dyn Catalog) {
    for second in 0..5 {
        catalog.begin_run(at(second * 10)).await.unwrap();
    }
    let page = async |before: Option<RunId>| {
        let runs = catalog.list_runs(before, 2).await.unwrap();
        runs.rows.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let newest = page(None).await;
    assert_eq!(newest, catalog.runs(2).await.unwrap().iter().map(|run| run.id).collect::<Vec<_>>());
    let second = page(Some(newest[1])).await;
    assert_eq!((second.len(), page(Some(second[1])).await.len()), (2, 1));
    assert_eq!(catalog.run_at(at(20)).await.unwrap().unwrap().began, at(20));
    assert_eq!(catalog.run_at(at(21)).await.unwrap(), None);
}

/// What was there before is listed once, in order, whatever is recorded between two pages.
async fn a_list_is_complete_whatever_is_added_meanwhile(catalog: &dyn Catalog) {
    for limit in [1, 3, 7] {
        let source = format!("source-{limit}");
        for number in 0..20_i64 {
            published(catalog, &source, &format!("before/{number}"), number * 7 % 20, &[]).await;
        }
        let filter = ArticleFilter { source: Some(source.parse().unwrap()), ..ArticleFilter::default() };
        let (mut before, mut listed, mut added) = (None, Vec::new(), 0);
        loop {
            let page = catalog.list_articles(&filter, before, limit).await.unwrap();
            listed.extend(page.rows.into_iter().map(|row| (row.date(), row.id, row.version.key.path.to_string())));
            before = page.next;
            if before.is_none() {
                break;
            }
            published(catalog, &source, &format!("later/{added}"), added * 3 % 25, &[]).await;
            added += 1;
        }
        assert!(listed.is_sorted_by(|one, next| (one.0, one.1) > (next.0, next.1)), "newest first, each once");
        let paths: BTreeSet<_> = listed.into_iter().map(|(_, _, path)| path).collect();
        let lacks = (0..20).find(|number| !paths.contains(&format!("before/{number}")));
        assert_eq!(lacks, None, "with {limit} a page");
    }
}
