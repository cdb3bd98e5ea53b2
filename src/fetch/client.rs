//! The HTTP clients: reqwest, told to do nothing by itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Certificate, Client, Proxy};
use url::Url;

use super::error::FetchError;
use super::guard::{Guard, Reach};
use super::resolve::{JudgingResolver, Lookup};
use crate::config::FetchConfig;

/// How long a connection may idle before it is closed.
const IDLE: Duration = Duration::from_secs(30);
/// The window of one HTTP/2 stream, in bytes, and of a connection: what a peer may send before it is read.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// The longest head that is read at all, in bytes.
const HIGHEST_HEAD: u64 = 16 << 20;

/// The clients, and which of them asks what. They differ only in what their resolvers hand on.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    usual: Pair,
    /// For ports that `[fetch.resolve]` names: a resolver is told the name only.
    by_port: BTreeMap<u16, Pair>,
    /// Whether a proxy stands between, so that the peer is not the host that answers.
    pub(super) proxied: bool,
}

/// One client for each reach.
#[derive(Debug, Clone)]
struct Pair {
    public: Client,
    opened: Client,
}

/// Addresses that are known, by name in lower case.
type Known = BTreeMap<String, SocketAddr>;

impl Clients {
    pub(super) fn new(config: &FetchConfig, guard: &Arc<Guard>, lookup: &Arc<dyn Lookup>) -> Result<Self, FetchError> {
        // It fails when a provider is installed already, which does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pair = |known: &Known| {
            let known = Arc::new(known.clone());
            let make = |reach| build(config, guard, lookup, Arc::clone(&known), reach);
            Ok::<_, FetchError>(Pair { public: make(Reach::Public)?, opened: make(Reach::Opened)? })
        };
        let (everywhere, by_port) = known(config)?;
        let by_port =
            by_port.iter().map(|(port, known)| Ok((*port, pair(known)?))).collect::<Result<_, FetchError>>()?;
        Ok(Self { usual: pair(&everywhere)?, by_port, proxied: !config.proxy.is_empty() })
    }

    /// The client that asks for a URL.
    pub(super) fn get(&self, url: &Url, reach: Reach) -> &Client {
        let pair = url.port_or_known_default().and_then(|port| self.by_port.get(&port)).unwrap_or(&self.usual);
        match reach {
            Reach::Public => &pair.public,
            Reach::Opened => &pair.opened,
        }
    }
}

/// What `[fetch.resolve]` says: of names at every port, and of all names at the ports that it names.
fn known(config: &FetchConfig) -> Result<(Known, BTreeMap<u16, Known>), FetchError> {
    let mut everywhere = Known::new();
    let mut at_ports = Vec::new();
    for (key, address) in &config.resolve {
        match key.rsplit_once(':') {
            None => drop(everywhere.insert(key.to_ascii_lowercase(), *address)),
            Some((name, port)) => {
                let port: u16 = port.parse().map_err(|_| FetchError::Resolve(key.clone()))?;
                // The connector goes to the port that a URL names, whatever a resolver says.
                if !matches!(port, 80 | 443) && port != address.port() {
                    return Err(FetchError::ResolvePort(key.clone()));
                }
                at_ports.push((name.to_ascii_lowercase(), port, *address));
            }
        }
    }
    let mut by_port = BTreeMap::new();
    for (name, port, address) in at_ports {
        by_port.entry(port).or_insert_with(|| everywhere.clone()).insert(name, address);
    }
    Ok((everywhere, by_port))
}

/// No redirects, cookies, Referer, decompression, retries or proxies from the environment: whatever is sent is sent
/// because this module says so.
fn build(
    config: &FetchConfig,
    guard: &Arc<Guard>,
    lookup: &Arc<dyn Lookup>,
    known: Arc<Known>,
    reach: Reach,
) -> Result<Client, FetchError> {
    let proxy = proxy(config)?;
    let resolver = JudgingResolver {
        known,
        lookup: Arc::clone(lookup),
        guard: Arc::clone(guard),
        reach,
        proxy: proxy.as_ref().and_then(|(url, _)| url.host_str().map(str::to_owned)),
    };
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .user_agent(user_agent(config)?)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(config.per_host.max(16))
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(u32::try_from(max_head_bytes(config)).unwrap_or(u32::MAX))
        .tls_certs_merge(authorities(config)?)
        .dns_resolver(Arc::new(resolver));
    if !config.connect_timeout.is_zero() {
        builder = builder.connect_timeout(config.connect_timeout);
    }
    if let Some((_, proxy)) = proxy {
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| FetchError::Client(whole_message(&error)))
}

