//! Files beside articles that were changed, deleted or restored since they were kept.

use std::collections::HashSet;

use url::Url;

use super::error::MirrorError;
use super::sources::Sources;
use crate::archive::{Archive, UrlId, UrlRow, UrlState};
use crate::model::{ArticleKey, Reason};
use crate::source::file_tag;

/// URLs taken from the catalog at a time.
const PAGE: usize = 1000;
/// Articles that are read again for one file.
const SHOWING: usize = 1000;

/// What is to be done because of files beside articles.
#[derive(Debug, Default)]
pub(super) struct LocalChanges {
    /// URLs of files that are not as they were kept.
    pub(super) to_adopt: Vec<(UrlId, Url)>,
    /// Articles whose references may name other files by now: they are read again although they are unchanged.
    pub(super) to_read: HashSet<ArticleKey>,
}

/// The present state of a file, compared with the recorded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Nothing that matters.
    None,
    /// It is another file, or back, or gone: its job decides.
    Adopt,
    /// It is not there and was not: another place may have it now.
    Look,
}

/// Looks at every file that some article shows.
pub(super) async fn local_changes(archive: &Archive, sources: &Sources) -> Result<LocalChanges, MirrorError> {
    let mut found = LocalChanges::default();
    let mut last = None;
    loop {
        let rows = archive.catalog.file_urls(last, PAGE).await?;
        let Some(end) = rows.last() else { return Ok(found) };
        last = Some(end.id);
        let sources = sources.clone();
        let changed = tokio::task::spawn_blocking(move || changes(&sources, &rows));
        let (adopt, look) = changed.await.expect("looking at files does not panic");
        found.to_adopt.extend(adopt);
        for url in look {
            found.to_read.extend(archive.catalog.articles_of(url, SHOWING).await?);
        }
    }
}

/// The URLs to adopt again, and those whose articles are to be read again.
fn changes(sources: &Sources, rows: &[UrlRow]) -> (Vec<(UrlId, Url)>, Vec<UrlId>) {
    let (mut adopt, mut look) = (Vec::new(), Vec::new());
    for row in rows {
        match change(sources, row) {
            Change::None => {}
            Change::Adopt => adopt.push((row.id, row.url.clone())),
            Change::Look => look.push(row.id),
        }
    }
    (adopt, look)
}

fn change(sources: &Sources, row: &UrlRow) -> Change {
    // Of a source that this run does not read nothing is known.
    let Some(source) = sources.holding(&row.url) else { return Change::None };
    let tag = source.local_file(&row.url).and_then(|file| file_tag(&file).ok());
    let was_missing = row.facts.reason == Some(Reason::LocalFile);
    match tag {
        // If files are left in their places, the article no longer needs it.
        Some(_) if !sources.adopts(source) => Change::Look,
        Some(tag) if was_missing || row.facts.validators.etag.as_ref() != Some(&tag) => Change::Adopt,
        None if row.asset.is_none() => Change::Look,
        None if row.facts.state == UrlState::Good => Change::Adopt,
        _ => Change::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::JobResult;
    use crate::config::{Config, SourceConfig};
    use crate::fixtures;
    use crate::model::Validators;
    use crate::source::Source;

    /// A folder with a source, in place or not.
    fn folder(in_place: bool) -> (tempfile::TempDir, Sources) {
        let folder = tempfile::tempdir().unwrap();
        let config = SourceConfig {
            path: folder.path().to_owned(),
            output: if in_place { "." } else { "" }.into(),
            ..Config::default().source[0].clone()
        };
        let source = Source::new(config, &folder.path().join("store")).unwrap();
        let sources = Sources::new(&Config::default(), vec![source], None);
        (folder, sources)
    }

    /// The state of a file when it was last adopted.
    #[derive(Debug, Clone, Copy)]
    enum Was {
        /// It was adopted in this state.
        Kept,
        /// It was adopted, and had other bytes.
        KeptOther,
        /// It was not there, and nothing of it is kept.
        Missing,
        /// It was kept once, and then missing.
        Lost,
    }

    /// What to do with a file that was once in this state, and exists now or not.
    async fn done(was: Was, exists: bool, in_place: bool) -> (usize, usize) {
        let (folder, sources) = folder(in_place);
        let (archive, file) = (fixtures::archive(), folder.path().join("a.png"));
        std::fs::write(&file, "image").unwrap();
        let tag = file_tag(&file).unwrap();
        let url = Url::from_file_path(&file).unwrap();
        fixtures::show(&archive, "a.md", &[url.as_str()]).await;
        let kept = |tag: String| match fixtures::kept("image") {
            JobResult::Kept { digest, size, asset, next_attempt, .. } => {
                let validators = Validators { etag: Some(tag), last_modified: None };
                JobResult::Kept { digest, size, asset, validators, next_attempt }
            }
            other => other,
        };
        let missing = || fixtures::failed(Reason::LocalFile, None, 9_000);
        match was {
            Was::Kept => drop(fixtures::complete(&archive, 2_000, |_| kept(tag.clone())).await),
            Was::KeptOther => drop(fixtures::complete(&archive, 2_000, |_| kept("another".to_owned())).await),
            Was::Missing => drop(fixtures::complete(&archive, 2_000, |_| missing()).await),
            Was::Lost => {
                fixtures::complete(&archive, 2_000, |_| kept(tag.clone())).await;
                let row = archive.catalog.url(&url).await.unwrap().unwrap();
                archive.catalog.enqueue(&[row.id]).await.unwrap();
                fixtures::complete(&archive, 3_000, |_| missing()).await;
            }
        }
        if !exists {
            std::fs::remove_file(&file).unwrap();
        }
        let changes = local_changes(&archive, &sources).await.unwrap();
        assert_eq!(archive.catalog.queued().await.unwrap(), 0, "looking queues nothing");
        (changes.to_adopt.len(), changes.to_read.len())
    }

    #[tokio::test]
    async fn a_file_is_adopted_again_where_it_is_another_back_or_gone() {
        let (nothing, adopt, look) = ((0, 0), (1, 0), (0, 1));
        for (was, exists, in_place, expected) in [
            (Was::Kept, true, false, nothing),
            (Was::Kept, false, false, adopt),
            (Was::KeptOther, true, false, adopt),
            (Was::Missing, true, false, adopt),
            (Was::Missing, false, false, look),
            (Was::Lost, true, false, adopt),
            (Was::Lost, false, false, nothing),
            (Was::Kept, true, true, look),
            (Was::Missing, false, true, look),
        ] {
            assert_eq!(done(was, exists, in_place).await, expected, "{was:?}, there: {exists}, in place: {in_place}");
        }
    }

    #[tokio::test]
    async fn files_of_sources_that_are_not_read_are_let_alone() {
        let (_folder, sources) = folder(false);
        let archive = fixtures::archive();
        fixtures::show(&archive, "a.md", &["file:///elsewhere/a.png", "http://a.example/a.png"]).await;
        fixtures::complete(&archive, 2_000, |_| fixtures::failed(Reason::LocalFile, None, 9_000)).await;
        let changes = local_changes(&archive, &sources).await.unwrap();
        assert_eq!((changes.to_adopt.len(), changes.to_read.len()), (0, 0));
    }
}
