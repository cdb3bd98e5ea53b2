//! The static pages of the archive.

use serde::Deserialize;

/// The static pages of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct IndexConfig {
    pub enabled: bool,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn static_pages_are_written_unless_the_settings_say_no() {
        let parsed = |text| Config::parse(text, Path::new("config.toml")).map_err(|error| error.to_string());
        assert!(Config::default().index.enabled);
        assert!(!parsed("[index]\nenabled = false\n").unwrap().index.enabled);
        assert!(parsed("[index]\nenabled = \"no\"\n").unwrap_err().contains("index.enabled"));
        assert!(parsed("[index]\nenable = true\n").unwrap_err().contains("enabled"));
    }
}
