//! Settings files of other programs that have the same name.

use toml::de::DeTable;

/// Keys at the top level of the settings of Hugo and Zola, in lower case: Hugo ignores the case. Every such site has
/// the first one or two.
const FOREIGN: [&str; 10] = [
    "baseurl",
    "base_url",
    "title",
    "languagecode",
    "default_language",
    "theme",
    "params",
    "menu",
    "markup",
    "compile_sass",
];

/// The first key of a settings file that a static-site generator has and offprint does not. `None` if there is no such
/// key, or the text is not TOML.
pub fn foreign_key(text: &str) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    let mut keys: Vec<_> = table.get_ref().keys().collect();
    keys.sort_by_key(|key| key.span().start);
    let foreign = keys.into_iter().find(|key| FOREIGN.contains(&key.get_ref().to_lowercase().as_str()));
    foreign.map(|key| key.get_ref().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEFAULTS;

    #[test]
    fn the_settings_of_hugo_and_zola_are_recognised() {
        for (text, key) in [
            ("baseURL = 'https://example.org/'\nlanguageCode = 'en-us'\ntitle = 'My site'\n", "baseURL"),
            ("base_url = \"https://example.com\"\ncompile_sass = true\n", "base_url"),
            ("theme = 'ananke'\n[params]\nx = 1\n", "theme"),
        ] {
            assert_eq!(foreign_key(text).as_deref(), Some(key));
        }
    }

    #[test]
    fn our_own_settings_are_not() {
        for text in
            [DEFAULTS, "", "[fetch]\nper_hots = 3\n", "[[source]]\nbase_url = \"https://a.example\"\n", "= broken"]
        {
            assert_eq!(foreign_key(text), None, "{text}");
        }
    }
}
