//! A run is killed, or a call of it fails, at the n-th call of a kind. By default n doubles.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Output;

use super::inject::inject;
use super::{counts, recovers, sandbox, site, tree};
use crate::corpus::say;
use crate::sandbox::Sandbox;

/// A run with a fault injected; only in calls about `file`, where one is named.
fn run_with(sandbox: &Sandbox, fault: &str, file: Option<&str>) -> Output {
    // By its path, and by its name within an open folder.
    let places = file.map_or_else(Vec::new, |file| {
        let name = Path::new(file).file_name().unwrap().to_str().unwrap();
        vec![file.to_owned(), sandbox.path(file).display().to_string(), name.to_owned()]
    });
    inject(sandbox, &["run"], fault, &places)
}

/// Injects a fault at the n-th of some calls, for growing n, until a run does not come to it.
async fn survives(calls: &str, fault: &str) {
    let origin = site();
    let undisturbed = sandbox(&origin);
    undisturbed.run(&["run"]).expect(3);
    let expected = tree(&undisturbed);
    let mut faults = 0;
    for count in counts() {
        let sandbox = sandbox(&origin);
        let when = format!("{calls}:{fault}:when={count}");
        let ended = run_with(&sandbox, &when, None);
        let untouched = ended.status.code() == Some(3);
        recovers(&sandbox, &expected, &[0, 3], &when).await;
        if untouched && fault.starts_with("signal") {
            break;
        }
        assert!(!fault.starts_with("signal") || ended.status.signal().is_some() || ended.status.code() == Some(137));
        if untouched && count > 64 {
            break;
        }
        faults += 1;
    }
    say(&format!("{calls}: {faults} runs with {fault}"));
    assert!(faults > 0, "no run came to {calls}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn killed_while_it_saves_to_the_disk() {
    survives("fsync,fdatasync,syncfs", "signal=SIGKILL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn killed_while_it_names_a_file() {
    survives("rename,renameat,renameat2,link,linkat", "signal=SIGKILL").await;
}

/// Counting leaves most calls out where many threads make one each; every file has its name only once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn killed_at_the_naming_of_every_file() {
    let origin = site();
    let undisturbed = sandbox(&origin);
    undisturbed.run(&["run"]).expect(3);
    let expected = tree(&undisturbed);
    let named = ["blobs", "thumbnails", "articles"].into_iter().zip(&expected);
    let files: Vec<_> = named
        .flat_map(|(part, files)| files.keys().map(move |file| format!("store/{part}/{}", file.display())))
        .collect();
    assert!(files.len() >= 8, "{files:?}");
    for file in &files {
        let sandbox = sandbox(&origin);
        let fault = "rename,renameat,renameat2,link,linkat:signal=SIGKILL:when=1";
        let ended = run_with(&sandbox, fault, Some(file));
        assert!(ended.status.code() != Some(3), "{file} was not named by a call that was looked for");
        recovers(&sandbox, &expected, &[0, 3], file).await;
    }
    say(&format!("killed at the naming of each of {} files", files.len()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn killed_while_it_makes_a_folder_or_removes_a_file() {
    survives("mkdir,mkdirat,unlink,unlinkat", "signal=SIGKILL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn killed_while_it_writes_a_file() {
    survives("write,writev", "signal=SIGKILL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn killed_while_it_writes_the_catalog() {
    survives("pwrite64,ftruncate", "signal=SIGKILL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn refused_by_a_disk_that_fails_to_save() {
    survives("fsync,fdatasync,syncfs", "error=EIO").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn refused_by_a_disk_that_is_full() {
    survives("pwrite64", "error=ENOSPC").await;
}
