//! Captures of documents, and their revisits.

use async_trait::async_trait;
use url::Url;

use super::MemoryCatalog;
use super::state::State;
use crate::archive::catalog::{CatalogError, DocumentCapture, DocumentFacts, Documents, TakedownTarget, UrlFacts};
use crate::archive::rules;
use crate::model::{CaptureId, CaptureKind, Revisit, RunId, SourceName};

#[async_trait]
impl Documents for MemoryCatalog {
    async fn document(&self, url: &Url, source: Option<&SourceName>) -> Result<DocumentFacts, CatalogError> {
        Ok(self.state().document(url, source))
    }

    async fn record_document(&self, run: RunId, document: &DocumentCapture) -> Result<(), CatalogError> {
        let mut state = self.state();
        let facts = state.document(&document.url, document.source.as_ref());
        state.apply(rules::document_captured(run, document, &facts));
        Ok(())
    }
}

impl State {
    fn document(&self, url: &Url, source: Option<&SourceName>) -> DocumentFacts {
        let is_of_source = |target: &TakedownTarget| match target {
            TakedownTarget::Article(key) => Some(&key.source) == source,
            TakedownTarget::Url(_) | TakedownTarget::Source(_) | TakedownTarget::Host(_) | TakedownTarget::Text(_) => {
                false
            }
        };
        let covering = source.map(|source| TakedownTarget::Source(source.clone()));
        let covering: Vec<_> = TakedownTarget::covering_url(url).into_iter().chain(covering).collect();
        let of_url = self.url_ids.get(url).map(|id| self.captures_of(*id)).into_iter().flatten();
        let mut documents = of_url.filter(|capture| capture.kind != CaptureKind::Media);
        DocumentFacts {
            is_taken_down: self.was_taken_down(&covering),
            lacks_articles: self.takedowns.keys().any(is_of_source),
            newest: documents.next_back().cloned(),
        }
    }

    /// Appends a capture of a document.
    pub(super) fn append_document(&mut self, run: RunId, document: DocumentCapture) {
        let DocumentCapture { url, kind, source, exchanges } = document;
        let url = self.url_ids.get(&url).copied().unwrap_or_else(|| self.insert_url(&url, UrlFacts::of_document()));
        self.append_capture(url, run, kind, source, None, exchanges);
    }

    /// Notes that a request gave what a capture has.
    pub(super) fn append_revisit(&mut self, capture: CaptureId, revisit: Revisit) {
        if let Some((_, capture)) = self.captures.get_mut(&capture)
            && !capture.revisits.iter().any(|before| before.at == revisit.at)
        {
            capture.revisits.push(revisit);
            capture.revisits.sort_by_key(|revisit| revisit.at);
        }
    }
}
