//! Values that are written as text: durations, Referer strategies, digests, addresses.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::de::{Deserialize, Deserializer, Error as _};

use super::units::HumanDuration;
use crate::model::{Digest, RefererStrategy};

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    HumanDuration::deserialize(deserializer).map(|duration| duration.0)
}

pub(super) fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

pub(super) fn durations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
    Ok(Vec::<HumanDuration>::deserialize(deserializer)?.into_iter().map(|duration| duration.0).collect())
}

pub(super) fn referers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RefererStrategy>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names
        .iter()
        .map(|name| {
            RefererStrategy::from_name(name).ok_or_else(|| {
                let known: Vec<_> = RefererStrategy::ALL.iter().map(|strategy| strategy.as_str()).collect();
                D::Error::custom(format!("`{name}` is not a Referer strategy; there are {}", known.join(", ")))
            })
        })
        .collect()
}

pub(super) fn digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let no_digest = |text: &str| D::Error::custom(format!("`{text}` is no SHA-256: write its 64 hex digits"));
    texts.iter().map(|text| text.to_ascii_lowercase().parse().map_err(|_| no_digest(text))).collect()
}

pub(super) fn some_referers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<RefererStrategy>>, D::Error> {
    referers(deserializer).map(Some)
}

/// A network; an address by itself is the network that has no other.
struct Network(IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        let way_out = "write one such as \"10.1.0.0/16\", or an IP address";
        network.map(Self).ok_or_else(|| D::Error::custom(format!("`{text}` is no network: {way_out}")))
    }
}

pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    Ok(Vec::<Network>::deserialize(deserializer)?.into_iter().map(|network| network.0).collect())
}

/// An IP address and a port.
struct Address(SocketAddr);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let way_out = "write an IP address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\"";
        text.parse().map(Self).map_err(|_| D::Error::custom(format!("`{text}` is no address: {way_out}")))
    }
}

pub(super) fn listener<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    Address::deserialize(deserializer).map(|address| address.0)
}

/// Names and the addresses that stand for them.
pub(super) fn resolved<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, SocketAddr>, D::Error> {
    let known = BTreeMap::<String, Address>::deserialize(deserializer)?.into_iter();
    Ok(known.map(|(name, address)| (name, address.0)).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn refused(text: &str) -> String {
        Config::parse(text, Path::new("config.toml")).unwrap_err().to_string()
    }

    #[test]
    fn an_address_is_a_network_of_its_own() {
        let text = "[fetch]\nallow_net = ['127.0.0.1', '10.1.0.0/16', '::1', 'fd00::/8']";
        let config = Config::parse(text, Path::new("config.toml")).unwrap();
        let networks: Vec<_> = config.fetch.allow_net.iter().map(ToString::to_string).collect();
        assert_eq!(networks, ["127.0.0.1/32", "10.1.0.0/16", "::1/128", "fd00::/8"]);
    }

    #[test]
    fn what_is_no_address_is_named_with_the_way_to_write_one() {
        for text in ["localhost", "127.0.0.1:80", "10.1.0.0/33", "10.1", ""] {
            let message = refused(&format!("[fetch]\nallow_net = ['::1', '{text}']"));
            assert!(message.contains("allow_net") && message.contains(&format!("`{text}` is no network")), "{message}");
        }
        for text in ["localhost:80", "127.0.0.1", "::1", "[::1]", "127.0.0.1:70000", ""] {
            for (key, settings) in [
                ("fetch.resolve", format!("[fetch.resolve]\n'a.example' = '{text}'")),
                ("serve.listen", format!("[serve]\nlisten = '{text}'")),
            ] {
                let message = refused(&settings);
                assert!(message.contains(key) && message.contains(&format!("`{text}`")), "{message}");
                assert!(message.contains("write an IP address and a port"), "{message}");
            }
        }
    }
}
