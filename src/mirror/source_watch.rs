//! What reading the sources requests: counted, recorded, and ended with the run.

use std::sync::Arc;

use async_trait::async_trait;

use super::control::Control;
use crate::archive::DocumentCapture;
use crate::ingest::DocumentLog;
use crate::source::{Requested, SourceError, Watch};

/// Watches over the requests for sources in one run.
pub(super) struct SourceWatch {
    pub(super) control: Arc<Control>,
    pub(super) log: Arc<DocumentLog>,
}

#[async_trait]
impl Watch for SourceWatch {
    fn may_ask(&self) -> bool {
        self.control.may_go_on()
    }

    fn cut_short(&self) {
        self.control.cut_short();
    }

    async fn requested(&self, requested: Requested<'_>) -> Result<(), SourceError> {
        let Requested { source, kind, url, exchanges, bodies } = requested;
        self.control.count(exchanges);
        let (url, source) = (url.clone(), Some(source.clone()));
        let document = DocumentCapture { url, kind, source, exchanges: exchanges.to_vec() };
        self.log.record(document, &bodies).await.map_err(|error| SourceError::Catalog(error.to_string()))
    }
}
