//! The addresses that a crawl begins with: those of the settings, of a file, of sitemaps.

use std::io::Read as _;
use std::path::Path;

use url::Url;

use super::frontier::{Frontier, Task, Via};
use super::{Crawl, Seeds};
use crate::config::STANDARD_INPUT;
use crate::locks::Mutex;
use crate::model::SourceFailure;
use crate::source::error::SourceError;
use crate::source::listing::Entry;
use crate::source::web::reading::Reading;
use crate::source::web::specs::{address, unreadable};

/// The longest list that is read, in bytes.
const LONGEST: u64 = 16 << 20;
/// Wrong lines of a list that are reported one by one.
const REPORTED: usize = 10;

impl Reading<Crawl> {
    /// Fills the frontier with what the crawl begins with.
    pub(super) async fn seed(&self, frontier: &Mutex<Frontier>) {
        match &self.kind.seeds {
            Seeds::Pages(urls) => offer(frontier, urls.iter().cloned()),
            Seeds::Sitemap(url) => self.read_sitemaps(url, frontier).await,
            Seeds::List(file) => match read_list(file.clone()).await {
                Ok(text) => offer(frontier, self.lines(&text, file).await.into_iter()),
                Err(error) => self.send(Entry::Unreadable(error)).await,
            },
        }
    }

    /// The addresses of a list. Lines that hold none are reported, and the others are read.
    async fn lines(&self, text: &str, file: &Path) -> Vec<Url> {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let (mut urls, mut wrong) = (Vec::new(), Vec::new());
        for (at, line) in lines {
            match address(line.split_whitespace().next().unwrap_or(line)) {
                Ok(url) => urls.push(url),
                Err(message) => wrong.push(format!("line {}: {message}", at + 1)),
            }
        }
        let more = wrong.len().saturating_sub(REPORTED);
        wrong.truncate(REPORTED);
        if more > 0 {
            wrong.push(format!("{more} further lines are no addresses"));
        }
        for message in wrong {
            self.send(Entry::Unreadable(unreadable(file, &message))).await;
        }
        urls
    }

    /// That an address is no sitemap, or could not be fetched.
    pub(super) async fn no_sitemap(&self, url: &Url, reason: SourceFailure, message: String) {
        let (what, source_name, url) = ("sitemap", self.source.to_string(), url.to_string());
        self.send(Entry::Unreadable(SourceError::Web { what, source_name, url, reason, message })).await;
    }
}

fn offer(frontier: &Mutex<Frontier>, urls: impl Iterator<Item = Url>) {
    let mut frontier = frontier.lock();
    urls.for_each(|url| frontier.offer(Task::new(url, Via::Named)));
}

/// The text of a list, from a file or from standard input.
async fn read_list(file: std::path::PathBuf) -> Result<String, SourceError> {
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let result = if file.as_os_str() == STANDARD_INPUT {
            std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)
        } else {
            std::fs::File::open(&file).and_then(|opened| opened.take(LONGEST + 1).read_to_end(&mut bytes))
        };
        result.map_err(|cause| unreadable(&file, &cause))?;
        if bytes.len() as u64 > LONGEST {
            return Err(unreadable(&file, &format!("it has more than {LONGEST} bytes")));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    });
    read.await.expect("reading a file does not panic")
}
