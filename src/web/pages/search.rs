//! Search in the texts of articles.

use askama::Template;
use hyper::StatusCode;
use hyper::http::request::Parts;
use serde::Serialize;

use super::super::address::with_query;
use super::super::error::PageError;
use super::super::host;
use super::super::links::Links;
use super::super::policy::own;
use super::super::query::Query;
use super::super::response::{Response, whole};
use super::frame::{Frame, respond_with};
use super::item::ArticleItem;
use crate::archive::{Archive, CatalogError, MatchOrder, SearchIndexError};
use crate::search::{self, Found, Fragment, Hit, SearchError, SearchQuery};

const PATH: &str = "/search";

/// Articles of a page.
const HITS: usize = 20;

#[derive(Debug, Template, Serialize)]
#[template(path = "search.html")]
struct Search {
    #[serde(flatten)]
    frame: Frame,
    articles: Vec<HitItem>,
    /// How many texts match, where that is known.
    count: Option<u64>,
    /// Whether there are more than that.
    more: bool,
    /// Why nothing was searched for.
    problem: Option<String>,
    #[serde(skip)]
    is_best: bool,
}

/// An article that is found.
#[derive(Debug, Serialize)]
struct HitItem {
    #[serde(flatten)]
    article: ArticleItem,
    marked_title: Vec<Fragment>,
    excerpt: Vec<Fragment>,
}

impl HitItem {
    fn new(hit: Hit) -> Self {
        Self { article: ArticleItem::new(&hit.article, Links::Served), marked_title: hit.title, excerpt: hit.excerpt }
    }
}

impl Search {
    fn new(query: &Query) -> Self {
        let words = query.text("q").unwrap_or_default().to_owned();
        let title = if words.is_empty() { "Search".to_owned() } else { format!("Search: {words}") };
        let frame = Frame { searched: words, ..Frame::new("search", title, query) };
        let is_best = query.text("sort") == Some("best");
        Self { frame, articles: Vec::new(), count: None, more: false, problem: None, is_best }
    }

    fn found(mut self, query: &Query, found: Found) -> Self {
        (self.frame.previous, self.frame.next) = (query.first(PATH), query.next(PATH, found.next.as_ref()));
        self.frame.unreadable = found.unreadable;
        (self.count, self.more) = found.count.known();
        self.articles = found.hits.into_iter().map(HitItem::new).collect();
        self
    }

    /// The same search in another order.
    fn sorted(&self, sort: &str) -> String {
        with_query(PATH, &[("q", &self.frame.searched), ("sort", sort)])
    }
}

pub(in super::super) async fn page(archive: &Archive, query: &Query) -> Result<Response, PageError> {
    let page = Search::new(query);
    let order = match (query.after()?, query.text("sort").unwrap_or("newest")) {
        (None, "newest") => MatchOrder::Newest(None),
        (None, "best") => MatchOrder::Best(None),
        (Some(after @ MatchOrder::Newest(_)), "newest") | (Some(after @ MatchOrder::Best(_)), "best") => after,
        (Some(_), "newest" | "best") => return Err(PageError::Parameter("after")),
        _ => return Err(PageError::Parameter("sort")),
    };
    let Some(words) = query.text("q") else { return respond_with(StatusCode::OK, query, &page) };
    let found = async {
        let query = SearchQuery::parse(words)?;
        search::search(archive, &query, order, HITS).await
    };
    match found.await {
        Ok(found) => respond_with(StatusCode::OK, query, &page.found(query, found)),
        Err(error) => {
            let status = status(&error)?;
            respond_with(status, query, &Search { problem: Some(error.to_string()), ..page })
        }
    }
}

/// The status of a page that says what is wrong with a search.
fn status(error: &SearchError) -> Result<StatusCode, PageError> {
    match error {
        SearchError::Query(_) => Ok(StatusCode::BAD_REQUEST),
        SearchError::Index(SearchIndexError::Missing | SearchIndexError::Stopped) => {
            Ok(StatusCode::SERVICE_UNAVAILABLE)
        }
        SearchError::Index(error) => {
            tracing::warn!(error = error as &dyn std::error::Error, "nothing can be searched for");
            Ok(StatusCode::SERVICE_UNAVAILABLE)
        }
        SearchError::Catalog(CatalogError::Stopped { .. }) => Err(PageError::TooLong),
        SearchError::Catalog(_) => Ok(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// How browsers search here from their own search box (`OpenSearch` 1.1).
#[derive(Debug, Template)]
#[template(path = "opensearch.xml")]
struct Description {
    /// The root of this server, as the request names it.
    root: String,
}

pub(in super::super) fn description(request: &Parts) -> Result<Response, PageError> {
    let host = host::named(&request.uri, &request.headers).ok_or(PageError::NotFound)?;
    let description = Description { root: format!("http://{host}") };
    Ok(whole(own(StatusCode::OK, "application/opensearchdescription+xml"), description.render()?))
}
