//! Captures, and the blobs, assets and thumbnails behind them.

use offprint::testing::archive::{Catalog, CompletedJob, RenditionRow, ThumbnailRow};
use offprint::testing::model::{ArticleVersion, Digest, Exchange, Format, KeptBody, MediaType, Reason, ThumbnailName};

use super::fixtures::{
    A, B, FIRST, HORIZON, at, body, complete_all, due_again, exchange, failed, kept, link, outcome, record,
    record_version, run, take_jobs, thumbnail_of, version,
};

suite! {
    captures_are_appended_with_their_heads
    the_same_bytes_under_two_urls_are_one_asset
    a_blob_is_on_record_with_its_kind_and_size
    an_original_is_on_record_as_what_it_is
    thumbnails_are_recorded_made_or_not
    captures_of_all_urls_come_in_the_order_in_which_they_were_recorded
    undone_codings_and_evidence_bodies_come_back
    assets_that_lack_a_recipe_come_in_pages
    a_perceptual_hash_is_recorded_with_thumbnails
}

async fn captures_are_appended_with_their_heads(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    let unanswered = Exchange {
        response_head: None,
        status: None,
        peer: None,
        protocol: None,
        reason: Some(Reason::Connect),
        ..exchange(&link(A), 1, 200)
    };
    let good = Exchange { digest: Some(Digest::of(b"a")), ..exchange(&link(B), 2, 200) };
    let exchanges = vec![unanswered, exchange(&link(A), 1, 302), good];
    let settled = CompletedJob { exchanges: exchanges.clone(), ..outcome(&jobs[0], 1, kept("a")) };
    catalog.complete_jobs(&lease, run, vec![settled], FIRST).await.unwrap();
    let captures = catalog.captures(jobs[0].url.id).await.unwrap();
    assert_eq!(captures.into_iter().map(|capture| capture.exchanges).collect::<Vec<_>>(), [exchanges]);
    assert_eq!(catalog.totals().await.unwrap().captures, 1);
}

async fn the_same_bytes_under_two_urls_are_one_asset(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B]).await;
    complete_all(catalog, 5, kept("shared")).await;
    let totals = catalog.totals().await.unwrap();
    assert_eq!((totals.blobs, totals.bytes, totals.bytes_without_dedup), (1, 6, 12));
}

async fn a_blob_is_on_record_with_its_kind_and_size(catalog: &dyn Catalog) {
    let digest = Digest::of(b"blob");
    assert_eq!(catalog.blob(digest).await.unwrap(), None);
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    let given = Exchange { body: Some(body("blob")), ..exchange(&link(A), 1, 404) };
    let job = CompletedJob { exchanges: vec![given.clone(), given], ..outcome(&jobs[0], 1, failed(None)) };
    catalog.complete_jobs(&lease, run, vec![job], FIRST).await.unwrap();
    assert_eq!(catalog.blob(digest).await.unwrap(), Some((MediaType::Pdf, 4)));
    assert_eq!(catalog.totals().await.unwrap().blobs, 0, "it is not media");
}

async fn an_original_is_on_record_as_what_it_is(catalog: &dyn Catalog) {
    for (format, media_type) in
        [(Format::Markdown, MediaType::Markdown), (Format::Html, MediaType::Html), (Format::Css, MediaType::Css)]
    {
        let version = ArticleVersion { format, ..version(media_type.as_str()) };
        record_version(catalog, &version, &[]).await;
        assert_eq!(catalog.blob(version.original).await.unwrap(), Some((media_type, 7)));
    }
}

async fn thumbnails_are_recorded_made_or_not(catalog: &dyn Catalog) {
    let original = Digest::of(b"original");
    let small = ThumbnailRow {
        original,
        name: "small".parse().unwrap(),
        recipe: Digest::of(b"480"),
        made: Ok(RenditionRow {
            media_type: MediaType::Jpeg,
            width: 480,
            height: 320,
            size: 9000,
            digest: Digest::of(b"thumbnail"),
        }),
    };
    let large = ThumbnailRow { name: "large".parse().unwrap(), made: Err("too many pixels".into()), ..small.clone() };
    catalog.record_thumbnails(&[small.clone(), large.clone()], &[]).await.unwrap();
    assert_eq!(catalog.thumbnails(&[original]).await.unwrap(), [large.clone(), small.clone()]);
    assert_eq!(catalog.totals().await.unwrap().thumbnails, 1);
    let again = ThumbnailRow { recipe: Digest::of(b"500"), made: Err("broken".into()), ..small };
    catalog.record_thumbnails(std::slice::from_ref(&again), &[]).await.unwrap();
    assert_eq!(catalog.thumbnails(&[original]).await.unwrap(), [large, again]);
    assert_eq!(catalog.thumbnails(&[Digest::of(b"other")]).await.unwrap(), []);
}

