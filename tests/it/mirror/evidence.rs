//! Bodies of redirects and error pages: they are kept as evidence of what hosts sent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use offprint::testing::archive::Archive;
use offprint::testing::model::{Exchange, MediaType};
use url::Url;

use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

over_both_archives! { async
    bodies_of_redirects_and_error_pages_stay_readable
    bodies_larger_than_the_settings_allow_are_not_kept
}

const MOVED: &str = "<!doctype html><title>Moved</title><p>The image is elsewhere.";

async fn exchanges(archive: &Archive, url: &str) -> Vec<Exchange> {
    let row = archive.catalog.url(&Url::parse(url).unwrap()).await.unwrap().unwrap();
    let captures = archive.catalog.captures(row.id).await.unwrap();
    captures.into_iter().flat_map(|capture| capture.exchanges).collect()
}

/// The body that an exchange keeps, read from the archive by its digest.
async fn body(archive: &Archive, exchange: &Exchange) -> (MediaType, String) {
    let body = exchange.body.as_ref().unwrap_or_else(|| panic!("{exchange:?}"));
    let bytes = archive.read_verified(body.digest, body.media_type).await.unwrap();
    assert_eq!(body.length, bytes.len() as u64);
    (body.media_type, String::from_utf8(bytes).unwrap())
}

async fn bodies_of_redirects_and_error_pages_stay_readable(sandbox: &Sandbox) {
    let site = Site::new()
        .on("/moved.png", Behaviour::redirect_with_page(302, "/there.png", MOVED))
        .on("/there.png", Behaviour::serve(Content::new("image/png", tiny(1))))
        .on("/gone.png", Behaviour::status(404));
    let origin = Origin::start(site).unwrap();
    let (moved, gone) = (origin.url("/moved.png"), origin.url("/gone.png"));
    sandbox.settings("[run]\ngrace = \"0\"\n");
    sandbox.write("posts/a.md", format!("![a]({moved}) ![b]({gone})\n"));
    sandbox.run(&["run"]).expect(3);
    sandbox.run(&["gc"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
    let archive = sandbox.archive();
    let hops = exchanges(&archive, &moved).await;
    assert_eq!(body(&archive, &hops[0]).await, (MediaType::Html, MOVED.to_owned()));
    assert_eq!(hops[1].body, None, "what is kept as the image is no evidence");
    let (_, page) = body(&archive, &exchanges(&archive, &gone).await[0]).await;
    assert_eq!(page, "status 404\n");
}

async fn bodies_larger_than_the_settings_allow_are_not_kept(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/gone.png", Behaviour::status(404))).unwrap();
    let gone = origin.url("/gone.png");
    sandbox.settings("max_refused = \"4 B\"\n");
    sandbox.write("posts/a.md", format!("![b]({gone})\n"));
    sandbox.run(&["run"]).expect(3);
    let archive = sandbox.archive();
    let exchange = exchanges(&archive, &gone).await.remove(0);
    assert_eq!((exchange.status, exchange.body), (Some(404), None));
}
