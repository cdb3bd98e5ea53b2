//! The feeds of a source, and what its settings ask of them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tokio::sync::Semaphore;
use url::Url;

use crate::config::{SourceConfig, SourceKind};
use crate::extract::timestamp;
use crate::model::{Digest, is_web_address};
use crate::source::error::{SourceConfigError, SourceError};
use crate::source::feed::Entry;
use crate::source::opml;
use crate::source::post::Form;

/// Raised when the same settings make other posts of the same feed.
const FEED_FORMAT_VERSION: u32 = 1;
/// Feeds that are parsed side by side: a tree takes up to thirty times the memory of its text.
const PARSED_AT_ONCE: usize = 1;

/// A feed of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct FeedSpec {
    pub(in crate::source) url: Url,
    /// Its key in the catalog: its URL and, if that is listed several times, its categories as well.
    pub(in crate::source) key: Url,
    pub(in crate::source) categories: Vec<String>,
    /// Replaces the entries' own authors; empty to keep them.
    pub(in crate::source) author: String,
}

/// Where the feeds of a source are named.
#[derive(Debug, Clone)]
enum Place {
    /// In the settings.
    One(Url),
    /// In a file of OPML.
    Opml(PathBuf),
    /// In a file with one feed a line.
    List(PathBuf),
}

/// The feeds of a source.
#[derive(Debug)]
pub(in crate::source) struct Feeds {
    place: Place,
    categories: Vec<String>,
    author: String,
    limit: usize,
    since: Option<Timestamp>,
    /// Whether posts have the main text of their entries' pages.
    pub(super) full_text: bool,
    pub(super) form: Form,
    /// Held while a feed is parsed: its tree takes many times the memory of its text.
    pub(super) parsing: Semaphore,
}

impl Feeds {
    /// The feeds that the settings of a source name.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(in crate::source) fn new(config: &SourceConfig) -> Result<Self, SourceConfigError> {
        let wrong =
            |key, message: String| SourceConfigError::Key { source_name: config.name.to_string(), key, message };
        let place = match config.kind {
            SourceKind::Feeds if config.opml.as_os_str().is_empty() => Place::List(config.path.clone()),
            SourceKind::Feeds => Place::Opml(config.opml.clone()),
            _ => Place::One(address(&config.url).map_err(|message| wrong("url", message))?),
        };
        let since = since(&config.since).map_err(|message| wrong("since", message))?;
        Ok(Self {
            place,
            categories: config.categories.clone(),
            author: config.author.clone(),
            limit: config.limit,
            since,
            full_text: config.full_text,
            parsing: Semaphore::new(PARSED_AT_ONCE),
            form: Form::new(&config.template).map_err(|error| wrong("template", error.to_string()))?,
        })
    }

    /// The feeds, and notes about the file that names them. The file is read each time.
    pub(super) fn specs(&self) -> Result<(Vec<FeedSpec>, Vec<String>), SourceError> {
        let spec = |url, own: Vec<String>| {
            let categories = self.categories.iter().cloned().chain(own).collect();
            FeedSpec { key: Url::clone(&url), url, categories, author: self.author.clone() }
        };
        let mut notes = Vec::new();
        let mut specs: Vec<FeedSpec> = match &self.place {
            Place::One(url) => vec![spec(url.clone(), Vec::new())],
            Place::Opml(file) => {
                let outlines = opml::feeds(&read(file)?).map_err(|message| unreadable(file, &message))?;
                notes.extend(outlines.unusable.iter().map(|text| passed_over(file, text)));
                outlines.feeds.into_iter().map(|outline| spec(outline.url, outline.categories)).collect()
            }
            Place::List(file) => list(&read(file)?, file)?.into_iter().map(|(url, own)| spec(url, own)).collect(),
        };
        let mut known: HashMap<Url, Vec<Vec<String>>> = HashMap::new();
        specs.retain(|spec| {
            let listed = known.entry(spec.url.clone()).or_default();
            let is_new = !listed.contains(&spec.categories);
            listed.extend(is_new.then(|| spec.categories.clone()));
            is_new
        });
        for spec in specs.iter_mut().filter(|spec| known[&spec.url].len() > 1) {
            spec.key.set_fragment(Some(&spec.categories.join("/")));
        }
        Ok((specs, notes))
    }

    /// The digest of what decides which posts are made of a feed.
    pub(super) fn settings_of(&self, spec: &FeedSpec) -> Digest {
        let mut text = format!("feed {FEED_FORMAT_VERSION}\n{}\n{:?}\n{}\n", self.form.digest, self.since, self.limit);
        write!(text, "{:?}\n{:?}", spec.categories, spec.author).expect("a text takes any text");
        if self.full_text {
            text.push_str("\nfull text");
        }
        Digest::of(text.as_bytes())
    }

    /// The newest entries, as many as the settings ask for. Entries without a date are as new as those before them.
    pub(super) fn chosen(&self, mut entries: Vec<Entry>) -> Vec<Entry> {
        entries.retain(|entry| self.since.is_none_or(|since| entry.moment().is_none_or(|at| at >= since)));
        if entries.iter().all(|entry| entry.moment().is_some()) {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.moment()));
        }
        if self.limit > 0 {
            entries.truncate(self.limit);
        }
        entries
    }
}

