//! Which URLs may be requested and which addresses connected to.
//!
//! Strangers write articles, so a URL in one may aim at the network in which offprint runs. The IP address of the
//! connection decides: a name is judged by what it resolves to, on every hop, and the connector gets only addresses
//! that were judged (see `resolve`). If a proxy resolves names, the proxy decides which address a name stands for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

use crate::config::FetchConfig;
use crate::model::{Failure, Reason};

/// IPv4 networks that are not part of the public internet: the IANA IPv4 Special-Purpose Address Registry
/// (RFC 6890), multicast (RFC 5771) and the reserved range (RFC 1112).
const SPECIAL_V4: [Ipv4Net; 16] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    // Azure's metadata and DNS service has an address that is public by its number only.
    v4([168, 63, 129, 16], 32),
];

/// The only IPv6 network from which public addresses are given out (RFC 4291, section 2.4).
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Networks inside it that are special: protocol assignments with Teredo, ORCHID and benchmarking (RFC 2928), the two
/// documentation networks (RFC 3849, RFC 9637), and 6to4, which carries any IPv4 address (RFC 3056).
const SPECIAL_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// The well-known prefix of NAT64 (RFC 6052): on networks that have IPv6 only, the whole IPv4 internet is behind it.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

const fn v4(octets: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]), length)
}

const fn v6(s: [u16; 8], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), length)
}

/// Which addresses a request may be answered from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The public internet, and the networks of `fetch.allow_net`.
    Public,
    /// Only the networks of `fetch.allow_net`: the port is not in `fetch.ports`.
    AllowlistedOnly,
}

/// The rules of one configuration.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    allow_net: Vec<IpNet>,
    schemes: Vec<String>,
    ports: Vec<u16>,
    max_url_length: usize,
    /// A proxy resolves the names of hosts, so their addresses are never seen here.
    resolves_remotely: bool,
}

impl Guard {
    /// The rules of these settings.
    pub(crate) fn new(config: &FetchConfig, resolves_remotely: bool) -> Self {
        Self {
            resolves_remotely,
            allow_net: config.allow_net.clone(),
            schemes: config.schemes.clone(),
            ports: config.ports.clone(),
            max_url_length: config.max_url_length,
        }
    }

    /// Judges a URL by its text, and returns which addresses may answer it.
    ///
    /// # Errors
    /// It has a form that is never requested, spells out a forbidden address, or names a port that is not permitted
    /// where the address will not be known.
    pub(crate) fn judge_url(&self, url: &Url) -> Result<Reach, Failure> {
        self.judge_form(url)?;
        let port = url.port_or_known_default().unwrap_or_default();
        let reach = if self.ports.contains(&port) { Reach::Public } else { Reach::AllowlistedOnly };
        match literal(url) {
            Some(address) if !self.permits(address, Reach::Public) => Err(forbidden_address(address)),
            Some(address) if !self.permits(address, reach) => Err(forbidden_port(port)),
            None if reach == Reach::AllowlistedOnly && self.resolves_remotely => Err(forbidden_port(port)),
            _ => Ok(reach),
        }
    }

    fn judge_form(&self, url: &Url) -> Result<(), Failure> {
        let bad = |why: String| Err(Failure::new(Reason::BadUrl, why));
        if !matches!(url.scheme(), "http" | "https") || !self.schemes.iter().any(|scheme| scheme == url.scheme()) {
            return bad(format!("the scheme {} is not requested", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return bad("the URL holds a user name or password".to_owned());
        }
        if self.max_url_length > 0 && url.as_str().len() > self.max_url_length {
            return bad(format!("the URL is longer than fetch.max_url_length ({})", self.max_url_length));
        }
        if url.host_str().is_none_or(|host| host.trim_end_matches('.').is_empty()) {
            return bad("the URL names no host".to_owned());
        }
        Ok(())
    }

    /// Whether an address may be connected to.
    pub(crate) fn permits(&self, address: IpAddr, reach: Reach) -> bool {
        let address = address.to_canonical();
        self.allow_net.iter().any(|net| net.contains(&address)) || (reach == Reach::Public && is_public(address))
    }
}

/// The address that a URL spells out. The URL parser has read every spelling already (WHATWG URL, 3.5).
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(name) if is_localhost(name) => Some(Ipv4Addr::LOCALHOST.into()),
        Host::Domain(name) => name.trim_end_matches('.').parse().ok(),
    }
}

