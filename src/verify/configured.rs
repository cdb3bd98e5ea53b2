//! Places that may have the same bytes: the origin, the web archives, the files of the sources.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::mirror_file::source_of;
use super::repair_source::RepairSource;
use crate::archive::Archive;
use crate::config::Config;
use crate::fetch::{Alternates, Answer, AskArchives, FetchError, Fetcher, Judge, Purpose, Request};
use crate::ingest::{CatalogHosts, NI_SCHEME};
use crate::model::{ArticleKey, Asset, Digest, Failure, Reason, Validators};
use crate::regular_file;
use crate::render::Renderer;
use crate::source::Source;
use crate::staging::Staged;

/// The network and the sources, as the settings describe them.
pub struct ConfiguredRepairSource {
    archive: Arc<Archive>,
    alternates: Alternates,
    renderer: Renderer,
    sources: Vec<Source>,
}

impl ConfiguredRepairSource {
    /// The places that these settings name.
    ///
    /// # Errors
    /// Settings of the fetcher that cannot work.
    pub fn new(config: &Config, archive: Arc<Archive>, sources: Vec<Source>) -> Result<Self, FetchError> {
        let fetcher = Fetcher::new(&config.fetch, archive.objects.staging().folder())?;
        fetcher.remember_hosts(CatalogHosts::of(&archive));
        Ok(Self {
            alternates: Alternates::new(fetcher, &config.fallback)?,
            renderer: Renderer::new(Arc::clone(&archive), config),
            archive,
            sources,
        })
    }

    fn stage(&self, file: &Path) -> Option<Staged> {
        self.archive.objects.staging().copy(regular_file::open(file).ok()?).ok()
    }
}

/// Accepts identical bytes only. Other bytes count as a refusal, so that the next Referer strategy is tried.
struct Same(Digest);

impl Judge for Same {
    type Accepted = ();

    async fn judge(&self, staged: &Staged, _content_type: Option<&str>) -> Result<(), Failure> {
        if staged.digest == self.0 {
            return Ok(());
        }
        Err(Failure::new(Reason::Placeholder, "the URL has other bytes now"))
    }
}

#[async_trait]
impl RepairSource for ConfiguredRepairSource {
    async fn fetch(&self, url: &Url, wanted: Digest, when: Timestamp) -> Option<Staged> {
        if let Ok(file) = url.to_file_path() {
            return self.stage(&file);
        }
        // An image that an article holds itself has no other place.
        if url.scheme() == NI_SCHEME {
            return None;
        }
        let judge = Same(wanted);
        let validators = Validators::default();
        let request = Request { url, purpose: Purpose::Media, article: None, validators: &validators, judge: &judge };
        match self.alternates.fetch(&request, when, AskArchives::IfMissing).await.outcome {
            Ok(Answer::Body { staged, .. }) => Some(staged),
            Ok(Answer::NotModified) | Err(_) => None,
        }
    }

    async fn read_article(&self, article: &ArticleKey) -> Option<Staged> {
        let file: PathBuf = source_of(&self.sources, article)?.file(&article.path);
        self.stage(&file)
    }

    async fn render(&self, original: Digest, asset: &Asset) {
        // A thumbnail that cannot be made now is left to the next run, which reports why.
        let _ = self.renderer.ensure(original, asset, None).await;
    }
}
