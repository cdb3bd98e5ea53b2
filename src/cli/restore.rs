//! `offprint restore`.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::arguments::RestoreArguments;
use super::exit::{Exit, UsageError};
use super::open::open_to_read;
use super::output::Output;
use crate::archive::{self, Archive, Mode, OutputFolder, StoreKey};
use crate::config::{Config, SourceConfig};
use crate::model::ArticleKey;

use crate::source::{Source, absolute};

/// Gives back originals: to standard output, below a folder, or over the articles themselves.
pub(crate) async fn restore(arguments: &RestoreArguments, config: &Config, output: &Output) -> anyhow::Result<Exit> {
    if arguments.to.is_none() && !arguments.in_place && arguments.articles.len() > 1 {
        let message = "more than one article: name a folder with --to DIR";
        return Err(UsageError(message.to_owned()).into());
    }
    // Writing over articles must not cross a run that is writing them too.
    let archive = if arguments.in_place { archive::open(&config.store, Mode::Write)? } else { open_to_read(config)? };
    for article in &arguments.articles {
        let key = key_of(article, config, &archive).await?;
        let bytes = crate::restore::restore(&archive, &key).await?;
        let file = match &arguments.to {
            Some(folder) => write_below(folder, &key, bytes)?,
            None if arguments.in_place => write_over(&archive, config, &key, bytes).await?,
            None => {
                output.bytes(&bytes);
                continue;
            }
        };
        output.note(&format!("{key} restored to {}", file.display()));
    }
    Ok(Exit::Done)
}

fn write_below(folder: &Path, key: &ArticleKey, bytes: Vec<u8>) -> anyhow::Result<PathBuf> {
    let file = folder.join(&key.source).join(&key.path);
    let folder = file.parent().unwrap_or(folder);
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    std::fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Over an article the write is atomic.
async fn write_over(archive: &Archive, config: &Config, key: &ArticleKey, bytes: Vec<u8>) -> anyhow::Result<PathBuf> {
    let source = config.source.iter().find(|source| source.name == key.source);
    let source = source.with_context(|| format!("the settings have no source \"{}\": use --to", key.source))?;
    let source = Source::new(source.clone(), &config.store)?;
    if !source.is_folder() {
        let message =
            format!("{key} was made of an entry of a feed and has no file of its own: name a folder with --to DIR");
        return Err(UsageError(message).into());
    }
    let root = source.file("");
    let articles = OutputFolder::new(root, archive.objects.staging());
    articles.write(&key.path, bytes).await?;
    Ok(articles.file(&key.path))
}

/// The article that the user means: by the name in reports, by its mirror, or by its file.
pub(super) async fn key_of(article: &Path, config: &Config, archive: &Archive) -> anyhow::Result<ArticleKey> {
    let named = article.to_str().context("the article's name is not Unicode")?;
    if let Some((source, path)) = named.split_once('/')
        && let (Ok(source), Ok(path)) = (source.parse(), path.parse())
        && let key = (ArticleKey { source, path })
        && archive.catalog.article(&key).await?.is_some()
    {
        return Ok(key);
    }
    let file = absolute(article)?;
    let below = |folder: &Path| file.strip_prefix(absolute(folder).ok()?).ok()?.to_str().map(str::to_owned);
    if let Some(StoreKey::Article(key)) = below(&config.store).as_deref().and_then(StoreKey::parse) {
        return Ok(key);
    }
    let of_source = |source: &SourceConfig| {
        let paths = Source::new(source.clone(), &config.store).ok()?;
        let path = below(&paths.file("")).or_else(|| below(&paths.mirror("")))?;
        Some(ArticleKey { source: source.name.clone(), path: path.parse().ok()? })
    };
    config.source.iter().find_map(of_source).with_context(|| {
        format!("the archive has no article {named}: name it as SOURCE/PATH, by its mirrored file, or by its file")
    })
}
