//! Where the program finds an image that its URL no longer gives: web archives, the same address over TLS, and other
//! candidates of the same image.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use offprint::testing::demo::photo::Photo;
use offprint::testing::fetch::memento_datetime;
use offprint::testing::model::Digest;
use url::Url;

use crate::origin::tls::{Authority, Flaw};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Gate, Origin, Request, Site};

over_both_archives! {
    no_web_archive_is_asked_unless_it_is_named
    a_plain_address_that_fails_is_tried_over_tls
    an_image_that_fails_is_shown_by_another_candidate_of_the_same_image
}

fn photo(seed: u64) -> Vec<u8> {
    Photo::new(seed, 64, 48).jpeg()
}

fn jpeg(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/jpeg", photo(seed)))
}

/// The link that a mirror has to an image.
fn blob(seed: u64) -> String {
    Digest::of(&photo(seed)).to_string()
}

const CAPTURES: [(&str, &str, u64); 2] =
    [("20190101000000", "Tue, 01 Jan 2019 00:00:00 GMT", 1), ("20210601120000", "Tue, 01 Jun 2021 12:00:00 GMT", 2)];

/// Replays as archives do: the moment of a capture gives its bytes, any other a redirect to the nearest.
fn replay(asked: &Request) -> Option<Behaviour> {
    let (when, url) = asked.target.strip_prefix("/web/")?.split_once("id_/")?;
    if let Some((_, date, seed)) = CAPTURES.iter().find(|(at, ..)| *at == when) {
        return Some(jpeg(*seed).with_header("Memento-Datetime", date).with_header("ETag", "\"the archive's\""));
    }
    let distance = |at: &str| at.parse::<i64>().unwrap().abs_diff(when.parse().unwrap());
    let (nearest, ..) = CAPTURES.iter().min_by_key(|(at, ..)| distance(at))?;
    Some(Behaviour::redirect(302, &format!("/web/{nearest}id_/{url}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_comes_out_of_a_web_archive_as_it_was_when_the_article_appeared() {
    let origin = Origin::start(Site::new().on("/broken.jpg", Behaviour::status(500))).unwrap();
    let replayed = Origin::start(Site::new().otherwise(replay)).unwrap();
    let sandbox = Sandbox::new();
    let template = replayed.url("/web/{timestamp}id_/{url}");
    sandbox.settings(&format!("retries = 0\n[fallback]\ntemplates = [\"{template}\"]\ndelay = \"0\"\n"));
    let (early, late) = (origin.url("/early.jpg"), origin.url("/late.jpg"));
    let broken = origin.url("/broken.jpg");
    sandbox.write("posts/early.md", format!("---\ndate: 2018-05-01\n---\n![a]({early})\n"));
    sandbox.write("posts/late.md", format!("---\ndate: 2021-04-01\n---\n![a]({late}) ![b]({broken})\n"));
    sandbox.run(&["run"]).expect(3);
    assert!(sandbox.text("store/articles/posts/early.md").contains(&blob(1)));
    let mirror = sandbox.text("store/articles/posts/late.md");
    assert!(mirror.contains(&blob(2)) && mirror.contains(&broken), "what may come back is waited for: {mirror}");

    let archive = sandbox.archive();
    let row = archive.catalog.url(&Url::parse(&late).unwrap()).await.unwrap().unwrap();
    assert_eq!(row.facts.validators.etag, None, "it would be compared with another server's");
    let captures = archive.catalog.captures(row.id).await.unwrap();
    let exchanges = &captures[0].exchanges;
    assert_eq!((exchanges[0].url.as_str(), exchanges[0].status), (late.as_str(), Some(404)));
    let last = exchanges.last().unwrap();
    assert!(last.url.as_str().starts_with(&replayed.url("/web/20210601120000id_/")), "{}", last.url);
    assert_eq!(memento_datetime(last).unwrap().to_string(), "2021-06-01T12:00:00Z");
}

fn no_web_archive_is_asked_unless_it_is_named(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new()).unwrap();
    sandbox.write("posts/a.md", format!("![a]({})\n", origin.url("/gone.jpg")));
    sandbox.run(&["run"]).expect(3);
    assert_eq!(origin.log().count(), 1);
}

/// The port of the test's origin speaks TLS only, as that of a host whose plain one is closed.
fn a_plain_address_that_fails_is_tried_over_tls(sandbox: &Sandbox) {
    let authority = Authority::new();
    let origin = authority.origin(&["i.example.org"], Flaw::None, Site::new().on("/a.jpg", jpeg(1)));
    sandbox.write("ca.pem", authority.pem());
    let address = origin.address();
    sandbox
        .settings(&format!("retries = 0\nca_file = \"ca.pem\"\n[fetch.resolve]\n\"i.example.org\" = \"{address}\"\n"));
    sandbox.write("posts/a.md", "![a](http://i.example.org/a.jpg)\n");
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("store/articles/posts/a.md").contains(&blob(1)));
}

/// What fails over TLS says nothing of a host that responds without it, in this run or the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_tls_is_not_down_after_images_that_it_does_not_have() {
    const GONE: usize = 8;
    let gate = Gate::new();
    let no_tls = Behaviour::status(502).held(&gate);
    let origin = Origin::start(Site::new().otherwise(move |request| match request.method.as_str() {
        "CONNECT" => Some(no_tls.clone()),
        _ => request.path().ends_with("/kept.jpg").then(|| jpeg(1)),
    }));
    let (origin, sandbox) = (origin.unwrap(), Sandbox::new());
    sandbox.settings(&format!("retries = 0\nper_host = {GONE}\nproxy = \"http://{}\"\n", origin.address()));
    let images: Vec<_> = (0..GONE).map(|number| format!("![a](http://plain.example/{number}.jpg)\n")).collect();
    sandbox.write("posts/gone.md", images.concat());
    let run = tokio::task::spawn_blocking(move || {
        sandbox.run(&["run"]).expect(3);
        sandbox
    });
    origin.log().wait_for(2 * GONE).await.unwrap();
    gate.open();
    let sandbox = run.await.unwrap();
    sandbox.write("posts/kept.md", "![a](http://plain.example/kept.jpg)\n");
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("store/articles/posts/kept.md").contains(&blob(1)));
}

