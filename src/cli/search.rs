//! `offprint search`.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::arguments::{SearchArguments, SortArgument};
use super::exit::Exit;
use super::output::Output;
use super::words::{count, count_of};
use crate::archive::{self, Archive, MatchOrder, Mode};
use crate::config::Config;
use crate::search::{self, Count, Fragment, Hit, SearchError, SearchQuery};

/// What is found, for programs.
#[derive(Debug, Serialize)]
struct Found {
    articles: Vec<Article>,
    /// How many texts match, where that is known.
    count: Option<u64>,
    /// Whether there are more than that.
    more: bool,
    /// Articles whose rows in the catalog cannot be read.
    unreadable: Vec<String>,
}

impl Found {
    fn new(found: search::Found) -> Self {
        let (count, more) = found.count.known();
        let articles = found.hits.into_iter().map(Article::new).collect();
        Self { articles, count, more, unreadable: found.unreadable }
    }
}

/// An article that is found.
#[derive(Debug, Serialize)]
struct Article {
    source: String,
    path: String,
    title: String,
    date: String,
    url: Option<String>,
    excerpt: Vec<Fragment>,
}

impl Article {
    fn new(hit: Hit) -> Self {
        let version = &hit.article.version;
        Self {
            source: version.key.source.to_string(),
            path: version.key.path.to_string(),
            title: hit.article.title(),
            date: hit.article.date().to_string(),
            url: version.url.as_ref().map(ToString::to_string),
            excerpt: hit.excerpt,
        }
    }
}

/// Prints the articles that have the words.
pub(crate) async fn search(arguments: &SearchArguments, config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let query = SearchQuery::parse(&arguments.words.join(" ")).map_err(SearchError::from)?;
    let archive = archive::open(&config.store, Mode::Read)?;
    let order = match arguments.sort {
        SortArgument::Newest => MatchOrder::Newest(None),
        SortArgument::Best => MatchOrder::Best(None),
    };
    let found = all(&archive, &query, order, arguments.limit.into()).await?;
    let is_whole = found.unreadable.is_empty();
    if output.json {
        output.value(&Found::new(found))?;
    } else {
        print(&found, output);
    }
    Ok(if is_whole { Exit::Done } else { Exit::Damaged })
}

/// Up to `limit` articles, however many pages they take.
async fn all(
    archive: &Archive,
    query: &SearchQuery,
    mut order: MatchOrder,
    limit: usize,
) -> Result<search::Found, SearchError> {
    let (mut hits, mut unreadable) = (Vec::new(), Vec::new());
    loop {
        let found = search::search(archive, query, order, limit - hits.len()).await?;
        hits.extend(found.hits);
        unreadable.extend(found.unreadable);
        match found.next {
            Some(next) if hits.len() < limit => order = next,
            _ => return Ok(search::Found { hits, unreadable, ..found }),
        }
    }
}

fn print(found: &search::Found, output: &Output) {
    let hits = &found.hits;
    for hit in hits {
        let (key, title) = (&hit.article.version.key, hit.article.title());
        let day = hit.article.date().to_zoned(TimeZone::UTC).date();
        output.line(&format!("{day}  {key}  {title}"));
        let excerpt: String = hit.excerpt.iter().map(|fragment| fragment.text.as_str()).collect();
        if !excerpt.is_empty() {
            output.line(&format!("    {excerpt}"));
        }
    }
    let shown = count_of(hits, "article");
    for row in &found.unreadable {
        output.warn(&format!("left out, since its row in the catalog cannot be read: {row}"));
    }
    output.line(&match (found.next.is_none(), found.count) {
        (true, _) => shown,
        (false, Count::Exactly(found)) => format!("{} of {}; --limit prints more", hits.len(), count(found, "article")),
        (false, Count::MoreThan(found)) => format!("{} of more than {found} articles; --limit prints more", hits.len()),
        (false, Count::Unknown) => format!("{shown}, and there are more: --limit prints them"),
    });
}
