//! Which pages the settings of a source ask for.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use percent_encoding::percent_decode_str;
use url::{Position, Url};

use crate::config::{Config, SourceConfig};
use crate::source::error::SourceConfigError;

/// Patterns of URLs.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Empty for every page.
    include: Patterns,
    exclude: Patterns,
    /// Whether only pages of the sites that are named are read.
    pub(super) same_host: bool,
}

/// Patterns of whole URLs, and of paths with their queries: those that begin with a slash.
#[derive(Debug, Clone)]
struct Patterns {
    addresses: GlobSet,
    paths: GlobSet,
}

impl Scope {
    /// The scope of a source's settings. The shipped patterns are for files, and do not apply to pages.
    ///
    /// # Errors
    /// A pattern that cannot be read.
    pub(super) fn new(config: &SourceConfig) -> Result<Self, SourceConfigError> {
        let wrong = |error: globset::Error| SourceConfigError::Glob {
            source_name: config.name.to_string(),
            message: error.to_string(),
        };
        let is_shipped = Config::default().source.first().is_some_and(|shipped| shipped.include == config.include);
        let include: &[String] = if is_shipped { &[] } else { &config.include };
        Ok(Self {
            include: Patterns::new(include).map_err(wrong)?,
            exclude: Patterns::new(&config.exclude).map_err(wrong)?,
            same_host: config.same_host,
        })
    }

    /// Whether the patterns admit a page.
    pub(super) fn admits(&self, url: &Url) -> bool {
        (self.include.is_empty() || self.include.matches(url)) && !self.exclude.matches(url)
    }
}

impl Patterns {
    fn new(patterns: &[String]) -> Result<Self, globset::Error> {
        let (mut addresses, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let glob = GlobBuilder::new(pattern).literal_separator(true).build()?;
            if pattern.starts_with('/') {
                paths.add(glob)
            } else {
                addresses.add(glob)
            };
        }
        Ok(Self { addresses: addresses.build()?, paths: paths.build()? })
    }

    fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.paths.is_empty()
    }

    /// The URL as it is written, and with its escapes decoded.
    fn matches(&self, url: &Url) -> bool {
        let path = &url[Position::BeforePath..];
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        self.addresses.is_match(url.as_str())
            || self.addresses.is_match(decoded(url.as_str()))
            || self.paths.is_match(path)
            || self.paths.is_match(decoded(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(include: &[&str], exclude: &[&str]) -> Scope {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let source = Config::default().source.swap_remove(0);
        Scope::new(&SourceConfig { include: texts(include), exclude: texts(exclude), ..source }).unwrap()
    }

    #[test]
    fn patterns_are_of_paths_or_of_whole_addresses() {
        let admits = |scope: &Scope, url: &str| scope.admits(&Url::parse(url).unwrap());
        let all = Scope::new(&Config::default().source[0]).unwrap();
        assert!(admits(&all, "https://a.example/x.png"), "the patterns of files are none of pages");
        let some = scope(&["/blog/**", "https://b.example/*"], &["/blog/*/private", "/**/*[?]*"]);
        assert!(admits(&some, "https://a.example/blog/1/2") && admits(&some, "https://b.example/x"));
        assert!(!admits(&some, "https://a.example/") && !admits(&some, "https://b.example/x/y"));
        assert!(!admits(&some, "https://a.example/blog/1/private") && !admits(&some, "https://a.example/blog/x?y=1"));
        assert!(admits(&scope(&["/新闻/**"], &[]), "https://a.example/%E6%96%B0%E9%97%BB/1"));
    }
}
