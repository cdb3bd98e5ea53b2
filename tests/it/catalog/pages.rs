//! Pages of the web, and crawls that are not at their end.

use offprint::testing::archive::{Catalog, PageContent, PageRow};
use offprint::testing::model::{Digest, Validators};

use super::fixtures::at;

suite! {
    a_page_is_recorded_in_place_of_what_was_on_record
    a_crawl_goes_on_until_it_is_at_its_end
}

async fn a_page_is_recorded_in_place_of_what_was_on_record(catalog: &dyn Catalog) {
    let (site, other) = ("site".parse().unwrap(), "other".parse().unwrap());
    let url = "https://a.example/1?x=新".parse().unwrap();
    assert_eq!(catalog.page(&site, &url).await.unwrap(), None);
    let validators = Validators { etag: Some("\"1\"".into()), last_modified: Some("yesterday".into()) };
    let content = PageContent::Article { path: "a.example/1.html".parse().unwrap(), original: Digest::of(b"1") };
    let article = PageRow { content, validators, lastmod: Some("2026-01-01".into()), found_at: at(9) };
    let bare = |content| PageRow { content, validators: Validators::default(), lastmod: None, found_at: at(10) };
    let moved = bare(PageContent::Moved("https://b.example/".parse().unwrap()));
    for row in [article, bare(PageContent::Image), moved] {
        catalog.record_page(&site, &url, &row).await.unwrap();
        assert_eq!(catalog.page(&site, &url).await.unwrap(), Some(row));
    }
    assert_eq!(catalog.page(&other, &url).await.unwrap(), None);
}

async fn a_crawl_goes_on_until_it_is_at_its_end(catalog: &dyn Catalog) {
    let (site, other) = ("site".parse().unwrap(), "other".parse().unwrap());
    assert_eq!(catalog.crawl_began(&site).await.unwrap(), None);
    catalog.begin_crawl(&site, at(1)).await.unwrap();
    catalog.begin_crawl(&site, at(2)).await.unwrap();
    assert_eq!(catalog.crawl_began(&site).await.unwrap(), Some(at(1)));
    assert_eq!(catalog.crawl_began(&other).await.unwrap(), None);
    catalog.end_crawl(&site).await.unwrap();
    catalog.end_crawl(&site).await.unwrap();
    assert_eq!(catalog.crawl_began(&site).await.unwrap(), None);
}