/// Whether a name stands for this machine, whatever a name server says (RFC 6761, section 6.3).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The failure for a forbidden address, with the setting that permits it.
pub(crate) fn forbidden_address(address: IpAddr) -> Failure {
    let detail = format!("{address} is not on the public internet; fetch.allow_net can permit it");
    Failure::new(Reason::ForbiddenAddress, detail)
}

/// The failure for a forbidden port, with the settings that permit it.
pub(crate) fn forbidden_port(port: u16) -> Failure {
    Failure::new(
        Reason::ForbiddenAddress,
        format!("port {port} is not in fetch.ports, and fetch.allow_net does not permit the IP address"),
    )
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|net| net.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if NAT64.contains(&address) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|net| net.contains(&address)) && !is_isatap(address)
}

/// ISATAP carries an IPv4 address in the interface part of any prefix (RFC 5214, section 6.1).
fn is_isatap(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    matches!(segments[4], 0 | 0x200) && segments[5] == 0x5efe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn guard(allow_net: &[&str]) -> Guard {
        let allow_net = allow_net.iter().map(|net| net.parse().unwrap()).collect();
        Guard::new(&FetchConfig { allow_net, ..Config::default().fetch }, false)
    }

    fn check(guard: &Guard, url: &str) -> Result<Reach, Reason> {
        let url = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        guard.judge_url(&url).map_err(|failure| failure.reason)
    }

    /// Spellings of this machine.
    const LOOPBACK: [&str; 24] = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0x7F.0x0.0x0.0x1",
        "127.0.0.1.",
        "127.255.255.254",
        "0.0.0.0",
        "0",
        "1２7.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[0:0:0:0:0:ffff:7f00:0001]",
    ];

    /// Addresses of networks that articles must not reach.
    const INNER: [&str; 26] = [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "[2001:0:a9fe:a9fe::1]",
        "[fe80::5efe:a9fe:a9fe]",
        "[2a00::5efe:10.0.0.1]",
        "[2a00::200:5efe:10.0.0.1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "100.100.100.200",
        "168.63.129.16",
        "10.0.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "192.0.0.192",
        "198.19.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ];

    #[test]
    fn no_spelling_of_an_inner_address_passes() {
        let guard = guard(&[]);
        for host in LOOPBACK.iter().chain(&INNER) {
            assert_eq!(check(&guard, &format!("http://{host}/x.png")), Err(Reason::ForbiddenAddress), "{host}");
        }
    }

    #[test]
    fn public_addresses_and_names_pass() {
        let guard = guard(&[]);
        for host in [
            "93.184.216.34",
            "localhost.example",
            "8.8.8.8",
            "[2606:4700::1111]",
            "[64:ff9b::8.8.8.8]",
            "example.org",
            "1.example",
        ] {
            assert_eq!(check(&guard, &format!("https://{host}/x.png")), Ok(Reach::Public), "{host}");
        }
        for host in ["100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.167.0.1", "198.20.0.1"] {
            assert_eq!(check(&guard, &format!("https://{host}/x.png")), Ok(Reach::Public), "{host}");
        }
    }

    #[test]
    fn allow_net_permits_its_addresses_only_and_on_any_port() {
        let guard = guard(&["10.1.0.0/16", "::1/128"]);
        assert_eq!(check(&guard, "http://10.1.2.3/"), Ok(Reach::Public));
        assert_eq!(check(&guard, "http://[::ffff:10.1.2.3]:9000/"), Ok(Reach::AllowlistedOnly));
        assert_eq!(check(&guard, "http://[::1]:22/"), Ok(Reach::AllowlistedOnly));
        assert_eq!(check(&guard, "http://10.2.0.1/"), Err(Reason::ForbiddenAddress));
        assert_eq!(check(&guard, "http://127.0.0.1/"), Err(Reason::ForbiddenAddress));
        assert_eq!(check(&guard, "http://8.8.8.8:22/"), Err(Reason::ForbiddenAddress));
    }

    #[test]
    fn a_name_on_an_odd_port_reaches_only_allowlisted_networks() {
        assert_eq!(check(&guard(&[]), "http://example.org:6379/"), Ok(Reach::AllowlistedOnly));
        assert_eq!(check(&guard(&[]), "http://example.org:8080/"), Ok(Reach::Public));
        assert!(!guard(&[]).permits([8, 8, 8, 8].into(), Reach::AllowlistedOnly));
    }

    #[test]
    fn a_name_on_an_odd_port_is_refused_where_a_proxy_resolves_it() {
        let guard = Guard::new(&Config::default().fetch, true);
        assert_eq!(check(&guard, "http://example.org:6379/"), Err(Reason::ForbiddenAddress));
        assert_eq!(check(&guard, "http://example.org:8080/"), Ok(Reach::Public));
    }

    #[test]
    fn other_schemes_credentials_and_endless_urls_are_refused() {
        const SCHEMES: [&str; 11] =
            ["ftp", "file", "gopher", "data", "javascript", "blob", "ws", "wss", "about", "mailto", "dict"];
        let guard = guard(&["0.0.0.0/0"]);
        for scheme in SCHEMES {
            assert_eq!(check(&guard, &format!("{scheme}://example.org/x")), Err(Reason::BadUrl), "{scheme}");
        }
        for url in ["http://me@example.org/", "http://:secret@example.org/", "http://a:b@127.0.0.1/", "http://./"] {
            assert_eq!(check(&guard, url), Err(Reason::BadUrl), "{url}");
        }
        let long = format!("http://example.org/{}", "x".repeat(8192));
        assert_eq!(check(&guard, &long), Err(Reason::BadUrl));
    }

    proptest::proptest! {
        #[test]
        fn what_an_ipv6_address_carries_is_judged_with_it(bits: u32, net in 0..SPECIAL_V4.len(), prefix: u64) {
            let net = SPECIAL_V4[net];
            let host = bits & u32::from(net.hostmask());
            let [a, b] = [(u32::from(net.network()) | host) >> 16, (u32::from(net.network()) | host) & 0xffff];
            let [a, b] = [a, b].map(|half| u16::try_from(half).unwrap());
            let [.., p, q, r, _] = [0, 1, 2, 3].map(|at| u16::try_from(prefix >> (at * 16) & 0xffff).unwrap());
            let carriers = [
                Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, a, b),
                Ipv6Addr::new(0, 0, 0, 0, 0, 0, a, b),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
                Ipv6Addr::new(0x64, 0xff9b, 1, p, q, r, a, b),
                Ipv6Addr::new(0x2002, a, b, p, q, r, p, q),
                Ipv6Addr::new(0x2001, 0, p, q, r, p, !a, !b),
                Ipv6Addr::new(0x2a00 | p & 0xff, q, r, p, 0, 0x5efe, a, b),
                Ipv6Addr::new(0x2a00 | p & 0xff, q, r, p, 0x200, 0x5efe, a, b),
            ];
            for carrier in carriers {
                proptest::prop_assert!(!guard(&[]).permits(carrier.into(), Reach::Public), "{carrier}");
            }
        }
    }

    #[test]
    fn a_refused_address_names_the_setting_that_permits_it() {
        let failure = guard(&[]).judge_url(&Url::parse("http://10.0.0.1/").unwrap()).unwrap_err();
        assert!(failure.detail.contains("fetch.allow_net"), "{}", failure.detail);
    }
}
