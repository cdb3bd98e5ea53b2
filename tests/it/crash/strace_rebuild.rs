//! A catalog that is made anew is there as a whole or not at all, whenever the program is killed.

use super::inject::inject;
use super::{counts, is_whole, recovers, sandbox, site, tree};
use crate::corpus::say;

async fn survives(calls: &str) {
    let origin = site();
    let undisturbed = sandbox(&origin);
    undisturbed.run(&["run"]).expect(3);
    let (expected, mut killed) = (tree(&undisturbed), 0);
    for count in counts() {
        let sandbox = sandbox(&origin);
        sandbox.run(&["run"]).expect(3);
        std::fs::remove_file(sandbox.path("store/catalog.db")).unwrap();
        let fault = format!("{calls}:signal=SIGKILL:when={count}");
        let ended = inject(&sandbox, &["verify", "--rebuild"], &fault, &[]);
        let when = format!("{calls}, call {count}");
        if ended.status.code() == Some(0) {
            break;
        }
        killed += 1;
        if sandbox.path("store/catalog.db").exists() {
            is_whole(&sandbox, &when).await;
        } else {
            sandbox.run(&["status"]).expect(4);
            sandbox.run(&["verify", "--rebuild"]).expect(0);
        }
        recovers(&sandbox, &expected, &[0, 3], &when).await;
    }
    say(&format!("{calls}: killed {killed} times"));
    assert!(killed > 0, "it came to no such call");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_rebuild_is_killed_while_it_names_or_removes_a_file() {
    survives("rename,renameat,renameat2,unlink,unlinkat").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_rebuild_is_killed_while_it_writes_and_saves() {
    survives("pwrite64,fsync,fdatasync,syncfs").await;
}
