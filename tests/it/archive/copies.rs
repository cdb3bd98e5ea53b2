//! The catalog is copied into the archive: once a day, where it changed, and never in the way of a run.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use offprint::CancellationToken;
use offprint::testing::archive::rules::CopySchedule;
use offprint::testing::archive::{Archive, CopyError, Prefix, StoreKey};
use offprint::testing::config::Config;
use offprint::testing::fetch::Fetcher;
use offprint::testing::mirror::Mirror;
use offprint::testing::model::RunOutcome;

use super::verify::Sample;
use crate::refusing::Refusing;
use crate::sandbox::Sandbox;

/// The copies, the oldest first.
fn copies(sandbox: &Sandbox) -> Vec<PathBuf> {
    sandbox.tree("store/catalog-copies").into_keys().collect()
}

/// Makes the only copy look as if it had been made long ago.
fn age(sandbox: &Sandbox) -> PathBuf {
    let [copy] = &copies(sandbox)[..] else { panic!("there is not one copy") };
    let (_, mark) = copy.to_str().unwrap().split_once('-').unwrap();
    let old = PathBuf::from(format!("20200101T000000Z-{mark}"));
    let folder = sandbox.path("store/catalog-copies");
    std::fs::rename(folder.join(copy), folder.join(&old)).unwrap();
    old
}

#[test]
fn a_run_copies_the_catalog_where_it_changed_and_keeps_the_newest() {
    let sandbox = Sandbox::new();
    sandbox.settings("[run]\ncatalog_copies = 2\n");
    sandbox.write("posts/a.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    sandbox.write("posts/b.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(copies(&sandbox).len(), 1, "the second run is no day later");
    let first = age(&sandbox);
    sandbox.run(&["run"]).expect(0);
    let two = copies(&sandbox);
    assert!(two.len() == 2 && two[0] == first, "{two:?}");
    let copy = rusqlite::Connection::open(sandbox.path("store/catalog-copies").join(&two[1])).unwrap();
    let articles: i64 = copy.query_row("SELECT count(*) FROM article", [], |row| row.get(0)).unwrap();
    let whole: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!((articles, whole.as_str()), (2, "ok"));
    drop(copy);
    std::fs::remove_file(sandbox.path("store/catalog-copies").join(&first)).unwrap();
    let second = age(&sandbox);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(copies(&sandbox), std::slice::from_ref(&second), "nothing changed");
    for (number, post) in ["c.md", "d.md"].into_iter().enumerate() {
        sandbox.write(&format!("posts/{post}"), "text\n");
        sandbox.run(&["run"]).expect(0);
        assert_eq!(copies(&sandbox).len(), 2, "{number}");
    }
    assert_eq!(copies(&sandbox)[0], second);
}

#[test]
fn no_copy_is_made_where_the_settings_want_none() {
    let sandbox = Sandbox::new();
    sandbox.settings("[run]\ncatalog_copy_every = \"0\"\n");
    sandbox.write("posts/a.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    assert!(!sandbox.path("store/catalog-copies").exists());
}

#[tokio::test]
async fn the_oldest_copies_beyond_those_that_are_kept_go() {
    let sample = Sample::new().await;
    let schedule = CopySchedule { every: Duration::from_secs(60), keep: 2 };
    for minute in 0..5_u64 {
        let now = Timestamp::UNIX_EPOCH.checked_add(Duration::from_secs(60 * minute)).unwrap();
        // What was looked at last makes the catalog differ.
        let row = sample.archive.catalog.article(&super::verify::key(0)).await.unwrap().unwrap();
        sample.archive.catalog.make_stale(&[row.id]).await.unwrap();
        assert!(sample.archive.copy_catalog(schedule, now).await.unwrap(), "{minute}");
        assert!(!sample.archive.copy_catalog(schedule, now).await.unwrap(), "{minute}");
    }
    let kept = sample.archive.objects.list(Prefix::CatalogCopies).await.unwrap();
    let names: Vec<_> = kept.iter().map(|(key, _)| key.path()[15..38].to_owned()).collect();
    assert_eq!(names, ["19700101T000300.000000Z", "19700101T000400.000000Z"]);
}

/// What the names of some copies say of the moment is the same, so they do not say which was made last.
#[tokio::test]
async fn a_copy_that_was_just_made_is_never_the_one_that_goes() {
    let sample = Sample::new().await;
    let row = sample.archive.catalog.article(&super::verify::key(0)).await.unwrap().unwrap();
    let now = Timestamp::new(1, 500).unwrap();
    let keep = |keep| CopySchedule { every: Duration::from_nanos(1), keep };
    for round in 0..8 {
        for _ in 0..3 {
            sample.archive.catalog.make_stale(&[row.id]).await.unwrap();
            sample.archive.copy_catalog(keep(9), now).await.unwrap();
        }
        // The second time as after a call that was cut off before it removed the others.
        for replace in [round % 2 == 0, round % 2 == 1] {
            if replace {
                sample.archive.replace_catalog_copies(now).await.unwrap();
            } else {
                sample.archive.copy_catalog(keep(1), now).await.unwrap();
            }
            let mark = sample.archive.catalog.content_mark().await.unwrap().unwrap().to_string();
            let left = sample.archive.objects.list(Prefix::CatalogCopies).await.unwrap();
            assert!(left.iter().any(|(key, _)| key.path().contains(&mark[..16])), "{round}: {left:?}");
            assert!(!replace || left.len() == 1, "{round}: {left:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_fails_is_a_problem_and_ends_no_run() {
    let sample = Sample::new().await;
    let is_copy = |key: &StoreKey| matches!(key, StoreKey::CatalogCopy { .. }).then_some(ErrorKind::StorageFull);
    let objects = Refusing { objects: Arc::clone(&sample.archive.objects), refuses: is_copy };
    let archive = Archive::new(Arc::clone(&sample.archive.catalog), Arc::new(objects));
    let schedule = CopySchedule { every: Duration::from_secs(60), keep: 2 };
    let failed = archive.copy_catalog(schedule, Timestamp::now()).await;
    assert!(matches!(failed, Err(CopyError::Object(_))), "{failed:?}");
    let (config, archive) = (Config::default(), Arc::new(archive));
    let fetcher = Fetcher::new(&config.fetch, archive.objects.staging().folder()).unwrap();
    let mirror = Mirror::new(config, archive, fetcher, Vec::new(), CancellationToken::new()).unwrap();
    let report = mirror.run().await.unwrap();
    assert_eq!((report.outcome, report.articles.failed), (RunOutcome::Complete, 0));
    assert_eq!(report.problems[0].article, "the copy of the catalog", "{report:?}");
    assert_eq!(std::fs::read_dir(sample.store().join("tmp")).unwrap().count(), 0);
}
