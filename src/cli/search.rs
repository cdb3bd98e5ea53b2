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
    let (hits, is_all, found) = all(&archive, &query, order, arguments.limit.into()).await?;
    if output.json {
        let (count, more) = found.known();
        output.value(&Found { articles: hits.into_iter().map(Article::new).collect(), count, more })?;
    } else {
        print(&hits, is_all, found, output);
    }
    Ok(Exit::Done)
}

/// Up to `limit` articles, however many pages they take; whether these are all; and how many there are.
async fn all(
    archive: &Archive,
    query: &SearchQuery,
    mut order: MatchOrder,
    limit: usize,
) -> Result<(Vec<Hit>, bool, Count), SearchError> {
    let mut hits = Vec::new();
    loop {
        let found = search::search(archive, query, order, limit - hits.len()).await?;
        hits.extend(found.hits);
        match found.next {
            Some(next) if hits.len() < limit => order = next,
            next => return Ok((hits, next.is_none(), found.count)),
        }
    }
}

fn print(hits: &[Hit], is_all: bool, found: Count, output: &Output) {
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
    output.line(&match (is_all, found) {
        (true, _) => shown,
        (false, Count::Exactly(found)) => format!("{} of {}; --limit prints more", hits.len(), count(found, "article")),
        (false, Count::MoreThan(found)) => format!("{} of more than {found} articles; --limit prints more", hits.len()),
        (false, Count::Unknown) => format!("{shown}, and there are more: --limit prints them"),
    });
}