impl FeedSpec {
    /// The identity of an entry among those of its source: the id, else the link, else title and date. The same id in
    /// feeds of other categories is another entry.
    pub(super) fn identity(&self, entry: &Entry) -> Digest {
        let own = match (&entry.id, &entry.link) {
            (Some(id), _) => format!("id\n{id}"),
            (None, Some(link)) => format!("link\n{link}"),
            (None, None) => {
                let date = entry.date.clone().or_else(|| entry.moment().map(|at| at.to_string()));
                let content = if entry.title.is_empty() { entry.content.as_str() } else { "" };
                format!("title\n{}\n{}\n{content}", entry.title, date.unwrap_or_default())
            }
        };
        self.identity_of(&own)
    }

    /// The identity of the entry with this id.
    pub(super) fn identity_of_id(&self, id: &str) -> Digest {
        self.identity_of(&format!("id\n{id}"))
    }

    fn identity_of(&self, own: &str) -> Digest {
        let scope = if self.categories.is_empty() { self.url.as_str().to_owned() } else { self.categories.join("\n") };
        Digest::of(format!("{scope}\n\n{own}").as_bytes())
    }
}

/// The moment that a date of the settings stands for; `None` if it is empty.
pub(super) fn since(date: &str) -> Result<Option<Timestamp>, String> {
    let message = || format!("\"{date}\" is no date: write one such as \"2026-01-31\"");
    (!date.is_empty()).then(|| timestamp(date).ok_or_else(message)).transpose()
}

/// A URL on the web.
pub(in crate::source) fn address(text: &str) -> Result<Url, String> {
    match Url::parse(text.trim()) {
        Ok(url) if is_web_address(&url) => Ok(url),
        _ => Err(format!("\"{text}\" is no URL: write one such as \"https://example.org/feed\"")),
    }
}

fn passed_over(file: &Path, text: &str) -> String {
    format!("{} names \"{text}\", which is no URL of a feed: it is skipped", file.display())
}

/// That a file cannot be read.
pub(super) fn unreadable(file: &Path, message: &impl ToString) -> SourceError {
    SourceError::Unreadable { path: file.to_owned(), message: message.to_string() }
}

fn read(file: &Path) -> Result<Vec<u8>, SourceError> {
    let length = std::fs::metadata(file).map_err(|cause| unreadable(file, &cause))?.len();
    if length > opml::LONGEST as u64 {
        return Err(unreadable(file, &format!("it has {length} bytes, more than {}", opml::LONGEST)));
    }
    std::fs::read(file).map_err(|cause| unreadable(file, &cause))
}

/// Feeds, one in each line: the URL, then its categories with `/` between them.
fn list(bytes: &[u8], file: &Path) -> Result<Vec<(Url, Vec<String>)>, SourceError> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let feeds = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(number, line)| {
        let (url, categories) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let url = address(url).map_err(|message| unreadable(file, &format!("line {number}: {message}")))?;
        let categories = categories.split('/').map(str::trim).filter(|category| !category.is_empty());
        Ok((url, categories.map(str::to_owned).collect()))
    });
    let feeds: Vec<_> = feeds.collect::<Result<_, _>>()?;
    if feeds.is_empty() {
        Err(unreadable(file, &"it lists no feed: write the URL of one in each line"))
    } else {
        Ok(feeds)
    }
}
