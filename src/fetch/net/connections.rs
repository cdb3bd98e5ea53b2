//! The HTTP client of each host: reqwest, with everything that it does by itself switched off.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::HeaderValue;
use url::Url;

use super::causes::whole_message;
use super::guard::{Guard, Reach};
use super::known::KnownByPort;
use super::proxy::ProxySetting;
use super::resolve::{JudgingResolver, Lookup};
use super::{descriptors, tls};
use crate::config::FetchConfig;
use crate::fetch::error::FetchError;
use crate::locks::{Mutex, MutexGuard};
use crate::model::HostKey;

/// How long a connection may idle before it is closed.
const IDLE: Duration = Duration::from_secs(30);
/// The most hosts with open connections that are not in use.
const MOST_HOSTS: usize = 64;
/// The window of one HTTP/2 stream, in bytes, and of a connection: what a peer may send before it is read.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// The most header lines of an HTTP/1.1 response. Their bytes have a limit of their own.
const MOST_LINES: usize = 2000;
/// The longest head that is read at all, in bytes.
const LONGEST_HEAD: u64 = 16 << 20;

/// One client for each host and port, so that the connections of a host can be closed when it is done.
pub(crate) struct Connections {
    config: FetchConfig,
    user_agent: HeaderValue,
    tls: rustls::ClientConfig,
    guard: Arc<Guard>,
    lookup: Arc<dyn Lookup>,
    known: KnownByPort,
    proxy: Option<ProxySetting>,
    most_hosts: usize,
    open: Mutex<OpenClients>,
}

#[derive(Default)]
struct OpenClients {
    /// By the host and the port of the URLs that they are for.
    clients: HashMap<(String, u16), OpenClient>,
    uses: u64,
}

struct OpenClient {
    client: Client,
    host: HostKey,
    last_use: u64,
    /// It was used more than once. Most hosts have one image, and many are silent: these do not displace the others.
    is_reused: bool,
}

impl Connections {
    /// Connections with these settings.
    ///
    /// # Errors
    /// Settings that cannot work: certificate authorities, a proxy, addresses, a user agent.
    pub(crate) fn new(config: &FetchConfig, lookup: Arc<dyn Lookup>) -> Result<Self, FetchError> {
        let proxy = ProxySetting::parse(&config.proxy)?;
        let guard = Guard::new(config, proxy.as_ref().is_some_and(|proxy| proxy.resolves_remotely));
        let per_host = config.per_host.max(1);
        let connections = Self {
            config: config.clone(),
            user_agent: user_agent(config)?,
            tls: tls::client_config(&config.ca_file)?,
            guard: Arc::new(guard),
            lookup,
            known: KnownByPort::new(config)?,
            proxy,
            most_hosts: (descriptors::for_requests() / 2 / per_host).clamp(1, MOST_HOSTS),
            open: Mutex::default(),
        };
        connections
            .build("localhost", 443, Reach::Public)
            .map_err(|error| FetchError::Client(whole_message(&error)))?;
        Ok(connections)
    }

    fn open(&self) -> MutexGuard<'_, OpenClients> {
        // No code panics half-way through a change under this lock.
        self.open.lock()
    }

    /// The rules for addresses.
    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// What offprint calls itself.
    pub(crate) fn user_agent(&self) -> &HeaderValue {
        &self.user_agent
    }

    /// Whether a proxy stands between, so that the peer of a connection is not the host.
    pub(crate) fn is_proxied(&self) -> bool {
        self.proxy.is_some()
    }

    /// The client for a URL of this host. `reach` is what the guard says of the URL; it depends only on host and port.
    pub(crate) fn client(&self, url: &Url, host: &HostKey, reach: Reach) -> Result<Client, reqwest::Error> {
        let key = (url.host_str().unwrap_or_default().to_owned(), url.port_or_known_default().unwrap_or_default());
        let mut open = self.open();
        open.uses += 1;
        let last_use = open.uses;
        if let Some(known) = open.clients.get_mut(&key) {
            known.last_use = last_use;
            known.is_reused = true;
            return Ok(known.client.clone());
        }
        let client = self.build(&key.0, key.1, reach)?;
        open.make_room(self.most_hosts);
        open.clients.insert(key, OpenClient { client: client.clone(), host: host.clone(), last_use, is_reused: false });
        Ok(client)
    }

    /// Closes the idle connections of a host. Those in use close when they are done.
    pub(crate) fn close(&self, host: &HostKey) {
        self.open().clients.retain(|_, open| open.host != *host);
    }

    /// Closes all idle connections.
    pub(crate) fn close_all(&self) {
        self.open().clients.clear();
    }

    /// No redirects, cookies, Referer, decompression, retries or proxies from the environment: this module decides
    /// everything that is sent. Heads are read as leniently as browsers read them.
    fn build(&self, host: &str, port: u16, reach: Reach) -> Result<Client, reqwest::Error> {
        let config = &self.config;
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .user_agent(self.user_agent.clone())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(config.per_host.max(1))
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_max_headers(MOST_LINES)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .http2_max_header_list_size(u32::try_from(max_head_bytes(config)).unwrap_or(u32::MAX))
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Arc::new(self.resolver(host, port, reach)));
        if !config.connect_timeout.is_zero() {
            builder = builder.connect_timeout(config.connect_timeout);
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.proxy.clone());
        }
        builder.build()
    }

    /// The proxy's name is exempt from the rules for addresses, except in a URL that names the proxy itself.
    fn resolver(&self, host: &str, port: u16, reach: Reach) -> JudgingResolver {
        let proxy = self.proxy.as_ref().map(|proxy| &proxy.host);
        JudgingResolver {
            known: self.known.at(port),
            lookup: Arc::clone(&self.lookup),
            guard: Arc::clone(&self.guard),
            reach,
            proxy: proxy.filter(|proxy| !proxy.eq_ignore_ascii_case(host)).cloned(),
        }
    }
}

