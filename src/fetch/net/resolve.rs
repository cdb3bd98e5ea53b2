//! Names to IP addresses, each judged before a connection is made to it.
//!
//! The connector gets only addresses that were judged here, at the moment it connects. So there is no second look-up
//! between the check and the connection that an attacker's name server could answer differently.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::{Guard, Reach, is_localhost};

/// Looks up the addresses of a name. [`SystemLookup`] asks the system; tests use their own.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// Every address of a name. A port of 0 stands for the URL's own.
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver: the hosts file, DNS and whatever else it is set up with.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// A name without an address that may be connected to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unresolved {
    /// The look-up failed, or found nothing.
    #[error("the host has no IP address")]
    NoAddress(#[source] io::Error),
    /// No address is on the public internet or in `fetch.allow_net`.
    #[error("{name} has the IP address {address}, which is not on the public internet; fetch.allow_net can permit it")]
    Forbidden { name: String, address: IpAddr },
    /// The address is public, and the port is not permitted there.
    #[error(
        "{name} has the IP address {address}: this port is not in fetch.ports, and fetch.allow_net does not permit it"
    )]
    ForbiddenPort { name: String, address: IpAddr },
}

/// Addresses from `[fetch.resolve]`, by name in lower case.
pub(crate) type KnownAddresses = BTreeMap<String, SocketAddr>;

/// The resolver of one client: `[fetch.resolve]` first, the system otherwise.
pub(crate) struct JudgingResolver {
    /// Addresses from the settings.
    pub(crate) known: Arc<KnownAddresses>,
    /// Everything else.
    pub(crate) lookup: Arc<dyn Lookup>,
    /// The rules.
    pub(crate) guard: Arc<Guard>,
    /// Which addresses may answer.
    pub(crate) reach: Reach,
    /// The name of the configured proxy, which may have any address: the user named it, and no article did.
    pub(crate) proxy: Option<String>,
}

async fn addresses(name: &str, known: &KnownAddresses, lookup: &dyn Lookup) -> Result<Vec<SocketAddr>, Unresolved> {
    if let Some(address) = known.get(name).or_else(|| known.get(name.trim_end_matches('.'))) {
        return Ok(vec![*address]);
    }
    if is_localhost(name) {
        return Ok(vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()]);
    }
    let found = lookup.lookup(name).await.map_err(Unresolved::NoAddress)?;
    if found.is_empty() { Err(Unresolved::NoAddress(io::Error::other(name.to_owned()))) } else { Ok(found) }
}

/// Drops addresses that must not be connected to. Where none is left, the error says why.
fn judged(name: &str, found: Vec<SocketAddr>, guard: &Guard, reach: Reach) -> Result<Vec<SocketAddr>, Unresolved> {
    let first = found[0].ip();
    let some_public = found.iter().any(|address| guard.permits(address.ip(), Reach::Public));
    let permitted: Vec<_> = found.into_iter().filter(|address| guard.permits(address.ip(), reach)).collect();
    match (permitted.is_empty(), some_public) {
        (false, _) => Ok(permitted),
        (true, false) => Err(Unresolved::Forbidden { name: name.to_owned(), address: first }),
        (true, true) => Err(Unresolved::ForbiddenPort { name: name.to_owned(), address: first }),
    }
}

impl Resolve for JudgingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (known, lookup, guard) = (Arc::clone(&self.known), Arc::clone(&self.lookup), Arc::clone(&self.guard));
        let is_proxy = self.proxy.as_deref().is_some_and(|proxy| proxy.eq_ignore_ascii_case(name.as_str()));
        let reach = self.reach;
        Box::pin(async move {
            let found = addresses(name.as_str(), &known, lookup.as_ref()).await?;
            let addresses = if is_proxy { found } else { judged(name.as_str(), found, &guard, reach)? };
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// Gives these addresses for every name.
    struct Fixed(Vec<SocketAddr>);

    #[async_trait]
    impl Lookup for Fixed {
        async fn lookup(&self, _: &str) -> io::Result<Vec<SocketAddr>> {
            Ok(self.0.clone())
        }
    }

    async fn check(answers: &[&str], reach: Reach) -> Result<Vec<String>, String> {
        let resolver = JudgingResolver {
            known: Arc::new(BTreeMap::from([("known.example".to_owned(), "10.0.0.9:99".parse().unwrap())])),
            lookup: Arc::new(Fixed(answers.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect())),
            guard: Arc::new(Guard::new(&Config::default().fetch, false)),
            reach,
            proxy: Some("proxy.example".to_owned()),
        };
        let name = if answers.is_empty() { "known.example" } else { "some.example" };
        let found = resolver.resolve(name.parse().unwrap()).await.map_err(|error| error.to_string())?;
        Ok(found.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn only_judged_addresses_are_handed_on() {
        assert_eq!(check(&["8.8.8.8", "10.0.0.1"], Reach::Public).await.unwrap(), ["8.8.8.8"]);
        let refusal = check(&["127.0.0.1", "::1"], Reach::Public).await.unwrap_err();
        assert!(refusal.contains("127.0.0.1") && refusal.contains("fetch.allow_net"), "{refusal}");
        let refusal = check(&["8.8.8.8"], Reach::AllowlistedOnly).await.unwrap_err();
        assert!(refusal.contains("fetch.ports"), "{refusal}");
    }

    #[tokio::test]
    async fn a_known_address_is_judged_too() {
        let refusal = check(&[], Reach::Public).await.unwrap_err();
        assert!(refusal.contains("10.0.0.9") && refusal.contains("fetch.allow_net"), "{refusal}");
    }
}
