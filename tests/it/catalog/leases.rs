//! The leases of hosts, and what holds a host.

use std::time::Duration;

use offprint::testing::archive::{Catalog, UrlState, WriteOutcome};
use offprint::testing::model::{Digest, HostKey, HostState, RefererStrategy};

use super::fixtures::{A, FIRST, TTL, at, kept, lease_all, link, outcome, record, run, take_jobs, worker};

suite! {
    a_stale_lease_epoch_is_rejected
    a_released_lease_is_rejected_and_the_host_state_is_kept
    a_leased_host_is_leased_again_only_after_its_time
    a_renewed_lease_lasts_longer
    hosts_on_hold_are_not_leased
    what_is_learned_without_a_lease_holds_a_host
    hosts_that_waited_longest_come_first
    a_hold_beyond_the_horizon_ends
    a_breaker_can_be_closed_and_what_the_host_asked_for_stands
}

async fn a_stale_lease_epoch_is_rejected(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (old, jobs) = take_jobs(catalog, at(0)).await;
    let newer = catalog.lease(&worker("second"), 1, TTL, at(61)).await.unwrap().remove(0);
    assert!(newer.epoch > old.epoch);
    let late = catalog.complete_jobs(&old, run, vec![outcome(&jobs[0], 62, kept("a"))], FIRST).await.unwrap();
    assert_eq!((late.0, late.1.ready_articles.len()), (WriteOutcome::Conflict, 0));
    assert_eq!(catalog.url(&link(A)).await.unwrap().unwrap().facts.state, UrlState::New);
    assert_eq!(catalog.captures(jobs[0].url.id).await.unwrap(), []);
    assert_eq!(catalog.blob(Digest::of(b"a")).await.unwrap(), None);
    assert_eq!(catalog.queued().await.unwrap(), 1);
    assert_eq!(catalog.release(&old, &HostState::default()).await.unwrap(), WriteOutcome::Conflict);
    assert_eq!(catalog.renew(&old, TTL, at(62)).await.unwrap(), None);
    assert_eq!(catalog.jobs(&old, None, 9).await.unwrap(), []);
    let completed = catalog.complete_jobs(&newer, run, vec![outcome(&jobs[0], 63, kept("a"))], FIRST).await.unwrap();
    assert_eq!(completed.0, WriteOutcome::Applied);
}

async fn a_released_lease_is_rejected_and_the_host_state_is_kept(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    assert_eq!(lease.state, HostState::default());
    let learned = HostState {
        referer: RefererStrategy::Article,
        failures: 3,
        open_until: Some(at(10)),
        not_before: Some(at(20)),
        delay: Duration::from_millis(750),
    };
    assert_eq!(catalog.release(&lease, &learned).await.unwrap(), WriteOutcome::Applied);
    let late = catalog.complete_jobs(&lease, run, vec![outcome(&jobs[0], 1, kept("a"))], FIRST).await.unwrap();
    assert_eq!(late.0, WriteOutcome::Conflict);
    let hosts = catalog.hosts().await.unwrap();
    assert_eq!(hosts, [(HostKey::of(&link(A)).unwrap(), learned.clone())]);
    assert_eq!(lease_all(catalog, at(20)).await[0].state, learned);
}

async fn a_leased_host_is_leased_again_only_after_its_time(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    assert_eq!(lease_all(catalog, at(0)).await[0].until, at(60));
    assert_eq!(lease_all(catalog, at(59)).await, []);
    assert_eq!(lease_all(catalog, at(60)).await.len(), 1);
}

async fn a_renewed_lease_lasts_longer(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let lease = lease_all(catalog, at(0)).await.remove(0);
    let renewed = catalog.renew(&lease, TTL, at(50)).await.unwrap().unwrap();
    assert_eq!((renewed.until, renewed.epoch), (at(110), lease.epoch));
    assert_eq!(lease_all(catalog, at(109)).await, []);
}

