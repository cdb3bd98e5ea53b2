//! `offprint extract`.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::arguments::ExtractArguments;
use super::exit::Exit;
use super::output::Output;
use crate::config::Config;
use crate::extract::{self, ExtractOptions};
use crate::model::Reference;

#[derive(Serialize)]
struct Listing<'a> {
    article: &'a str,
    references: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    start: usize,
    end: usize,
    raw: &'a str,
    url: Option<&'a str>,
    /// Why there is no URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
    kind: &'static str,
    name: &'a str,
}

impl<'a> From<&'a Reference> for Listed<'a> {
    fn from(reference: &'a Reference) -> Self {
        Self {
            start: reference.span.start,
            end: reference.span.end,
            raw: &reference.raw,
            url: reference.url.as_ref().ok().map(url::Url::as_str),
            problem: reference.url.as_ref().err().map(|problem| problem.as_str()),
            kind: reference.kind.as_str(),
            name: &reference.name,
        }
    }
}

/// Lists the references of an article.
pub(crate) fn extract(arguments: &ExtractArguments, config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let name = arguments.file.to_string_lossy();
    let bytes = read(&arguments.file, config.rewrite.max_article.0)?;
    let format = arguments.format.forced().unwrap_or_else(|| extract::format_of(&name, &bytes));
    let options = ExtractOptions::new(&config.rewrite, arguments.base_url.clone());
    let extraction = extract::extract(&bytes, format, &options);
    let references = extraction.references.iter().map(Listed::from).collect();
    let listing = Listing { article: &name, references };
    if output.json {
        output.value(&listing)?;
    } else {
        print(&listing, output);
    }
    Ok(Exit::Done)
}

fn print(listing: &Listing<'_>, output: &Output) {
    for found in &listing.references {
        let url =
            found.url.map_or_else(|| format!("({}) {}", found.problem.unwrap_or_default(), found.raw), str::to_owned);
        let place = format!("{}..{}", found.start, found.end);
        output.line(&format!("{place:<15} {:<13} {:<14} {url}", found.kind, found.name));
    }
}

fn read(file: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = if limit == 0 { u64::MAX } else { limit };
    let reader: Box<dyn Read> = match file.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?),
    };
    reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", file.display()))?;
    anyhow::ensure!(
        bytes.len() as u64 <= limit,
        "{} is larger than rewrite.max_article allows; raise that to read it",
        file.display()
    );
    Ok(bytes)
}
