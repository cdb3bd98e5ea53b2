//! The last response of a job.

use jiff::Timestamp;

use crate::archive::catalog::CompletedJob;

/// What the last response of an attempt was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Response {
    /// Its status; `None` where none came, or where the image was adopted from the article or from beside it.
    pub(super) status: Option<u16>,
    /// When the attempt was made.
    pub(super) at: Timestamp,
}

impl Response {
    /// The last response of a job, or the moment when it ended without one.
    pub(super) fn of(job: &CompletedJob) -> Self {
        let last = job.exchanges.last();
        Self { status: last.and_then(|exchange| exchange.status), at: last.map_or(job.at, |exchange| exchange.at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::catalog::JobResult;
    use crate::model::{Exchange, JobId, UrlId};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn the_last_response_of_a_job_counts_and_its_end_where_there_was_none() {
        let exchange = |second, status| Exchange {
            url: "https://images.example/a".parse().unwrap(),
            at: at(second),
            elapsed: std::time::Duration::ZERO,
            request_head: Vec::new(),
            response_head: None,
            status,
            peer: None,
            protocol: None,
            coding: String::new(),
            digest: None,
            length: 0,
            body: None,
            reason: None,
        };
        let job = |exchanges| CompletedJob {
            job: JobId(1),
            url: UrlId(1),
            at: at(9),
            exchanges,
            result: JobResult::NotModified { next_attempt: None },
        };
        assert_eq!(Response::of(&job(Vec::new())), Response { status: None, at: at(9) });
        let redirected = job(vec![exchange(1, Some(301)), exchange(2, Some(304))]);
        assert_eq!(Response::of(&redirected), Response { status: Some(304), at: at(2) });
        assert_eq!(Response::of(&job(vec![exchange(3, None)])), Response { status: None, at: at(3) });
    }
}
