//! Never twice: conditions, and bodies that go on where they broke off.

use offprint::testing::fetch::Answer;
use offprint::testing::model::Validators;

use super::{Guest, bytes, failure, quick};
use crate::testserver::{Behaviour, Condition, Content, End, Portion};

/// A JPEG that is long enough to be worth going on with; only its ends are looked at.
fn large() -> Content {
    let mut bytes = vec![0xff, 0xd8];
    bytes.extend((0..300_000_u32).map(|number| u8::try_from(number % 251).unwrap()));
    bytes.extend([0xff, 0xd9]);
    Content::new("image/jpeg", bytes)
}

fn broken(content: &Content) -> Behaviour {
    Behaviour::serve(content.clone()).breaks_off(Portion::Percent(50), End::Reset)
}

#[tokio::test]
async fn what_is_unchanged_is_not_sent_again() {
    let content = large().etagged().modified("Sun, 22 Nov 2026 02:00:00 GMT");
    let (origin, guest) = (crate::origin::origin(Behaviour::serve(content)), Guest::new(&quick()));
    let first = guest.get(&origin.url("/a.jpg")).await;
    let Ok(Answer::Body { validators, .. }) = &first.outcome else { panic!("{first:?}") };
    assert!(validators.etag.is_some() && validators.last_modified.is_some());
    let second = guest.ask(&origin.url("/a.jpg"), None, validators).await;
    assert!(matches!(second.outcome, Ok(Answer::NotModified)), "{second:?}");
    assert_eq!((second.exchanges[0].status, second.exchanges[0].reason), (Some(304), None));
    let dated = Validators { etag: None, ..validators.clone() };
    assert!(matches!(guest.ask(&origin.url("/a.jpg"), None, &dated).await.outcome, Ok(Answer::NotModified)));
    let stale = Validators { etag: Some("\"another\"".to_owned()), last_modified: None };
    assert!(bytes(&guest.ask(&origin.url("/a.jpg"), None, &stale).await) == *large().bytes());
}

#[tokio::test]
async fn a_body_goes_on_where_it_broke_off() {
    let content = large().etagged().ranged();
    let origin = crate::origin::origin(broken(&content).then(1, Behaviour::serve(content.clone())));
    let guest = Guest::new(&quick());
    let fetched = guest.get(&origin.url("/a.jpg")).await;
    assert!(bytes(&fetched) == *large().bytes());
    let statuses: Vec<_> = fetched.exchanges.iter().map(|exchange| exchange.status).collect();
    assert_eq!(statuses, [Some(200), Some(206)]);
    let visits = origin.log().requests();
    let range = visits[1].request.header("range").unwrap();
    let start: usize = range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap();
    assert!((64 << 10..=large().bytes().len() / 2).contains(&start), "{range}");
    assert!(visits[1].request.header("if-range").is_some());
}

#[tokio::test]
async fn a_body_that_changed_meanwhile_is_taken_anew() {
    let (old, new) = (
        large().etagged().ranged(),
        Content::new("image/jpeg", [&[0xff, 0xd8][..], &vec![7; 200_000], &[0xff, 0xd9]].concat()),
    );
    let new = new.etagged().ranged();
    let origin = crate::origin::origin(broken(&old).then(1, Behaviour::serve(new.clone())));
    assert!(bytes(&Guest::new(&quick()).get(&origin.url("/a.jpg")).await) == *new.bytes());
}

#[tokio::test]
async fn a_server_that_sends_the_wrong_part_is_asked_for_the_whole() {
    let content = large().etagged().ranged();
    let wrong = Behaviour::serve(content.clone()).with_header("Content-Range", "bytes 5-300003/300004");
    let later = wrong.only_if(Condition::has("range"), Behaviour::serve(content.clone()));
    let origin = crate::origin::origin(broken(&content).then(1, later));
    let guest = Guest::new(&quick());
    let fetched = guest.get(&origin.url("/a.jpg")).await;
    assert!(bytes(&fetched) == *large().bytes());
    let ranges: Vec<_> = origin.log().requests().iter().map(|visit| visit.request.header("range").is_some()).collect();
    assert_eq!(ranges, [false, true, false]);
}

#[tokio::test]
async fn a_refused_range_is_asked_for_as_a_whole() {
    let content = large().etagged().ranged();
    let later = Behaviour::status(416).only_if(Condition::has("range"), Behaviour::serve(content.clone()));
    let origin = crate::origin::origin(broken(&content).then(1, later));
    assert!(bytes(&Guest::new(&quick()).get(&origin.url("/a.jpg")).await) == *large().bytes());
}

#[tokio::test]
async fn without_a_strong_validator_nothing_is_pieced_together() {
    let content = large().ranged();
    let weak = |behaviour: Behaviour| behaviour.with_header("ETag", "W/\"a\"");
    let origin = crate::origin::origin(weak(broken(&content)).then(1, weak(Behaviour::serve(content.clone()))));
    assert!(bytes(&Guest::new(&quick()).get(&origin.url("/a.jpg")).await) == *large().bytes());
    assert!(origin.log().requests()[1].request.header("range").is_none());
}

#[tokio::test]
async fn a_partial_answer_is_held_to_the_digest_of_the_whole() {
    let content = large().etagged().ranged();
    let lying = Behaviour::serve(content.clone())
        .with_header("Repr-Digest", &Content::new("image/jpeg", "something else").digest_field());
    let origin = crate::origin::origin(broken(&content).then(1, lying));
    let guest = Guest::new(&quick());
    let fetched = guest.get(&origin.url("/a.jpg")).await;
    assert_eq!(failure(&fetched).reason, offprint::testing::model::Reason::DigestMismatch);
}

#[tokio::test]
async fn a_part_of_another_version_is_never_joined_although_if_range_was_ignored() {
    let content = large().etagged().ranged();
    for etag in ["\"another\"", "W/\"weak\""] {
        let other = Behaviour::serve(content.clone()).with_header("ETag", etag);
        let later = other.only_if(Condition::has("range"), Behaviour::serve(content.clone()));
        let origin = crate::origin::origin(broken(&content).then(1, later));
        assert!(bytes(&Guest::new(&quick()).get(&origin.url("/a.jpg")).await) == *large().bytes());
        let ranges: Vec<_> =
            origin.log().requests().iter().map(|visit| visit.request.header("range").is_some()).collect();
        assert_eq!(ranges, [false, true, false], "{etag}");
    }
}
