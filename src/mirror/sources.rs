//! The sources of a run, each with what is computed of it once.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use encoding_rs::Encoding;
use url::Url;

use super::settings::settings_digest;
use crate::archive::rules::Due;
use crate::archive::{Archive, Output, UrlRow};
use crate::config::{AdoptLocal, Config};
use crate::extract::ExtractOptions;
use crate::model::{Digest, Failure, Fingerprint, Reason, RelativePath, SourceName};
use crate::source::Source;

/// A source of a run.
pub(super) struct RunSource {
    source: Source,
    /// Where its mirrors are; `None` if there is no archive yet.
    output: Option<Output>,
    /// The digest of the settings that shape the mirrors of its articles.
    pub(super) settings: Digest,
    options: ExtractOptions,
}

impl RunSource {
    /// What extraction needs to know about an article. For a page, that includes its URL and its encoding, as its
    /// response named it or as it is recorded.
    pub(super) fn options(
        &self,
        path: &RelativePath,
        url: Option<&Url>,
        charset: Option<&'static Encoding>,
    ) -> ExtractOptions {
        let charset = charset.filter(|_| self.is_page(path));
        let style_sheets = self.keeps_sheets();
        ExtractOptions { base_url: self.base_url(path, url), charset, style_sheets, ..self.options.clone() }
    }

    /// Whether a run over it looks at an article: where articles of it were named, at no other.
    pub(super) fn reads(&self, path: &RelativePath) -> bool {
        self.chosen().is_none_or(|chosen| chosen.contains(path))
    }

    /// Whether the user, who named it, has an image of one of its articles asked for: what is due, and of articles that
    /// were named themselves all that they miss.
    pub(super) fn asks_for(&self, url: &UrlRow, due: Due) -> bool {
        if self.chosen().is_some() { url.asset.is_none() } else { due.is_due(&url.facts) }
    }

    /// Where its mirrors are written.
    pub(super) fn output(&self, archive: &Archive) -> Output {
        self.output.clone().unwrap_or_else(|| self.destination(archive))
    }

    /// What stands in the places of the mirrors of articles, in their order.
    pub(super) async fn mirror_fingerprints(&self, paths: Vec<RelativePath>) -> Vec<Option<Fingerprint>> {
        match &self.output {
            Some(output) if !paths.is_empty() => output.fingerprints(paths).await,
            _ => vec![None; paths.len()],
        }
    }
}

impl Deref for RunSource {
    type Target = Source;

    fn deref(&self) -> &Source {
        &self.source
    }
}

/// The sources of a run, in their order and by name.
#[derive(Clone)]
pub(super) struct Sources {
    all: Arc<[Arc<RunSource>]>,
    by_name: Arc<HashMap<SourceName, Arc<RunSource>>>,
    adopt: AdoptLocal,
}

