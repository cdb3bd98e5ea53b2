//! Reading a config file: the user's values are laid over the shipped defaults, key by key, so that there is one
//! place where defaults are written and one list of keys that exist.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Value;
use toml::de::{DeTable, DeValue};

use super::Config;
use super::check::check;
use super::checked::Invalid;
use super::defaults::shipped;
use super::home::expand_home;
use super::overlay::overlay;
use super::source::{MirrorOutput, STANDARD_INPUT};

/// A config file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A key or a value is wrong.
    #[error("{}:{line}: {message}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, with the key, and the way out.
        message: String,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self::parse("", Path::new("config.toml")).expect("the shipped config.toml is valid: a test reads it")
    }
}

impl Config {
    /// Reads a config file. Relative paths in it are relative to its folder.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
        let mut config = Self::parse(&text, path)?;
        config.resolve_paths(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Reads the text of a config file; `path` is only for messages.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let wrong = |span: Option<Range<usize>>, message: String| ConfigError::Wrong {
            path: path.to_owned(),
            line: line_of(text, span.map_or(0, |span| span.start)),
            message,
        };
        let given = DeTable::parse(text).map_err(|error| wrong(error.span(), error.message().to_owned()))?;
        let mut merged = shipped();
        overlay(&mut merged, given.get_ref(), "").map_err(|unknown| wrong(Some(unknown.span), unknown.message))?;
        let config: Self = serde_path_to_error::deserialize(Value::Table(merged)).map_err(|error| {
            let key = error.path().to_string();
            let message = type_error(&key, error.into_inner().message());
            wrong(span_of(given.get_ref(), &key), format!("`{key}`: {message}"))
        })?;
        check(&config)
            .map_err(|Invalid { key, message }| wrong(span_of(given.get_ref(), &key), format!("`{key}`: {message}")))?;
        Ok(config)
    }

    fn resolve_paths(&mut self, folder: &Path) {
        let resolve = |path: &mut PathBuf| {
            if !path.as_os_str().is_empty() {
                *path = folder.join(expand_home(path));
            }
        };
        resolve(&mut self.store);
        resolve(&mut self.fetch.ca_file);
        resolve(&mut self.report.prometheus);
        resolve(&mut self.serve.token_file);
        for source in &mut self.source {
            if source.path.as_os_str() != STANDARD_INPUT {
                resolve(&mut source.path);
            }
            resolve(&mut source.opml);
            if !is_form(&source.template) {
                resolve(&mut source.template);
            }
            source.roots.iter_mut().for_each(resolve);
            if let MirrorOutput::Folder(output) = &mut source.output {
                resolve(output);
            }
        }
    }
}

/// Whether a template is one of those that come with the program, by its name, and not a file.
fn is_form(template: &Path) -> bool {
    template.extension().is_none() && template.components().count() == 1
}

/// A value of the wrong type, in words. Values that may be secrets are not repeated.
fn type_error(key: &str, message: &str) -> String {
    let is_type = message.starts_with("invalid type") || message.contains("expected u");
    let default = default_of(key);
    if is_type && message.contains("map, expected a sequence") && default.as_ref().is_some_and(has_tables) {
        return format!("write [[{key}]] in double brackets: there can be several");
    }
    if key == "fetch.host" || key.contains(".headers") {
        return "the value has the wrong type: write a list such as [\"Name: value\"]".to_owned();
    }
    match default.filter(|_| is_type) {
        Some(default) => format!("the value has the wrong type: write {}", example(&default)),
        None => without_value(message.trim()),
    }
}

/// The default of a key (`thumbnail[0].width`): that of the first entry, where there are several.
fn default_of(key: &str) -> Option<Value> {
    let mut here = Value::Table(shipped());
    for part in key.replace('[', ".").replace(']', "").split('.') {
        here = match here {
            Value::Table(mut table) => table.remove(part)?,
            Value::Array(items) => items.into_iter().next()?,
            _ => return None,
        };
    }
    Some(here)
}

fn has_tables(default: &Value) -> bool {
    default.as_array().is_some_and(|items| items.iter().any(Value::is_table))
}

/// A value of the kind of the default, in words.
fn example(default: &Value) -> String {
    match default {
        Value::String(text) if text.is_empty() => "a text in quotes".to_owned(),
        Value::String(text) => format!("a text in quotes, such as \"{text}\""),
        Value::Integer(number) => format!("a whole number that is not negative, such as {number}"),
        Value::Boolean(_) => "true or false".to_owned(),
        Value::Array(_) if has_tables(default) => "a table in double brackets for each".to_owned(),
        Value::Array(_) => "a list in brackets".to_owned(),
        _ => "a table: its name in brackets on a line of its own".to_owned(),
    }
}