async fn captures_of_all_urls_come_in_the_order_in_which_they_were_recorded(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B]).await;
    complete_all(catalog, 5, due_again(kept("first"), 100)).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    complete_all(catalog, 101, failed(None)).await;
    let all = catalog.captures_after(None, 9).await.unwrap();
    let listed: Vec<_> = all.iter().map(|capture| (capture.url.as_str(), capture.at, capture.digest)).collect();
    let first = Some(Digest::of(b"first"));
    assert_eq!(listed, [(A, at(5), first), (B, at(5), first), (A, at(101), None), (B, at(101), None)]);
    let newest = catalog.runs(1).await.unwrap()[0].id;
    assert!(
        all[..2].iter().all(|capture| capture.run < newest) && all[2..].iter().all(|capture| capture.run == newest)
    );
    assert_eq!(catalog.captures_after(Some(all[0].id), 2).await.unwrap(), &all[1..3]);
    assert_eq!(catalog.captures_after(Some(all[3].id), 2).await.unwrap(), []);
}

async fn undone_codings_and_evidence_bodies_come_back(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let body = Some(KeptBody { digest: Digest::of(b"sorry"), media_type: MediaType::Html, length: 5 });
    let given = Exchange { coding: "gzip, br".into(), body: body.clone(), ..exchange(&link(A), 1, 404) };
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    let job = CompletedJob { exchanges: vec![given.clone()], ..outcome(&jobs[0], 1, failed(None)) };
    catalog.complete_jobs(&lease, run, vec![job], FIRST).await.unwrap();
    assert_eq!(catalog.captures(jobs[0].url.id).await.unwrap()[0].exchanges, [given]);
    assert_eq!(catalog.blob(Digest::of(b"sorry")).await.unwrap(), Some((MediaType::Html, 5)));
}

async fn assets_that_lack_a_recipe_come_in_pages(catalog: &dyn Catalog) {
    let urls: Vec<_> = (0..4).map(|number| format!("https://images.example/{number}")).collect();
    record(catalog, "a", &urls.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    let completed = jobs.iter().map(|job| outcome(job, 1, kept(job.url.url.path())));
    catalog.complete_jobs(&lease, run, completed.collect(), FIRST).await.unwrap();
    let mut digests: Vec<_> = jobs.iter().map(|job| Digest::of(job.url.url.path().as_bytes())).collect();
    digests.sort_unstable();
    let recipe = |name: &str, version: &str| (name.parse().unwrap(), Digest::of(version.as_bytes()));
    let thumbnail = |at: usize, name: &str, version: &str| ThumbnailRow {
        recipe: Digest::of(version.as_bytes()),
        ..thumbnail_of(digests[at], name)
    };
    let made = [
        thumbnail(0, "small", "1"),
        thumbnail(1, "small", "0"),
        thumbnail(2, "small", "1"),
        thumbnail(2, "large", "1"),
    ];
    catalog.record_thumbnails(&made, &[]).await.unwrap();
    let lacking = async |recipes: &[(ThumbnailName, Digest)], after, limit| {
        let rows = catalog.assets_lacking(recipes, after, limit).await.unwrap();
        rows.into_iter().map(|row| row.digest).collect::<Vec<_>>()
    };
    assert_eq!(lacking(&[], None, 9).await, []);
    assert_eq!(lacking(&[recipe("small", "1")], None, 9).await, [digests[1], digests[3]]);
    let both = [recipe("small", "1"), recipe("large", "1")];
    assert_eq!(lacking(&both, None, 9).await, [digests[0], digests[1], digests[3]]);
    assert_eq!(lacking(&both, None, 2).await, &digests[..2]);
    assert_eq!(lacking(&both, Some(digests[1]), 2).await, [digests[3]]);
}

async fn a_perceptual_hash_is_recorded_with_thumbnails(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, kept("bytes")).await;
    catalog.record_thumbnails(&[], &[(Digest::of(b"bytes"), 7), (Digest::of(b"none"), 8)]).await.unwrap();
    let asset = catalog.url(&link(A)).await.unwrap().unwrap().asset.unwrap().asset;
    assert_eq!(asset.perceptual_hash, Some(7));
}