fn an_image_that_fails_is_shown_by_another_candidate_of_the_same_image(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/small.jpg", jpeg(1)).on("/other.jpg", jpeg(2))).unwrap();
    let (gone, small, other) = (origin.url("/gone.jpg"), origin.url("/small.jpg"), origin.url("/other.jpg"));
    sandbox.settings("retries = 0\n[run]\nretry_schedule = [\"1ms\"]\n");
    let image = format!("<img src=\"{gone}\" srcset=\"{small} 480w, {gone} 960w\"><img src=\"{other}\">\n");
    sandbox.write("posts/a.html", &image);
    sandbox.write("posts/alone.html", format!("<img src=\"{gone}\"><img src=\"{other}\">\n"));
    sandbox.run(&["run"]).expect(3);
    let mirror = sandbox.text("store/articles/posts/a.html");
    let (src, srcset) = mirror.split_once("srcset").unwrap();
    assert!(src.contains(&blob(1)) && srcset.contains(&blob(1)), "{mirror}");
    assert!(srcset.contains(&format!("{gone} 960w")), "a width stays what it says: {mirror}");
    assert!(sandbox.text("store/articles/posts/alone.html").contains(&gone), "another image is not shown for it");
    assert_eq!(sandbox.run(&["restore", "posts/a.html"]).expect(0).stdout, image);

    origin.set("/gone.jpg", jpeg(3));
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("store/articles/posts/a.html").split_once("srcset").unwrap().0.contains(&blob(3)));
}
