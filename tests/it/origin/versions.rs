//! HTTP/1.1 and HTTP/2, and what the log records of them.

use super::{builder, client, get, image, origin};
use crate::testserver::{Behaviour, Gate, Origin, Site, Version};

async fn check(client: reqwest::Client, version: Version) {
    let origin = origin(Behaviour::serve(image()));
    let url = origin.url("/a.jpg?size=2");
    for _ in 0..2 {
        let request = client.get(&url).header("Referer", "https://example.org/");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "image/jpeg");
        assert_eq!(response.bytes().await.unwrap(), image().bytes());
    }
    let visits = origin.log().wait_for_ended(2).await.unwrap();
    let request = &visits[0].request;
    assert_eq!(request.version, version);
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/a.jpg?size=2"));
    assert_eq!(request.host, origin.address().to_string());
    assert_eq!((request.host_name(), request.path()), ("127.0.0.1", "/a.jpg"));
    assert_eq!(request.header("referer"), Some("https://example.org/"));
    assert_eq!(visits[1].status, Some(200));
    assert!(visits[0].ended.unwrap() <= visits[1].arrived);
    assert_eq!(origin.log().connections(), 1, "the connection is used again");
}

#[tokio::test]
async fn http_1_1_is_spoken_and_kept_alive() {
    check(client(), Version::Http11).await;
}

#[tokio::test]
async fn http_2_is_spoken_with_prior_knowledge() {
    check(builder().http2_prior_knowledge().build().unwrap(), Version::Http2).await;
}

#[tokio::test]
async fn requests_in_flight_are_counted_for_each_host() {
    let gate = Gate::new();
    let site = Site::new().on("/a.jpg", Behaviour::serve(image()).held(&gate));
    let origin = Origin::start(site).unwrap();
    let client = client();
    let ask = |host: &'static str| {
        let request = client.get(origin.url("/a.jpg")).header("Host", host);
        tokio::spawn(async move { request.send().await.unwrap().status() })
    };
    let first = [ask("one.example"), ask("one.example"), ask("two.example")];
    origin.log().wait_for(3).await.unwrap();
    gate.open();
    for answer in first {
        assert_eq!(answer.await.unwrap(), 200);
    }
    assert_eq!(ask("one.example").await.unwrap(), 200);

    assert_eq!(origin.log().most_in_flight("one.example"), 2);
    assert_eq!(origin.log().most_in_flight("two.example"), 1);
    assert_eq!(origin.log().most_in_flight_of_all(), 3);
    assert_eq!(origin.log().spacing("one.example").len(), 2);
    assert_eq!(origin.log().of("/a.jpg").len(), 4);
    origin.log().clear();
    assert_eq!((origin.log().count(), origin.log().connections()), (0, 0));
}

#[tokio::test]
async fn behaviours_change_while_the_origin_runs() {
    let origin = origin(Behaviour::serve(image()));
    assert_eq!(get(&origin).await.unwrap().status(), 200);
    origin.set("/a.jpg", Behaviour::status(410));
    assert_eq!(get(&origin).await.unwrap().status(), 410);
    origin.change(|site| site.change_all(|_, _| Behaviour::status(500)));
    assert_eq!(get(&origin).await.unwrap().status(), 500);
}

#[tokio::test]
async fn hosts_differ_and_the_rest_is_answered_by_a_rule() {
    let site = Site::new()
        .on("/a.jpg", Behaviour::status(201))
        .on("/a.jpg?large", Behaviour::status(202))
        .at("two.example", "/a.jpg", Behaviour::status(203))
        .otherwise(|request| request.path().starts_with("/bulk/").then(|| Behaviour::status(299)));
    let origin = Origin::start(site).unwrap();
    let client = client();
    for (host, path, expected) in [
        ("one.example", "/a.jpg", 201),
        ("one.example", "/a.jpg?small", 201),
        ("one.example", "/a.jpg?large", 202),
        ("two.example:80", "/a.jpg", 203),
        ("one.example", "/bulk/7", 299),
        ("one.example", "/none", 404),
    ] {
        let response = client.get(origin.url(path)).header("Host", host).send().await.unwrap();
        assert_eq!(response.status(), expected, "{host}{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_sent_is_kept_in_the_log() {
    let origin = origin(Behaviour::status(204));
    let answer = client().post(origin.url("/a.jpg")).body("{\"run\":1}").send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(origin.log().requests()[0].request.body, "{\"run\":1}");
}

#[tokio::test]
async fn stopping_lets_an_answer_end_and_then_refuses_connections() {
    let gate = Gate::new();
    let origin = origin(Behaviour::serve(image()).held(&gate));
    let url = origin.url("/a.jpg");
    let request = client().get(&url).send();
    let answer = tokio::spawn(async move { request.await?.bytes().await });
    origin.log().wait_for(1).await.unwrap();
    let stopped = tokio::spawn(origin.stop());
    gate.open();
    assert_eq!(&answer.await.unwrap().unwrap(), image().bytes());
    stopped.await.unwrap();
    assert!(client().get(&url).send().await.unwrap_err().is_connect());
}
