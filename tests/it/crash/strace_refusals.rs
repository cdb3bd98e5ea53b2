//! File systems that do less than others: external disks, network shares, file systems of user space. `strace` makes the
//! calls fail that such systems refuse. The archive is as it is elsewhere.

use std::process::Command;

use super::{recovers, sandbox, site, tree};
use crate::corpus::needs;
use crate::sandbox::Sandbox;

/// A run of which every one of some calls fails; only in calls about these places, where some are named.
async fn works_without(fault: &str, places: impl Fn(&Sandbox) -> Vec<String>) {
    needs("strace");
    let origin = site();
    let undisturbed = sandbox(&origin);
    undisturbed.run(&["run"]).expect(3);
    let sandbox = sandbox(&origin);
    let program = sandbox.command(&["run"]);
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-f", "-o"]).arg(sandbox.path("calls")).arg("-e").arg(format!("inject={fault}"));
    for place in places(&sandbox) {
        strace.args(["-P", &place]);
    }
    strace.arg(program.get_program()).args(program.get_args()).current_dir(sandbox.path(""));
    let ended = strace.output().unwrap();
    let calls = sandbox.text("calls");
    assert_eq!(ended.status.code(), Some(3), "{}\n{calls}", String::from_utf8_lossy(&ended.stderr));
    recovers(&sandbox, &tree(&undisturbed), &[0], fault).await;
}

fn everywhere(_: &Sandbox) -> Vec<String> {
    Vec::new()
}

/// Every folder that a run may bring to the disk.
fn folders(sandbox: &Sandbox) -> Vec<String> {
    let place = |name: &str| sandbox.path(name).display().to_string();
    let shards = (0..=u8::MAX).flat_map(|shard| {
        ["blobs/sha256", "thumbnails/small", "thumbnails/large"].map(|folder| format!("store/{folder}/{shard:02x}"))
    });
    let others = ["", "store", "store/blobs", "store/blobs/sha256", "store/thumbnails", "store/thumbnails/small"];
    let articles = ["store/articles", "store/articles/posts", "store/articles/posts/deep", "store/runs", "store/tmp"];
    shards.map(|shard| place(&shard)).chain(others.into_iter().chain(articles).map(place)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_file_system_without_permissions() {
    works_without("chmod,fchmod,fchmodat,chown,fchown,fchownat:error=EPERM", everywhere).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_file_system_without_links_and_without_renames_that_replace_nothing() {
    works_without("link,linkat,symlink,symlinkat,renameat2:error=EINVAL", everywhere).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_file_system_that_cannot_bring_folders_to_the_disk() {
    works_without("fsync,fdatasync:error=EINVAL", folders).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_file_system_without_extended_attributes() {
    works_without("flistxattr,fgetxattr,fsetxattr:error=EOPNOTSUPP", everywhere).await;
}
