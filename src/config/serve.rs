//! The pages of the archive.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::values::listener;

/// The pages of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ServeConfig {
    #[serde(deserialize_with = "listener")]
    pub listen: SocketAddr,
    pub hosts: Vec<String>,
    pub token_file: PathBuf,
    pub max_connections: usize,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn parsed(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("config.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn pages_are_for_this_machine_unless_the_settings_say_more() {
        let serve = Config::default().serve;
        assert!(serve.listen.ip().is_loopback() && serve.listen.port() == 8700);
        assert!(serve.hosts.is_empty() && serve.token_file.as_os_str().is_empty());
        let more =
            parsed("[serve]\nlisten = \"[::1]:80\"\nhosts = [\"archive.example\", \"nas.local:8700\"]\n").unwrap();
        assert_eq!((more.serve.listen.port(), more.serve.hosts.len(), more.serve.max_connections), (80, 2, 256));
    }

    #[test]
    fn what_cannot_work_is_refused_by_its_key() {
        for (text, key) in [
            ("listen = \"localhost\"", "serve.listen"),
            ("listen = 8700", "serve.listen"),
            ("hosts = [\"https://archive.example/\"]", "serve.hosts[0]"),
            ("hosts = [\"ok.example\", \"me@archive.example\"]", "serve.hosts[1]"),
            ("hosts = [\"\"]", "serve.hosts[0]"),
            ("max_connections = 0", "serve.max_connections"),
            ("tokenfile = \"x\"", "tokenfile"),
        ] {
            let refused = parsed(&format!("[serve]\n{text}\n")).unwrap_err();
            assert!(refused.contains(key) && refused.contains(":2:"), "{text}: {refused}");
        }
    }
}
