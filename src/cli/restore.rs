//! `offprint restore`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;

use super::arguments::RestoreArguments;
use super::exit::{Exit, UsageError};
use super::named::{all_articles, articles_named};
use super::output::{Label, Output};
use crate::archive::{self, Archive, Mode};
use crate::config::Config;
use crate::model::ArticleKey;
use crate::restore::{self, Original};
use crate::source::{self, Source};

/// Restores originals: to standard output, below a folder, or over the articles themselves. One that cannot be restored
/// does not stop the others.
pub(crate) async fn restore(arguments: &RestoreArguments, config: &Config, output: &Output) -> anyhow::Result<Exit> {
    let to_stdout = arguments.to.is_none() && !arguments.in_place;
    if to_stdout && arguments.articles.len() > 1 {
        return Err(one_at_a_time());
    }
    if to_stdout && output.json {
        return Err(UsageError("--json lists what was written: name a folder with --to DIR".to_owned()).into());
    }
    if let Some(folder) = &arguments.to {
        refuse_archive(folder, config)?;
    }
    // Writing over articles must not coincide with a run that writes them, too.
    let archive = if arguments.in_place {
        archive::open(&config.store, Mode::Write)?
    } else {
        archive::open(&config.store, Mode::Read)?
    };
    let keys = wanted(arguments, config, &archive).await?;
    if to_stdout && keys.len() > 1 {
        return Err(one_at_a_time());
    }
    let (restored, failed) = each(&keys, arguments, config, &archive, output).await;
    let unreadable = archive.catalog.unreadable_rows();
    for row in &unreadable {
        output.labelled(Label::Damage("damaged"), row);
    }
    if output.json && !to_stdout {
        output.value(&json!({"restored": restored}))?;
    }
    Ok(match (failed, unreadable.is_empty()) {
        (_, false) => Exit::Damaged,
        (true, true) => Exit::Failed,
        (false, true) => Exit::Done,
    })
}

/// Restores articles, and gives what was written, and whether one of them failed.
async fn each(
    keys: &[ArticleKey],
    arguments: &RestoreArguments,
    config: &Config,
    archive: &Archive,
    output: &Output,
) -> (Vec<serde_json::Value>, bool) {
    let (mut restored, mut failed) = (Vec::new(), false);
    for key in keys {
        match one(arguments, config, archive, key, output).await {
            Ok(Some((original, file))) => {
                let sha256 = original.digest.to_string();
                restored.push(json!({"article": key.to_string(), "file": file, "sha256": sha256}));
                output.note(&format!("{key} restored to {}", file.display()));
            }
            Ok(None) => {}
            Err(error) => {
                failed = true;
                output.error(&error);
            }
        }
    }
    (restored, failed)
}

/// What is restored stays out of the archive: there it would be taken for a mirror or for nothing that is known.
fn refuse_archive(folder: &Path, config: &Config) -> anyhow::Result<()> {
    let (place, store) = (source::absolute(folder)?, source::absolute(&config.store)?);
    let archive = source::real(&store);
    let lies_there = |place: &Path| source::real(place).starts_with(&archive);
    let below = config.source.iter().map(|source| place.join(&source.name));
    if !lies_there(&place) && !below.into_iter().any(|below| lies_there(&below)) {
        return Ok(());
    }
    let message = format!("{} lies in the archive {}: name another folder", folder.display(), config.store.display());
    Err(UsageError(message).into())
}

/// Standard output takes one article.
fn one_at_a_time() -> anyhow::Error {
    UsageError("more than one article: name a folder with --to DIR".to_owned()).into()
}

async fn wanted(arguments: &RestoreArguments, config: &Config, archive: &Archive) -> anyhow::Result<Vec<ArticleKey>> {
    if arguments.all {
        return all_articles(archive).await;
    }
    let mut keys = Vec::new();
    for name in &arguments.articles {
        keys.extend(articles_named(name, config, archive).await?);
    }
    Ok(keys)
}

/// Restores one original, and gives its place; `None` if it was printed.
async fn one(
    arguments: &RestoreArguments,
    config: &Config,
    archive: &Archive,
    key: &ArticleKey,
    output: &Output,
) -> anyhow::Result<Option<(Original, PathBuf)>> {
    let original = restore::restore_version(archive, key, arguments.version.as_deref()).await?;
    let file = match &arguments.to {
        Some(folder) => restore::restore_below(folder, key, &original, arguments.overwrite)?,
        None if arguments.in_place => {
            let source = source_of(config, key)?;
            restore::restore_over(archive, &source, key, &original, arguments.overwrite).await?
        }
        None => {
            output.bytes(&original.bytes);
            return Ok(None);
        }
    };
    Ok(Some((original, file)))
}

/// The source of an article, as the settings have it.
fn source_of(config: &Config, key: &ArticleKey) -> anyhow::Result<Source> {
    let source = config.source.iter().find(|source| source.name == key.source);
    let source = source.with_context(|| format!("the settings have no source \"{}\": use --to", key.source))?;
    Ok(Source::new(source.clone(), &config.store)?)
}