/// The limit on a head. Where the configuration lifts it, heads still have one.
pub(super) const fn max_head_bytes(config: &FetchConfig) -> u64 {
    if config.max_head_bytes.0 == 0 { HIGHEST_HEAD } else { config.max_head_bytes.0 }
}

fn proxy(config: &FetchConfig) -> Result<Option<(Url, Proxy)>, FetchError> {
    if config.proxy.is_empty() {
        return Ok(None);
    }
    let bad = |cause: String| FetchError::Proxy { value: without_password(&config.proxy), cause };
    let url = Url::parse(&config.proxy).map_err(|error| bad(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h") || !url.has_host() {
        return Err(bad("it is not the address of an HTTP or SOCKS proxy".to_owned()));
    }
    let proxy = Proxy::all(url.as_str()).map_err(|error| bad(whole_message(&error)))?;
    Ok(Some((url, proxy)))
}

fn without_password(proxy: &str) -> String {
    let hidden = Url::parse(proxy).ok().and_then(|mut url| url.set_password(None).map(|()| url.to_string()).ok());
    hidden.unwrap_or_else(|| proxy.to_owned())
}

fn authorities(config: &FetchConfig) -> Result<Vec<Certificate>, FetchError> {
    let path = &config.ca_file;
    if path.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let bad = |cause: String| FetchError::CaFile { path: path.clone(), cause };
    let pem = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| bad(whole_message(&error)))?;
    if found.is_empty() { Err(bad("it holds no certificate in PEM form".to_owned())) } else { Ok(found) }
}

/// What offprint calls itself.
pub(super) fn user_agent(config: &FetchConfig) -> Result<HeaderValue, FetchError> {
    let own = concat!("offprint/", env!("CARGO_PKG_VERSION"));
    let text = if config.user_agent.is_empty() { own } else { &config.user_agent };
    let cause = "it holds what no header can";
    HeaderValue::try_from(text).map_err(|_| FetchError::Header { key: "fetch.user_agent".to_owned(), cause })
}

/// An error with everything that caused it.
pub(super) fn whole_message(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    let mut parts: Vec<String> = causes.collect();
    parts.dedup();
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::super::resolve::SystemLookup;
    use super::*;
    use crate::config::Config;

    fn check(change: impl FnOnce(&mut FetchConfig)) -> Result<Clients, String> {
        let mut config = Config::default().fetch;
        change(&mut config);
        let lookup: Arc<dyn Lookup> = Arc::new(SystemLookup);
        Clients::new(&config, &Arc::new(Guard::new(&config)), &lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_is_known_for_a_name_or_for_one_port_of_it() {
        let mut config = Config::default().fetch;
        let (one, two) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:8443".parse().unwrap());
        config.resolve = [("A.example".to_owned(), one), ("a.example:8443".to_owned(), two)].into();
        let (everywhere, by_port) = known(&config).unwrap();
        assert_eq!(everywhere, [("a.example".to_owned(), one)].into());
        assert_eq!(by_port, [(8443, [("a.example".to_owned(), two)].into())].into());
        for bad in ["b.example:https", "b.example:8080", "b.example:"] {
            config.resolve.insert(bad.to_owned(), one);
            let message = known(&config).unwrap_err().to_string();
            assert!(message.contains(bad), "{message}");
            config.resolve.remove(bad);
        }
    }

    #[test]
    fn bad_settings_are_named() {
        assert!(check(|_| ()).is_ok());
        let message = check(|config| config.ca_file = "/nowhere/ca.pem".into()).unwrap_err();
        assert!(message.starts_with("fetch.ca_file /nowhere/ca.pem: No such file"), "{message}");
        let message = check(|config| config.ca_file = "Cargo.toml".into()).unwrap_err();
        assert!(message.contains("holds no certificate"), "{message}");
        for proxy in ["nowhere", "ftp://proxy/", "http://"] {
            let message = check(|config| config.proxy = proxy.to_owned()).unwrap_err();
            assert!(message.starts_with(&format!("fetch.proxy `{proxy}`: ")), "{message}");
        }
        let message = check(|config| config.proxy = "ftp://me:hush@proxy".to_owned()).unwrap_err();
        assert!(!message.contains("hush"), "{message}");
        assert!(check(|config| config.proxy = "socks5://proxy:1080".to_owned()).unwrap().proxied);
        let message = check(|config| config.user_agent = "a\nb".to_owned()).unwrap_err();
        assert!(message.starts_with("fetch.user_agent: "), "{message}");
    }
}
