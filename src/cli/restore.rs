//! `offprint restore`.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::arguments::RestoreArguments;
use super::exit::{Exit, UsageError};
use super::open_to_read;
use super::output::Output;
use crate::archive::{self, Archive, Mode};
use crate::config::{Config, SourceConfig};
use crate::ingest::publish;
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
        match target(arguments, config, &key)? {
            Some(file) => {
                write(&archive, arguments.in_place, file.clone(), bytes).await?;
                output.note(&format!("{key} restored to {}", file.display()));
            }
            None => output.bytes(&bytes),
        }
    }
    Ok(Exit::Done)
}

/// Over an article the write is atomic; elsewhere it is a plain file.
async fn write(archive: &Archive, in_place: bool, file: PathBuf, bytes: Vec<u8>) -> anyhow::Result<()> {
    if in_place {
        publish(archive, file, bytes).await?;
        return Ok(());
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    std::fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

fn target(arguments: &RestoreArguments, config: &Config, key: &ArticleKey) -> anyhow::Result<Option<PathBuf>> {
    if let Some(folder) = &arguments.to {
        return Ok(Some(folder.join(&key.source).join(&key.path)));
    }
    if !arguments.in_place {
        return Ok(None);
    }
    let source = config.source.iter().find(|source| source.name == key.source);
    let source = source.with_context(|| format!("the settings have no source \"{}\": use --to", key.source))?;
    Ok(Some(Source::new(source.clone(), &config.store)?.file(&key.path)))
}

fn key_from(source: &str, path: &str) -> Option<ArticleKey> {
    Some(ArticleKey { source: source.parse().ok()?, path: path.parse().ok()? })
}

/// The article that the user means: by the name in reports, by its mirror, or by its file.
pub(super) async fn key_of(article: &Path, config: &Config, archive: &Archive) -> anyhow::Result<ArticleKey> {
    let named = article.to_str().context("the article's name is not Unicode")?;
    if let Some((source, path)) = named.split_once('/') {
        if let Some(key) = key_from(source, path)
            && archive.catalog.article(&key).await?.is_some()
        {
            return Ok(key);
        }
    }
    let file = absolute(article)?;
    let below = |folder: &Path| file.strip_prefix(absolute(folder).ok()?).ok()?.to_str().map(str::to_owned);
    let mirrored = below(&archive.articles());
    if let Some(key) = mirrored.as_deref().and_then(|path| path.split_once('/')).and_then(|(s, p)| key_from(s, p)) {
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
