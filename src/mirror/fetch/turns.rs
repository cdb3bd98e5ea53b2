//! Hosts that are leased and wait until they are worked on.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use crate::archive::{Archive, CatalogError, Lease};

/// The hosts that wait. The one with the most jobs comes first, because its requests are spaced, so that it needs the
/// longest; of those with as many, the one that was leased first.
#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: BTreeMap<(Reverse<u64>, u64), Lease>,
    leased: u64,
}

impl Turns {
    /// How many hosts wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// These hosts wait as well.
    pub(super) fn add(&mut self, leases: Vec<Lease>) {
        for lease in leases {
            self.leased += 1;
            self.waiting.insert((Reverse(lease.jobs), self.leased), lease);
        }
    }

    /// Takes the host whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Lease> {
        self.waiting.pop_first().map(|(_, lease)| lease)
    }

    /// Ends the leases of all that wait.
    ///
    /// # Errors
    /// The catalog could not be written.
    pub(super) async fn give_back(&mut self, archive: &Archive) -> Result<(), CatalogError> {
        let waiting = std::mem::take(&mut self.waiting);
        try_join_all(waiting.values().map(|lease| archive.catalog.release(lease, &lease.state))).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::model::{HostKey, HostState};

    #[test]
    fn the_host_with_the_most_jobs_comes_first_and_then_the_one_that_came_first() {
        let lease = |(number, jobs): (usize, u64)| {
            let host = HostKey::from_stored(format!("host{number}.example"));
            Lease { host, epoch: 1, until: clock::now(), state: HostState::default(), jobs }
        };
        let mut turns = Turns::default();
        turns.add([1, 50, 2].into_iter().enumerate().map(lease).collect());
        turns.add([(3, 50), (4, 1)].map(lease).into());
        let order: Vec<_> = std::iter::from_fn(|| turns.pop()).map(|lease| lease.host.as_str().to_owned()).collect();
        assert_eq!(order, [1, 3, 2, 0, 4].map(|number| format!("host{number}.example")));
    }
}