async fn what_is_learned_without_a_lease_holds_a_host(catalog: &dyn Catalog) {
    let (host, other) = (HostKey::of(&link(A)).unwrap(), HostKey::from_stored("never.example".to_owned()));
    assert_eq!((catalog.host(&host).await.unwrap(), catalog.host(&other).await.unwrap()), (None, None));
    let state = HostState { not_before: Some(at(200)), delay: Duration::from_secs(3), ..HostState::default() };
    catalog.record_host(&host, &state).await.unwrap();
    assert_eq!(catalog.host(&host).await.unwrap(), Some(state.clone()));
    record(catalog, "a", &[A]).await;
    assert_eq!(lease_all(catalog, at(199)).await, []);
    let lease = lease_all(catalog, at(200)).await.remove(0);
    assert_eq!(lease.state, state);
    let later = HostState { not_before: Some(at(230)), ..HostState::default() };
    catalog.record_host(&host, &later).await.unwrap();
    assert_eq!(lease_all(catalog, at(259)).await, [], "the lease goes on");
    assert!(catalog.renew(&lease, TTL, at(210)).await.unwrap().is_some());
    assert_eq!(catalog.hosts().await.unwrap(), [(host, later)]);
}

async fn hosts_on_hold_are_not_leased(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    for (state, from) in [
        (HostState { open_until: Some(at(100)), ..HostState::default() }, 100),
        (HostState { not_before: Some(at(200)), ..HostState::default() }, 200),
    ] {
        let lease = lease_all(catalog, at(0)).await;
        let lease = if lease.is_empty() { lease_all(catalog, at(100)).await } else { lease };
        catalog.release(&lease[0], &state).await.unwrap();
        assert_eq!(lease_all(catalog, at(from - 1)).await, []);
        let lease = lease_all(catalog, at(from)).await;
        assert_eq!(lease.len(), 1);
        catalog.release(&lease[0], &state).await.unwrap();
    }
}

async fn hosts_that_waited_longest_come_first(catalog: &dyn Catalog) {
    let urls = ["https://late.example/1", "https://first.example/1", "https://second.example/1"];
    record(catalog, "a", &urls).await;
    let all = lease_all(catalog, at(0)).await;
    for lease in &all {
        let late = (lease.host.as_str() == "late.example").then(|| at(5));
        catalog.release(lease, &HostState { not_before: late, ..HostState::default() }).await.unwrap();
    }
    let two = catalog.lease(&worker("first"), 2, TTL, at(9)).await.unwrap();
    assert_eq!(two.iter().map(|lease| lease.host.as_str()).collect::<Vec<_>>(), ["first.example", "second.example"]);
    let rest = lease_all(catalog, at(9)).await;
    assert_eq!(rest.iter().map(|lease| lease.host.as_str()).collect::<Vec<_>>(), ["late.example"]);
}

async fn a_hold_beyond_the_horizon_ends(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let day = Duration::from_secs(86_400);
    for hold in [
        HostState { open_until: Some(at(86_401)), ..HostState::default() },
        HostState { not_before: Some(at(86_401)), ..HostState::default() },
    ] {
        let lease = lease_all(catalog, at(0)).await;
        catalog.release(&lease[0], &hold).await.unwrap();
        catalog.enqueue_due(at(1), day).await.unwrap();
        assert_eq!(lease_all(catalog, at(1)).await, [], "as far ahead as any hold");
        catalog.enqueue_due(at(0), day).await.unwrap();
        let leases = lease_all(catalog, at(0)).await;
        assert_eq!(leases[0].state, HostState::default());
        catalog.release(&leases[0], &HostState::default()).await.unwrap();
    }
}

async fn a_breaker_can_be_closed_and_what_the_host_asked_for_stands(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let host = HostKey::of(&link(A)).unwrap();
    let (lease, _) = take_jobs(catalog, at(0)).await;
    let state = HostState { failures: 3, open_until: Some(at(100)), ..HostState::default() };
    catalog.release(&lease, &state).await.unwrap();
    assert_eq!(lease_all(catalog, at(50)).await, []);
    catalog.close_breakers(std::slice::from_ref(&host)).await.unwrap();
    let lease = lease_all(catalog, at(50)).await.remove(0);
    assert_eq!(lease.state.open_until, None);
    catalog.release(&lease, &HostState { not_before: Some(at(100)), ..state }).await.unwrap();
    catalog.close_breakers(&[host]).await.unwrap();
    assert_eq!(lease_all(catalog, at(50)).await, []);
    assert_eq!(lease_all(catalog, at(100)).await.len(), 1);
}