impl OpenClients {
    /// Closes the idle connections of the host that was used least recently, where there are too many: of one that was
    /// used once, where there is one.
    fn make_room(&mut self, most: usize) {
        if self.clients.len() < most {
            return;
        }
        let oldest =
            self.clients.iter().min_by_key(|(_, open)| (open.is_reused, open.last_use)).map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.clients.remove(&key);
        }
    }
}

/// The limit on a head. Where the configuration lifts it, heads still have one.
pub(crate) const fn max_head_bytes(config: &FetchConfig) -> u64 {
    if config.max_head_bytes.0 == 0 { LONGEST_HEAD } else { config.max_head_bytes.0 }
}

fn user_agent(config: &FetchConfig) -> Result<HeaderValue, FetchError> {
    let own = concat!("offprint/", env!("CARGO_PKG_VERSION"));
    let text = if config.user_agent.is_empty() { own } else { &config.user_agent };
    let cause = "it holds characters that no header can hold";
    HeaderValue::try_from(text).map_err(|_| FetchError::Header { key: "fetch.user_agent".to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::super::resolve::SystemLookup;
    use super::*;
    use crate::config::Config;

    fn connections(change: impl FnOnce(&mut FetchConfig)) -> Result<Connections, String> {
        let mut config = Config::default().fetch;
        change(&mut config);
        Connections::new(&config, Arc::new(SystemLookup)).map_err(|error| error.to_string())
    }

    fn refusal(change: impl FnOnce(&mut FetchConfig)) -> String {
        connections(change).err().expect("these settings cannot work")
    }

    #[test]
    fn bad_settings_are_named() {
        assert!(connections(|_| ()).is_ok());
        let message = refusal(|config| config.ca_file = "/nowhere/ca.pem".into());
        assert!(message.starts_with("fetch.ca_file /nowhere/ca.pem: No such file"), "{message}");
        let message = refusal(|config| config.ca_file = "Cargo.toml".into());
        assert!(message.contains("holds no certificate"), "{message}");
        for proxy in ["nowhere", "ftp://proxy/", "http://"] {
            let message = refusal(|config| config.proxy = proxy.to_owned());
            assert!(message.starts_with("fetch.proxy: "), "{message}");
        }
        assert!(connections(|config| config.proxy = "socks5://proxy:1080".to_owned()).unwrap().is_proxied());
        let message = refusal(|config| config.user_agent = "a\nb".to_owned());
        assert!(message.starts_with("fetch.user_agent: "), "{message}");
    }

    #[test]
    fn only_so_many_hosts_keep_connections_and_a_host_that_is_done_keeps_none() {
        let connections = connections(|_| ()).unwrap();
        let open = |number: usize| {
            let url = Url::parse(&format!("https://host{number}.example/")).unwrap();
            let host = HostKey::of(&url).unwrap();
            connections.client(&url, &host, Reach::Public).unwrap();
            host
        };
        let hosts: Vec<_> = (0..=connections.most_hosts).map(open).collect();
        let names = |connections: &Connections| -> Vec<_> {
            connections.open().clients.keys().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&connections).len(), connections.most_hosts);
        assert!(!names(&connections).contains(&"host0.example".to_owned()), "the oldest is closed");
        connections.close(&hosts[1]);
        assert!(!names(&connections).contains(&"host1.example".to_owned()));
        connections.close_all();
        assert!(names(&connections).is_empty());
    }

    #[test]
    fn hosts_that_are_asked_once_displace_none_that_is_asked_again() {
        let connections = connections(|_| ()).unwrap();
        let open = |number: usize| {
            let url = Url::parse(&format!("https://host{number}.example/")).unwrap();
            connections.client(&url, &HostKey::of(&url).unwrap(), Reach::Public).unwrap();
        };
        (0..2).for_each(|_| open(0));
        (1..connections.most_hosts * 3).for_each(open);
        let open = connections.open();
        assert!(open.clients.contains_key(&("host0.example".to_owned(), 443)));
        assert_eq!(open.clients.len(), connections.most_hosts);
    }

    #[test]
    fn the_name_of_the_proxy_is_exempt_only_where_no_url_names_it() {
        let connections = connections(|config| config.proxy = "socks5://Proxy.example:1080".to_owned()).unwrap();
        let exempt = |host: &str| connections.resolver(host, 80, Reach::Public).proxy;
        assert_eq!(exempt("img.example").as_deref(), Some("Proxy.example"));
        assert_eq!(exempt("proxy.example"), None);
    }
}
