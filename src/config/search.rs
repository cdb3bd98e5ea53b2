//! The search in the texts of articles.

use serde::Deserialize;

/// The search in the texts of articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of config.toml that bears its name, described there")]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct SearchConfig {
    pub enabled: bool,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn texts_are_indexed_unless_the_settings_say_no() {
        let enabled = |text: &str| Config::parse(text, Path::new("config.toml")).map(|config| config.search.enabled);
        assert!(Config::default().search.enabled);
        assert!(enabled("[search]\nenabled = true\n").unwrap());
        assert!(!enabled("[search]\nenabled = false\n").unwrap());
        for wrong in ["[search]\nenabled = \"no\"\n", "[search]\nenable = true\n"] {
            let refused = enabled(wrong).unwrap_err().to_string();
            assert!(refused.contains("search.enable"), "{wrong}: {refused}");
        }
    }
}
