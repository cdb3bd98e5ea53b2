//! `offprint import`: sources from what other programs export, written into the settings.

use std::collections::HashSet;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::exit::{Exit, UsageError};
use super::output::Output;
use super::words::count;
use crate::config::Config;
use crate::model::{Digest, SourceName};
use crate::source::{LONGEST_LIST, Outline, Outlines, opml_feeds};

/// Adds a source to the settings for each feed of an OPML file that they do not name yet. The rest of the file stays as
/// it is, byte for byte.
pub(crate) fn opml(file: &Path, settings: &Path, output: &Output) -> anyhow::Result<Exit> {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    // One byte more than a list may have says that it has too many.
    let read = opened.take(LONGEST_LIST as u64 + 1).read_to_end(&mut bytes);
    read.with_context(|| format!("cannot read {}", file.display()))?;
    let Outlines { feeds, unusable } =
        opml_feeds(&bytes).map_err(|message| UsageError(format!("{}: {message}", file.display())))?;
    let text = match std::fs::read_to_string(settings) {
        Ok(text) => text,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(cause) => return Err(cause).with_context(|| format!("cannot read {}", settings.display())),
    };
    let (written, added) = with_feeds(&text, &feeds).map_err(UsageError)?;
    // What is written must be settings that a run can read.
    Config::parse(&written, settings)?;
    if added > 0 {
        replace(settings, &written).with_context(|| format!("cannot write {}", settings.display()))?;
    }
    let known = feeds.len() - added;
    let known = if known > 0 { format!(", {known} named there already") } else { String::new() };
    output.line(&format!("{} added to {}{known}", count(added as u64, "source"), settings.display()));
    for text in unusable {
        output.warn(&format!("\"{text}\" is no URL of a feed: it is skipped"));
    }
    Ok(Exit::Done)
}

/// By rename, so that there are always whole settings. Where they are a link, what it leads to is replaced.
fn replace(settings: &Path, text: &str) -> std::io::Result<()> {
    let settings = &std::fs::canonicalize(settings).unwrap_or_else(|_| settings.to_owned());
    let folder = settings.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    if let Ok(facts) = std::fs::metadata(settings) {
        file.as_file().set_permissions(facts.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(settings)?;
    Ok(())
}

/// The settings with a source for each feed that they do not name, and how many were added.
fn with_feeds(text: &str, feeds: &[Outline]) -> Result<(String, usize), String> {
    let mut settings: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let sources = settings.entry("source").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(sources) = sources.as_array_of_tables_mut() else {
        return Err("`source` is no list of tables: write each source as [[source]]".to_owned());
    };
    let texts = |key: &str| {
        let values = sources.iter().filter_map(|source| source.get(key)?.as_str());
        values.map(str::to_owned).collect::<HashSet<_>>()
    };
    let (mut names, mut urls) = (texts("name"), texts("url"));
    let before = sources.len();
    for feed in feeds {
        if urls.insert(feed.url.to_string()) {
            sources.push(source(&name(feed, &mut names), feed));
        }
    }
    let added = sources.len() - before;
    Ok((settings.to_string(), added))
}

fn source(name: &str, feed: &Outline) -> Table {
    let mut table = Table::new();
    table.insert("name", value(name));
    table.insert("kind", value("feed"));
    table.insert("url", value(feed.url.as_str()));
    table.insert("categories", value(feed.categories.iter().collect::<toml_edit::Array>()));
    table
}

/// A name that no other source has: the title's letters and digits, with a mark of the URL.
fn name(feed: &Outline, names: &mut HashSet<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let title: String = feed.title.chars().map(plain).collect();
    let parts: Vec<_> = title.split('-').filter(|part| !part.is_empty()).collect();
    let title = parts.join("-");
    let digest = Digest::of(feed.url.as_str().as_bytes()).to_string();
    let own = if title.is_empty() { format!("feed-{}", &digest[..8]) } else { title };
    let name = if names.contains(&own) { format!("{own}-{}", &digest[..8]) } else { own };
    debug_assert!(SourceName::new(name.as_str()).is_ok(), "letters, digits and hyphens are a name");
    names.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(title: &str, url: &str, categories: &[&str]) -> Outline {
        let categories = categories.iter().map(|name| (*name).to_owned()).collect();
        Outline { title: title.to_owned(), url: url.parse().unwrap(), categories }
    }

    #[test]
    fn sources_are_added_and_the_rest_stays_as_it_is() {
        let text = "# mine\nstore = 'x' # here\n\n[[source]]\nname = \"blog\"   # posts\nkind='folder'\npath = 'p'\n\n[fetch]\ndelay=\"1s\"\n";
        let feeds = [
            feed("Blog", "https://a.example/1", &["Tech", "Blog"]),
            feed("头条", "https://a.example/2", &["新媒体"]),
            feed("Blog", "https://a.example/1", &[]),
        ];
        let (written, added) = with_feeds(text, &feeds).unwrap();
        assert_eq!(added, 2);
        for line in text.lines() {
            assert!(written.contains(line), "{line}: {written}");
        }
        let config = Config::parse(&written, Path::new("config.toml")).unwrap();
        let names: Vec<_> = config.source.iter().map(|source| source.name.as_str()).collect();
        assert_eq!((names.len(), names[0]), (3, "blog"));
        assert!(names[1].starts_with("blog-") && names[2].starts_with("feed-"), "{names:?}");
        assert_eq!(config.source[1].categories, ["Tech", "Blog"]);
        assert_eq!(config.fetch.delay.as_secs(), 1);
        assert_eq!(with_feeds(&written, &feeds).unwrap(), (written, 0), "a second time nothing is added");
        assert!(with_feeds("source = 1", &feeds).unwrap_err().contains("[[source]]"));
    }
}
