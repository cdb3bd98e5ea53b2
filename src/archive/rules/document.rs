//! What a request for a document changes.

use super::effect::Effect;
use super::job::bodies;
use crate::archive::catalog::{DocumentCapture, DocumentFacts};
use crate::model::{Capture, CaptureId, CaptureKind, Exchange, Revisit, RunId};

/// Not modified (RFC 9110, section 15.4.5).
const NOT_MODIFIED: u16 = 304;

impl DocumentFacts {
    /// Whether bodies of it are kept: nothing of what was taken down is. A feed holds the text of its entries, so none is
    /// kept of a source of which an article was taken down.
    pub fn keeps_bodies(&self, kind: CaptureKind) -> bool {
        let lacks_text = kind == CaptureKind::Feed && self.lacks_articles;
        !self.is_taken_down && !lacks_text
    }

    /// The capture that has what these exchanges gave, where that is the newest one.
    pub fn revisited(&self, exchanges: &[Exchange]) -> Option<CaptureId> {
        self.newest.as_ref().filter(|newest| is_same(newest, exchanges)).map(|newest| newest.id)
    }
}

/// Whether a request found at its end what a capture did, at the same URL: its host says so, where the capture ended well,
/// or sent the same bytes with the same status.
fn is_same(capture: &Capture, exchanges: &[Exchange]) -> bool {
    let (Some(before), Some(now)) = (capture.exchanges.last(), exchanges.last()) else { return false };
    let result = |exchange: &Exchange| (exchange.status, exchange.reason, exchange.digest);
    let is_unchanged = now.status == Some(NOT_MODIFIED) && before.reason.is_none();
    let is_alike = now.digest.is_some() && result(now) == result(before);
    (is_unchanged || is_alike) && before.url == now.url
}

/// What follows from a request for a document: a capture is appended, with the bodies that it keeps. One that gave what
/// the newest capture has adds a revisit to that. Nothing is recorded of what was taken down.
pub fn document_captured(run: RunId, document: &DocumentCapture, facts: &DocumentFacts) -> Vec<Effect> {
    let Some(last) = document.exchanges.last().filter(|_| !facts.is_taken_down) else { return Vec::new() };
    let revisit = facts.revisited(&document.exchanges).zip(last.status);
    if let Some((capture, status)) = revisit {
        return vec![Effect::AppendRevisit { capture, revisit: Revisit { run, at: last.at, status } }];
    }
    let mut effects: Vec<_> = bodies(&document.exchanges).collect();
    effects.push(Effect::AppendDocument { run, document: document.clone() });
    effects
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::model::{Digest, KeptBody, MediaType, Reason};

    const RUN: RunId = RunId(2);

    fn exchange(second: i64, url: &str, status: u16, bytes: Option<&str>) -> Exchange {
        let digest = bytes.map(|bytes| Digest::of(bytes.as_bytes()));
        Exchange {
            url: url.parse().unwrap(),
            at: Timestamp::from_second(second).unwrap(),
            elapsed: Duration::ZERO,
            request_head: Vec::new(),
            response_head: None,
            status: Some(status),
            peer: None,
            protocol: None,
            coding: String::new(),
            digest,
            length: 0,
            body: digest.map(|digest| KeptBody { digest, media_type: MediaType::Text, length: 1 }),
            reason: (status >= 400).then_some(Reason::HttpStatus),
        }
    }

    fn document(exchanges: Vec<Exchange>) -> DocumentCapture {
        let (url, source) = ("https://a.example/feed".parse().unwrap(), Some("news".parse().unwrap()));
        DocumentCapture { url, kind: CaptureKind::Feed, source, exchanges }
    }

    /// What is on record after these exchanges.
    fn after(exchanges: Vec<Exchange>) -> DocumentFacts {
        let DocumentCapture { url, kind, source, exchanges } = document(exchanges);
        let (id, run, at) = (CaptureId(7), RunId(1), exchanges[0].at);
        let newest = Capture { id, run, at, url, kind, source, exchanges, digest: None, revisits: Vec::new() };
        DocumentFacts { newest: Some(newest), ..DocumentFacts::default() }
    }

    const FEED: &str = "https://a.example/feed";

    #[test]
    fn a_first_capture_is_appended_after_the_bodies_that_it_keeps() {
        let document = document(vec![exchange(1, FEED, 301, Some("moved")), exchange(2, FEED, 200, Some("feed"))]);
        let effects = document_captured(RUN, &document, &DocumentFacts::default());
        let [Effect::RecordBlob(moved), Effect::RecordBlob(feed), last] = effects.as_slice() else {
            panic!("{effects:#?}")
        };
        assert_eq!((moved.digest, feed.digest), (Digest::of(b"moved"), Digest::of(b"feed")));
        assert_eq!(*last, Effect::AppendDocument { run: RUN, document });
    }

    #[test]
    fn what_is_as_the_newest_capture_has_it_is_a_revisit_and_nothing_else_is() {
        let one = |status, bytes| vec![exchange(1, FEED, status, bytes)];
        let moved = |to: &str| vec![exchange(1, FEED, 302, None), exchange(2, to, 200, Some("feed"))];
        for (before, now, status) in [
            (one(200, Some("feed")), one(304, None), Some(304)),
            (one(304, None), one(304, None), Some(304)),
            (one(200, Some("feed")), one(200, Some("feed")), Some(200)),
            (one(200, Some("feed")), one(200, Some("other")), None),
            (one(200, None), one(200, None), None),
            (one(404, Some("no")), one(404, Some("no")), Some(404)),
            (one(404, None), one(404, None), None),
            (one(404, Some("no")), one(304, None), None),
            (one(200, Some("feed")), one(404, Some("feed")), None),
            (moved(FEED), moved(FEED), Some(200)),
            (moved(FEED), moved("https://b.example/feed"), None),
            (moved(FEED), one(200, Some("feed")), Some(200)),
            (moved("https://b.example/feed"), one(200, Some("feed")), None),
        ] {
            let effects = document_captured(RUN, &document(now.clone()), &after(before));
            let revisit = match effects.as_slice() {
                [Effect::AppendRevisit { capture: CaptureId(7), revisit }] => Some(revisit.status),
                _ => None,
            };
            assert_eq!(revisit, status, "{now:#?}");
        }
    }

    #[test]
    fn nothing_of_what_was_taken_down_is_kept() {
        let taken_down = DocumentFacts { is_taken_down: true, ..DocumentFacts::default() };
        let document = document(vec![exchange(1, FEED, 200, Some("feed"))]);
        assert_eq!(document_captured(RUN, &document, &taken_down), []);
        assert!(!taken_down.keeps_bodies(CaptureKind::Page));
        let lacks_articles = DocumentFacts { lacks_articles: true, ..DocumentFacts::default() };
        assert!(!lacks_articles.keeps_bodies(CaptureKind::Feed), "it has the text of the article");
        assert!(lacks_articles.keeps_bodies(CaptureKind::Page), "that of another article");
        assert!(DocumentFacts::default().keeps_bodies(CaptureKind::Feed));
    }
}
