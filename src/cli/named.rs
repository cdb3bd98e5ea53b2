//! What users name: articles, folders of them, sources, URLs, hosts.

use std::path::Path;

use anyhow::Context;
use url::Url;

use crate::archive::{Archive, StoreKey, TakedownTarget};
use crate::config::{Config, SourceConfig};
use crate::model::{ArticleKey, HostKey, SourceName};
use crate::source::{Source, absolute};

/// Articles taken from the catalog at a time.
const PAGE: usize = 1000;

/// A place that a name may mean: a source, and a path in it, which is empty for the whole source.
type Place = (SourceName, String);

/// The articles that a name means: one, those of a folder, or those of a source. A name is SOURCE/PATH as in reports, a
/// mirror, or the file itself; likewise for a folder.
pub(super) async fn articles_named(name: &Path, config: &Config, archive: &Archive) -> anyhow::Result<Vec<ArticleKey>> {
    for (source, path) in places(name, config)? {
        if let Ok(path) = path.parse() {
            let key = ArticleKey { source: source.clone(), path };
            if archive.catalog.article(&key).await?.is_some() {
                return Ok(vec![key]);
            }
        }
        let within = articles_within(archive, &source, &path).await?;
        if !within.is_empty() {
            return Ok(within);
        }
    }
    Err(unknown(name, config, archive).await)
}

/// The one article that a name means.
pub(super) async fn article_named(name: &Path, config: &Config, archive: &Archive) -> anyhow::Result<ArticleKey> {
    match &articles_named(name, config, archive).await?[..] {
        [one] => Ok(one.clone()),
        several => anyhow::bail!("{} names {} articles: name one", name.display(), several.len()),
    }
}

/// What a name means to `offprint forget`: a URL, an article, a source or a host. What was taken down can be named
/// again, so that an interrupted call can be repeated.
pub(super) async fn target_named(name: &str, config: &Config, archive: &Archive) -> anyhow::Result<TakedownTarget> {
    let taken_down: Vec<_> = archive.catalog.takedowns().await?.into_iter().map(|row| row.target).collect();
    if let Some(url) = Url::parse(name).ok().filter(Url::has_host) {
        let (is_known, target) = (archive.catalog.url(&url).await?.is_some(), TakedownTarget::Url(url));
        anyhow::ensure!(is_known || taken_down.contains(&target), "the archive has no URL {}", target.name());
        return Ok(target);
    }
    for (source, path) in places(Path::new(name), config)? {
        if path.is_empty() {
            let is_known = !articles_within(archive, &source, "").await?.is_empty();
            let target = TakedownTarget::Source(source);
            if is_known || taken_down.contains(&target) {
                return Ok(target);
            }
        } else if let Ok(path) = path.parse() {
            let key = ArticleKey { source, path };
            let (is_known, target) = (archive.catalog.article(&key).await?.is_some(), TakedownTarget::Article(key));
            if is_known || taken_down.contains(&target) {
                return Ok(target);
            }
        }
    }
    let host = HostKey::from_stored(name.to_ascii_lowercase());
    let (is_known, target) =
        (archive.catalog.hosts().await?.iter().any(|(known, _)| *known == host), TakedownTarget::Host(host));
    if is_known || taken_down.contains(&target) {
        return Ok(target);
    }
    Err(unknown(Path::new(name), config, archive).await)
}

/// Every article on record.
pub(super) async fn all_articles(archive: &Archive) -> anyhow::Result<Vec<ArticleKey>> {
    collect(archive, None, |_| true).await
}

async fn articles_within(archive: &Archive, source: &SourceName, folder: &str) -> anyhow::Result<Vec<ArticleKey>> {
    let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    collect(archive, Some(source), |key| key.path.starts_with(&folder)).await
}

async fn collect(
    archive: &Archive,
    source: Option<&SourceName>,
    is_wanted: impl Fn(&ArticleKey) -> bool,
) -> anyhow::Result<Vec<ArticleKey>> {
    let (mut found, mut last) = (Vec::new(), None);
    loop {
        let page = archive.catalog.articles(source.map(SourceName::as_str), last.as_ref(), PAGE).await?;
        let Some(end) = page.last() else { return Ok(found) };
        last = Some(end.version.key.clone());
        found.extend(page.into_iter().map(|row| row.version.key).filter(&is_wanted));
    }
}

/// What a name may mean, the likeliest first.
fn places(name: &Path, config: &Config) -> anyhow::Result<Vec<Place>> {
    let text = name.to_str().context("the article's name is not Unicode")?.trim_end_matches('/');
    let mut places = Vec::new();
    let (source, path) = text.split_once('/').unwrap_or((text, ""));
    places.extend(source.parse().ok().map(|source| (source, path.to_owned())));
    let file = absolute(name)?;
    let below = |folder: &Path| file.strip_prefix(absolute(folder).ok()?).ok()?.to_str().map(str::to_owned);
    if let Some(within) = below(&config.store.join(StoreKey::mirrors())) {
        let (source, path) = within.split_once('/').unwrap_or((within.as_str(), ""));
        places.extend(source.parse().ok().map(|source| (source, path.to_owned())));
    }
    let of_source = |source: &SourceConfig| {
        let paths = Source::new(source.clone(), &config.store).ok()?;
        let path = below(&paths.file("")).or_else(|| below(&paths.mirror("")))?;
        Some((source.name.clone(), path))
    };
    places.extend(config.source.iter().filter_map(of_source));
    Ok(places)
}

