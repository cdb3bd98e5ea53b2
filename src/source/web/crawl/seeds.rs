//! The URLs that a crawl begins with: those of the settings, of a file, of sitemaps.

use std::io::Read as _;
use std::path::Path;

use url::Url;

use super::frontier::{Frontier, Task, Via};
use super::named::Named;
use super::{Crawl, Seeds};
use crate::config::STANDARD_INPUT;
use crate::locks::Mutex;
use crate::source::error::SourceError;
use crate::source::web::reading::Reading;
use crate::source::web::specs::{address, unreadable};

/// The longest list that is read, in bytes.
const LONGEST: u64 = 16 << 20;
/// Wrong lines of a list that are reported one by one.
const REPORTED: usize = 10;

impl Crawl {
    /// What it begins with, where that is known without a request. The lines of standard input are left to the run.
    ///
    /// # Errors
    /// Where the list cannot be read.
    pub(in crate::source::web) async fn named(&self) -> Result<Vec<Url>, SourceError> {
        match &self.seeds {
            Seeds::Pages(urls) => Ok(urls.clone()),
            Seeds::Sitemap(url) => Ok(vec![url.clone()]),
            Seeds::List(file) if file.as_os_str() == STANDARD_INPUT => Ok(Vec::new()),
            Seeds::List(file) => listed(file, &Named::default()).await,
        }
    }
}

impl Reading<Crawl> {
    /// Fills the frontier with what the crawl begins with.
    pub(super) async fn seed(&self, frontier: &Mutex<Frontier>, named: &Named) {
        match &self.kind.seeds {
            Seeds::Pages(urls) => offer(frontier, urls.iter().cloned()),
            Seeds::Sitemap(url) => self.read_sitemaps(url, frontier, named).await,
            Seeds::List(file) => match listed(file, named).await {
                Ok(urls) => offer(frontier, urls.into_iter()),
                Err(error) => named.failed(error),
            },
        }
    }
}

/// The addresses of the list in a file.
///
/// # Errors
/// Where it cannot be read.
async fn listed(file: &Path, named: &Named) -> Result<Vec<Url>, SourceError> {
    Ok(lines(&read_list(file.to_owned()).await?, file, named))
}

/// The addresses of a list. Lines that hold none are reported, and the others are read.
fn lines(text: &str, file: &Path, named: &Named) -> Vec<Url> {
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
        wrong.push(format!("{more} further lines are no URLs"));
    }
    for message in &wrong {
        named.failed(unreadable(file, message));
    }
    urls
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
