//! What is recorded of documents that were requested.

use async_trait::async_trait;
use url::Url;

use super::document_rows::facts;
use super::{Sqlite, effects};
use crate::archive::catalog::{CatalogError, DocumentCapture, DocumentFacts, Documents};
use crate::archive::rules;
use crate::model::{RunId, SourceName};

#[async_trait]
impl Documents for Sqlite {
    async fn document(&self, url: &Url, source: Option<&SourceName>) -> Result<DocumentFacts, CatalogError> {
        let (url, source) = (url.clone(), source.cloned());
        self.read(move |connection| facts(connection, &url, source.as_ref())).await
    }

    async fn record_document(&self, run: RunId, document: &DocumentCapture) -> Result<(), CatalogError> {
        let document = document.clone();
        self.write(move |connection| {
            let facts = facts(connection, &document.url, document.source.as_ref())?;
            effects::apply(connection, rules::document_captured(run, &document, &facts)).map(drop)
        })
        .await
    }
}