/// The error for an unknown name, with the names that are possible.
async fn unknown(name: &Path, config: &Config, archive: &Archive) -> anyhow::Error {
    let mut sources: Vec<_> = config.source.iter().map(|source| source.name.to_string()).collect();
    let on_record = archive.catalog.sources().await.unwrap_or_default();
    sources.extend(on_record.into_iter().map(|name| name.to_string()));
    sources.sort_unstable();
    sources.dedup();
    anyhow::anyhow!(
        "the archive has no article {}: name it as SOURCE/PATH, by its mirrored file, or by its file; the sources are {}",
        name.display(),
        sources.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fixtures::{self, key};

    /// Settings with a source of articles at `/site/posts` that is mirrored to `/site/public`.
    fn config() -> Config {
        let mut config = Config { store: "/site/store".into(), ..Config::default() };
        config.source[0].path = "/site/posts".into();
        config.source[0].output = "/site/public".into();
        config
    }

    async fn archive() -> Arc<Archive> {
        let archive = fixtures::archive();
        for path in ["a.md", "deep/b.md", "deep/er/c.md", "deeper.md"] {
            fixtures::show(&archive, path, &["http://a.example/1"]).await;
        }
        archive
    }

    #[tokio::test]
    async fn an_article_is_named_by_reports_by_its_file_and_by_its_mirrors() {
        let (archive, config) = (archive().await, config());
        for name in [
            "posts/deep/b.md",
            "posts/deep/b.md/",
            "/site/posts/deep/b.md",
            "/site/public/deep/b.md",
            "/site/store/articles/posts/deep/b.md",
        ] {
            let found = article_named(Path::new(name), &config, &archive).await;
            assert_eq!(found.unwrap_or_else(|error| panic!("{name}: {error}")), key("deep/b.md"), "{name}");
        }
    }

    #[tokio::test]
    async fn a_folder_and_a_source_name_what_is_in_them() {
        let (archive, config) = (archive().await, config());
        for (name, paths) in [
            ("posts/deep", &["deep/b.md", "deep/er/c.md"][..]),
            ("/site/posts/deep", &["deep/b.md", "deep/er/c.md"]),
            ("/site/public/deep/er", &["deep/er/c.md"]),
            ("posts", &["a.md", "deep/b.md", "deep/er/c.md", "deeper.md"]),
            ("/site/store/articles/posts", &["a.md", "deep/b.md", "deep/er/c.md", "deeper.md"]),
        ] {
            let found = articles_named(Path::new(name), &config, &archive).await.unwrap();
            assert_eq!(found, paths.iter().map(|path| key(path)).collect::<Vec<_>>(), "{name}");
        }
        let several = article_named(Path::new("posts/deep"), &config, &archive).await.unwrap_err().to_string();
        assert_eq!(several, "posts/deep names 2 articles: name one");
        assert_eq!(all_articles(&archive).await.unwrap().len(), 4);
    }

    #[tokio::test]
    async fn a_name_that_means_nothing_is_refused_with_what_can_be_named() {
        let (archive, config) = (archive().await, config());
        for name in ["posts/none.md", "nobody/a.md", "dee", "/elsewhere/a.md", "posts/../a.md"] {
            let refused = articles_named(Path::new(name), &config, &archive).await.unwrap_err().to_string();
            assert!(refused.contains(name) && refused.ends_with("the sources are posts"), "{refused}");
        }
    }

    #[tokio::test]
    async fn what_is_taken_down_is_a_url_an_article_a_source_or_a_host() {
        let (archive, config) = (archive().await, config());
        fixtures::complete(&archive, 2_000, |_| fixtures::kept("image")).await;
        let of = async |name: &str| target_named(name, &config, &archive).await;
        let host = HostKey::from_stored("a.example".to_owned());
        assert_eq!(of("http://a.example/1").await.unwrap(), TakedownTarget::Url(fixtures::url("http://a.example/1")));
        assert_eq!(of("posts/a.md").await.unwrap(), TakedownTarget::Article(key("a.md")));
        assert_eq!(of("posts").await.unwrap(), TakedownTarget::Source("posts".parse().unwrap()));
        assert_eq!(of("A.example").await.unwrap(), TakedownTarget::Host(host));
        assert!(of("http://a.example/none").await.unwrap_err().to_string().contains("has no URL"));
        assert!(of("posts/none.md").await.is_err());
    }
}
