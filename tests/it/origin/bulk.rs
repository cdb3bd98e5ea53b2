//! An origin with thousands of images.

use std::collections::BTreeSet;

use offprint::testing::model::Digest;

use super::client;
use crate::testserver::bulk::Bulk;
use crate::web::demo_server::{get, urls};

#[tokio::test]
async fn bulk_has_as_many_articles_urls_and_images_as_asked_for() {
    let size = Bulk { articles: 20, urls: 90, images: 60, hosts: 4 };
    let client = client();
    let bulk = size.open().unwrap();
    let posts: Vec<_> = bulk.posts().collect();
    let all = urls(&posts);
    assert_eq!((posts.len(), all.len()), (20, 90));
    let hosts: BTreeSet<_> = all.iter().map(|url| url.host_str().unwrap().to_owned()).collect();
    assert_eq!(hosts, bulk.hosts().into_iter().collect());

    let mut digests = BTreeSet::new();
    for url in &all {
        let bytes = get(&client, bulk.origin().address(), url, None).await.bytes().await.unwrap();
        assert_eq!(image::guess_format(&bytes).unwrap(), image::ImageFormat::Png);
        digests.insert(Digest::of(&bytes).to_string());
    }
    assert_eq!(digests.len(), 60);
    let beyond = all[0].join("/bulk/90.png").unwrap();
    assert_eq!(get(&client, bulk.origin().address(), &beyond, None).await.status(), 404);
}

#[tokio::test]
async fn ten_thousand_images_are_served_in_seconds() {
    let bulk = Bulk { articles: 2_000, urls: 10_000, images: 6_667, hosts: 10 }.open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    bulk.write_posts(folder.path()).unwrap();
    let client = client();
    for number in (0..10_000).step_by(10) {
        let url = bulk.origin().url(&format!("/bulk/{number}.png"));
        assert_eq!(client.get(url).send().await.unwrap().status(), 200);
    }
    assert_eq!(
        walkdir::WalkDir::new(folder.path())
            .into_iter()
            .filter(|it| it.as_ref().unwrap().file_type().is_file())
            .count(),
        2_000
    );
}
