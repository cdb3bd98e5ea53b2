//! `[fetch.resolve]`: IP addresses that replace a look-up by the system.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::resolve::KnownAddresses;
use crate::config::FetchConfig;
use crate::fetch::error::FetchError;

/// The IP addresses of names at every port, and of all names at the ports that have addresses of their own.
#[derive(Debug, Clone)]
pub(crate) struct KnownByPort {
    everywhere: Arc<KnownAddresses>,
    by_port: BTreeMap<u16, Arc<KnownAddresses>>,
}

impl KnownByPort {
    /// Reads the table.
    ///
    /// # Errors
    /// A key that ends in no port, or in one that the address does not have.
    pub(crate) fn new(config: &FetchConfig) -> Result<Self, FetchError> {
        let mut everywhere = KnownAddresses::new();
        let mut at_ports = Vec::new();
        for (key, address) in &config.resolve {
            match key.rsplit_once(':') {
                None => drop(everywhere.insert(key.to_ascii_lowercase(), *address)),
                Some((name, port)) => {
                    let port = read_port(key, port, *address)?;
                    at_ports.push((name.to_ascii_lowercase(), port, *address));
                }
            }
        }
        let mut by_port = BTreeMap::new();
        for (name, port, address) in at_ports {
            by_port.entry(port).or_insert_with(|| everywhere.clone()).insert(name, address);
        }
        let by_port = by_port.into_iter().map(|(port, known)| (port, Arc::new(known))).collect();
        Ok(Self { everywhere: Arc::new(everywhere), by_port })
    }

    /// The addresses for URLs with this port.
    pub(crate) fn at(&self, port: u16) -> Arc<KnownAddresses> {
        Arc::clone(self.by_port.get(&port).unwrap_or(&self.everywhere))
    }
}

/// The connector goes to the port that a URL names, whatever a resolver returns, so a key can name another port than its
/// address only where URLs leave the port out.
fn read_port(key: &str, port: &str, address: SocketAddr) -> Result<u16, FetchError> {
    let port: u16 = port.parse().map_err(|_| FetchError::Resolve(key.to_owned()))?;
    if !matches!(port, 80 | 443) && port != address.port() {
        return Err(FetchError::ResolvePort(key.to_owned()));
    }
    Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn an_address_is_known_for_a_name_or_for_one_port_of_it() {
        let mut config = Config::default().fetch;
        let (one, two) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:8443".parse().unwrap());
        config.resolve = [("A.example".to_owned(), one), ("a.example:8443".to_owned(), two)].into();
        let known = KnownByPort::new(&config).unwrap();
        assert_eq!(*known.at(80), [("a.example".to_owned(), one)].into());
        assert_eq!(*known.at(8443), [("a.example".to_owned(), two)].into());
        for bad in ["b.example:https", "b.example:8080", "b.example:"] {
            config.resolve.insert(bad.to_owned(), one);
            let message = KnownByPort::new(&config).unwrap_err().to_string();
            assert!(message.contains(bad), "{message}");
            config.resolve.remove(bad);
        }
    }
}
