//! What is taken down is gone as a whole once the command is run again, whenever it was killed.

use super::inject::Killed;
use super::{articles_in_copies, sandbox, site, tree};
use crate::sandbox::Sandbox;

/// Nothing that is kept names the article, and nothing waits to be deleted.
fn is_gone(sandbox: &Sandbox, when: &str) {
    assert!(!sandbox.path("store/articles/posts/a.md").exists(), "{when}");
    assert_eq!(articles_in_copies(sandbox), [1], "{when}");
    let before = tree(sandbox);
    sandbox.run(&["gc"]).expect(0);
    assert_eq!(tree(sandbox), before, "{when}: nothing is left to be deleted");
    sandbox.run(&["restore", "posts/a.md"]).expect(1);
}

fn survives(calls: &str) {
    let origin = site();
    let prepared = || {
        let sandbox = sandbox(&origin);
        sandbox.run(&["run"]).expect(3);
        sandbox
    };
    let killed = Killed {
        arguments: &["forget", "posts/a.md"],
        ends: &[0],
        prepared: &prepared,
        always: &|_, _| {},
        finished: &is_gone,
    };
    killed.at(calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_takedown_is_killed_while_it_names_or_removes_a_file() {
    survives("rename,renameat,renameat2,unlink,unlinkat");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_takedown_is_killed_while_it_writes_and_saves() {
    survives("pwrite64,fsync,fdatasync,syncfs");
}

/// In place, the author's file has its original again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_takedown_in_place_is_killed_while_it_names_or_removes_a_file() {
    let origin = site();
    let prepared = || {
        let sandbox = sandbox(&origin);
        sandbox.settings("[run]\nmin_free = \"0\"\n[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\n");
        sandbox.write("original.md", sandbox.read("posts/a.md"));
        sandbox.run(&["run"]).expect(3);
        assert_ne!(sandbox.read("posts/a.md"), sandbox.read("original.md"));
        sandbox
    };
    let has_its_original = |sandbox: &Sandbox, when: &str| {
        assert_eq!(sandbox.read("posts/a.md"), sandbox.read("original.md"), "{when}");
    };
    let killed = Killed {
        arguments: &["forget", "posts/a.md"],
        ends: &[0],
        prepared: &prepared,
        always: &|_, _| {},
        finished: &has_its_original,
    };
    killed.at("rename,renameat,renameat2,unlink,unlinkat");
}