/// The message without the text of the value, as serde quotes it.
fn without_value(message: &str) -> String {
    let quoted = message.find(" string \"").zip(message.rfind("\", expected"));
    quoted
        .map_or_else(|| message.to_owned(), |(start, end)| format!("{} text{}", &message[..start], &message[end + 1..]))
}

/// Where the value with this path (`thumbnail[0].width`) stands in the user's file, or the nearest table around it.
fn span_of(table: &DeTable<'_>, path: &str) -> Option<Range<usize>> {
    let path = path.replace('[', ".").replace(']', "");
    let mut span = None;
    let mut here: Option<&DeValue<'_>> = None;
    for part in path.split('.') {
        let next = match here {
            None => table.get(part),
            Some(DeValue::Table(table)) => table.get(part),
            Some(DeValue::Array(items)) => part.parse::<usize>().ok().and_then(|at| items.get(at)),
            Some(_) => None,
        };
        let Some(next) = next else { break };
        span = Some(next.span());
        here = Some(next.get_ref());
    }
    span
}

fn line_of(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at.min(text.len())]).count() + 1
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{DEFAULTS, ThumbnailFormat};

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("my.toml")).map_err(|error| error.to_string())
    }

    fn refused(text: &str) -> String {
        parse(text).expect_err("this config is wrong")
    }

    #[test]
    fn the_shipped_file_is_the_default() {
        let shipped = parse(DEFAULTS).unwrap();
        assert_eq!(shipped, Config { fetch: shipped.fetch.clone(), ..Config::default() });
        assert_eq!(shipped.fetch.delay, Duration::from_millis(250));
        assert_eq!(shipped.thumbnail.len(), 1);
    }

    #[test]
    fn every_line_of_the_shipped_file_says_what_it_is_for() {
        for line in DEFAULTS.lines().filter(|line| line.contains(" = ")) {
            assert!(line.contains('#'), "no comment: {line}");
        }
    }

    #[test]
    fn every_format_of_thumbnails_is_known_by_its_usual_name() {
        let with = |format: &str| parse(&format!("[[thumbnail]]\nname = \"a\"\nformat = \"{format}\"\n"));
        for format in ["auto", "jpeg", "webp", "png"] {
            assert!(with(format).is_ok(), "{:?}", with(format));
        }
        match with("avif") {
            Ok(config) => assert!(cfg!(feature = "avif") && config.thumbnail[0].format == ThumbnailFormat::Avif),
            Err(message) => {
                assert!(!cfg!(feature = "avif") && message.contains("my.toml"), "{message}");
                assert!(message.contains("thumbnail[0].format") && message.contains("--features avif"), "{message}");
            }
        }
    }

    #[test]
    fn what_is_left_out_keeps_its_default() {
        let config = parse("[fetch]\nper_host = 7\n[[thumbnail]]\nname = \"tiny\"\nwidth = 90\n").unwrap();
        assert_eq!(config.fetch.per_host, 7);
        assert_eq!(config.fetch.concurrency, Config::default().fetch.concurrency);
        assert_eq!((config.thumbnail[0].width, config.thumbnail[0].height), (90, 480));
        assert!(parse("thumbnail = []").unwrap().thumbnail.is_empty());
    }

    #[test]
    fn a_host_inherits_what_it_does_not_say() {
        let config = parse("[[fetch.host]]\nhost = \"*.example.org\"\nper_host = 1\n").unwrap();
        assert_eq!(config.fetch.host[0].per_host, Some(1));
        assert_eq!(config.fetch.host[0].delay, None);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_right_one() {
        let message = refused("store = \"x\"\n[fetch]\nper_hosts = 3\n");
        assert_eq!(message, "my.toml:3: there is no setting `fetch.per_hosts`; did you mean `per_host`?");
        assert!(refused("[[source]]\nnmae = \"x\"\n").contains("did you mean `name`?"));
        assert!(refused("[[fetch.host]]\ndelays = \"1s\"\n").contains("did you mean `delay`?"));
        for (text, expected) in [
            ("[run]\ndelay = \"1s\"\n", "`run.delay`; did you mean `delay` in [fetch]?"),
            ("[fetch]\nstore = \"x\"\n", "`fetch.store`; did you mean `store` at the top?"),
            ("links = \"/x/\"\n", "`links`; did you mean `links` in [[source]]?"),
            ("[fetch]\nper_hosts = 3\n", "`fetch.per_hosts`; did you mean `per_host`?"),
        ] {
            assert!(refused(text).contains(expected), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn where_no_key_is_like_the_unknown_one_a_few_are_named_and_where_all_stand() {
        let message = refused("[fetch]\nqqq = 1\n");
        let (_, rest) = message.split_once("; the nearest are ").unwrap();
        let (named, rest) = rest.split_once("; ").unwrap();
        assert_eq!(named.split(", ").count(), 3, "{message}");
        assert!(rest.contains("offprint.toml(5)"), "{message}");
    }

    #[test]
    fn a_bad_value_is_named_with_its_line_and_the_way_out() {
        let message = refused("\n[fetch]\ndelay = \"soon\"\n");
        assert!(message.starts_with("my.toml:3: `fetch.delay`: `soon` is not a duration: write"), "{message}");
        let message = refused("[[thumbnail]]\nname = \"a\"\nwidth = -4\n");
        assert!(message.starts_with("my.toml:3: `thumbnail[0].width`"), "{message}");
        assert!(refused("[fetch]\nreferer = [\"always\"]\n").contains("there are none, image_origin"));
        assert!(refused("[[source]]\nkind = \"folders\"\n").contains("my.toml:2"));
        assert!(refused("[fetch\n").starts_with("my.toml:1: "));
        for (text, expected) in [
            ("[source]\nname = \"a\"\n", "my.toml:1: `source`: write [[source]] in double brackets"),
            ("[fetch.host]\nhost = \"a\"\n", "my.toml:1: `fetch.host`: write [[fetch.host]] in double brackets"),
            ("[fetch]\ndelay = 250\n", "write a text in quotes, such as \"250ms\""),
            ("[fetch]\nconcurrency = \"x\"\n", "write a whole number that is not negative, such as 16"),
            ("[fetch]\nconcurrency = -1\n", "write a whole number that is not negative, such as 16"),
            ("[rewrite]\njson_ld = \"yes\"\n", "write true or false"),
            ("[fetch]\nports = 80\n", "write a list in brackets"),
            ("fetch = 3\n", "`fetch`: the value has the wrong type: write a table"),
        ] {
            assert!(refused(text).contains(expected), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn a_secret_of_the_wrong_type_is_not_repeated() {
        for text in [
            "[[fetch.host]]\nhost = \"a\"\nheaders = \"Cookie: hush\"\n",
            "[[fetch.host]]\nhost = \"a\"\nheaders = [[\"Cookie: hush\"]]\n",
            "[fetch]\nhost = \"Cookie: hush\"\n",
        ] {
            let message = refused(text);
            assert!(!message.contains("hush") && message.contains("Name: value"), "{message}");
        }
        for text in [
            "[fetch]\nproxy = [\"http://me:hush@proxy\"]\n",
            "[report]\nwebhook = { hush = 1 }\n",
            "report = \"https://hooks.example/hush\"\n",
            "fallback = \"https://hush\"\n",
            "[fallback]\ntemplates = \"https://hush\\\", expected/{url}\"\n",
            "[[fetch.host]]\nhost = \"a\"\nplaceholders = \"hush\"\n",
        ] {
            assert!(!refused(text).contains("hush"), "{}", refused(text));
        }
    }

    #[test]
    fn names_are_plain_and_unique() {
        assert!(refused("[[source]]\nname = \"../x\"\n").contains("is not a name"));
        let twice = "[[source]]\nname = \"a\"\n[[source]]\nname = \"a\"\n";
        assert_eq!(refused(twice), "my.toml:4: `source[1].name`: there are two [[source]] named \"a\"");
        assert!(refused("[rewrite]\nthumbnail_name = \"big\"\n").contains("no [[thumbnail]] named"));
    }

    #[test]
    fn known_addresses_are_free_keys() {
        let config = parse("[fetch.resolve]\n\"i.example.org\" = \"127.0.0.1:8443\"\n").unwrap();
        assert_eq!(config.fetch.resolve["i.example.org"].port(), 8443);
        assert!(refused("[fetch.resolve]\n\"a\" = \"nowhere\"\n").contains("my.toml:2"));
    }
}