impl Sources {
    pub(super) fn new(config: &Config, sources: Vec<Source>, archive: Option<&Archive>) -> Self {
        let options = ExtractOptions::new(&config.rewrite, None);
        let prepared = |source: Source| {
            let settings = settings_digest(config, &source);
            let output = archive.map(|archive| source.destination(archive));
            Arc::new(RunSource { source, output, settings, options: options.clone() })
        };
        let all: Arc<[_]> = sources.into_iter().map(prepared).collect();
        let by_name = all.iter().map(|source| (source.name().clone(), Arc::clone(source))).collect();
        Self { all, by_name: Arc::new(by_name), adopt: config.rewrite.adopt_local }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<RunSource>> {
        self.all.iter()
    }

    /// The source of that name.
    pub(super) fn get(&self, name: &SourceName) -> Option<&Arc<RunSource>> {
        self.by_name.get(name)
    }

    /// Whether they are read because the settings list them: what is due is asked for, whatever articles show it. What the
    /// user names asks for its own images.
    pub(super) fn are_scheduled(&self) -> bool {
        self.all.iter().all(|source| !source.is_named())
    }

    /// The source that a `file:` URL is in or in whose roots it is, by its path alone: the first that adopts, if one does.
    pub(super) fn holding(&self, url: &Url) -> Option<&Arc<RunSource>> {
        let mut holding: Vec<_> = self.all.iter().filter(|source| source.holds(url)).collect();
        holding.sort_by_key(|source| !self.adopts(source));
        holding.into_iter().next()
    }

    /// Whether files beside the articles of a source go into the archive.
    pub(super) fn adopts(&self, source: &Source) -> bool {
        source.adopts(self.adopt)
    }

    /// The file that a `file:` URL names in a source that adopts files. It reads the file system, so it must not run on
    /// the runtime's threads.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn local_file(&self, url: &Url) -> Result<std::path::PathBuf, Failure> {
        let mut adopting = self.all.iter().filter(|source| self.adopts(source));
        let holding = self.holding(url);
        let other = holding.and_then(|source| source.why_not_admitted(url));
        let why = match (holding, other) {
            (None, _) => "it lies outside its source: set the `roots` of the source, or its `base_url`",
            (Some(_), Some(why)) => why,
            (Some(source), None) if source.config.roots.is_empty() => {
                "there is no such file: put it there, correct the article, or set the `roots` of the source where `/` \
                 stands for another folder"
            }
            (Some(_), None) => "there is no such file: put it there, or correct the article",
        };
        adopting.find_map(|source| source.local_file(url)).ok_or_else(|| Failure::new(Reason::LocalFile, why))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::SourceConfig;

    /// A source of this folder, in place or not, whose root of the site is this.
    fn source(name: &str, folder: &Path, in_place: bool, root: Option<&Path>) -> Source {
        let config = SourceConfig {
            name: name.parse().unwrap(),
            path: folder.to_owned(),
            output: if in_place { "." } else { "" }.into(),
            roots: root.into_iter().map(Path::to_owned).collect(),
            ..Config::default().source[0].clone()
        };
        Source::new(config, &folder.join("store")).unwrap()
    }

    fn sources(adopt: AdoptLocal, sources: Vec<Source>) -> Sources {
        let mut config = Config::default();
        config.rewrite.adopt_local = adopt;
        Sources::new(&config, sources, None)
    }

    fn file(path: &Path) -> Url {
        Url::from_file_path(path).unwrap()
    }

    #[test]
    fn a_file_belongs_to_the_first_source_that_holds_it_and_adopts() {
        let folder = tempfile::tempdir().unwrap();
        let both = |first_in_place| {
            let first = source("first", folder.path(), first_in_place, None);
            vec![first, source("second", folder.path(), false, None)]
        };
        let holding = |sources: &Sources, url: &Url| sources.holding(url).map(|source| source.name().to_string());
        let inside = file(&folder.path().join("a.png"));
        assert_eq!(holding(&sources(AdoptLocal::Auto, both(false)), &inside).as_deref(), Some("first"));
        assert_eq!(holding(&sources(AdoptLocal::Auto, both(true)), &inside).as_deref(), Some("second"));
        assert_eq!(holding(&sources(AdoptLocal::Never, both(true)), &inside).as_deref(), Some("first"));
        assert_eq!(holding(&sources(AdoptLocal::Auto, both(false)), &file(Path::new("/elsewhere/a.png"))), None);
    }

    #[test]
    fn a_file_that_cannot_be_had_says_what_to_do_about_it() {
        let (folder, site) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("a.png"), "image").unwrap();
        let without = sources(AdoptLocal::Auto, vec![source("a", folder.path(), false, None)]);
        let with = sources(AdoptLocal::Auto, vec![source("a", folder.path(), false, Some(site.path()))]);
        let in_place = sources(AdoptLocal::Auto, vec![source("a", folder.path(), true, None)]);
        assert!(without.local_file(&file(&folder.path().join("a.png"))).is_ok());
        assert!(in_place.local_file(&file(&folder.path().join("a.png"))).is_err(), "it stays where it lies");
        for (sources, path, says) in [
            (&without, folder.path().join("none.png"), "set the `roots` of the source"),
            (&with, folder.path().join("none.png"), "put it there, or correct the article"),
            (&without, "/elsewhere/a.png".into(), "it lies outside its source"),
        ] {
            let failure = sources.local_file(&file(&path)).unwrap_err();
            assert_eq!((failure.reason, failure.status), (Reason::LocalFile, None));
            assert!(failure.detail.contains(says), "{path:?}: {}", failure.detail);
        }
    }

    #[test]
    fn sources_are_found_by_name_and_scheduled_where_all_are() {
        let folder = tempfile::tempdir().unwrap();
        let whole = source("a", folder.path(), false, None);
        let part = source("b", folder.path(), false, None).only(["x.md".parse().unwrap()].into());
        let all = sources(AdoptLocal::Auto, vec![whole.clone(), source("b", folder.path(), false, None)]);
        assert!(all.are_scheduled() && !sources(AdoptLocal::Auto, vec![whole, part]).are_scheduled());
        assert_eq!(all.iter().map(|source| source.name().as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(all.get(&"b".parse().unwrap()).is_some() && all.get(&"c".parse().unwrap()).is_none());
    }
}
