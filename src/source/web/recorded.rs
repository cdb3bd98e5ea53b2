//! What is on record at the URL of a page.

use url::Url;

use super::location::normal;
use crate::archive::{Archive, CatalogError, PageContent};
use crate::model::{RelativePath, SourceName};

/// Redirects on record that are followed, at most.
const MOST_MOVED: usize = 10;

/// The path of the article that a source has of a page or a style sheet, behind its redirects.
///
/// # Errors
/// Where the catalog cannot be read.
pub async fn page_path(
    archive: &Archive,
    source: &SourceName,
    url: &Url,
) -> Result<Option<RelativePath>, CatalogError> {
    let mut url = normal(url.clone());
    for _ in 0..=MOST_MOVED {
        match archive.catalog.page(source, &url).await?.map(|row| row.content) {
            Some(PageContent::Article { path, .. }) => return Ok(Some(path)),
            Some(PageContent::Moved(to)) => url = to,
            Some(PageContent::Image) | None => return Ok(None),
        }
    }
    Ok(None)
}
